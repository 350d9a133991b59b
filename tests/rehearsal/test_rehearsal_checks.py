"""Each check holds for the default stack, and fails with the right words once the account is damaged."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from rehearsal import Rehearsal
from rehearsal.checks import CHECKS, doors, edges, tags, tasks, ways_out
from rehearsal.model import Record


def record(deployed: Rehearsal, token: str, name: str) -> Record:
    return next(one for one in deployed.of_type(token) if one.name == name)


def group_of(deployed: Rehearsal, role: str) -> str:
    found = deployed.client("ec2").describe_security_groups(
        Filters=[{"Name": f"tag:{edges.ROLE_TAG}", "Values": [role]}]
    )
    return str(found["SecurityGroups"][0]["GroupId"])


def test_every_check_holds_for_the_default_stack(deployed: Rehearsal) -> None:
    assert len(deployed.checks) == len(CHECKS), "a check was left out"
    for verdict in deployed.checks:
        assert verdict.ok, f"{verdict.name}: {verdict.findings}"
        assert verdict.seen, f"{verdict.name} looked at nothing"


@pytest.mark.parametrize(("role", "port"), [("postgresql", 5432), ("server", 8080), ("alb", 22)])
def test_a_security_group_opened_to_the_world_is_named_with_its_port(deployed: Rehearsal, role: str, port: int) -> None:
    ec2, group = deployed.client("ec2"), group_of(deployed, role)
    rule = [{"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=rule)
    try:
        verdict = edges.open_edges(deployed)
    finally:
        ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=rule)
    assert f"0.0.0.0/0 -> {role}:{port} is open but not intended: close it." in verdict.findings
    assert edges.open_edges(deployed).ok, "the damage must be undone for the other tests"


def test_a_missing_rule_is_named_as_an_edge_that_should_be_open(deployed: Rehearsal) -> None:
    ec2, group = deployed.client("ec2"), group_of(deployed, "redis")
    (found,) = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
    ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=found["IpPermissions"])
    try:
        verdict = edges.open_edges(deployed)
    finally:
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=found["IpPermissions"])
    assert [one for one in verdict.findings if "server -> redis:6379 is intended but not open" in one]


def test_an_edge_between_two_services_that_nobody_intended_is_found(deployed: Rehearsal) -> None:
    ec2, target, source = deployed.client("ec2"), group_of(deployed, "gateway"), group_of(deployed, "ui")
    way_in = [{"IpProtocol": "tcp", "FromPort": 8070, "ToPort": 8070, "UserIdGroupPairs": [{"GroupId": source}]}]
    way_out = [{"IpProtocol": "tcp", "FromPort": 8070, "ToPort": 8070, "UserIdGroupPairs": [{"GroupId": target}]}]
    ec2.authorize_security_group_ingress(GroupId=target, IpPermissions=way_in)
    ec2.authorize_security_group_egress(GroupId=source, IpPermissions=way_out)
    try:
        verdict = edges.open_edges(deployed)
    finally:
        ec2.revoke_security_group_ingress(GroupId=target, IpPermissions=way_in)
        ec2.revoke_security_group_egress(GroupId=source, IpPermissions=way_out)
    assert verdict.findings == ("ui -> gateway:8070 is open but not intended: close it.",)


def test_a_private_subnet_that_gives_out_public_addresses_is_found(deployed: Rehearsal) -> None:
    ec2 = deployed.client("ec2")
    subnet = record(deployed, "aws:ec2/subnet:Subnet", "network-private-2").id
    ec2.modify_subnet_attribute(SubnetId=subnet, MapPublicIpOnLaunch={"Value": True})
    try:
        verdict = ways_out.private_subnets(deployed)
    finally:
        ec2.modify_subnet_attribute(SubnetId=subnet, MapPublicIpOnLaunch={"Value": False})
    assert len(verdict.findings) == 1
    assert subnet in verdict.findings[0]
    assert "public addresses" in verdict.findings[0]


def test_a_private_subnet_without_its_default_route_is_found(deployed: Rehearsal) -> None:
    ec2 = deployed.client("ec2")
    table = record(deployed, "aws:ec2/routeTable:RouteTable", "network-private-1").id
    route = record(deployed, "aws:ec2/route:Route", "network-private-1")
    ec2.delete_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0")
    try:
        verdict = ways_out.private_subnets(deployed)
    finally:
        gateway = route.inputs["natGatewayId"]
        ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=gateway)
    assert len(verdict.findings) == 1
    assert "has no way out" in verdict.findings[0]


@contextmanager
def without(deployed: Rehearsal, noun: str, name: str) -> Iterator[None]:
    """The account while one thing that tasks name is gone."""
    backends = {"secrets": "secretsmanager", "groups": "logs", "roles": "iam", "repositories": "ecr"}
    from moto.backends import get_backend  # noqa: PLC0415

    place = "aws-cn" if noun == "roles" else deployed.region
    backend = get_backend(backends[noun])[deployed.account.id][place]  # type: ignore[call-overload]
    store = getattr(backend, noun)
    kept = dict(store)
    for key, thing in kept.items():
        if getattr(thing, "name", key) == name:
            del store[key]
    assert len(store) == len(kept) - 1, f"there is no {name} to take away"
    try:
        yield
    finally:
        store.clear()
        store.update(kept)


@pytest.mark.parametrize(
    ("noun", "token", "name", "says"),
    [
        ("secrets", "aws:secretsmanager/secret:Secret", "data-django", "cannot be read"),
        ("groups", "aws:cloudwatch/logGroup:LogGroup", "logs-server", "does not exist"),
        ("roles", "aws:iam/role:Role", "cvat-server-execution", "does not exist"),
        ("repositories", "aws:ecr/repository:Repository", "images-server", "is not in ECR"),
    ],
)
def test_a_task_that_names_something_missing_is_found(
    deployed: Rehearsal, noun: str, token: str, name: str, says: str
) -> None:
    with without(deployed, noun, record(deployed, token, name).outputs["name"]):
        verdict = tasks.references(deployed)
    at_fault = [one for one in verdict.findings if one.startswith("Task definition cvat-server") and says in one]
    assert at_fault, f"{name} is gone, but the check says {verdict.findings}"


def test_a_secret_without_the_key_that_a_task_reads_is_found(deployed: Rehearsal) -> None:
    client = deployed.client("secretsmanager")
    secret = record(deployed, "aws:secretsmanager/secret:Secret", "data-redis").id
    kept = client.get_secret_value(SecretId=secret)["SecretString"]
    client.put_secret_value(SecretId=secret, SecretString='{"other": "value"}')
    try:
        verdict = tasks.references(deployed)
    finally:
        client.put_secret_value(SecretId=secret, SecretString=kept)
    assert any(f"the secret {secret} has no key 'password'" in one for one in verdict.findings)


def test_a_rule_that_leads_to_a_target_group_without_a_service_is_found(deployed: Rehearsal) -> None:
    client = deployed.client("elbv2")
    vpc = record(deployed, "aws:ec2/vpc:Vpc", "network").id
    rule = deployed.of_type("aws:lb/listenerRule:ListenerRule")[0]
    before = client.describe_rules(RuleArns=[rule.id])["Rules"][0]["Actions"]
    made = client.create_target_group(Name="empty", Protocol="HTTP", Port=80, VpcId=vpc, TargetType="ip")
    empty = made["TargetGroups"][0]["TargetGroupArn"]
    client.modify_rule(RuleArn=rule.id, Actions=[{"Type": "forward", "TargetGroupArn": empty}])
    try:
        verdict = doors.listener_rules(deployed)
    finally:
        client.modify_rule(
            RuleArn=rule.id, Actions=[{"Type": "forward", "TargetGroupArn": before[0]["TargetGroupArn"]}]
        )
    assert any(f"leads to {empty}, with which no service registers" in one for one in verdict.findings)


def test_a_thing_that_has_lost_its_tags_is_found(deployed: Rehearsal) -> None:
    client, name = deployed.client("s3"), deployed.of_type("aws:s3/bucket:Bucket")[0].id
    kept = client.get_bucket_tagging(Bucket=name)["TagSet"]
    client.put_bucket_tagging(Bucket=name, Tagging={"TagSet": [{"Key": "project", "Value": "cvat"}]})
    try:
        verdict = tags.stack_tags(deployed)
    finally:
        client.put_bucket_tagging(Bucket=name, Tagging={"TagSet": kept})
    assert len(verdict.findings) == 1
    assert "stack=cn-northwest-1" in verdict.findings[0]
