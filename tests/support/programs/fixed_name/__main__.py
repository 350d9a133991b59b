"""Two things whose physical names no second stack can have: one that AWS refuses twice, one that moto lets pass."""

import pulumi
import pulumi_aws as aws

kind = pulumi.Config().get("kind") or "log group"
if kind == "log group":
    aws.cloudwatch.LogGroup("logs", name="cvat-logs")
else:
    aws.ecs.Cluster("cluster", name="cvat")
