"""ECS: clusters, capacity providers, task definitions, services."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar

from rehearsal.engine.inputs import Inputs
from rehearsal.errors import RehearsalError
from rehearsal.providers.resource import EVERY, Attributes, ResourceRequest, ResourceType, deleted_by, words


class Cluster(ResourceType, token="aws:ecs/cluster:Cluster"):
    """A cluster."""

    tags = True
    replace_on = words("name")
    delete_call = deleted_by("ecs:DeleteCluster", cluster="id")

    def create(self, request: ResourceRequest) -> Attributes:
        name = request.physical_name()
        cluster = request.call_with_inputs("ecs", "CreateCluster", {"clusterName": name})["cluster"]
        return Attributes(cluster["clusterArn"], {"arn": cluster["clusterArn"], "name": name})

    def update(self, request: ResourceRequest) -> None:
        """Settings such as Container Insights."""
        request.call_with_inputs("ecs", "UpdateCluster", {"cluster": request.id})


class ClusterCapacityProviders(ResourceType, token="aws:ecs/clusterCapacityProviders:ClusterCapacityProviders"):
    """Which capacity a cluster may use: Fargate, Fargate Spot."""

    replace_on = words("clusterName")
    creation_is_put = True

    def create(self, request: ResourceRequest) -> Attributes:
        """The API requires both members, empty or not."""
        name = request.inputs.take("clusterName")
        strategy = request.inputs.take("defaultCapacityProviderStrategies") or []
        self._put(request, name, request.inputs.take("capacityProviders") or [], strategy)
        return Attributes(name)

    def delete(self, request: ResourceRequest) -> None:
        """The cluster is left without any."""
        self._put(request, request.id, [], [])

    def _put(self, request: ResourceRequest, cluster: str, providers: list[str], strategy: list[Any]) -> None:
        members = {"capacityProviders": providers, "defaultCapacityProviderStrategy": strategy}
        request.call("ecs", "PutClusterCapacityProviders", cluster=cluster, **members)


TASK_MEMBERS = {
    "volumes.configureAtLaunch": "configuredAtLaunch",
    "volumes.efsVolumeConfiguration.authorizationConfig.iam": "iam",
    "proxyConfiguration.properties": "properties",
}


class TaskDefinition(ResourceType, token="aws:ecs/taskDefinition:TaskDefinition"):
    """A revision of a task definition."""

    tags = True
    replace_on = EVERY
    defaults: ClassVar = {"volumes.configureAtLaunch": False}
    provider_only: ClassVar = {"skipDestroy": "used on deletion", "trackLatest": "used when refreshing"}
    delete_call = deleted_by("ecs:DeregisterTaskDefinition", taskDefinition="arn")

    def create(self, request: ResourceRequest) -> Attributes:
        extra = {"containerDefinitions": json.loads(request.inputs.take("containerDefinitions"))}
        answer = request.call_with_inputs("ecs", "RegisterTaskDefinition", extra, renames=TASK_MEMBERS)
        task = answer["taskDefinition"]
        arn = task["taskDefinitionArn"]
        outputs = {"arn": arn, "arnWithoutRevision": arn.rpartition(":")[0], "revision": task["revision"]}
        return Attributes(task["family"], outputs)


SERVICE_MEMBERS = {
    "capacityProviderStrategies": "capacityProviderStrategy",
    "enableEcsManagedTags": "enableECSManagedTags",
    "orderedPlacementStrategies": "placementStrategy",
    "deploymentConfiguration.deploymentCircuitBreaker": "deploymentCircuitBreaker",
}
DEPLOYMENT = ("deploymentCircuitBreaker", "alarms", "deploymentMaximumPercent", "deploymentMinimumHealthyPercent")
"""Inputs that the API nests in deploymentConfiguration."""


class Service(ResourceType, token="aws:ecs/service:Service"):
    """A service; network and deployment settings are nested deeper in the API than in the provider."""

    tags = True
    replace_on = words(
        "capacityProviderStrategies cluster deploymentController.type iamRole launchType name schedulingStrategy"
    )
    reset_to: ClassVar = {"healthCheckGracePeriodSeconds": 0, "enableExecuteCommand": False, "loadBalancers": []}
    provider_only: ClassVar = {
        "waitForSteadyState": "says how long the provider waits",
        "forceDelete": "used on deletion",
        "forceNewDeployment": "used on changes",
        "triggers": "used on changes",
        "iamRole": "never used with awsvpc",
    }

    def create(self, request: ResourceRequest) -> Attributes:
        inputs, name = request.inputs, request.physical_name()
        extra: dict[str, Any] = {"serviceName": name, "deploymentConfiguration": _deployment(inputs)}
        if network := inputs.take("networkConfiguration"):
            extra["networkConfiguration"] = _network(network)
        if registry := inputs.take("serviceRegistries"):
            extra["serviceRegistries"] = [registry]
        cluster = inputs.peek("cluster")
        service = request.call_with_inputs("ecs", "CreateService", extra, renames=SERVICE_MEMBERS)["service"]
        if not request.call("ecs", "DescribeServices", cluster=cluster, services=[name])["services"]:
            raise RehearsalError("ECS does not know the service that it has just created.")
        return Attributes(service["serviceArn"], {"name": name, "arn": service["serviceArn"]})

    def update(self, request: ResourceRequest) -> None:
        """A deployment, unless only the number of tasks differs."""
        inputs = request.inputs
        extra: dict[str, Any] = {"service": request.attribute("name"), "cluster": request.attribute("cluster")}
        if set(DEPLOYMENT) & set(inputs.unused()):
            for key in DEPLOYMENT:
                inputs.take(key)
            extra["deploymentConfiguration"] = _deployment(Inputs(request.all_inputs))
        if network := inputs.take("networkConfiguration"):
            extra["networkConfiguration"] = _network(network)
        if registry := inputs.take("serviceRegistries"):
            extra["serviceRegistries"] = [registry]
        request.call_with_inputs("ecs", "UpdateService", extra, renames=SERVICE_MEMBERS)

    def delete(self, request: ResourceRequest) -> None:
        """Its tasks are stopped first."""
        service = {"cluster": request.attribute("cluster"), "service": request.attribute("name")}
        request.call("ecs", "UpdateService", **service, desiredCount=0)
        request.call("ecs", "DeleteService", **service, force=bool(request.attribute("forceDelete")))


def _network(inputs: Mapping[str, Any]) -> dict[str, Any]:
    public = "ENABLED" if inputs.get("assignPublicIp") else "DISABLED"
    rest = {key: value for key, value in inputs.items() if key != "assignPublicIp"}
    return {"awsvpcConfiguration": {**rest, "assignPublicIp": public}}


def _deployment(inputs: Inputs) -> dict[str, Any]:
    """How a service's tasks are replaced."""
    configuration: dict[str, Any] = {}
    if breaker := inputs.take("deploymentCircuitBreaker"):
        configuration["deploymentCircuitBreaker"] = breaker
    if alarms := inputs.take("alarms"):
        configuration["alarms"] = alarms
    configuration["maximumPercent"] = inputs.take("deploymentMaximumPercent", 200)
    configuration["minimumHealthyPercent"] = inputs.take("deploymentMinimumHealthyPercent", 100)
    return configuration
