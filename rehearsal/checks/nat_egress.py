"""Private subnets: each has a way out, and none gives out public addresses."""

from __future__ import annotations

from rehearsal.checks import stack_queries
from rehearsal.checks.cached_query import verdict
from rehearsal.checks.network_map import network_map
from rehearsal.result import Rehearsal, Verdict

NAME = "Every private subnet has a way out and no public address"


def private_subnets(rehearsal: Rehearsal) -> Verdict:
    """The check."""
    network, findings, seen = network_map(rehearsal), list[str](), stack_queries.private_subnets(rehearsal)
    for subnet in (network.subnets[subnet_id] for subnet_id in seen):
        name = f"Private subnet {subnet['SubnetId']} ({subnet['AvailabilityZone']})"
        if subnet["MapPublicIpOnLaunch"]:
            findings.append(f"{name} gives out public addresses: switch mapPublicIpOnLaunch off.")
        if problem := network.nat_problem(subnet["SubnetId"]):
            findings.append(f"{name} {problem}")
    for service in stack_queries.services(rehearsal):
        if service["networkConfiguration"]["awsvpcConfiguration"].get("assignPublicIp") == "ENABLED":
            findings.append(f"Service {service['serviceName']} asks for public addresses: set assignPublicIp to false.")
    return verdict(NAME, findings, len(seen))
