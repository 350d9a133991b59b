"""Everything that is in the network: its role, its security groups, its subnets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rehearsal.checks import scheduled_calls, sleeping_endpoints, stack_queries
from rehearsal.checks.cached_query import Described, cached_query, tag
from rehearsal.result import Rehearsal

ROLE_TAG = "cvat:edge"
"""Tag by which a security group says which end of a connection it is."""

CLIENT = "-client"
"""End of the role of a group that says whom its carrier may call, not what it is."""


@dataclass(frozen=True)
class Node:
    """Something with security groups."""

    role: str
    groups: frozenset[str]
    what: str
    """For a finding: its kind and its name."""
    subnets: tuple[str, ...] = ()
    public: bool = False
    """Whether it has an address that the Internet can route to."""
    commands: tuple[tuple[str, ...], ...] = ()
    """Of a task: the commands of its containers."""
    label: str = ""
    """Short name: that of a task's first container, else the role."""


@dataclass(frozen=True)
class _Carrier:
    """What carries security groups, before their roles are looked up."""

    what: str
    groups: tuple[str, ...]
    subnets: tuple[str, ...] = ()
    public: bool = False
    definition: str = ""
    """Task definition, of a task."""


ADOPTED_GROUPS = {
    "dbSecurityGroupId": "postgresql",
    "fileSystemSecurityGroupId": "efs",
    "loadBalancerSecurityGroupId": "alb",
}
"""Settings that name the group of something that existed before the stack, and the role of its carrier."""

_RULES = {
    "IpPermissions": "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    "IpPermissionsEgress": "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
}
"""A group's rules as EC2 calls them, and the resource type that adds one."""


@cached_query
def groups(rehearsal: Rehearsal) -> list[Described]:
    """Security groups with the stack's tag, those that the stack created without one, and those that it adopted."""
    created = {record.id for record in rehearsal.of_type("aws:ec2/securityGroup:SecurityGroup")}
    in_network = stack_queries.in_network(rehearsal, "describe_security_groups", "SecurityGroups")
    own = [group for group in in_network if group["GroupId"] in created or tag(group, "stack") == rehearsal.stack]
    own_ids = {group["GroupId"] for group in own}
    adopted = {group: role for key, role in ADOPTED_GROUPS.items() if (group := stack_queries.setting(rehearsal, key))}
    return own + [
        _adopted(
            group,
            adopted[group["GroupId"]],
            own_ids,
            {side: _ranges(rehearsal, group["GroupId"], side) for side in _RULES},
        )
        for group in in_network
        if group["GroupId"] in adopted
    ]


def _ranges(rehearsal: Rehearsal, group: str, side: str) -> set[tuple[str, int]]:
    """What the stack itself has let in or out of a group, by address range: (CIDR, first port)."""
    rules = [record.inputs for record in rehearsal.of_type(_RULES[side]) if record.inputs["securityGroupId"] == group]
    return {(str(rule["cidrIpv4"]), int(rule["fromPort"])) for rule in rules if "cidrIpv4" in rule}


def _adopted(group: Described, role: str, own: set[str], ranges: Mapping[str, set[tuple[str, int]]]) -> Described:
    """An adopted group, with its role and, of its rules, those that the stack has added."""

    def added(side: str) -> list[Described]:
        permissions = []
        for permission in group[side]:
            pairs = [pair for pair in permission["UserIdGroupPairs"] if pair["GroupId"] in own]
            cidrs = [
                block
                for block in permission["IpRanges"]
                if (block["CidrIp"], permission.get("FromPort")) in ranges[side]
            ]
            if pairs or cidrs:
                permissions.append({**permission, "IpRanges": cidrs, "Ipv6Ranges": [], "UserIdGroupPairs": pairs})
        return permissions

    return {**group, "Tags": [{"Key": ROLE_TAG, "Value": role}], **{side: added(side) for side in _RULES}}


@cached_query
def nodes(rehearsal: Rehearsal) -> list[Node]:
    """All of them. A node's role is the one among its groups' that is no client group's."""
    roles = {group["GroupId"]: tag(group, ROLE_TAG) for group in groups(rehearsal)}
    return [_node(rehearsal, carrier, roles) for carrier in _carriers(rehearsal)]


def _node(rehearsal: Rehearsal, carrier: _Carrier, roles: dict[str, str]) -> Node:
    carried = sorted({roles.get(group, "") for group in carrier.groups} - {""})
    servers = [role for role in carried if not role.endswith(CLIENT)]
    role = servers[0] if servers else f"{carrier.what} without a role"
    definition = stack_queries.task_definition(rehearsal, carrier.definition) if carrier.definition else None
    containers = definition["containerDefinitions"] if definition else []
    return Node(
        role,
        frozenset(carrier.groups),
        carrier.what,
        carrier.subnets,
        carrier.public,
        tuple(tuple(container.get("command", ())) for container in containers),
        containers[0]["name"] if containers else role,
    )


def _carriers(rehearsal: Rehearsal) -> Iterator[_Carrier]:
    yield from _services(rehearsal)
    yield from _tasks(rehearsal)
    for balancer in stack_queries.load_balancers(rehearsal):
        subnets = tuple(zone["SubnetId"] for zone in balancer["AvailabilityZones"])
        public = balancer["Scheme"] == "internet-facing"
        what = f"load balancer {balancer['LoadBalancerName']}"
        yield _Carrier(what, tuple(balancer["SecurityGroups"]), subnets, public)
    yield from _stores(rehearsal)
    for record, model in stack_queries.sagemaker_models(rehearsal):
        network = model["VpcConfig"]
        yield _Carrier(f"model {record.name}", tuple(network["SecurityGroupIds"]), tuple(network["Subnets"]))
    for record in rehearsal.of_type("aws:ec2/vpcEndpoint:VpcEndpoint"):
        (endpoint,) = rehearsal.client("ec2").describe_vpc_endpoints(VpcEndpointIds=[record.id])["VpcEndpoints"]
        if endpoint.get("VpcEndpointType") == "Interface":
            carried = tuple(group["GroupId"] for group in endpoint["Groups"])
            yield _Carrier(f"endpoint {record.name}", carried, tuple(endpoint["SubnetIds"]))


def _services(rehearsal: Rehearsal) -> Iterator[_Carrier]:
    for service in stack_queries.services(rehearsal):
        network = service["networkConfiguration"]["awsvpcConfiguration"]
        public = network.get("assignPublicIp") == "ENABLED"
        carried, subnets = tuple(network["securityGroups"]), tuple(network["subnets"])
        yield _Carrier(f"service {service['serviceName']}", carried, subnets, public, service["taskDefinition"])


def _tasks(rehearsal: Rehearsal) -> Iterator[_Carrier]:
    for task in stack_queries.tasks_that_ran(rehearsal):
        details = {detail["name"]: detail["value"] for item in task["attachments"] for detail in item["details"]}
        interface = {"NetworkInterfaceIds": [details["networkInterfaceId"]]}
        answer = rehearsal.client("ec2").describe_network_interfaces(**interface)
        carried = tuple(group["GroupId"] for group in answer["NetworkInterfaces"][0]["Groups"])
        what = f"task of {task['group']}"
        yield _Carrier(what, carried, (details["subnetId"],), definition=task["taskDefinitionArn"])
    for parameters in scheduled_calls.task_runs(rehearsal):
        network = parameters["networkconfiguration"]["AwsvpcConfiguration"]
        carried, subnets = tuple(network["SecurityGroups"]), tuple(network["Subnets"])
        public = network.get("AssignPublicIp") == "ENABLED"
        yield _Carrier("scheduled task", carried, subnets, public, parameters["taskdefinition"])
    for record in sleeping_endpoints.postponed_tasks(rehearsal):
        inputs = record.inputs
        carried, subnets = tuple(inputs["security_groups"]), tuple(inputs["subnets"])
        yield _Carrier(f"postponed task {record.name}", carried, subnets, definition=inputs["task_definition"])


def _stores(rehearsal: Rehearsal) -> Iterator[_Carrier]:
    for identifier in stack_queries.database_identifiers(rehearsal):
        answer = rehearsal.client("rds").describe_db_instances(DBInstanceIdentifier=identifier)
        (database,) = answer["DBInstances"]
        carried = tuple(group["VpcSecurityGroupId"] for group in database["VpcSecurityGroups"])
        subnets = tuple(subnet["SubnetIdentifier"] for subnet in database["DBSubnetGroup"]["Subnets"])
        yield _Carrier(f"database {identifier}", carried, subnets, bool(database.get("PubliclyAccessible")))
    for record in rehearsal.of_type("aws:elasticache/replicationGroup:ReplicationGroup"):
        # Its member clusters would tell a replication group's security groups, and moto does not create them.
        carried = tuple(record.outputs.get("securityGroupIds") or ())
        yield _Carrier(f"cache {record.name}", carried, _cache_subnets(rehearsal, record.outputs["subnetGroupName"]))
    client = rehearsal.client("efs")
    for target in stack_queries.mount_targets(rehearsal):
        answer = client.describe_mount_target_security_groups(MountTargetId=target["MountTargetId"])
        what = f"mount target {target['MountTargetId']}"
        yield _Carrier(what, tuple(answer["SecurityGroups"]), (target["SubnetId"],))


def _cache_subnets(rehearsal: Rehearsal, group: str) -> tuple[str, ...]:
    answer = rehearsal.client("elasticache").describe_cache_subnet_groups(CacheSubnetGroupName=group)
    return tuple(subnet["SubnetIdentifier"] for subnet in answer["CacheSubnetGroups"][0]["Subnets"])
