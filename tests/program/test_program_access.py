"""Access, as the rehearsed account shows it. Opens accounts of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rehearsal import Rehearsal, rehearse
from rehearsal.account import Account


def test_a_certificate_brings_https_and_a_redirect(archives: Path) -> None:
    with Account() as account:
        acm = account.client("acm", "ap-northeast-1")
        arn = acm.request_certificate(DomainName="cvat.example.com")["CertificateArn"]
        config = {"cvat:certificateArn": arn, "cvat:hostName": "cvat.example.com", "cvat:modelArchives": str(archives)}
        done = rehearse("ap-northeast-1", config=config, account=account)
        assert done.error is None, done.error
        elb = done.client("elbv2")
        balancer = elb.describe_load_balancers()["LoadBalancers"][0]["LoadBalancerArn"]
        listeners = {one["Port"]: one for one in elb.describe_listeners(LoadBalancerArn=balancer)["Listeners"]}
    assert listeners[443]["Certificates"][0]["CertificateArn"] == arn
    assert listeners[80]["DefaultActions"][0]["Type"] == "redirect"
    assert done.outputs["url"] == "https://cvat.example.com"


def build_vpc(ec2: Any, zones: list[str]) -> tuple[str, list[str], list[str]]:
    """A VPC with a public and a private subnet in each zone, as somebody else may have made it."""
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    subnets: dict[bool, list[str]] = {True: [], False: []}
    for index, (public, zone) in enumerate((public, zone) for public in (True, False) for zone in zones):
        made = ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.9.{index}.0/24", AvailabilityZone=zone)["Subnet"]
        table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
        ec2.associate_route_table(RouteTableId=table, SubnetId=made["SubnetId"])
        if public:
            ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
        subnets[public].append(made["SubnetId"])
    return vpc, subnets[True], subnets[False]


def test_an_existing_vpc_is_adopted_and_nothing_added_to_it(archives: Path) -> None:
    with Account() as account:
        ec2 = account.client("ec2", "cn-northwest-1")
        vpc, public, private = build_vpc(ec2, [f"cn-northwest-1{letter}" for letter in "abc"])
        tables, networks = len(ec2.describe_route_tables()["RouteTables"]), len(ec2.describe_vpcs()["Vpcs"])
        config = {"cvat:vpcId": vpc, "cvat:publicSubnetIds": public, "cvat:privateSubnetIds": private}
        done = rehearse("cn-northwest-1", config=config | {"cvat:modelArchives": str(archives)}, account=account)
        assert done.error is None, done.error
        assert len(ec2.describe_route_tables()["RouteTables"]) == tables
        assert len(ec2.describe_vpcs()["Vpcs"]) == networks
        (database,) = done.client("rds").describe_db_instances()["DBInstances"]
        assert database["DBSubnetGroup"]["VpcId"] == vpc
        targets = done.client("efs").describe_mount_targets(FileSystemId=files(done))["MountTargets"]
        assert {target["SubnetId"] for target in targets} == set(private)


def files(done: Rehearsal) -> str:
    (system,) = done.client("efs").describe_file_systems()["FileSystems"]
    return str(system["FileSystemId"])


def test_a_vpc_whose_subnets_are_of_the_wrong_kind_is_refused_in_sentences(archives: Path) -> None:
    with Account() as account:
        ec2 = account.client("ec2", "cn-northwest-1")
        vpc, public, private = build_vpc(ec2, [f"cn-northwest-1{letter}" for letter in "abc"])
        config = {"cvat:vpcId": vpc, "cvat:publicSubnetIds": private, "cvat:privateSubnetIds": public}
        done = rehearse("cn-northwest-1", config=config | {"cvat:modelArchives": str(archives)}, account=account)
    assert str(done.error).startswith("The VPC cannot be adopted:")
    assert str(done.error).count("Name a public subnet") == 3
    assert str(done.error).count("Name a private subnet") == 3
