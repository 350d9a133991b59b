"""EC2 and VPC."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any
from unittest import mock

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.availability_zones_and_regions import RegionsAndZonesBackend, Zone
from moto.ec2.models.elastic_network_interfaces import NetworkInterfaceBackend
from moto.ec2.models.nat_gateways import NatGatewayBackend
from moto.ec2.models.security_groups import SecurityGroupBackend
from moto.ec2.models.subnets import Subnet

from rehearsal.aws.moto_patches.patch import (
    Client,
    after,
    before,
    moto_patch,
    refusal,
    replace,
    subnet_ids,
    with_partition,
)


def _has_the_third_zone(client: Client) -> bool:
    zones = client("ec2").describe_availability_zones()["AvailabilityZones"]
    return ("cn-north-1d", "cnn1-az4") in {(zone["ZoneName"], zone["ZoneId"]) for zone in zones}


@moto_patch(_has_the_third_zone, "cn-north-1")
def third_zone_in_beijing(stack: ExitStack) -> None:
    """Beijing shows three zones, the third being cn-north-1d with the id cnn1-az4; moto has two.

    ECS developer guide, "Supported Regions for Fargate", which names the zones that it excludes.
    """
    zones = RegionsAndZonesBackend.zones
    third = Zone(region_name="cn-north-1", name="cn-north-1d", zone_id="cnn1-az4")
    stack.enter_context(mock.patch.dict(zones, {"cn-north-1": [*zones["cn-north-1"], third]}))


def _writes_arns_of_its_partition(client: Client) -> bool:
    subnets = client("ec2").describe_subnets()["Subnets"]
    return all(subnet["SubnetArn"].startswith("arn:aws-cn:") for subnet in subnets)


@moto_patch(_writes_arns_of_its_partition)
def partition_of_subnets(stack: ExitStack) -> None:
    """moto writes every subnet's ARN in the commercial partition. IAM user guide, "Amazon Resource Names"."""
    arn: Any = vars(Subnet)["arn"].fget
    replace(
        stack, Subnet, "arn", property(lambda self: with_partition(str(arn(self)), str(self.ec2_backend.region_name)))
    )


def _removes_the_interface(client: Client) -> bool:
    ec2 = client("ec2")
    gateway = ec2.create_nat_gateway(SubnetId=subnet_ids(client)[0], ConnectivityType="private")["NatGateway"]
    before = len(ec2.describe_network_interfaces()["NetworkInterfaces"])
    ec2.delete_nat_gateway(NatGatewayId=gateway["NatGatewayId"])
    return (before, len(ec2.describe_network_interfaces()["NetworkInterfaces"])) == (1, 0)


@moto_patch(_removes_the_interface)
def interfaces_of_deleted_nat_gateways(stack: ExitStack) -> None:
    """moto leaves the network interface of a NAT gateway that is deleted.

    VPC user guide, "Work with NAT gateways": deleting one disassociates its address and removes its interface.
    """

    def remove_interface(gateway: Any, self: Any, *_: Any, **__: Any) -> Any:
        self.enis.pop(gateway._eni.id, None)
        return gateway

    after(stack, NatGatewayBackend, "delete_nat_gateway", remove_interface)


def _changes_the_group_of_a_rule(client: Client) -> bool:
    ec2, vpc = client("ec2"), client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
    server, former, caller = (
        ec2.create_security_group(GroupName=name, Description="d", VpcId=vpc)["GroupId"] for name in "abc"
    )
    rule = {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1}
    (created,) = ec2.authorize_security_group_ingress(
        GroupId=server, IpPermissions=[{**rule, "UserIdGroupPairs": [{"GroupId": former}]}]
    )["SecurityGroupRules"]
    change = {**rule, "ReferencedGroupId": caller}
    named = {"SecurityGroupRuleId": created["SecurityGroupRuleId"]}
    ec2.modify_security_group_rules(GroupId=server, SecurityGroupRules=[{**named, "SecurityGroupRule": change}])
    (described,) = ec2.describe_security_group_rules(SecurityGroupRuleIds=[*named.values()])["SecurityGroupRules"]
    return bool(described["ReferencedGroupInfo"]["GroupId"] == caller)


@moto_patch(_changes_the_group_of_a_rule)
def groups_of_changed_rules(stack: ExitStack) -> None:
    """moto's ModifySecurityGroupRules leaves the group that a rule names as it was.

    EC2 API reference, SecurityGroupRuleRequest: ReferencedGroupId.
    """

    def refer(_: None, self: Any, group_id: str, rules: dict[str, dict[str, Any]]) -> None:
        group = self.get_security_group_by_name_or_id(group_id)
        for rule_id, changed in rules.items():
            if other := changed.get("ReferencedGroupId"):
                rule = group.get_rule(rule_id)
                rule.source_group = {**rule.source_group, "GroupId": other}

    after(stack, SecurityGroupBackend, "modify_security_group_rules", refer)


GROUPS_PER_INTERFACE = 5
"""Default quota of security groups of one network interface (VPC user guide, "Amazon VPC quotas", read 2026-11)."""


def _limits_the_groups_of_an_interface(client: Client) -> bool:
    ec2, vpc = client("ec2"), client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
    groups = [
        ec2.create_security_group(GroupName=f"g{number}", Description="d", VpcId=vpc)["GroupId"] for number in range(6)
    ]
    interface = {"SubnetId": subnet_ids(client)[0]}
    refusals = (
        refusal(ec2.create_network_interface, **interface, Groups=groups[:5]),
        refusal(ec2.create_network_interface, **interface, Groups=groups),
    )
    return refusals == ("", "SecurityGroupsPerInterfaceLimitExceeded")


@moto_patch(_limits_the_groups_of_an_interface)
def security_groups_of_an_interface(stack: ExitStack) -> None:
    """moto lets a network interface carry any number of security groups; it limits the rules of a group by itself.

    VPC user guide, "Amazon VPC quotas".
    """

    def check(self: Any, subnet: Any, private_ip_address: Any, *args: Any, **kwargs: Any) -> None:
        groups = kwargs.get("group_ids") or (args[1] if len(args) > 1 else None) or []
        if len(set(groups)) > GROUPS_PER_INTERFACE:
            text = "The maximum number of security groups per interface has been reached."
            raise EC2ClientError("SecurityGroupsPerInterfaceLimitExceeded", text)

    before(stack, NetworkInterfaceBackend, "create_network_interface", check)
