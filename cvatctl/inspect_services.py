"""ECS services, the run-once task, load balancer targets and alarms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cvatctl.clients import Clients, pages
from cvatctl.outputs import Outputs
from cvatctl.parts import Line
from cvatctl.show import ago, from_millis

_AT_ONCE = 10
"""Services that DescribeServices takes in a call."""
_EVENTS = 3
_LOG_LINES = 3


def services(outputs: Outputs, clients: Clients) -> list[Line]:
    """Each service: tasks, the progress of a deployment, and the last events where it is not steady."""
    found = _described(outputs, clients)
    return [_service(kind, found.get(name)) for kind, name in sorted(outputs.services.items())]


def at_rest(outputs: Outputs, clients: Clients) -> bool:
    """Whether the stack sleeps: no service is to run any task."""
    found = _described(outputs, clients).values()
    return bool(found) and not any(one.get("desiredCount") or one.get("runningCount") for one in found)


def _described(outputs: Outputs, clients: Clients) -> dict[str, Mapping[str, Any]]:
    names = list(outputs.services.values())
    chunks = [names[start : start + _AT_ONCE] for start in range(0, len(names), _AT_ONCE)]
    answers = [clients("ecs").describe_services(cluster=outputs.cluster, services=chunk) for chunk in chunks]
    return {one["serviceName"]: one for answer in answers for one in answer["services"]}


def _service(kind: str, service: Mapping[str, Any] | None) -> Line:
    if service is None or service.get("status") != "ACTIVE":
        return Line(kind, "gone: run `pulumi up`, or `pulumi refresh` if it was deleted on purpose", ok=False)
    desired, running, pending = (int(service.get(f"{key}Count", 0)) for key in ("desired", "running", "pending"))
    deployments = service.get("deployments", [])
    states = [f"{running} of {desired} running", *([f"{pending} pending"] if pending else []), *_rollout(deployments)]
    ok = running >= desired and all(one.get("rolloutState", "COMPLETED") == "COMPLETED" for one in deployments)
    if not desired:
        states.append("scaled to zero")
    events = [] if ok else list(service.get("events", []))[:_EVENTS]
    return Line(kind, ", ".join(states), ok, [f"{ago(one['createdAt'])}: {one['message']}" for one in events])


def _rollout(deployments: list[Mapping[str, Any]]) -> list[str]:
    """A word on each deployment that is not just done."""
    words = []
    for one in deployments:
        state = one.get("rolloutState", "COMPLETED")
        if state == "COMPLETED":
            continue
        failed = f", {one['failedTasks']} tasks failed" if one.get("failedTasks") else ""
        revision = str(one.get("taskDefinition", "?")).rpartition("/")[2]
        counts = f"{one.get('runningCount', 0)} of {one.get('desiredCount', 0)}"
        words.append(f"deployment of {revision} {state.lower().replace('_', ' ')}: {counts}{failed}")
        if state == "FAILED" and one.get("rolloutStateReason"):
            words.append(str(one["rolloutStateReason"]))
    return words


def initialisation(outputs: Outputs, clients: Clients) -> list[Line]:
    """The last run of the init task.

    ECS forgets a stopped task after an hour; the log group does not.
    """
    group = outputs.log_group("init")
    streams = clients("logs").describe_log_streams(
        logGroupName=group, orderBy="LastEventTime", descending=True, limit=_AT_ONCE
    )["logStreams"]
    if not streams:
        if at_rest(outputs, clients):
            return [Line("init", "has not run, and will when the stack wakes")]
        return [Line("init", "has not run", ok=False)]
    task = streams[0]["logStreamName"].rpartition("/")[2]
    own = [one["logStreamName"] for one in streams if one["logStreamName"].endswith(task)]
    answer = clients("ecs").describe_tasks(cluster=outputs.cluster, tasks=[task])
    known = {one["name"]: one for found in answer["tasks"] for one in found.get("containers", [])}
    return [_container(name, group, known, clients) for name in sorted(own, key=lambda name: "copy" in name)]


def _container(stream: str, group: str, known: Mapping[str, Any], clients: Clients) -> Line:
    name = stream.split("/", maxsplit=1)[0]
    events = clients("logs").get_log_events(logGroupName=group, logStreamName=stream, limit=_LOG_LINES)["events"]
    lines = [str(one["message"]) for one in events]
    when = ago(from_millis(events[-1]["timestamp"])) if events else "at an unknown time"
    code = known.get(name, {}).get("exitCode")
    if code is None:
        last = lines[-1] if lines else "it wrote nothing"
        return Line(name, f"last wrote {when}: {last}")
    return Line(name, f"ended with {code}, {when}", code == 0, [] if code == 0 else lines)


def targets(outputs: Outputs, clients: Clients) -> list[Line]:
    """What the load balancer thinks of its targets."""
    lines, described = [], _described(outputs, clients)
    for kind, name in sorted(outputs.services.items()):
        service = described.get(name, {})
        for group in service.get("loadBalancers", []):
            health = clients("elbv2").describe_target_health(TargetGroupArn=group["targetGroupArn"])
            wanted = bool(service.get("desiredCount"))
            lines.append(_target_line(kind, health["TargetHealthDescriptions"], wanted=wanted))
    return lines or [Line("?", "no service is behind a load balancer", ok=False)]


def _target_line(kind: str, found: list[Mapping[str, Any]], *, wanted: bool) -> Line:
    healthy = [one for one in found if one["TargetHealth"]["State"] == "healthy"]
    rest = [one for one in found if one not in healthy and one["TargetHealth"]["State"] != "draining"]
    details = [
        f"{one['Target']['Id']}: {health['State']}, {health.get('Description', 'no reason given')}"
        for one in rest
        for health in [one["TargetHealth"]]
    ]
    return Line(
        kind, f"{len(healthy)} of {len(found)} targets healthy", (bool(healthy) or not wanted) and not rest, details
    )


def alarms(outputs: Outputs, clients: Clients) -> list[Line]:
    """The stack's alarms that are not OK, found by the stack's tags."""
    cluster = clients("ecs").describe_clusters(clusters=[outputs.cluster], include=["TAGS"])["clusters"][0]
    tags = {tag["key"]: tag["value"] for tag in cluster.get("tags", [])}
    filters = [{"Key": key, "Values": [tags[key]]} for key in ("project", "stack") if key in tags]
    if not filters:
        return [Line("-", "the cluster has no tags, so the stack's alarms cannot be told from others", ok=False)]
    found = pages(
        clients("resourcegroupstaggingapi"),
        "get_resources",
        "ResourceTagMappingList",
        TagFilters=filters,
        ResourceTypeFilters=["cloudwatch:alarm"],
    )
    names = {one["ResourceARN"].split(":alarm:", 1)[1] for one in found}
    if not names:
        return [Line("-", "the stack has no alarms")]
    known = [one for one in _all_alarms(clients) if one["AlarmName"] in names]
    bad = [one for one in known if one["StateValue"] == "ALARM"]
    quiet = f"{len(known) - len(bad)} of {len(known)} quiet"
    return [Line("all", quiet)] + [
        Line(one["AlarmName"], one.get("StateReason") or "no reason given", ok=False) for one in bad
    ]


def _all_alarms(clients: Clients) -> list[Mapping[str, Any]]:
    both = ("MetricAlarms", "CompositeAlarms")
    answers = (
        clients("cloudwatch").get_paginator("describe_alarms").paginate(AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    )
    return [alarm for page in answers for kind in both for alarm in page.get(kind, [])]
