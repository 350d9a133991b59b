"""Networks that people have, asked of the rehearsed account: routes, endpoints, addresses, no Internet."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from unittest import mock

from rehearsal import Account, Rehearsal, rehearse
from rehearsal.aws.moto_patches import vpc_endpoints

TOKYO = "ap-northeast-1"
ZONES = [f"{TOKYO}{letter}" for letter in "acd"]
SERVICES = ("ecr.api", "ecr.dkr", "logs", "secretsmanager", "monitoring", "sagemaker.runtime")
ISOLATED = {"cvat:natGateways": "none", "cvat:internal": "true"}


def go(archives: Path, account: Account, config: dict[str, Any]) -> Rehearsal:
    return rehearse(TOKYO, config={"cvat:modelArchives": str(archives), **config}, account=account)


def private_vpc(account: Account, prefix: int = 24) -> tuple[dict[str, Any], str]:
    """A VPC of private subnets on its main route table; the settings that name it, and the table's id."""
    ec2 = account.client("ec2", TOKYO)
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.9.{index}.0/{prefix}", AvailabilityZone=zone)["Subnet"]["SubnetId"]
        for index, zone in enumerate(ZONES)
    ]
    main = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "association.main", "Values": ["true"]}]
    (table,) = ec2.describe_route_tables(Filters=main)["RouteTables"]
    config = {"cvat:vpcId": vpc, "cvat:privateSubnetIds": subnets, "cvat:internal": "true"}
    return config, str(table["RouteTableId"])


def add_default_route(account: Account, table: str) -> None:
    ec2 = account.client("ec2", TOKYO)
    transit = ec2.create_transit_gateway()["TransitGateway"]["TransitGatewayId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", TransitGatewayId=transit)


def add_endpoints(account: Account, config: dict[str, Any], table: str, services: Sequence[str] = SERVICES) -> None:
    ec2, vpc = account.client("ec2", TOKYO), config["cvat:vpcId"]
    group = ec2.create_security_group(GroupName="endpoints", Description="theirs", VpcId=vpc)["GroupId"]
    ranges = [{"CidrIp": "10.9.0.0/16"}]
    permissions = [{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": ranges}]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=permissions)
    for service in services:
        ec2.create_vpc_endpoint(
            VpcId=vpc,
            ServiceName=f"com.amazonaws.{TOKYO}.{service}",
            VpcEndpointType="Interface",
            SubnetIds=config["cvat:privateSubnetIds"],
            SecurityGroupIds=[group],
            PrivateDnsEnabled=True,
        )
    s3 = f"com.amazonaws.{TOKYO}.s3"
    ec2.create_vpc_endpoint(VpcId=vpc, ServiceName=s3, VpcEndpointType="Gateway", RouteTableIds=[table])


def created(rehearsal: Rehearsal) -> list[str]:
    return [record.urn for record in rehearsal.resources if record.type.startswith("aws:")]


def broken(rehearsal: Rehearsal) -> list[Any]:
    return [verdict for verdict in rehearsal.checks if not verdict.ok]


def test_an_internal_system_lives_on_the_main_route_table_of_a_vpc_without_public_subnets(archives: Path) -> None:
    with Account() as account:
        config, table = private_vpc(account)
        add_default_route(account, table)
        done = go(archives, account, config)
        assert done.error is None, f"most subnets have no table of their own: {done.error}"
        assert not broken(done), broken(done)


def test_private_subnets_without_a_way_out_need_endpoints_and_then_serve(archives: Path) -> None:
    with Account() as account:
        config, table = private_vpc(account)
        bare = go(archives, account, config)
        said = str(bare.error)
        for part in (
            ", ".join(config["cvat:privateSubnetIds"]),
            "whose route tables have no default route",
            "ecr.api (no endpoint)",
            "sagemaker.runtime (no endpoint)",
            "s3 (no gateway endpoint)",
            "Add a default route",
        ):
            assert part in said, f"{part!r} is not in: {said}"
        assert not created(bare), "tasks would wait for images for ever"
        add_endpoints(account, config, table)
        done = go(archives, account, config)
        assert done.error is None, done.error
        assert not broken(done), broken(done)


def test_subnets_without_enough_free_addresses_are_refused_unless_the_stack_has_them(archives: Path) -> None:
    with Account() as account:
        config, table = private_vpc(account, prefix=27)
        add_default_route(account, table)
        ec2, (full, *_) = account.client("ec2", TOKYO), config["cvat:privateSubnetIds"]
        small = go(archives, account, config)
        assert f"names {full}, and 27 addresses are free in it, and the stack takes up to 29 there" in str(small.error)
        assert "8 for load balancer" in str(small.error)
        assert not created(small), "the last tasks would find no address"
        tags = [{"Key": "project", "Value": small.project}, {"Key": "stack", "Value": TOKYO}]
        group = ec2.create_security_group(
            GroupName="own",
            Description="of the stack",
            VpcId=config["cvat:vpcId"],
            TagSpecifications=[{"ResourceType": "security-group", "Tags": tags}],
        )["GroupId"]
        fitting = config | {"cvat:workerMaxCount": 2, "cvat:annotationWorkerMaxCount": 1}
        for _ in range(10):
            ec2.create_network_interface(SubnetId=full, Groups=[group])
        again = go(archives, account, fitting)
        assert again.error is None, f"a stack that runs holds its addresses already: {again.error}"


def test_an_endpoint_that_the_region_lacks_is_refused_before_anything_is_created(archives: Path) -> None:
    with Account() as account:
        done = go(archives, account, {"cvat:interfaceEndpoints": ["logs", "banana", "cherry"]})
        for service in ("banana", "cherry"):
            assert f"cvat:interfaceEndpoints = {service}: AWS does not show it" in str(done.error)
        assert "aws ec2 describe-vpc-endpoint-services" in str(done.error), "the remedy"
        assert not created(done), "the endpoint would fail in the middle of the deployment"


def test_a_vpc_without_internet_has_all_endpoints_and_none_where_a_zone_lacks_it(archives: Path) -> None:
    lacking = {f"com.amazonaws.{TOKYO}.sts": frozenset({ZONES[0]}), f"com.amazonaws.{TOKYO}.kms": frozenset(ZONES)}
    with Account() as account, mock.patch.object(vpc_endpoints, "ZONES_WITHOUT", lacking):
        nowhere = go(archives, account, {**ISOLATED, "cvat:interfaceEndpoints": ["kms"]})
        assert "cvat:interfaceEndpoints = kms: AWS makes this endpoint in none of the stack's zones" in str(
            nowhere.error
        )
        done = go(archives, account, {**ISOLATED, "cvat:interfaceEndpoints": ["sts"]})
        assert done.error is None, done.error
        assert not broken(done), broken(done)
        ec2 = account.client("ec2", TOKYO)
        vpc = done.of_type("aws:ec2/vpc:Vpc")[0].id
        here = [{"Name": "vpc-id", "Values": [vpc]}]
        attached = [{"Name": "attachment.vpc-id", "Values": [vpc]}]
        assert not ec2.describe_internet_gateways(Filters=attached)["InternetGateways"], "some organisations forbid one"
        endpoints = ec2.describe_vpc_endpoints(Filters=here)["VpcEndpoints"]
        zones = {
            endpoint["ServiceName"].rpartition(f"{TOKYO}.")[2]: len(endpoint["SubnetIds"]) for endpoint in endpoints
        }
        assert zones == {**dict.fromkeys(SERVICES, 3), "sts": 2, "s3": 0}, "a zone without it takes the others'"
        assert any("Calls from there go to an endpoint in another zone" in line for line in done.messages), (
            done.messages
        )
        gone = go(archives, account, {"cvat:internal": "true"})
        assert "the stack is in a VPC without Internet gateway" in str(gone.error), "its database cannot move"
