"""How what runs in the VPC reaches AWS's own services: by an interface endpoint, a gateway endpoint, or NAT."""

from __future__ import annotations

from dataclasses import replace

from rehearsal.checks import stack_queries
from rehearsal.checks.cached_query import Described, paged
from rehearsal.checks.network_map import HTTPS, NetworkMap
from rehearsal.checks.nodes import Node
from rehearsal.result import Rehearsal

_TASK = ("ecr.api", "ecr.dkr", "s3", "logs", "secretsmanager")
"""What ECS fetches through the task's own network: images (layers are in S3), secrets, and where logs go."""

NEEDS = {
    **dict.fromkeys(("server", "init", "ui", "canary"), _TASK),
    "worker": (*_TASK, "monitoring"),  # the scheduler's task, which is in the workers' group, sends metrics
    "gateway": (*_TASK, "sagemaker.runtime"),
    "models": ("ecr.api", "ecr.dkr", "s3", "logs"),
}
"""Services by the role of who calls them, by the names of their endpoints."""
_WAKING = ("sagemaker.api", "s3")
"""What the gateway calls besides where functions sleep while nobody uses them."""

CALLED_BY_CONTAINERS = ("monitoring", "sagemaker.runtime", "sagemaker.api")
"""Services that a container calls itself, and so by its proxy; the others are called by ECS, which knows of none."""

SERVICES = tuple(dict.fromkeys(service for services in NEEDS.values() for service in services))


def needed_by(rehearsal: Rehearsal, role: str) -> tuple[str, ...]:
    """Services that a role calls in this stack."""
    waking = _WAKING if role == "gateway" and stack_queries.has_batch_functions(rehearsal) else ()
    return (*NEEDS.get(role, ()), *waking)


class ServiceRoutes:
    """The ways to AWS's services that the account offers."""

    def __init__(self, rehearsal: Rehearsal, network: NetworkMap, interfaces: list[Node]) -> None:
        """`interfaces`: the nodes of interface endpoints."""
        self._network = network
        self._proxy = stack_queries.proxy_port(rehearsal)
        endpoints = paged(rehearsal.client("ec2"), "describe_vpc_endpoints", "VpcEndpoints")
        # EC2 goes on describing deleted endpoints for a while.
        self._endpoints = [endpoint for endpoint in endpoints if endpoint["State"] != "deleted"]
        vpcs = {endpoint["VpcId"] for endpoint in self._endpoints}
        self._vpcs_with_names = {vpc for vpc in vpcs if _resolves(rehearsal, vpc)}
        self._interfaces = interfaces

    def route(self, source: tuple[Node, str], service: str) -> tuple[str, str]:
        """How a node in one of its subnets gets there, and what is in its way: empty if nothing is.

        With private DNS the service's name leads to its endpoint and nowhere else, even if it lets nothing in.
        """
        subnet = source[1]
        fitting = [
            endpoint
            for endpoint in self._endpoints
            if endpoint["VpcId"] == self._network.vpc(subnet) and endpoint["ServiceName"].endswith(f".{service}")
        ]
        for endpoint in fitting:
            if endpoint["VpcEndpointType"] == "Interface" and endpoint["PrivateDnsEnabled"]:
                return "endpoint", self._by_interface_endpoint(source, endpoint)
        for endpoint in fitting:
            is_gateway = endpoint["VpcEndpointType"] == "Gateway"
            if is_gateway and self._network.leads_to(subnet, endpoint["VpcEndpointId"]):
                return "gateway endpoint", self._network.by_gateway_endpoint(source, endpoint)
        if self._proxy and service in CALLED_BY_CONTAINERS and not self._network.has_default_route(subnet):
            return "proxy", self._network.leaves(source, (self._proxy, self._proxy))
        problem = self._network.to_internet(source)
        idle = [endpoint["VpcEndpointId"] for endpoint in fitting if endpoint["VpcEndpointType"] == "Interface"]
        hint = f" (endpoint {idle[0]} is not used: its private DNS is off)" if problem and idle else ""
        return "NAT", problem + hint

    def _by_interface_endpoint(self, source: tuple[Node, str], endpoint: Described) -> str:
        name = f"{endpoint['VpcEndpointId']} of {endpoint['ServiceName']}"
        if endpoint["VpcId"] not in self._vpcs_with_names:
            return f"{name} has private DNS, but DNS names are off in {endpoint['VpcId']}"
        if str(endpoint["State"]).lower() != "available":
            return f"{name} is {endpoint['State']}"
        if not endpoint["SubnetIds"]:
            return f"{name} is in no subnet"
        groups = frozenset(group["GroupId"] for group in endpoint["Groups"])
        known = next((node for node in self._interfaces if node.groups == groups), None)
        node = Node("endpoints", groups, name, tuple(endpoint["SubnetIds"]))
        node = replace(known, what=name, subnets=node.subnets) if known else node
        for subnet in node.subnets:
            if problem := self._network.between(source, (node, subnet), HTTPS):
                return problem
        return ""


def services_with_endpoint(rehearsal: Rehearsal, vpc: str) -> set[str]:
    """Those of SERVICES that have an endpoint in a VPC."""
    endpoints = paged(rehearsal.client("ec2"), "describe_vpc_endpoints", "VpcEndpoints")
    names = [endpoint["ServiceName"] for endpoint in endpoints if endpoint["VpcId"] == vpc]
    return {service for service in SERVICES if any(name.endswith(f".{service}") for name in names)}


def _resolves(rehearsal: Rehearsal, vpc: str) -> bool:
    """Whether a VPC answers DNS and gives names, without which private DNS of endpoints does not work."""
    ec2 = rehearsal.client("ec2")
    return all(
        ec2.describe_vpc_attribute(VpcId=vpc, Attribute=name)[f"{name[0].upper()}{name[1:]}"]["Value"]
        for name in ("enableDnsSupport", "enableDnsHostnames")
    )
