"""How what runs in the VPC reaches AWS's own services: by an interface endpoint, a gateway endpoint, or NAT."""

from __future__ import annotations

from dataclasses import replace

from rehearsal.checks import cached_query
from rehearsal.checks.cached_query import Thing
from rehearsal.checks.network_map import HTTPS, NetworkMap
from rehearsal.checks.nodes import Node
from rehearsal.result import Rehearsal

_TASK = ("ecr.api", "ecr.dkr", "s3", "logs", "secretsmanager")
"""What ECS fetches through the task's own network: images (layers lie in S3), secrets, and where logs go."""

NEEDS = {
    **dict.fromkeys(("server", "init", "ui", "canary"), _TASK),
    "worker": (*_TASK, "monitoring"),  # the scheduler's task, which is in the workers' group, tells CloudWatch
    "gateway": (*_TASK, "sagemaker.runtime"),
    "models": ("ecr.api", "ecr.dkr", "s3", "logs"),
}
"""Services by the role of who calls them, by the names of their endpoints."""

SERVICES = tuple(dict.fromkeys(service for services in NEEDS.values() for service in services))


class Services:
    """The ways to AWS's services that the account offers."""

    def __init__(self, rehearsal: Rehearsal, network: NetworkMap, doors: list[Node]) -> None:
        """`doors`: the nodes of interface endpoints."""
        self._network = network
        ec2 = rehearsal.client("ec2")
        found = cached_query.paged(ec2, "describe_vpc_endpoints", "VpcEndpoints")
        self._endpoints = [one for one in found if one["State"] != "deleted"]  # EC2 tells of them for a while
        vpcs = {one["VpcId"] for one in self._endpoints}
        self._named = {vpc for vpc in vpcs if _resolves(rehearsal, vpc)}
        self._doors = doors

    def way(self, source: tuple[Node, str], service: str) -> tuple[str, str]:
        """How a node in one of its subnets gets there, and what stands in the way: empty if nothing does.

        With private DNS the service's name leads to its endpoint and nowhere else, even if nobody may enter there.
        """
        subnet = source[1]
        here = [one for one in self._endpoints if one["VpcId"] == self._network.vpc(subnet)]
        fitting = [one for one in here if one["ServiceName"].endswith(f".{service}")]
        for one in fitting:
            if one["VpcEndpointType"] == "Interface" and one["PrivateDnsEnabled"]:
                return "endpoint", self._enters(source, one)
        for one in fitting:
            if one["VpcEndpointType"] == "Gateway" and self._network.leads_to(subnet, one["VpcEndpointId"]):
                return "gateway endpoint", self._network.by_gateway_endpoint(source, one)
        problem = self._network.to_internet(source)
        idle = [one["VpcEndpointId"] for one in fitting if one["VpcEndpointType"] == "Interface"]
        hint = f" (endpoint {idle[0]} is not used: its private DNS is off)" if problem and idle else ""
        return "NAT", problem + hint

    def _enters(self, source: tuple[Node, str], endpoint: Thing) -> str:
        name = f"{endpoint['VpcEndpointId']} of {endpoint['ServiceName']}"
        if endpoint["VpcId"] not in self._named:
            return f"{name} has private DNS, but DNS names are off in {endpoint['VpcId']}"
        if str(endpoint["State"]).lower() != "available":
            return f"{name} is {endpoint['State']}"
        if not endpoint["SubnetIds"]:
            return f"{name} stands in no subnet"
        groups = frozenset(one["GroupId"] for one in endpoint["Groups"])
        door = next((one for one in self._doors if one.groups == groups), None)
        node = Node("endpoints", groups, name, tuple(endpoint["SubnetIds"]))
        node = replace(door, what=name, subnets=node.subnets) if door else node
        for subnet in node.subnets:
            if problem := self._network.between(source, (node, subnet), HTTPS):
                return problem
        return ""


def _resolves(rehearsal: Rehearsal, vpc: str) -> bool:
    """Whether a VPC answers DNS and gives names, without which private DNS of endpoints does not work."""
    ec2 = rehearsal.client("ec2")
    return all(
        ec2.describe_vpc_attribute(VpcId=vpc, Attribute=name)[f"{name[0].upper()}{name[1:]}"]["Value"]
        for name in ("enableDnsSupport", "enableDnsHostnames")
    )
