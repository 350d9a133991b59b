"""Mutations of the network: security groups, routes, NAT, network ACLs, addresses, mount targets, endpoints."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any
from unittest import mock

from rehearsal import Rehearsal
from rehearsal.checks import nat_egress, reachability, security_group_edges
from rehearsal.checks.nodes import ROLE_TAG
from tests.support.mutations.table import emulated, group_of, noticed_by, record

SUBNET, TABLE, ROUTE = "aws:ec2/subnet:Subnet", "aws:ec2/routeTable:RouteTable", "aws:ec2/route:Route"
EVERYWHERE = "0.0.0.0/0"


def rule(port: int, **peer: Any) -> list[dict[str, Any]]:
    return [{"IpProtocol": "tcp", "FromPort": port, "ToPort": port, **peer}]


def open_to_world(on: Rehearsal, undo: ExitStack, role: str, port: int) -> None:
    ec2, group = on.client("ec2"), group_of(on, role)
    opened = rule(port, IpRanges=[{"CidrIp": EVERYWHERE}])
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=opened)
    undo.callback(ec2.revoke_security_group_ingress, GroupId=group, IpPermissions=opened)


@noticed_by(security_group_edges.open_edges, "0.0.0.0/0 -> postgresql:5432 is open but not intended: close it.")
def the_database_is_opened_to_the_world(on: Rehearsal, undo: ExitStack) -> None:
    open_to_world(on, undo, "postgresql", 5432)


@noticed_by(security_group_edges.open_edges, "0.0.0.0/0 -> server:8080 is open but not intended: close it.")
def the_server_is_opened_past_the_load_balancer(on: Rehearsal, undo: ExitStack) -> None:
    open_to_world(on, undo, "server", 8080)


@noticed_by(security_group_edges.open_edges, "0.0.0.0/0 -> alb:22 is open but not intended: close it.")
@noticed_by(reachability.reachable, "0.0.0.0/0 -> alb:22 is open (Internet), but not intended: close it.")
def a_port_without_a_listener_is_opened(on: Rehearsal, undo: ExitStack) -> None:
    open_to_world(on, undo, "alb", 22)


@noticed_by(security_group_edges.open_edges, "server -> redis:6379 is intended but not open: a rule is missing.")
@noticed_by(reachability.reachable, "server -> redis:6379 is intended", "lets port 6379 in from there")
def a_rule_into_the_cache_is_missing(on: Rehearsal, undo: ExitStack) -> None:
    ec2, group = on.client("ec2"), group_of(on, "redis")
    (described,) = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
    ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=described["IpPermissions"])
    undo.callback(ec2.authorize_security_group_ingress, GroupId=group, IpPermissions=described["IpPermissions"])


@noticed_by(security_group_edges.open_edges, "models -> 0.0.0.0/0:443 is intended but not open")
@noticed_by(reachability.reachable, "models -> s3:443 is intended", "lets port 443 out")
def the_models_may_not_call_out(on: Rehearsal, undo: ExitStack) -> None:
    ec2, group = on.client("ec2"), group_of(on, "models")
    (described,) = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
    ec2.revoke_security_group_egress(GroupId=group, IpPermissions=described["IpPermissionsEgress"])
    undo.callback(ec2.authorize_security_group_egress, GroupId=group, IpPermissions=described["IpPermissionsEgress"])


@noticed_by(security_group_edges.open_edges, "ui -> gateway:8070 is open but not intended: close it.")
@noticed_by(reachability.reachable, "ui -> gateway:8070 is open (direct), but not intended: close it.")
def two_services_are_joined_that_have_no_business_together(on: Rehearsal, undo: ExitStack) -> None:
    ec2, target, source = on.client("ec2"), group_of(on, "gateway"), group_of(on, "ui")
    way_in, way_out = (rule(8070, UserIdGroupPairs=[{"GroupId": peer}]) for peer in (source, target))
    ec2.authorize_security_group_ingress(GroupId=target, IpPermissions=way_in)
    undo.callback(ec2.revoke_security_group_ingress, GroupId=target, IpPermissions=way_in)
    ec2.authorize_security_group_egress(GroupId=source, IpPermissions=way_out)
    undo.callback(ec2.revoke_security_group_egress, GroupId=source, IpPermissions=way_out)


@noticed_by(security_group_edges.open_edges, "has no tag cvat:edge: say which end of which edge it is.")
def a_security_group_does_not_say_what_it_is(on: Rehearsal, undo: ExitStack) -> None:
    ec2, group = on.client("ec2"), group_of(on, "ui")
    ec2.delete_tags(Resources=[group], Tags=[{"Key": ROLE_TAG}])
    undo.callback(ec2.create_tags, Resources=[group], Tags=[{"Key": ROLE_TAG, "Value": "ui"}])


@noticed_by(nat_egress.private_subnets, "gives out public addresses: switch mapPublicIpOnLaunch off.")
def a_private_subnet_gives_out_public_addresses(on: Rehearsal, undo: ExitStack) -> None:
    ec2, subnet = on.client("ec2"), record(on, SUBNET, "network-private-2").id
    ec2.modify_subnet_attribute(SubnetId=subnet, MapPublicIpOnLaunch={"Value": True})
    undo.callback(ec2.modify_subnet_attribute, SubnetId=subnet, MapPublicIpOnLaunch={"Value": False})


@noticed_by(nat_egress.private_subnets, "has no way out: its route table needs a default route to a NAT gateway.")
@noticed_by(reachability.reachable, "gateway -> sagemaker.runtime:443 is intended", "has no way out")
def a_private_subnet_has_lost_its_default_route(on: Rehearsal, undo: ExitStack) -> None:
    ec2, table = on.client("ec2"), record(on, TABLE, "network-private-1").id
    gateway = record(on, ROUTE, "network-private-1").inputs["natGatewayId"]
    ec2.delete_route(RouteTableId=table, DestinationCidrBlock=EVERYWHERE)
    undo.callback(ec2.create_route, RouteTableId=table, DestinationCidrBlock=EVERYWHERE, NatGatewayId=gateway)


@noticed_by(nat_egress.private_subnets, "is public: its default route leads straight to the Internet gateway.")
def a_private_subnet_leads_straight_to_the_internet(on: Rehearsal, undo: ExitStack) -> None:
    a_private_subnet_has_lost_its_default_route(on, undo)
    ec2, table = on.client("ec2"), record(on, TABLE, "network-private-1").id
    gateway = on.of_type("aws:ec2/internetGateway:InternetGateway")[0].id
    ec2.create_route(RouteTableId=table, DestinationCidrBlock=EVERYWHERE, GatewayId=gateway)
    undo.callback(ec2.delete_route, RouteTableId=table, DestinationCidrBlock=EVERYWHERE)


@noticed_by(nat_egress.private_subnets, "leads to NAT gateway nat-", "which is failed.")
@noticed_by(reachability.reachable, "server -> secretsmanager:443 is intended", "which is failed.")
def a_nat_gateway_has_failed(on: Rehearsal, undo: ExitStack) -> None:
    gateway = emulated(on, "ec2").nat_gateways[record(on, "aws:ec2/natGateway:NatGateway", "network-2").id]
    undo.enter_context(mock.patch.object(gateway, "state", "failed"))


@noticed_by(nat_egress.private_subnets, "whose own subnet does not reach the Internet.")
@noticed_by(reachability.reachable, "0.0.0.0/0 -> alb:81 is intended", "has no route to an Internet gateway")
def a_public_subnet_has_lost_its_default_route(on: Rehearsal, undo: ExitStack) -> None:
    ec2, table = on.client("ec2"), record(on, TABLE, "network-public-1").id
    gateway = on.of_type("aws:ec2/internetGateway:InternetGateway")[0].id
    ec2.delete_route(RouteTableId=table, DestinationCidrBlock=EVERYWHERE)
    undo.callback(ec2.create_route, RouteTableId=table, DestinationCidrBlock=EVERYWHERE, GatewayId=gateway)


def deny(on: Rehearsal, undo: ExitStack, subnet: str, ports: tuple[int, int], leaving: bool) -> None:
    """A first entry of a subnet's ACL that denies TCP."""
    ec2, where = on.client("ec2"), [{"Name": "association.subnet-id", "Values": [record(on, SUBNET, subnet).id]}]
    acl = ec2.describe_network_acls(Filters=where)["NetworkAcls"][0]["NetworkAclId"]
    entry = {"NetworkAclId": acl, "RuleNumber": 1, "Egress": leaving}
    band = {"From": ports[0], "To": ports[1]}
    ec2.create_network_acl_entry(**entry, Protocol="6", RuleAction="deny", CidrBlock=EVERYWHERE, PortRange=band)
    undo.callback(ec2.delete_network_acl_entry, **entry)


@noticed_by(reachability.reachable, "worker -> postgresql:5432 is intended", "network ACL", "does not let port 5432 in")
def a_network_acl_keeps_the_workers_from_the_database(on: Rehearsal, undo: ExitStack) -> None:
    deny(on, undo, "network-private-1", (5432, 5432), leaving=False)


@noticed_by(reachability.reachable, "0.0.0.0/0 -> alb:81 is intended", "does not let ports 1024-65535 out")
def a_network_acl_keeps_answers_from_coming_back(on: Rehearsal, undo: ExitStack) -> None:
    deny(on, undo, "network-public-2", (30000, 40000), leaving=True)


@noticed_by(reachability.reachable, "server -> efs:2049 is intended", "no mount target in cn-northwest-1b")
def the_file_system_has_no_mount_target_in_a_zone(on: Rehearsal, undo: ExitStack) -> None:
    client, old = on.client("efs"), record(on, "aws:efs/mountTarget:MountTarget", "data-files-1").inputs
    (association,) = [
        target
        for target in client.describe_mount_targets(FileSystemId=old["fileSystemId"])["MountTargets"]
        if target["SubnetId"] == old["subnetId"]
    ]
    again = {"FileSystemId": old["fileSystemId"], "SubnetId": old["subnetId"], "SecurityGroups": old["securityGroups"]}
    client.delete_mount_target(MountTargetId=association["MountTargetId"])
    undo.callback(client.create_mount_target, **again)


@noticed_by(nat_egress.private_subnets, "asks for public addresses: set assignPublicIp to false.")
@noticed_by(reachability.reachable, "has a public address: make it private")
def a_service_asks_for_public_addresses(on: Rehearsal, undo: ExitStack) -> None:
    ecs, service = on.client("ecs"), record(on, "aws:ecs/service:Service", "cvat-ui").id
    which = {"cluster": service.split("/")[-2], "service": service}
    (shown,) = ecs.describe_services(cluster=which["cluster"], services=[service])["services"]
    network = shown["networkConfiguration"]["awsvpcConfiguration"]
    ecs.update_service(**which, networkConfiguration={"awsvpcConfiguration": {**network, "assignPublicIp": "ENABLED"}})
    undo.callback(ecs.update_service, **which, networkConfiguration={"awsvpcConfiguration": network})


def interface_endpoint(on: Rehearsal, undo: ExitStack, role: str) -> None:
    """An endpoint of Secrets Manager that carries a role's security group."""
    ec2 = on.client("ec2")
    made = ec2.create_vpc_endpoint(
        VpcEndpointType="Interface",
        VpcId=on.of_type("aws:ec2/vpc:Vpc")[0].id,
        ServiceName=f"com.amazonaws.{on.region}.secretsmanager",
        SubnetIds=[record(on, SUBNET, "network-private-1").id],
        SecurityGroupIds=[group_of(on, role)],
        PrivateDnsEnabled=True,
    )["VpcEndpoint"]["VpcEndpointId"]
    undo.callback(lambda: emulated(on, "ec2").vpc_end_points.pop(made))


@noticed_by(reachability.reachable, "server -> secretsmanager:443 is intended", "lets port 443 in from there")
def an_endpoint_takes_the_name_of_a_service_and_admits_no_caller(on: Rehearsal, undo: ExitStack) -> None:
    interface_endpoint(on, undo, "ui")


@noticed_by(reachability.reachable, "server -> secretsmanager:443 is intended", "DNS names are off in vpc-")
def an_endpoint_has_a_name_that_the_network_does_not_give(on: Rehearsal, undo: ExitStack) -> None:
    interface_endpoint(on, undo, "ui")
    ec2, vpc = on.client("ec2"), on.of_type("aws:ec2/vpc:Vpc")[0].id
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": False})
    undo.callback(ec2.modify_vpc_attribute, VpcId=vpc, EnableDnsHostnames={"Value": True})
