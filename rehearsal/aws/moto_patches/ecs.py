"""ECS, but for the course of tasks: see rehearsal.aws.task_runner."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from moto.core.utils import camelcase_to_underscores
from moto.ecs.models import EC2ContainerServiceBackend
from moto.ecs.responses import EC2ContainerServiceResponse

from rehearsal.aws.moto_patches.patch import Client, after, moto_patch, replace, subnet_ids


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


def _lists_what_is_to_run(client: Client) -> bool:
    ecs = client("ecs")
    ecs.create_cluster(clusterName="c")
    definition = ecs.register_task_definition(
        family="f", networkMode="awsvpc", containerDefinitions=[{"name": "f", "image": "i", "memory": 128}]
    )["taskDefinition"]["taskDefinitionArn"]
    network = {"awsvpcConfiguration": {"subnets": subnet_ids(client)[:1], "securityGroups": []}}
    run = {"cluster": "c", "taskDefinition": definition, "launchType": "FARGATE", "networkConfiguration": network}
    runs, stopped = (ecs.run_task(**run, startedBy="probe")["tasks"][0]["taskArn"] for _ in range(2))
    ecs.stop_task(cluster="c", task=stopped)
    listed = [
        ecs.list_tasks(cluster="c", startedBy="probe", **status)["taskArns"]
        for status in ({}, {"desiredStatus": "RUNNING"}, {"desiredStatus": "STOPPED"})
    ]
    return listed == [[runs], [runs], [stopped]]


@moto_patch(_lists_what_is_to_run)
def lists_of_tasks_that_are_to_run(stack: ExitStack) -> None:
    """moto's ListTasks without a status lists the stopped tasks, too: a failed task looks like one that still runs.

    API reference, ListTasks, "desiredStatus": the default is RUNNING.
    """
    list_tasks: Any = EC2ContainerServiceBackend.list_tasks

    def to_run(backend: Any, *filters: Any) -> Any:
        if not filters:  # moto itself looks for the owner of tags
            return list_tasks(backend)
        *others, status = filters
        return list_tasks(backend, *others, status or "RUNNING")

    replace(stack, EC2ContainerServiceBackend, "list_tasks", to_run)


def _runs_its_services(client: Client) -> bool:
    ecs = client("ecs")
    ecs.create_cluster(clusterName="c")
    ecs.register_task_definition(family="f", containerDefinitions=[{"name": "f", "image": "i", "memory": 128}])
    ecs.create_service(
        cluster="c", serviceName="s", taskDefinition="f", desiredCount=2, healthCheckGracePeriodSeconds=60
    )
    created = ecs.describe_services(cluster="c", services=["s"])["services"][0]
    ecs.update_service(cluster="c", service="s", desiredCount=3)
    updated = ecs.describe_services(cluster="c", services=["s"])["services"][0]
    (deployment,) = updated["deployments"]
    return (created["runningCount"], created.get("healthCheckGracePeriodSeconds"), updated["runningCount"]) == (
        2,
        60,
        3,
    ) and (deployment["rolloutState"], deployment["runningCount"]) == ("COMPLETED", 3)


@moto_patch(_runs_its_services)
def services_that_run_their_tasks(stack: ExitStack) -> None:
    """moto's services never run a task of a Fargate service, and lose settings such as the health check's grace period.

    API reference, Service: runningCount, deployments. Here a service runs what it is to run at once.
    """

    def keep(answer: Any, self: Any) -> Any:
        service = answer.result["service"]
        for key, value in self._get_params().items():
            name = camelcase_to_underscores(key)
            if value is not None and getattr(service, name, None) in (None, {}, [], False):
                setattr(service, name, value)
        return _steady(answer)

    after(stack, EC2ContainerServiceResponse, "create_service", keep)
    after(stack, EC2ContainerServiceResponse, "update_service", lambda answer, _: _steady(answer))

    def describe(answer: Any, _: Any) -> Any:
        for service in answer.result["services"]:
            _settle(service)
        return answer

    after(stack, EC2ContainerServiceResponse, "describe_services", describe)


def _steady(answer: Any) -> Any:
    _settle(answer.result["service"])
    return answer


def _settle(service: Any) -> None:
    """All tasks of a service run, and its one deployment has ended."""
    service.running_count, service.pending_count = service.desired_count, 0
    for deployment in getattr(service, "deployments", []):
        deployment |= {"rolloutState": "COMPLETED", "runningCount": service.desired_count, "pendingCount": 0}
        deployment["desiredCount"] = service.desired_count
