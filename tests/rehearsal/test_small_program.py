"""The engine on a small program: what is created, and what the program gets to know of it."""

from __future__ import annotations

from rehearsal import Rehearsal


def test_a_network_is_created_as_the_program_says(small: Rehearsal) -> None:
    ec2 = small.client("ec2")
    vpc = small.outputs["vpc"]
    subnets = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]
    assert len(subnets) == 6
    assert sum(subnet["MapPublicIpOnLaunch"] for subnet in subnets) == 3, "three of them are public"
    gateways = ec2.describe_nat_gateways(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["NatGateways"]
    assert len(gateways) == 1, "the strategy is Single"
    assert small.outputs["tables"] == 6, "references to resources must reach the program as resources"


def test_a_security_group_gets_an_automatic_name_and_loses_the_default_way_out(small: Rehearsal) -> None:
    group_id = small.of_type("aws:ec2/securityGroup:SecurityGroup")[0].id
    (group,) = small.client("ec2").describe_security_groups(GroupIds=[group_id])["SecurityGroups"]
    assert group["GroupName"].startswith("server-")
    assert len(group["GroupName"]) == len("server-") + 7
    assert group["IpPermissionsEgress"] == []
    assert group["IpPermissions"][0]["IpRanges"] == [{"CidrIp": "10.0.0.0/16"}]


def test_default_tags_of_the_provider_are_merged_with_a_resources_own(small: Rehearsal) -> None:
    group = small.of_type("aws:ec2/securityGroup:SecurityGroup")[0]
    tags = small.client("ec2").describe_tags(Filters=[{"Name": "resource-id", "Values": [group.id]}])["Tags"]
    assert {tag["Key"]: tag["Value"] for tag in tags} == {"owner": "nobody", "project": "small"}
    assert group.outputs["tagsAll"] == {"owner": "nobody", "project": "small"}


def test_children_of_awsx_have_the_parents_that_awsx_gives_them(small: Rehearsal) -> None:
    table = next(table for table in small.of_type("aws:ec2/routeTable:RouteTable") if table.name == "net-private-1")
    assert "awsx:ec2:Vpc$aws:ec2/vpc:Vpc$aws:ec2/subnet:Subnet$aws:ec2/routeTable:RouteTable" in table.urn
    assert table.parent.endswith("::net-private-1")


def test_secret_outputs_are_known_as_such(small: Rehearsal) -> None:
    assert small.secret_outputs == {"password"}
    assert small.outputs["greeting"] == "hello", "a default of Pulumi.yaml must reach the program"
