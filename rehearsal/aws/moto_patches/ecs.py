"""ECS, but for the course of tasks: see rehearsal.aws.task_runner."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from moto.ecs.models import EC2ContainerServiceBackend

from rehearsal.aws.moto_patches.patch import Client, moto_patch, replace, subnet_ids


def _runs_a_fargate_task(client: Client) -> bool:
    ecs = client("ecs")
    ecs.create_cluster(clusterName="c")
    container = {"name": "c", "image": "i", "essential": True}
    definition = ecs.register_task_definition(
        family="f", cpu="256", memory="512", networkMode="awsvpc", containerDefinitions=[container]
    )["taskDefinition"]["taskDefinitionArn"]
    network = {"awsvpcConfiguration": {"subnets": subnet_ids(client)[:1], "securityGroups": []}}
    answer = ecs.run_task(cluster="c", taskDefinition=definition, launchType="FARGATE", networkConfiguration=network)
    return len(answer["tasks"]) == 1


@moto_patch(_runs_a_fargate_task)
def memory_of_the_whole_task(stack: ExitStack) -> None:
    """On Fargate memory may be given for the whole task; moto adds up that of the containers, and raises an error.

    ECS developer guide, "Amazon ECS task definition parameters for Fargate".
    """

    def no_instance_resources(_: Any) -> dict[str, Any]:
        """What the task takes away from an EC2 instance; on Fargate there is none."""
        return {"CPU": 0, "MEMORY": 0, "PORTS": [], "PORTS_UDP": []}

    name = "_calculate_task_resource_requirements"
    replace(stack, EC2ContainerServiceBackend, name, staticmethod(no_instance_resources))
