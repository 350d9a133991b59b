"""State of the ECS services, the init task, the load balancer's targets and the alarms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cvatctl.aws_clients import Clients, all_pages
from cvatctl.resource_state import ResourceState
from cvatctl.stack_outputs import StackOutputs
from cvatctl.terminal import ago, from_milliseconds

_SERVICES_A_CALL = 10
"""Limit of DescribeServices."""
_STREAMS = 10
_EVENTS = 3
"""Events of a service that are shown."""
_LOG_LINES = 3


def services(outputs: StackOutputs, clients: Clients) -> list[ResourceState]:
    """Each service: tasks, the progress of a deployment, and the last events where it is not steady."""
    described = _describe(outputs, clients)
    return [_service(process, described.get(name)) for process, name in sorted(outputs.services.items())]


def is_asleep(outputs: StackOutputs, clients: Clients) -> bool:
    """Whether every service is scaled to zero."""
    described = _describe(outputs, clients).values()
    return bool(described) and not any(
        service.get("desiredCount") or service.get("runningCount") for service in described
    )


def _describe(outputs: StackOutputs, clients: Clients) -> dict[str, Mapping[str, Any]]:
    names = list(outputs.services.values())
    chunks = [names[start : start + _SERVICES_A_CALL] for start in range(0, len(names), _SERVICES_A_CALL)]
    answers = [clients("ecs").describe_services(cluster=outputs.cluster, services=chunk) for chunk in chunks]
    return {service["serviceName"]: service for answer in answers for service in answer["services"]}


def _service(process: str, service: Mapping[str, Any] | None) -> ResourceState:
    if service is None or service.get("status") != "ACTIVE":
        return ResourceState(
            process, "gone: run `pulumi up`, or `pulumi refresh` if it was deleted on purpose", ok=False
        )
    desired, running, pending = (int(service.get(f"{key}Count", 0)) for key in ("desired", "running", "pending"))
    deployments = service.get("deployments", [])
    states = [f"{running} of {desired} running", *([f"{pending} pending"] if pending else []), *_rollout(deployments)]
    ok = running >= desired and all(_state(deployment) == "COMPLETED" for deployment in deployments)
    if not desired:
        states.append("scaled to zero")
    events = [] if ok else list(service.get("events", []))[:_EVENTS]
    details = [f"{ago(event['createdAt'])}: {event['message']}" for event in events]
    return ResourceState(process, ", ".join(states), ok, details)


def _state(deployment: Mapping[str, Any]) -> str:
    return str(deployment.get("rolloutState", "COMPLETED"))


def _rollout(deployments: list[Mapping[str, Any]]) -> list[str]:
    """The state of each deployment that is not complete."""
    states = []
    for deployment in deployments:
        state = _state(deployment)
        if state == "COMPLETED":
            continue
        failed = f", {deployment['failedTasks']} tasks failed" if deployment.get("failedTasks") else ""
        revision = str(deployment.get("taskDefinition", "?")).rpartition("/")[2]
        counts = f"{deployment.get('runningCount', 0)} of {deployment.get('desiredCount', 0)}"
        states.append(f"deployment of {revision} {state.lower().replace('_', ' ')}: {counts}{failed}")
        if state == "FAILED" and deployment.get("rolloutStateReason"):
            states.append(str(deployment["rolloutStateReason"]))
    return states


def initialisation(outputs: StackOutputs, clients: Clients) -> list[ResourceState]:
    """The last run of the init task.

    ECS forgets a stopped task after an hour; the log group keeps its lines.
    """
    group = outputs.log_group("init")
    streams = clients("logs").describe_log_streams(
        logGroupName=group, orderBy="LastEventTime", descending=True, limit=_STREAMS
    )["logStreams"]
    if not streams:
        if is_asleep(outputs, clients):
            return [ResourceState("init", "has not run yet; it runs when the stack starts")]
        return [ResourceState("init", "has not run", ok=False)]
    task_id = streams[0]["logStreamName"].rpartition("/")[2]
    own_streams = [stream["logStreamName"] for stream in streams if stream["logStreamName"].endswith(task_id)]
    answer = clients("ecs").describe_tasks(cluster=outputs.cluster, tasks=[task_id])
    containers = {container["name"]: container for task in answer["tasks"] for container in task.get("containers", [])}
    own_streams.sort(key=lambda name: "copy" in name)
    return [_container(stream, group, containers, clients) for stream in own_streams]


def _container(stream: str, group: str, containers: Mapping[str, Any], clients: Clients) -> ResourceState:
    name = stream.split("/", maxsplit=1)[0]
    events = clients("logs").get_log_events(logGroupName=group, logStreamName=stream, limit=_LOG_LINES)["events"]
    lines = [str(event["message"]) for event in events]
    when = ago(from_milliseconds(events[-1]["timestamp"])) if events else "at an unknown time"
    code = containers.get(name, {}).get("exitCode")
    if code is None:
        last = lines[-1] if lines else "no line"
        return ResourceState(name, f"last log line, {when}: {last}")
    return ResourceState(name, f"ended with {code}, {when}", code == 0, [] if code == 0 else lines)


def targets(outputs: StackOutputs, clients: Clients) -> list[ResourceState]:
    """The health of the load balancer's targets."""
    states, services = [], _describe(outputs, clients)
    for process, name in sorted(outputs.services.items()):
        service = services.get(name, {})
        for group in service.get("loadBalancers", []):
            health = clients("elbv2").describe_target_health(TargetGroupArn=group["targetGroupArn"])
            expected = bool(service.get("desiredCount"))
            states.append(_target_group(process, health["TargetHealthDescriptions"], expected=expected))
    return states or [ResourceState("?", "no service is behind a load balancer", ok=False)]


def _target_group(process: str, targets: list[Mapping[str, Any]], *, expected: bool) -> ResourceState:
    """`expected`: whether the service runs tasks."""
    healthy = [target for target in targets if target["TargetHealth"]["State"] == "healthy"]
    unhealthy = [target for target in targets if target["TargetHealth"]["State"] not in ("healthy", "draining")]
    details = [
        f"{target['Target']['Id']}: {health['State']}, {health.get('Description', 'no reason given')}"
        for target in unhealthy
        for health in [target["TargetHealth"]]
    ]
    ok = (bool(healthy) or not expected) and not unhealthy
    return ResourceState(process, f"{len(healthy)} of {len(targets)} targets healthy", ok, details)


def alarms(outputs: StackOutputs, clients: Clients) -> list[ResourceState]:
    """The stack's alarms in state ALARM, found by the stack's tags."""
    cluster = clients("ecs").describe_clusters(clusters=[outputs.cluster], include=["TAGS"])["clusters"][0]
    tags = {tag["key"]: tag["value"] for tag in cluster.get("tags", [])}
    filters = [{"Key": key, "Values": [tags[key]]} for key in ("project", "stack") if key in tags]
    if not filters:
        return [ResourceState("-", "the cluster has no tags, which identify the stack's alarms", ok=False)]
    tagged = all_pages(
        clients("resourcegroupstaggingapi"),
        "get_resources",
        "ResourceTagMappingList",
        TagFilters=filters,
        ResourceTypeFilters=["cloudwatch:alarm"],
    )
    names = {resource["ResourceARN"].split(":alarm:", 1)[1] for resource in tagged}
    if not names:
        return [ResourceState("-", "the stack has no alarms")]
    own = [alarm for alarm in _all_alarms(clients) if alarm["AlarmName"] in names]
    firing = [alarm for alarm in own if alarm["StateValue"] == "ALARM"]
    summary = ResourceState("all", f"{len(own) - len(firing)} of {len(own)} quiet")
    return [summary] + [
        ResourceState(alarm["AlarmName"], alarm.get("StateReason") or "no reason given", ok=False) for alarm in firing
    ]


def _all_alarms(clients: Clients) -> list[Mapping[str, Any]]:
    pages = (
        clients("cloudwatch").get_paginator("describe_alarms").paginate(AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    )
    return [alarm for page in pages for key in ("MetricAlarms", "CompositeAlarms") for alarm in page.get(key, [])]
