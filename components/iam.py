"""IAM documents as plain values. A wildcard resource carries its reason beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

Statement = dict[str, Any]


def allow(
    actions: Sequence[str],
    resources: Sequence[pulumi.Input[str]],
    condition: Mapping[str, Any] | None = None,
) -> Statement:
    """One Allow statement of an identity policy."""
    statement: Statement = {"Effect": "Allow", "Action": list(actions), "Resource": list(resources)}
    return statement | ({"Condition": dict(condition)} if condition else {})


def document(statements: Sequence[Statement]) -> pulumi.Output[str]:
    """A policy document as JSON text; ARNs in it may be outputs."""
    return pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": list(statements)})


def trust(principal: str, account: str) -> pulumi.Output[str]:
    """Lets an AWS service assume the role on behalf of this account only (no confused deputy)."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": principal},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:SourceAccount": account}},
    }
    return document([statement])


def pull_images(repository_arns: Sequence[pulumi.Input[str]]) -> list[Statement]:
    """Pull from these ECR repositories."""
    return [
        # ECR's login has no resource to name: https://docs.aws.amazon.com/service-authorization (ECR)
        allow(["ecr:GetAuthorizationToken"], ["*"]),
        allow(["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"], repository_arns),
    ]


def write_logs(log_group_arns: Sequence[pulumi.Input[str]]) -> Statement:
    """Write streams of these log groups."""
    streams = [pulumi.Output.concat(arn, ":*") for arn in log_group_arns]
    return allow(["logs:CreateLogStream", "logs:PutLogEvents"], streams)


def deliver_flow_logs(log_group_arn: pulumi.Input[str]) -> list[Statement]:
    """Write a VPC's flow logs to a log group (VPC user guide, "IAM role for publishing flow logs", read 2026-11)."""
    streams = [pulumi.Output.concat(log_group_arn, ":*")]
    return [
        allow(["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"], streams),
        allow(["logs:DescribeLogGroups"], ["*"]),
    ]


def read_secrets(secret_arns: Sequence[pulumi.Input[str]]) -> Statement:
    return allow(["secretsmanager:GetSecretValue"], secret_arns)


def decrypt(key_arn: str) -> list[Statement]:
    """Decrypt with the customer's key. Nothing without one: AWS's own keys need no permission of readers."""
    return [allow(["kms:Decrypt"], [key_arn])] if key_arn else []


def encrypt(key_arn: str) -> list[Statement]:
    """Encrypt and decrypt with the customer's key. Nothing without one."""
    return [allow(["kms:Decrypt", "kms:GenerateDataKey"], [key_arn])] if key_arn else []


def read_objects(bucket_arn: pulumi.Input[str], prefix: str = "") -> list[Statement]:
    """List a bucket's prefix and read its objects. Default: the whole bucket."""
    condition = {"StringLike": {"s3:prefix": [f"{prefix}*"]}} if prefix else None
    return [
        allow(["s3:ListBucket"], [bucket_arn], condition),
        allow(["s3:GetObject"], [pulumi.Output.concat(bucket_arn, f"/{prefix}*")]),
    ]


def mount_file_system(
    file_system_arn: pulumi.Input[str], access_point_arns: Sequence[pulumi.Input[str]], *, write: bool
) -> Statement:
    """Mount a file system through these access points only."""
    actions = ["elasticfilesystem:ClientMount"] + (["elasticfilesystem:ClientWrite"] if write else [])
    condition = {"StringEquals": {"elasticfilesystem:AccessPointArn": list(access_point_arns)}}
    return allow(actions, [file_system_arn], condition)


def mount_as_root(file_system_arn: pulumi.Input[str], access_point_arn: pulumi.Input[str]) -> Statement:
    """Act as root through this access point. Without it, EFS maps root to nobody."""
    condition = {"StringEquals": {"elasticfilesystem:AccessPointArn": access_point_arn}}
    return allow(["elasticfilesystem:ClientRootAccess"], [file_system_arn], condition)


def put_metrics(namespace: str) -> Statement:
    """Put metric data into one namespace. CloudWatch has no resources to name for metrics."""
    condition = {"StringEquals": {"cloudwatch:namespace": namespace}}
    return allow(["cloudwatch:PutMetricData"], ["*"], condition)


def protect_tasks(tasks_arn: pulumi.Input[str]) -> Statement:
    """Protect a task from being stopped. The agent calls ECS with the task's role (ECS developer guide, "Task scale-in
    protection"); the ARN of a task is not known before it runs."""
    return allow(["ecs:GetTaskProtection", "ecs:UpdateTaskProtection"], [tasks_arn])


def open_shell() -> Statement:
    """ECS Exec. These actions take no resources."""
    actions = ["CreateControlChannel", "CreateDataChannel", "OpenControlChannel", "OpenDataChannel"]
    return allow([f"ssmmessages:{action}" for action in actions], ["*"])


def join_network() -> Statement:
    """Attach model containers to the VPC, which SageMaker does with the model's role. Most take no resources."""
    actions = (
        "CreateNetworkInterface CreateNetworkInterfacePermission DeleteNetworkInterface "
        "DeleteNetworkInterfacePermission DescribeNetworkInterfaces DescribeVpcs DescribeDhcpOptions "
        "DescribeSubnets DescribeSecurityGroups DescribeVpcEndpoints"
    ).split()
    return allow([f"ec2:{action}" for action in actions], ["*"])


def deny_without_tls(bucket_arn: pulumi.Input[str]) -> Statement:
    """Statement of a bucket policy: denies requests without TLS."""
    return {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [bucket_arn, pulumi.Output.concat(bucket_arn, "/*")],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
