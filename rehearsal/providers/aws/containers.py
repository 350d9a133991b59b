"""ECS: cluster, task definitions, services; and Cloud Map, which names them."""

from __future__ import annotations

import json
from typing import Any

from rehearsal.engine.inputs import Inputs
from rehearsal.errors import RehearsalError
from rehearsal.providers.resource import Made, Make, handles


@handles("aws:ecs/cluster:Cluster", tags=True)
def cluster(make: Make) -> Made:
    """A cluster."""
    name = make.named()
    made = make.call("ecs", "CreateCluster", {"clusterName": name})["cluster"]
    return Made(made["clusterArn"], {"arn": made["clusterArn"], "name": name})


@handles("aws:ecs/clusterCapacityProviders:ClusterCapacityProviders")
def capacity_providers(make: Make) -> Made:
    """Fargate and Fargate Spot; the API wants both members, empty or not."""
    name = make.inputs.take("clusterName")
    strategy = make.inputs.take("defaultCapacityProviderStrategies") or []
    providers = make.inputs.take("capacityProviders") or []
    make.ask(
        "ecs",
        "PutClusterCapacityProviders",
        cluster=name,
        capacityProviders=providers,
        defaultCapacityProviderStrategy=strategy,
    )
    return Made(name)


TASK = {"volumes.efsVolumeConfiguration.authorizationConfig.iam": "iam", "proxyConfiguration.properties": "properties"}


@handles(
    "aws:ecs/taskDefinition:TaskDefinition",
    tags=True,
    provider_only={"skipDestroy": "used on deletion", "trackLatest": "used when refreshing"},
)
def task_definition(make: Make) -> Made:
    """A revision of a task definition."""
    text = make.inputs.take("containerDefinitions")
    containers = json.loads(text)
    for one in make.inputs.peek("volumes") or []:
        one.pop("configureAtLaunch", None)
    made = make.call("ecs", "RegisterTaskDefinition", {"containerDefinitions": containers}, renames=TASK)
    found = made["taskDefinition"]
    arn = found["taskDefinitionArn"]
    return Made(
        found["family"], {"arn": arn, "arnWithoutRevision": arn.rpartition(":")[0], "revision": found["revision"]}
    )


SERVICE = {
    "capacityProviderStrategies": "capacityProviderStrategy",
    "enableEcsManagedTags": "enableECSManagedTags",
    "orderedPlacementStrategies": "placementStrategy",
    "deploymentConfiguration.deploymentCircuitBreaker": "deploymentCircuitBreaker",
}


@handles(
    "aws:ecs/service:Service",
    tags=True,
    provider_only={
        "waitForSteadyState": "says how long the provider waits",
        "forceDelete": "used on deletion",
        "forceNewDeployment": "used on changes",
        "triggers": "used on changes",
        "iamRole": "never used with awsvpc",
    },
)
def service(make: Make) -> Made:
    """A service; network and deployment settings are nested deeper in the API than in the provider."""
    given = make.inputs
    name = make.named()
    extra: dict[str, Any] = {"serviceName": name, "deploymentConfiguration": deployment(given)}
    if given_network := given.take("networkConfiguration"):
        extra["networkConfiguration"] = network(given_network)
    if registry := given.take("serviceRegistries"):
        extra["serviceRegistries"] = [registry]
    cluster_arn = given.peek("cluster")
    made = make.call("ecs", "CreateService", extra, renames=SERVICE)["service"]
    found = make.ask("ecs", "DescribeServices", cluster=cluster_arn, services=[name])["services"]
    if not found:
        raise RehearsalError("ECS does not know the service that it has just made.")
    return Made(made["serviceArn"], {"name": name, "arn": made["serviceArn"]})


def network(given: dict[str, Any]) -> dict[str, Any]:
    """Where tasks stand, as the API spells it."""
    public = "ENABLED" if given.get("assignPublicIp") else "DISABLED"
    rest = {key: value for key, value in given.items() if key != "assignPublicIp"}
    return {"awsvpcConfiguration": {**rest, "assignPublicIp": public}}


def deployment(given: Inputs) -> dict[str, Any]:
    """How a service's tasks are exchanged."""
    wanted: dict[str, Any] = {}
    if breaker := given.take("deploymentCircuitBreaker"):
        wanted["deploymentCircuitBreaker"] = breaker
    if alarms := given.take("alarms"):
        wanted["alarms"] = alarms
    wanted["maximumPercent"] = given.take("deploymentMaximumPercent", 200)
    wanted["minimumHealthyPercent"] = given.take("deploymentMinimumHealthyPercent", 100)
    return wanted


@handles("aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace", tags=True)
def namespace(make: Make) -> Made:
    """A private DNS zone in which services register."""
    name = make.named()
    make.call("servicediscovery", "CreatePrivateDnsNamespace", {"Name": name})
    found = [one for one in make.ask("servicediscovery", "ListNamespaces")["Namespaces"] if one["Name"] == name]
    newest = found[-1]
    zone = newest["Properties"]["DnsProperties"]["HostedZoneId"]
    return Made(newest["Id"], {"arn": newest["Arn"], "name": name, "hostedZone": zone})


@handles("aws:servicediscovery/service:Service", tags=True, provider_only={"forceDestroy": "used on deletion"})
def discovery_service(make: Make) -> Made:
    """A name in the namespace."""
    name = make.named()
    made = make.call("servicediscovery", "CreateService", {"Name": name})["Service"]
    return Made(made["Id"], {"arn": made["Arn"], "name": name})
