"""The hourly smoke test, and a load balancer that exists already."""

from __future__ import annotations

import json
from typing import Any

from tests.support.every_setting.ground import Ground
from tests.support.every_setting.seen import Seen
from tests.support.every_setting.setting_effects import claim


@claim("canary", "hourly")
def the_smoke_test_runs_every_hour(seen: Seen, _: str) -> None:
    scheduler = seen.client("scheduler")
    summaries = [
        schedule for schedule in scheduler.list_schedules()["Schedules"] if schedule["Name"].startswith("canary")
    ]
    (schedule,) = [scheduler.get_schedule(Name=listed["Name"], GroupName=listed["GroupName"]) for listed in summaries]
    assert schedule["ScheduleExpression"] == "cron(30 * * * ? *)", "nobody else would try CVAT at night"
    assert json.loads(schedule["Target"]["Input"])["TaskDefinition"] == seen.task("canary")["taskDefinitionArn"]


@claim("canaryImage", lambda on: on.image("canary"))
def the_given_image_of_the_smoke_test_runs(seen: Seen, reference: str) -> None:
    assert seen.container("canary")["image"] == reference, "another image would run"
    built = [image.name for image in seen.done.of_type("docker:index/image:Image")]
    assert "images-canary" not in built, "it was there already"


def their_load_balancer(on: Ground) -> dict[str, Any]:
    """A load balancer in the account's own network, and its group."""
    elb, ec2 = on.account.client("elbv2", on.region), on.account.client("ec2", on.region)
    owners = [
        balancer
        for balancer in elb.describe_load_balancers()["LoadBalancers"]
        if balancer["LoadBalancerName"] == "theirs"
    ]
    if not owners:
        groups = [
            ec2.create_security_group(GroupName=name, Description="theirs", VpcId=on.vpc_id)["GroupId"]
            for name in ("load-balancer", "load-balancer-2")
        ]
        how = {"Subnets": list(on.public_subnets), "SecurityGroups": groups, "Scheme": "internet-facing"}
        made = elb.create_load_balancer(Name="theirs", **how)
        owners = made["LoadBalancers"]
        idle = [{"Key": "idle_timeout.timeout_seconds", "Value": "300"}]
        elb.modify_load_balancer_attributes(LoadBalancerArn=owners[0]["LoadBalancerArn"], Attributes=idle)
    return dict(owners[0])


@claim("loadBalancerArn", lambda on: their_load_balancer(on)["LoadBalancerArn"], round_="given")
def the_existing_load_balancer_is_used_and_no_other_made(seen: Seen, arn: str) -> None:
    elb = seen.client("elbv2")
    assert [balancer["LoadBalancerArn"] for balancer in elb.describe_load_balancers()["LoadBalancers"]] == [arn], (
        "two load balancers"
    )
    assert elb.describe_listeners(LoadBalancerArn=arn)["Listeners"], "nobody would listen"
    assert not seen.done.of_type("aws:lb/loadBalancer:LoadBalancer"), "a destroy would take it along"


@claim("loadBalancerSecurityGroupId", lambda on: their_load_balancer(on)["SecurityGroups"][0], round_="given")
def the_rules_are_in_the_existing_load_balancers_group(seen: Seen, group_id: str) -> None:
    assert any(
        rule.inputs["securityGroupId"] == group_id
        for rule in seen.done.of_type("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    ), "allowed addresses could not enter"
    (group,) = seen.client("ec2").describe_security_groups(GroupIds=[group_id])["SecurityGroups"]
    leaving = {rule["FromPort"] for rule in group["IpPermissionsEgress"] if rule.get("UserIdGroupPairs")}
    assert leaving == {80, 8080}, "requests would not reach the tasks"
