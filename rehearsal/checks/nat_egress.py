"""Private subnets: each has a way out, or endpoints instead, and none gives out public addresses."""

from __future__ import annotations

from rehearsal.checks import nodes, stack_queries
from rehearsal.checks.aws_services import needed_by, services_with_endpoint
from rehearsal.checks.cached_query import Described, verdict
from rehearsal.checks.network_map import network_map
from rehearsal.result import Rehearsal, Verdict

NAME = "Every private subnet has a way out or endpoints, and no public address"


def private_subnets(rehearsal: Rehearsal) -> Verdict:
    """The check."""
    network, findings, seen = network_map(rehearsal), list[str](), stack_queries.private_subnets(rehearsal)
    for subnet in (network.subnets[subnet_id] for subnet_id in seen):
        name = f"Private subnet {subnet['SubnetId']} ({subnet['AvailabilityZone']})"
        if subnet["MapPublicIpOnLaunch"]:
            findings.append(f"{name} gives out public addresses: switch mapPublicIpOnLaunch off.")
        problem = network.nat_problem(subnet["SubnetId"])
        if problem and (network.has_default_route(subnet["SubnetId"]) or not _endpoints_serve(rehearsal, subnet)):
            findings.append(f"{name} {problem}")
    for service in stack_queries.services(rehearsal):
        if service["networkConfiguration"]["awsvpcConfiguration"].get("assignPublicIp") == "ENABLED":
            findings.append(f"Service {service['serviceName']} asks for public addresses: set assignPublicIp to false.")
    return verdict(NAME, findings, len(seen))


def _endpoints_serve(rehearsal: Rehearsal, subnet: Described) -> bool:
    """Whether the VPC has an endpoint of every service that is called from a subnet; reachability.py tries them."""
    called = {
        service
        for node in nodes.nodes(rehearsal)
        if subnet["SubnetId"] in node.subnets
        for service in needed_by(rehearsal, node.role)
    }
    return called <= services_with_endpoint(rehearsal, subnet["VpcId"])
