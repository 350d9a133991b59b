"""What is in use cannot be deleted: several services, one rule."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from moto.ec2.exceptions import DependencyViolationError, EC2ClientError
from moto.ec2.models.elastic_ip_addresses import ElasticAddressBackend
from moto.ec2.models.security_groups import SecurityGroupBackend
from moto.elasticache.exceptions import ElastiCacheException
from moto.elasticache.responses import ElastiCacheResponse
from moto.rds.exceptions import RDSClientError
from moto.rds.models import RDSBackend

from rehearsal.aws.moto_patches.patch import Client, after, before, moto_patch, new_database, refusal, subnet_ids


def _keeps_groups_of_databases(client: Client) -> bool:
    rds, subnets = client("rds"), subnet_ids(client)
    rds.create_db_parameter_group(DBParameterGroupName="p", DBParameterGroupFamily="postgres16", Description="d")
    rds.create_db_subnet_group(DBSubnetGroupName="s", DBSubnetGroupDescription="d", SubnetIds=subnets)
    new_database(client, "a", DBParameterGroupName="p", DBSubnetGroupName="s")
    in_use = (
        refusal(rds.delete_db_parameter_group, DBParameterGroupName="p"),
        refusal(rds.delete_db_subnet_group, DBSubnetGroupName="s"),
    )
    if in_use != ("InvalidDBParameterGroupState", "InvalidDBSubnetGroupStateFault"):
        return False
    rds.delete_db_instance(DBInstanceIdentifier="a", SkipFinalSnapshot=True)
    rds.delete_db_parameter_group(DBParameterGroupName="p")
    rds.delete_db_subnet_group(DBSubnetGroupName="s")
    return True


@moto_patch(_keeps_groups_of_databases)
def groups_of_databases(stack: ExitStack) -> None:
    """moto deletes the parameter group and the subnet group of a database that exists.

    API reference, DeleteDBParameterGroup: InvalidDBParameterGroupState; DeleteDBSubnetGroup:
    InvalidDBSubnetGroupStateFault.
    """

    def parameter_group(self: Any, name: str) -> None:
        if any(database.db_parameter_group_name == name for database in self.databases.values()):
            text = "One or more database instances are still members of this parameter group"
            raise RDSClientError("InvalidDBParameterGroupState", f"{text} {name}, so the group cannot be deleted")

    def subnet_group(self: Any, name: str) -> None:
        for identifier, database in self.databases.items():
            if database._db_subnet_group_name == name:
                text = f"Cannot delete the subnet group '{name}' because at least one database instance: {identifier}"
                raise RDSClientError("InvalidDBSubnetGroupStateFault", f"{text} is still using it.")

    before(stack, RDSBackend, "delete_db_parameter_group", parameter_group)
    before(stack, RDSBackend, "delete_subnet_group", subnet_group)


def _keeps_groups_of_caches(client: Client) -> bool:
    cache, subnets = client("elasticache"), subnet_ids(client)
    for name in ("p", "q"):
        group = {"CacheParameterGroupName": name, "CacheParameterGroupFamily": "redis7", "Description": "d"}
        cache.create_cache_parameter_group(**group)
    cache.create_cache_subnet_group(CacheSubnetGroupName="s", CacheSubnetGroupDescription="d", SubnetIds=subnets)
    replication = {"ReplicationGroupId": "g"}
    cache.create_replication_group(
        **replication,
        ReplicationGroupDescription="d",
        CacheNodeType="cache.m6g.large",
        Engine="redis",
        EngineVersion="7.1",
        CacheParameterGroupName="p",
        CacheSubnetGroupName="s",
    )
    in_use = (
        refusal(cache.delete_cache_parameter_group, CacheParameterGroupName="p"),
        refusal(cache.delete_cache_subnet_group, CacheSubnetGroupName="s"),
    )
    cache.modify_replication_group(**replication, CacheParameterGroupName="q", ApplyImmediately=True)
    cache.delete_cache_parameter_group(CacheParameterGroupName="p")
    cache.delete_replication_group(**replication)
    cache.delete_cache_subnet_group(CacheSubnetGroupName="s")
    return in_use == ("InvalidCacheParameterGroupState", "CacheSubnetGroupInUse")


@moto_patch(_keeps_groups_of_caches)
def groups_of_caches(stack: ExitStack) -> None:
    """moto's replication groups do not know their parameter group and subnet group, which can be deleted.

    API reference, DeleteCacheParameterGroup: InvalidCacheParameterGroupState; DeleteCacheSubnetGroup:
    CacheSubnetGroupInUse.
    """
    members = ("CacheParameterGroupName", "CacheSubnetGroupName")

    def remember(answer: Any, self: Any) -> Any:
        used = self.elasticache_backend.__dict__.setdefault("groups_used", {})
        names = {member: self._get_param(member) for member in members if self._get_param(member)}
        used.setdefault(self._get_param("ReplicationGroupId"), {}).update(names)
        return answer

    def users(self: Any, member: str) -> list[str]:
        used, existing = self.elasticache_backend.__dict__.get("groups_used", {}), self.elasticache_backend
        name = self._get_param(member)
        return [
            group for group, names in used.items() if group in existing.replication_groups and names.get(member) == name
        ]

    def parameter_group(self: Any) -> None:
        if groups := users(self, "CacheParameterGroupName"):
            text = f"One or more cache clusters are still members of this parameter group: {', '.join(groups)}"
            raise ElastiCacheException("InvalidCacheParameterGroupState", text)

    def subnet_group(self: Any) -> None:
        if groups := users(self, "CacheSubnetGroupName"):
            text = f"Cache subnet group is in use by {', '.join(groups)}"
            raise ElastiCacheException("CacheSubnetGroupInUse", text)

    after(stack, ElastiCacheResponse, "create_replication_group", remember)
    after(stack, ElastiCacheResponse, "modify_replication_group", remember)
    before(stack, ElastiCacheResponse, "delete_cache_parameter_group", parameter_group)
    before(stack, ElastiCacheResponse, "delete_cache_subnet_group", subnet_group)


def _keeps_addresses_of_nat_gateways(client: Client) -> bool:
    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    address = {"AllocationId": ec2.allocate_address(Domain="vpc")["AllocationId"]}
    nat = ec2.create_nat_gateway(SubnetId=subnet, **address)["NatGateway"]["NatGatewayId"]
    in_use = refusal(ec2.release_address, **address)
    ec2.delete_nat_gateway(NatGatewayId=nat)
    ec2.release_address(**address)
    return in_use == "InvalidIPAddress.InUse"


@moto_patch(_keeps_addresses_of_nat_gateways)
def addresses_of_nat_gateways(stack: ExitStack) -> None:
    """moto releases the elastic IP address of a NAT gateway that exists.

    EC2 API reference, "Error codes for the Amazon EC2 API": InvalidIPAddress.InUse. That an Internet gateway cannot be
    detached before its VPC's NAT gateways are deleted is not refused: Pulumi deletes both at a time, and the provider
    tries again for 20 minutes (internal/service/ec2/vpc_internet_gateway.go).
    """

    def release(self: Any, address: str | None = None, allocation_id: str | None = None) -> None:
        alive = [gateway for gateway in self.nat_gateways.values() if gateway.state == "available"]
        interfaces = {gateway._eni.id for gateway in alive}
        for elastic in self.addresses:
            if elastic.eni and elastic.eni.id in interfaces and elastic.allocation_id == allocation_id:
                text = f"Address {elastic.public_ip} is in use by a NAT gateway"
                raise EC2ClientError("InvalidIPAddress.InUse", text)

    before(stack, ElasticAddressBackend, "release_address", release)


def _keeps_groups_that_rules_name(client: Client) -> bool:
    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    server, caller = (ec2.create_security_group(VpcId=vpc, GroupName=name, Description="d")["GroupId"] for name in "ab")
    rule = {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "UserIdGroupPairs": [{"GroupId": caller}]}
    ec2.authorize_security_group_ingress(GroupId=server, IpPermissions=[rule])
    in_use = refusal(ec2.delete_security_group, GroupId=caller)
    if in_use != "DependencyViolation":
        return False
    ec2.revoke_security_group_ingress(GroupId=server, IpPermissions=[rule])
    ec2.delete_security_group(GroupId=caller)
    ec2.authorize_security_group_ingress(
        GroupId=server, IpPermissions=[{**rule, "UserIdGroupPairs": [{"GroupId": server}]}]
    )
    ec2.delete_security_group(GroupId=server)  # its own rule keeps no group
    return True


@moto_patch(_keeps_groups_that_rules_name)
def groups_that_rules_name(stack: ExitStack) -> None:
    """moto deletes a security group that rules of another group name.

    EC2 API reference, DeleteSecurityGroup: one that is "referenced by another security group in the same VPC" is
    refused with DependencyViolation. The same for subnets and groups of network interfaces is not refused: Pulumi
    deletes their users at the same time, and the provider tries again for 15 to 20 minutes.
    """

    def check(self: Any, name: str | None = None, group_id: str | None = None) -> None:
        others = (other for groups in self.groups.values() for other in groups.values() if other.id != group_id)
        rules = (rule for other in others for rule in (*other.ingress_rules, *other.egress_rules))
        if any(rule.source_group.get("GroupId") == group_id for rule in rules):
            raise DependencyViolationError(f"resource {group_id} has a dependent object")

    before(stack, SecurityGroupBackend, "delete_security_group", check)
