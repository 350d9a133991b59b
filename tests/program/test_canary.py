"""The hourly smoke test, asked of the rehearsed account: what runs, where, with which rights; its notifications."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from rehearsal import Rehearsal
from tests.support.notifications import Inbox

Rehearse = Callable[..., Rehearsal]
INTERNAL = {"cn-northwest-1": False, "ap-northeast-1": True}
RELEASE = {"cn-northwest-1": "c48411ae", "ap-northeast-1": "v2"}


@pytest.fixture(scope="module", params=INTERNAL)
def stack(request: pytest.FixtureRequest, rehearsed: Rehearse) -> Rehearsal:
    internal = INTERNAL[request.param]
    config = {"release": RELEASE[request.param], "internal": internal, "allowedCidrs": ["203.0.113.0/24"]}
    done = rehearsed(request.param, canary="hourly", **config)
    assert done.error is None, done.error
    assert all(verdict.ok for verdict in done.checks), [check for check in done.checks if not check.ok]
    return done


def target(done: Rehearsal) -> tuple[dict[str, Any], dict[str, Any]]:
    """The canary's schedule, and what it tells ECS."""
    client = done.client("scheduler")
    (summary,) = client.list_schedules()["Schedules"]
    details = client.get_schedule(Name=summary["Name"], GroupName=summary["GroupName"])
    return details, json.loads(details["Target"]["Input"])


def definition(done: Rehearsal) -> dict[str, Any]:
    _, request = target(done)
    described = done.client("ecs").describe_task_definition(taskDefinition=request["TaskDefinition"])["taskDefinition"]
    return dict(described)


def test_every_hour_a_task_starts_in_the_private_subnets(stack: Rehearsal) -> None:
    schedule, request = target(stack)
    partition = "aws-cn" if stack.region.startswith("cn-") else "aws"
    assert schedule["ScheduleExpression"] == "cron(30 * * * ? *)"
    assert schedule["Target"]["Arn"] == f"arn:{partition}:scheduler:::aws-sdk:ecs:runTask"
    network = request["NetworkConfiguration"]["AwsvpcConfiguration"]
    subnets = stack.client("ec2").describe_subnets(SubnetIds=network["Subnets"])["Subnets"]
    assert not any(subnet["MapPublicIpOnLaunch"] for subnet in subnets)
    assert (network["AssignPublicIp"], request["LaunchType"]) == ("DISABLED", "FARGATE")


def test_it_receives_the_address_the_functions_and_by_reference_the_password(stack: Rehearsal) -> None:
    (container,) = definition(stack)["containerDefinitions"]
    plain = {variable["name"]: variable["value"] for variable in container["environment"]}
    assert plain == {
        "CVAT_URL": stack.outputs["url"],
        "CVAT_FUNCTIONS": ",".join(sorted(stack.outputs["endpoints"])),
        "CVAT_RELEASE": RELEASE[stack.region],
    }
    secret = stack.outputs["admin_secret_arn"]
    named = {secret["name"]: secret["valueFrom"] for secret in container["secrets"]}
    assert named == {"CVAT_USER": f"{secret}:username::", "CVAT_PASSWORD": f"{secret}:password::"}


def test_its_image_is_its_own_and_small(stack: Rehearsal) -> None:
    (container,) = definition(stack)["containerDefinitions"]
    (image,) = [image for image in stack.of_type("docker:index/image:Image") if image.name == "images-canary"]
    assert container["image"] == image.outputs["repoDigest"]
    assert image.inputs["build"]["context"] == "cvatctl", "nothing of CVAT, so that it cannot fail together with it"


def test_the_schedule_may_run_this_task_and_nothing_else(stack: Rehearsal) -> None:
    schedule, request = target(stack)
    iam, role = stack.client("iam"), schedule["Target"]["RoleArn"].rpartition("/")[2]
    (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    allowed = {statement["Action"][0]: set(statement["Resource"]) for statement in document["Statement"]}
    described = definition(stack)
    assert allowed == {
        "ecs:RunTask": {request["TaskDefinition"]},
        "iam:PassRole": {described["executionRoleArn"], described["taskRoleArn"]},
    }


def test_it_connects_through_nat_to_a_public_load_balancer_and_directly_to_an_internal_one(
    stack: Rehearsal,
) -> None:
    ec2 = stack.client("ec2")
    groups = ec2.describe_security_groups(Filters=[{"Name": "tag:cvat:edge", "Values": ["alb"]}])["SecurityGroups"]
    (rules,) = [group["IpPermissions"] for group in groups]
    cidrs = {address_range["CidrIp"] for rule in rules for address_range in rule["IpRanges"]} - {"203.0.113.0/24"}
    named = [pair for rule in rules for pair in rule["UserIdGroupPairs"]]
    gateways = ec2.describe_nat_gateways()["NatGateways"]
    addresses = {f"{gateway['NatGatewayAddresses'][0]['PublicIp']}/32" for gateway in gateways}
    if INTERNAL[stack.region]:
        assert (cidrs, len(named)) == (set(), 1)
    else:
        assert (cidrs, named) == (addresses, []), "a closed load balancer must admit the canary"


@pytest.mark.parametrize(
    ("detail", "section"),
    [
        ({"containers": [{"exitCode": 1}]}, "canary-failed"),
        ({"containers": [{"exitCode": 0}]}, None),
        ({"containers": [{}], "stopCode": "TaskFailedToStart"}, "canary-not-started"),
    ],
)
def test_a_run_that_fails_is_notified(stack: Rehearsal, detail: dict[str, Any], section: str | None) -> None:
    inbox = Inbox(stack, stack.outputs["alarms"]["topic_arn"])
    (cluster,) = stack.of_type("aws:ecs/cluster:Cluster")
    usual = {
        "clusterArn": cluster.outputs["arn"],
        "group": f"family:cvat-{stack.stack}-canary",
        "lastStatus": "STOPPED",
    }
    entry = {"Source": "aws.ecs", "DetailType": "ECS Task State Change", "Detail": json.dumps(usual | detail)}
    stack.client("events").put_events(Entries=[entry | {"Resources": [f"{cluster.outputs['arn']}/task"]}])
    assert [f"docs/operations.md#{section}" in text for text in inbox.read()] == ([True] if section else [])


def test_it_runs_in_office_hours_only_and_the_preset_decides(rehearsed: Rehearse) -> None:
    done = rehearsed("cn-north-1", canary="hourly", officeHours="mon-fri 08:00-20:00")
    assert done.error is None, done.error
    client = done.client("scheduler")
    (summary,) = [
        schedule for schedule in client.list_schedules()["Schedules"] if schedule["Name"].startswith("canary")
    ]
    details = client.get_schedule(Name=summary["Name"], GroupName=summary["GroupName"])
    assert details["ScheduleExpression"] == "cron(30 8-19 ? * MON,TUE,WED,THU,FRI *)"
    assert details["ScheduleExpressionTimezone"] == "Asia/Shanghai"
