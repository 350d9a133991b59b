"""Data flow: the gateway, started as its task would start it, answers CVAT through the emulated SageMaker runtime."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from rehearsal.aws.moto_patches.sagemaker_runtime import Invocation
from rehearsal.checks import cached_query, flow_calls
from rehearsal.checks.environment import Given, given
from rehearsal.checks.gateway_process import Gateway, StartError
from rehearsal.checks.runtime_server import Runtime
from rehearsal.result import Rehearsal, Verdict

NAME = "The gateway, with its task's environment and role, answers CVAT for every function"

NOT_DEPLOYED = "no-such-function"


def answers(rehearsal: Rehearsal) -> Verdict:
    """The check. It runs in a thread of its own: on the account's clock nothing would wait for the process."""
    gateways = [one for one in given(rehearsal) if "SERVERLESS_ENDPOINTS" in one.plain]
    if not gateways:
        return _none(rehearsal)
    findings, seen = [], 0
    for one in gateways:
        credentials = _credentials(rehearsal, one)
        with ThreadPoolExecutor(1, "data-flow") as thread:
            found, count = thread.submit(_flow, rehearsal, one, credentials).result()
        findings += [f"{one.place}: {problem}" for problem in found]
        seen += count
    return cached_query.verdict(NAME, findings, seen)


def _none(rehearsal: Rehearsal) -> Verdict:
    """Without a gateway CVAT must not be told that there is one."""
    told = [one for one in given(rehearsal) if "CVAT_SERVERLESS" in one.plain]
    findings = [
        f"{one.place}: CVAT_SERVERLESS is {one.plain['CVAT_SERVERLESS']}, but there is no gateway."
        for one in told
        if one.plain["CVAT_SERVERLESS"] != "no"
    ]
    return cached_query.verdict(NAME, findings, len(told))


def _credentials(rehearsal: Rehearsal, one: Given) -> dict[str, str]:
    """What ECS gives the task: credentials of its role."""
    roles = {
        container["name"]: definition["taskRoleArn"]
        for _, definition in cached_query.task_definitions(rehearsal)
        for container in definition["containerDefinitions"]
    }
    answer = rehearsal.client("sts").assume_role(RoleArn=roles[one.container["name"]], RoleSessionName="rehearsal")
    return {
        "AWS_ACCESS_KEY_ID": answer["Credentials"]["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": answer["Credentials"]["SecretAccessKey"],
        "AWS_SESSION_TOKEN": answer["Credentials"]["SessionToken"],
    }


def _flow(rehearsal: Rehearsal, one: Given, credentials: Mapping[str, str]) -> tuple[list[str], int]:
    """What went wrong, and how many functions answered."""
    try:
        with (
            Runtime(rehearsal.account.id, rehearsal.region) as runtime,
            Gateway(rehearsal.folder, {**one.all, **credentials, **runtime.variables}) as gateway,
        ):
            targets = json.loads(one.plain["SERVERLESS_ENDPOINTS"])
            problems = list(_conversation(gateway, runtime, targets))
            return problems, len(targets)
    except StartError as error:
        return [str(error)], 0


def _conversation(gateway: Gateway, runtime: Runtime, targets: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    status, _, listed = gateway.call("GET", "/api/functions")
    if status != flow_calls.OK or not isinstance(listed, dict):
        yield f"the list of functions is answered with {status}: {listed}."
        return
    for name in sorted(targets.keys() ^ listed.keys()):
        where = "is deployed, but the gateway does not list it" if name in targets else "is listed, but not deployed"
        yield f"{name} {where}: compare SERVERLESS_ENDPOINTS with serverless/functions."
    for name in sorted(targets.keys() & listed.keys()):
        yield from (f"{name}: {problem}" for problem in _invoke(gateway, runtime, listed[name], targets[name]))
    status, reason, _ = gateway.invoke(NOT_DEPLOYED, {})
    if status != flow_calls.NOT_FOUND:
        yield f"a function that is not deployed is answered with {status} ({reason}), not with 404."


def _invoke(gateway: Gateway, runtime: Runtime, item: Mapping[str, Any], target: Mapping[str, str]) -> Iterator[str]:
    """One call as CVAT at this project's commit makes it: it must arrive where it should, and come back in its form."""
    name, kind = item["metadata"]["name"], item["metadata"]["annotations"]["type"]
    sample = flow_calls.sample(kind, item)
    runtime.will_answer(sample.container)
    before = len(runtime.heard())
    status, reason, found = gateway.invoke(name, sample.request)
    if status != flow_calls.OK:
        yield f"its call is answered with {status}: {reason}."
        return
    if found != sample.answer:
        yield f"its answer reaches CVAT as {json.dumps(found)}, not as {json.dumps(sample.answer)}."
    yield from _arrived(runtime.heard()[before:], target)


def _arrived(calls: list[Invocation], target: Mapping[str, str]) -> Iterator[str]:
    wanted = (target["endpoint"], target.get("container", ""))
    came = [(call.endpoint, call.container) for call in calls]
    if came != [wanted]:
        yield f"its call should reach {wanted}, and reached {came}."
    if any(not call.role for call in calls):
        yield "its call was not signed with the credentials of the task's role."
