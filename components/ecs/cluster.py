"""Cluster: where all of CVAT's tasks run."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.context import StackContext


@dataclass(frozen=True, kw_only=True)
class ClusterArgs:
    context: StackContext


class Cluster(pulumi.ComponentResource):
    """An ECS cluster on Fargate, with container insights."""

    arn: pulumi.Output[str]
    name: pulumi.Output[str]

    def __init__(self, name: str, args: ClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cvat:index:Cluster", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        cluster = aws.ecs.Cluster(
            name,
            settings=[{"name": "containerInsights", "value": "enabled"}],
            opts=child,
        )
        providers = aws.ecs.ClusterCapacityProviders(
            name,
            cluster_name=cluster.name,
            capacity_providers=["FARGATE", "FARGATE_SPOT"],
            opts=child,
        )
        self.arn = cluster.arn
        # A service asks for a capacity provider, so the name is known only once the cluster has them.
        self.name = providers.cluster_name
        self.register_outputs({"arn": self.arn, "name": self.name})
