"""One resource for each thing that a second run can do; the configuration says what is there, and how."""

import json
from typing import Any

import pulumi
import pulumi_aws as aws

from tests.support.recorded_words import Word, WordProvider

config = pulumi.Config()
WITHOUT = config.get_object("without") or []


def document(statement: dict[str, Any]) -> str:
    """A policy of one statement."""
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


if "topic" not in WITHOUT:
    topic = aws.sns.Topic("topic", display_name=config.get("label"), tags={"team": config.get("team") or "vision"})
    pulumi.export("topic", topic.arn)
if "logs" not in WITHOUT:
    aws.cloudwatch.LogGroup(
        "logs",
        retention_in_days=config.get_int("days") or 7,
        opts=pulumi.ResourceOptions(ignore_changes=["retention_in_days"] if config.get_bool("ignoring") else None),
    )
if "kept" not in WITHOUT:
    aws.s3.Bucket("kept", opts=pulumi.ResourceOptions(retain_on_delete=True))
if "guarded" not in WITHOUT:
    aws.s3.Bucket(
        "guarded",
        bucket=config.get("guarded") or "guarded-1",
        opts=pulumi.ResourceOptions(protect=not config.get_bool("disposable")),
    )
network = aws.ec2.Vpc("network", cidr_block="10.0.0.0/16")
group = aws.ec2.SecurityGroup(
    "group",
    vpc_id=network.id,
    name="fixed",
    description=config.get("description") or "one",
    ingress=config.get_object("ingress"),
)
aws.vpc.SecurityGroupEgressRule("out", security_group_id=group.id, ip_protocol="-1", cidr_ipv4="0.0.0.0/0")
TRUST = {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}
READ = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
role = aws.iam.Role("role", assume_role_policy=document(TRUST), path=config.get("path"))
aws.iam.RolePolicy("policy", role=role.name, policy=document(READ))
Word(
    WordProvider(),
    "word",
    {"word": config.get("word") or "a", "kind": config.get("kind") or "x", "aside": config.get("aside") or "-"},
)
