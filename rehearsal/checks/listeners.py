"""The load balancer: listener rules lead to target groups that services register with; idle connections are kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rehearsal.checks import environment, image_environment, stack_queries
from rehearsal.checks.cached_query import Described, verdict
from rehearsal.result import Rehearsal, Verdict

DEFAULT_IDLE_S = 60
"""The idle timeout of an Application Load Balancer that nobody set."""
NAME = "Every listener rule leads to a target group that a service registers with"

KEEP_ALIVE = "Targets keep idle connections longer than the load balancer"


def keep_alive(rehearsal: Rehearsal) -> Verdict:
    """A target that closes an idle connection just when the load balancer uses it again causes a 502."""
    client, findings, seen = rehearsal.client("elbv2"), [], 0
    for service in stack_queries.services(rehearsal):
        for registration in service.get("loadBalancers", []):
            name = registration["containerName"]
            kept_s = _kept_s(rehearsal, service["taskDefinition"], name)
            groups = client.describe_target_groups(TargetGroupArns=[registration["targetGroupArn"]])["TargetGroups"]
            for balancer in (arn for group in groups for arn in group.get("LoadBalancerArns", [])):
                seen += 1
                idle_s = _idle_timeout_s(client, balancer)
                if kept_s <= idle_s:
                    findings.append(
                        f"Service {service['serviceName']}: its container {name} closes connections that are idle for "
                        f"{kept_s} s, but the load balancer keeps them for {idle_s} s: raise keepalive_timeout in "
                        "the image, or lower the load balancer's idle timeout."
                    )
    return verdict(KEEP_ALIVE, findings, seen)


def _kept_s(rehearsal: Rehearsal, task_definition: str, name: str) -> int:
    """Seconds for which a container keeps an idle connection."""
    definition = stack_queries.task_definition(rehearsal, task_definition) or {}
    images = [
        container["image"] for container in definition.get("containerDefinitions", []) if container["name"] == name
    ]
    known = [known for image in images if (known := environment.image_names(rehearsal).get(image))]
    return image_environment.of_image(rehearsal, known[0]).keep_alive_s if known else 0


def _idle_timeout_s(client: Any, balancer: str) -> int:
    attributes = client.describe_load_balancer_attributes(LoadBalancerArn=balancer)["Attributes"]
    values = {attribute["Key"]: attribute["Value"] for attribute in attributes}
    return int(values.get("idle_timeout.timeout_seconds", DEFAULT_IDLE_S))


def listener_rules(rehearsal: Rehearsal) -> Verdict:
    """The check."""
    registered = {
        registration["targetGroupArn"]: (service, registration)
        for service in stack_queries.services(rehearsal)
        for registration in service.get("loadBalancers", [])
    }
    findings, seen = [], 0
    for place, action in _actions(rehearsal):
        seen += 1
        for arn in _target_groups(action):
            if arn not in registered:
                findings.append(f"{place} leads to {arn}, with which no service registers.")
    for arn, (service, registration) in registered.items():
        problem = _registration_problem(rehearsal, arn, service, registration)
        if problem:
            findings.append(f"Service {service['serviceName']}: {problem}")
    return verdict(NAME, findings, seen)


def _actions(rehearsal: Rehearsal) -> Iterator[tuple[str, Described]]:
    """Every action of every rule of the stack's load balancers, with its place."""
    for listener, rule in stack_queries.listener_rules(rehearsal):
        for action in rule["Actions"]:
            yield f"Listener {listener['Port']}, rule {rule['Priority']}", action


def _target_groups(action: Described) -> list[str]:
    if action["Type"] != "forward":
        return []
    groups = [group["TargetGroupArn"] for group in action.get("ForwardConfig", {}).get("TargetGroups", [])]
    return groups or [action["TargetGroupArn"]]


def _registration_problem(rehearsal: Rehearsal, arn: str, service: Described, registration: Described) -> str:
    """What is wrong between a service and its target group, or nothing."""
    client = rehearsal.client("elbv2")
    try:
        (group,) = client.describe_target_groups(TargetGroupArns=[arn])["TargetGroups"]
    except client.exceptions.TargetGroupNotFoundException:
        return f"its target group {arn} does not exist."
    if group["TargetType"] != "ip":
        return f"its target group {arn} takes targets by {group['TargetType']}, but Fargate registers addresses."
    if not group.get("LoadBalancerArns"):
        return f"its target group {arn} belongs to no load balancer."
    definition = stack_queries.task_definition(rehearsal, service["taskDefinition"])
    ports = {
        (container["name"], mapping["containerPort"])
        for container in (definition or {}).get("containerDefinitions", [])
        for mapping in container.get("portMappings", [])
    }
    name, port = registration["containerName"], registration["containerPort"]
    return "" if (name, port) in ports else f"its task definition has no container {name} with port {port}."
