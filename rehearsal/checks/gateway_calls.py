"""The gateway, started as its task would start it, answers CVAT through the emulated SageMaker runtime."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from rehearsal.aws.moto_patches.sagemaker_runtime import Invocation
from rehearsal.checks import batch_functions, sample_calls, stack_queries
from rehearsal.checks.cached_query import verdict
from rehearsal.checks.containers import Container, containers
from rehearsal.checks.gateway_process import Gateway, StartError
from rehearsal.checks.runtime_server import RuntimeServer
from rehearsal.result import Rehearsal, Verdict

NAME = "The gateway, with its task's environment and role, answers CVAT for every function"

NOT_DEPLOYED = "no-such-function"


def answered(rehearsal: Rehearsal) -> Verdict:
    """The check. It runs in a thread of its own: on the account's clock nothing would wait for the process."""
    gateways = [container for container in containers(rehearsal) if "SERVERLESS_ENDPOINTS" in container.plain]
    if not gateways:
        return _without_gateway(rehearsal)
    findings, seen = list(batch_functions.problems(rehearsal)), 0
    for container in gateways:
        credentials = _credentials(rehearsal, container)
        with ThreadPoolExecutor(1, "gateway-calls") as thread:
            problems, count = thread.submit(_calls, rehearsal, container, credentials).result()
        findings += [f"{container.place}: {problem}" for problem in problems]
        seen += count
    return verdict(NAME, findings, seen)


def _without_gateway(rehearsal: Rehearsal) -> Verdict:
    """Without a gateway CVAT must not show the models page."""
    servers = [container for container in containers(rehearsal) if "CVAT_SERVERLESS" in container.plain]
    findings = [
        f"{container.place}: CVAT_SERVERLESS is {container.plain['CVAT_SERVERLESS']}, but there is no gateway."
        for container in servers
        if container.plain["CVAT_SERVERLESS"] != "no"
    ]
    return verdict(NAME, findings, len(servers))


def _credentials(rehearsal: Rehearsal, container: Container) -> dict[str, str]:
    """What ECS gives the task: credentials of its role."""
    roles = {
        definition["name"]: task["taskRoleArn"]
        for _, task in stack_queries.task_definitions(rehearsal)
        for definition in task["containerDefinitions"]
    }
    role = roles[container.definition["name"]]
    credentials = rehearsal.client("sts").assume_role(RoleArn=role, RoleSessionName="rehearsal")["Credentials"]
    return {
        "AWS_ACCESS_KEY_ID": credentials["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": credentials["SecretAccessKey"],
        "AWS_SESSION_TOKEN": credentials["SessionToken"],
    }


def _calls(rehearsal: Rehearsal, container: Container, credentials: Mapping[str, str]) -> tuple[list[str], int]:
    """What went wrong, and how many functions answered."""
    try:
        with (
            RuntimeServer(rehearsal.account.id, rehearsal.region) as runtime,
            Gateway(rehearsal.folder, {**container.environment, **credentials, **runtime.variables}) as gateway,
        ):
            targets = json.loads(container.plain["SERVERLESS_ENDPOINTS"])
            problems = list(_conversation(gateway, runtime, targets))
            return problems, len(targets)
    except StartError as error:
        return [str(error)], 0


def _conversation(gateway: Gateway, runtime: RuntimeServer, targets: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    status, _, listed = gateway.call("GET", "/api/functions")
    if status != sample_calls.OK or not isinstance(listed, dict):
        yield f"the list of functions is answered with {status}: {listed}."
        return
    for name in sorted(targets.keys() ^ listed.keys()):
        where = "is deployed, but the gateway does not list it" if name in targets else "is listed, but not deployed"
        yield f"{name} {where}: compare SERVERLESS_ENDPOINTS with serverless/functions."
    for name in sorted(targets.keys() & listed.keys()):
        yield from (f"{name}: {problem}" for problem in _invoke(gateway, runtime, listed[name], targets[name]))
    status, reason, _ = gateway.invoke(NOT_DEPLOYED, {})
    if status != sample_calls.NOT_FOUND:
        yield f"a function that is not deployed is answered with {status} ({reason}), not with 404."


def _invoke(
    gateway: Gateway, runtime: RuntimeServer, item: Mapping[str, Any], target: Mapping[str, str]
) -> Iterator[str]:
    """One call as CVAT at this project's commit makes it: it must arrive where it should, and come back in its form."""
    name, kind = item["metadata"]["name"], item["metadata"]["annotations"]["type"]
    sample = sample_calls.sample(kind, item)
    runtime.queue_answer(sample.container)
    before = len(runtime.invocations())
    status, reason, answer = gateway.invoke(name, sample.request, batch="batch" in target)
    if status != sample_calls.OK:
        yield f"its call is answered with {status}: {reason}."
        return
    if answer != sample.answer:
        yield f"its answer reaches CVAT as {json.dumps(answer)}, not as {json.dumps(sample.answer)}."
    yield from _arrival_problems(runtime.invocations()[before:], name, target)


def _arrival_problems(calls: list[Invocation], name: str, target: Mapping[str, str]) -> Iterator[str]:
    intended = (target["endpoint"], target.get("container", ""))
    reached = [(call.endpoint, call.container) for call in calls]
    if reached != [intended]:
        yield f"its call should reach {intended}, and reached {reached}."
    if any(f"function={name}" not in call.attributes.split(",") for call in calls):
        yield "its call does not name it, and a container of several functions chooses by that."
    if any(not call.role for call in calls):
        yield "its call was not signed with the credentials of the task's role."
