"""Everything that stands in the network: which role it plays, which groups it carries, in which subnets it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rehearsal.checks import cached_query, scheduled_calls, sleep
from rehearsal.checks.cached_query import Thing, question, tag
from rehearsal.result import Rehearsal

ROLE_TAG = "cvat:edge"
"""Tag by which a security group says which end of an edge it is."""

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
    """Of a task: what its containers run."""
    label: str = ""
    """Short name: that of a task's first container, else the role."""


@dataclass(frozen=True)
class _Carrier:
    what: str
    groups: tuple[str, ...]
    subnets: tuple[str, ...] = ()
    public: bool = False
    definition: str = ""
    """Task definition, of a task."""


GIVEN_GROUPS = {
    "cvat:dbSecurityGroupId": "postgresql",
    "cvat:fileSystemSecurityGroupId": "efs",
    "cvat:loadBalancerSecurityGroupId": "alb",
}
"""Settings that name the group of something that exists already, and the role of what carries it."""

_RULES = {
    "IpPermissions": "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    "IpPermissionsEgress": "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
}
"""A group's rules as EC2 calls them, and the resource type that adds one."""


@question
def groups(rehearsal: Rehearsal) -> list[Thing]:
    """Security groups with the stack's tag, those that the stack made without one, and those that it was given."""
    made = {record.id for record in rehearsal.of_type("aws:ec2/securityGroup:SecurityGroup")}
    everything = cached_query.in_network(rehearsal, "describe_security_groups", "SecurityGroups")
    own = [one for one in everything if one["GroupId"] in made or tag(one, "stack") == rehearsal.stack]
    ids = {one["GroupId"] for one in own}
    given = {value: role for key, role in GIVEN_GROUPS.items() if (value := rehearsal.config.values.get(key))}
    return own + [
        _given(one, given[one["GroupId"]], ids, {way: _ranges(rehearsal, one["GroupId"], way) for way in _RULES})
        for one in everything
        if one["GroupId"] in given
    ]


def _ranges(rehearsal: Rehearsal, group: str, way: str) -> set[tuple[str, int]]:
    """What the stack itself has let in or out of a group, by address range: (CIDR, first port)."""
    rules = [record.inputs for record in rehearsal.of_type(_RULES[way]) if record.inputs["securityGroupId"] == group]
    return {(str(one["cidrIpv4"]), int(one["fromPort"])) for one in rules if "cidrIpv4" in one}


def _given(group: Thing, role: str, ours: set[str], ranges: Mapping[str, set[tuple[str, int]]]) -> Thing:
    """A group of somebody else's, with its role and, of its rules, those that the stack has added."""

    def added(way: str) -> list[Thing]:
        found = []
        for entry in group[way]:
            pairs = [one for one in entry["UserIdGroupPairs"] if one["GroupId"] in ours]
            cidrs = [one for one in entry["IpRanges"] if (one["CidrIp"], entry.get("FromPort")) in ranges[way]]
            if pairs or cidrs:
                found.append({**entry, "IpRanges": cidrs, "Ipv6Ranges": [], "UserIdGroupPairs": pairs})
        return found

    return {**group, "Tags": [{"Key": ROLE_TAG, "Value": role}], **{way: added(way) for way in _RULES}}


@question
def nodes(rehearsal: Rehearsal) -> list[Node]:
    """All of them. A node's role is the one among its groups' that is no client group's."""
    roles = {one["GroupId"]: tag(one, ROLE_TAG) for one in groups(rehearsal)}
    return [_node(rehearsal, carrier, roles) for carrier in _carriers(rehearsal)]


def _node(rehearsal: Rehearsal, carrier: _Carrier, roles: dict[str, str]) -> Node:
    own = sorted({roles.get(one, "") for one in carrier.groups} - {""})
    servers = [role for role in own if not role.endswith(CLIENT)]
    role = servers[0] if servers else f"{carrier.what} without a role"
    found = cached_query.task_definition(rehearsal, carrier.definition) if carrier.definition else None
    containers = found["containerDefinitions"] if found else []
    return Node(
        role,
        frozenset(carrier.groups),
        carrier.what,
        carrier.subnets,
        carrier.public,
        tuple(tuple(one.get("command", ())) for one in containers),
        containers[0]["name"] if containers else role,
    )


def _carriers(rehearsal: Rehearsal) -> Iterator[_Carrier]:
    yield from _services(rehearsal)
    yield from _tasks(rehearsal)
    for arn in cached_query.balancers(rehearsal):
        (balancer,) = rehearsal.client("elbv2").describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"]
        subnets = tuple(one["SubnetId"] for one in balancer["AvailabilityZones"])
        public = balancer["Scheme"] == "internet-facing"
        yield _Carrier(
            f"load balancer {balancer['LoadBalancerName']}", tuple(balancer["SecurityGroups"]), subnets, public
        )
    yield from _stores(rehearsal)
    for record in rehearsal.of_type("aws:sagemaker/model:Model"):
        network = rehearsal.client("sagemaker").describe_model(ModelName=record.id)["VpcConfig"]
        yield _Carrier(f"model {record.name}", tuple(network["SecurityGroupIds"]), tuple(network["Subnets"]))
    for record in rehearsal.of_type("aws:ec2/vpcEndpoint:VpcEndpoint"):
        (endpoint,) = rehearsal.client("ec2").describe_vpc_endpoints(VpcEndpointIds=[record.id])["VpcEndpoints"]
        if endpoint.get("VpcEndpointType") == "Interface":
            carried = tuple(one["GroupId"] for one in endpoint["Groups"])
            yield _Carrier(f"endpoint {record.name}", carried, tuple(endpoint["SubnetIds"]))


def _services(rehearsal: Rehearsal) -> Iterator[_Carrier]:
    for service in cached_query.services(rehearsal):
        network = service["networkConfiguration"]["awsvpcConfiguration"]
        public = network.get("assignPublicIp") == "ENABLED"
        groups, subnets = tuple(network["securityGroups"]), tuple(network["subnets"])
        yield _Carrier(f"service {service['serviceName']}", groups, subnets, public, service["taskDefinition"])


def _tasks(rehearsal: Rehearsal) -> Iterator[_Carrier]:
    for task in cached_query.tasks_that_ran(rehearsal):
        details = {one["name"]: one["value"] for item in task["attachments"] for one in item["details"]}
        answer = rehearsal.client("ec2").describe_network_interfaces(
            NetworkInterfaceIds=[details["networkInterfaceId"]]
        )
        carried = tuple(one["GroupId"] for one in answer["NetworkInterfaces"][0]["Groups"])
        what = f"task of {task['group']}"
        yield _Carrier(what, carried, (details["subnetId"],), definition=task["taskDefinitionArn"])
    for given in scheduled_calls.runs(rehearsal):
        network = given["networkconfiguration"]["AwsvpcConfiguration"]
        groups, subnets = tuple(network["SecurityGroups"]), tuple(network["Subnets"])
        public = network.get("AssignPublicIp") == "ENABLED"
        yield _Carrier("scheduled task", groups, subnets, public, given["taskdefinition"])
    for record in sleep.postponed(rehearsal):
        given = record.inputs
        groups, subnets = tuple(given["security_groups"]), tuple(given["subnets"])
        yield _Carrier(f"postponed task {record.name}", groups, subnets, definition=given["task_definition"])


def _stores(rehearsal: Rehearsal) -> Iterator[_Carrier]:
    for identifier in databases(rehearsal):
        answer = rehearsal.client("rds").describe_db_instances(DBInstanceIdentifier=identifier)
        (database,) = answer["DBInstances"]
        carried = tuple(one["VpcSecurityGroupId"] for one in database["VpcSecurityGroups"])
        subnets = tuple(one["SubnetIdentifier"] for one in database["DBSubnetGroup"]["Subnets"])
        yield _Carrier(f"database {identifier}", carried, subnets, bool(database.get("PubliclyAccessible")))
    for record in rehearsal.of_type("aws:elasticache/replicationGroup:ReplicationGroup"):
        # A replication group's groups are told by its member clusters, which moto does not make.
        carried = tuple(record.outputs.get("securityGroupIds") or ())
        yield _Carrier(f"cache {record.name}", carried, _cache_subnets(rehearsal, record.outputs["subnetGroupName"]))
    client = rehearsal.client("efs")
    for target in mount_targets(rehearsal):
        found = client.describe_mount_target_security_groups(MountTargetId=target["MountTargetId"])
        yield _Carrier(f"mount target {target['MountTargetId']}", tuple(found["SecurityGroups"]), (target["SubnetId"],))


def databases(rehearsal: Rehearsal) -> list[str]:
    """Identifiers of the instances that the stack uses, its own and the one that it was given."""
    made = [record.outputs["identifier"] for record in rehearsal.of_type("aws:rds/instance:Instance")]
    given = rehearsal.config.values.get("cvat:dbInstanceId")
    return [*made, given] if given else made


def mount_targets(rehearsal: Rehearsal) -> list[Thing]:
    """Mount targets that the stack uses, its own and those of the file system that it was given."""
    client = rehearsal.client("efs")
    systems = {record.id for record in rehearsal.of_type("aws:efs/fileSystem:FileSystem")}
    systems |= {rehearsal.config.values.get("cvat:fileSystemId") or ""} - {""}
    return [
        target
        for system in sorted(systems)
        for target in cached_query.paged(client, "describe_mount_targets", "MountTargets", FileSystemId=system)
    ]


def _cache_subnets(rehearsal: Rehearsal, group: str) -> tuple[str, ...]:
    answer = rehearsal.client("elasticache").describe_cache_subnet_groups(CacheSubnetGroupName=group)
    return tuple(one["SubnetIdentifier"] for one in answer["CacheSubnetGroups"][0]["Subnets"])
