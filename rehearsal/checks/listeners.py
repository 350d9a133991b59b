"""The load balancer: whatever it listens for leads to a target group that a service fills."""

from __future__ import annotations

from collections.abc import Iterator

from rehearsal.checks import cached_query
from rehearsal.checks.cached_query import Thing
from rehearsal.result import Rehearsal, Verdict

NAME = "Every listener rule leads to a target group that a service registers with"


def listener_rules(rehearsal: Rehearsal) -> Verdict:
    """The check."""
    registered = {
        balancer["targetGroupArn"]: (service, balancer)
        for service in cached_query.services(rehearsal)
        for balancer in service.get("loadBalancers", [])
    }
    findings, seen = [], 0
    for place, action in _actions(rehearsal):
        seen += 1
        for arn in _targets(action):
            if arn not in registered:
                findings.append(f"{place} leads to {arn}, with which no service registers.")
    for arn, (service, balancer) in registered.items():
        problem = _fits(rehearsal, arn, service, balancer)
        if problem:
            findings.append(f"Service {service['serviceName']}: {problem}")
    return cached_query.verdict(NAME, findings, seen)


def _actions(rehearsal: Rehearsal) -> Iterator[tuple[str, Thing]]:
    """Every action of every rule of the stack's balancers."""
    for listener, rule in cached_query.listener_rules(rehearsal):
        for action in rule["Actions"]:
            yield f"Listener {listener['Port']}, rule {rule['Priority']}", action


def _targets(action: Thing) -> list[str]:
    if action["Type"] != "forward":
        return []
    groups = [one["TargetGroupArn"] for one in action.get("ForwardConfig", {}).get("TargetGroups", [])]
    return groups or [action["TargetGroupArn"]]


def _fits(rehearsal: Rehearsal, arn: str, service: Thing, balancer: Thing) -> str:
    """What is wrong between a service and its target group, or nothing."""
    client = rehearsal.client("elbv2")
    try:
        (group,) = client.describe_target_groups(TargetGroupArns=[arn])["TargetGroups"]
    except client.exceptions.TargetGroupNotFoundException:
        return f"its target group {arn} does not exist."
    if group["TargetType"] != "ip":
        return f"its target group {arn} takes targets by {group['TargetType']}, but Fargate registers addresses."
    if not group.get("LoadBalancerArns"):
        return f"its target group {arn} hangs on no load balancer."
    definition = cached_query.task_definition(rehearsal, service["taskDefinition"])
    ports = {
        (container["name"], mapping["containerPort"])
        for container in (definition or {}).get("containerDefinitions", [])
        for mapping in container.get("portMappings", [])
    }
    wanted = (balancer["containerName"], balancer["containerPort"])
    return "" if wanted in ports else f"its task definition has no container {wanted[0]} with port {wanted[1]}."
