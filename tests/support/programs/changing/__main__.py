"""One resource for each thing that a second run can do; the configuration says what is there, and how."""

import json
from collections.abc import Mapping
from typing import Any

import boto3
import pulumi
import pulumi_aws as aws
from pulumi.dynamic import CreateResult, DiffResult, Resource, ResourceProvider, UpdateResult

Props = Mapping[str, Any]
config = pulumi.Config()
WITHOUT = config.get_object("without") or []


def document(statement: dict[str, Any]) -> str:
    """A policy of one statement."""
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def said(text: str) -> None:
    """What the provider was asked to do, where a test finds it."""
    ssm = boto3.client("ssm", region_name="cn-northwest-1")
    known = [one["Value"] for one in ssm.get_parameters(Names=["said"])["Parameters"]]
    ssm.put_parameter(Name="said", Type="String", Overwrite=True, Value="; ".join([*known, text]))


class Provider(ResourceProvider):
    """Looks at `word` only."""

    def diff(self, _id: str, olds: Props, news: Props) -> DiffResult:
        replaces = ["kind"] if olds.get("kind") != news.get("kind") else []
        return DiffResult(changes=bool(replaces) or olds.get("word") != news.get("word"), replaces=replaces)

    def create(self, props: Props) -> CreateResult:
        said(f"created {props['word']}")
        return CreateResult(id_=f"id-{props['kind']}", outs=dict(props))

    def update(self, _id: str, olds: Props, news: Props) -> UpdateResult:
        said(f"{olds['word']} became {news['word']}")
        return UpdateResult(outs=dict(news))

    def delete(self, _id: str, _props: Props) -> None:
        said(f"deleted {_id}")


class Word(Resource, module="changing", name="Word"):
    """A resource whose provider is part of the program."""


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
    Provider(),
    "word",
    {"word": config.get("word") or "a", "kind": config.get("kind") or "x", "aside": config.get("aside") or "-"},
)
