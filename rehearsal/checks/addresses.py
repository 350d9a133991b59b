"""Hosts, ports, endpoints and containers that tasks are told of exist, and are what they are taken for."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import urlsplit

from rehearsal.checks import cached_query, public_dns
from rehearsal.checks.cached_query import Thing
from rehearsal.checks.environment import Given, given
from rehearsal.result import Rehearsal, Verdict

NAME = "Hosts, names, endpoints and addresses that tasks are told of exist in the account"


def exist(rehearsal: Rehearsal) -> Verdict:
    """The check."""
    findings, seen = [], 0
    for one in given(rehearsal):
        for variable, look in LOOKS.items():
            if variable in one.plain:
                seen += 1
                findings += [f"{one.place}, {variable}: {problem}" for problem in look(rehearsal, one)]
    for service in cached_query.services(rehearsal):
        seen += 1
        findings += [f"Service {service['serviceName']}: {problem}" for problem in _registered(rehearsal, service)]
    for record in rehearsal.of_type("aws:sagemaker/endpoint:Endpoint"):
        seen += 1
        findings += [f"Endpoint {record.name}: {problem}" for problem in _logged(rehearsal, record.id)]
    return cached_query.verdict(NAME, findings, seen)


@cached_query.question
def _names(rehearsal: Rehearsal) -> dict[str, Thing]:
    """Cloud Map services by DNS name, each with its namespace."""
    client = rehearsal.client("servicediscovery")
    spaces = {one["Id"]: one for one in cached_query.paged(client, "list_namespaces", "Namespaces")}
    return {
        f"{one['Name']}.{spaces[one['DnsConfig']['NamespaceId']]['Name']}": {
            **one,
            "Namespace": spaces[one["DnsConfig"]["NamespaceId"]],
        }
        for one in cached_query.paged(client, "list_services", "Services")
        if one.get("DnsConfig", {}).get("NamespaceId") in spaces
    }


def _nuclio(rehearsal: Rehearsal, one: Given) -> Iterator[str]:
    """The discovery name exists, is visible in the tasks' VPC, and a service with that port registers under it."""
    host, port = one.plain["CVAT_NUCLIO_HOST"], one.plain.get("CVAT_NUCLIO_PORT", "8070")
    entry = _names(rehearsal).get(host)
    if entry is None:
        known = ", ".join(sorted(_names(rehearsal))) or "none"
        yield f"no Cloud Map service answers to '{host}' (there is: {known})."
        return
    services = cached_query.services(rehearsal)
    behind = [s for s in services if entry["Arn"] in [r["registryArn"] for r in s.get("serviceRegistries", [])]]
    if not behind:
        yield f"no ECS service registers as '{host}'."
    for service in behind:
        ports = _ports(cached_query.task_definition(rehearsal, service["taskDefinition"]))
        if port not in ports:
            yield f"{service['serviceName']} answers to '{host}' on port {', '.join(sorted(ports))}, not on {port}."
    zone = entry["Namespace"]["Properties"]["DnsProperties"]["HostedZoneId"].rpartition("/")[2]
    if missing := _vpcs(rehearsal, services) - _zone_vpcs(rehearsal, zone):
        yield f"'{host}' cannot be resolved in {', '.join(sorted(missing))}: its namespace belongs to another VPC."


def _ports(definition: Thing | None) -> set[str]:
    containers = definition["containerDefinitions"] if definition else []
    return {str(mapping["containerPort"]) for one in containers for mapping in one.get("portMappings", [])}


def _vpcs(rehearsal: Rehearsal, services: list[Thing]) -> set[str]:
    subnets = {subnet for one in services for subnet in one["networkConfiguration"]["awsvpcConfiguration"]["subnets"]}
    return {one["VpcId"] for one in rehearsal.client("ec2").describe_subnets(SubnetIds=sorted(subnets))["Subnets"]}


@cached_query.question
def _zone_vpcs(rehearsal: Rehearsal, zone: str) -> set[str]:
    client = rehearsal.client("route53")
    try:
        return {one["VPCId"] for one in client.get_hosted_zone(Id=zone)["VPCs"]}
    except client.exceptions.NoSuchHostedZone:
        return set()


@cached_query.question
def _databases(rehearsal: Rehearsal) -> dict[str, Thing]:
    found = cached_query.paged(rehearsal.client("rds"), "describe_db_instances", "DBInstances")
    return {one["Endpoint"]["Address"]: one for one in found}


def _postgresql(rehearsal: Rehearsal, one: Given) -> Iterator[str]:
    host, port = one.plain["CVAT_POSTGRES_HOST"], one.plain.get("CVAT_POSTGRES_PORT", "5432")
    name, user = one.plain.get("CVAT_POSTGRES_DBNAME", "cvat"), one.all.get("CVAT_POSTGRES_USER")
    database = _databases(rehearsal).get(host)
    if database is None:
        yield f"no database has the address '{host}'."
        return
    what = f"{database['DBInstanceIdentifier']}"
    if str(database["Endpoint"]["Port"]) != port:
        yield f"{what} listens on port {database['Endpoint']['Port']}, not on {port}."
    if database["DBName"] != name:
        yield f"{what} has the database '{database['DBName']}', not '{name}'."
    if database["MasterUsername"] != user:
        yield f"{what} has the user '{database['MasterUsername']}', not the one of CVAT_POSTGRES_USER."


@cached_query.question
def _caches(rehearsal: Rehearsal) -> dict[str, Thing]:
    found = cached_query.paged(rehearsal.client("elasticache"), "describe_replication_groups", "ReplicationGroups")
    return {one["NodeGroups"][0]["PrimaryEndpoint"]["Address"]: one for one in found}


def _redis(rehearsal: Rehearsal, one: Given) -> Iterator[str]:
    host, port = one.plain["CVAT_REDIS_HOST"], one.plain.get("CVAT_REDIS_PORT", "6379")
    cache = _caches(rehearsal).get(host)
    if cache is None:
        yield f"no cache has the primary endpoint '{host}'."
        return
    what = cache["ReplicationGroupId"]
    if str(cache["NodeGroups"][0]["PrimaryEndpoint"]["Port"]) != port:
        yield f"{what} listens on port {cache['NodeGroups'][0]['PrimaryEndpoint']['Port']}, not on {port}."
    if cache["TransitEncryptionEnabled"] != (one.plain.get("CVAT_REDIS_SSL", "yes") == "yes"):
        yield f"{what} has TLS {'on' if cache['TransitEncryptionEnabled'] else 'off'}, CVAT_REDIS_SSL says otherwise."
    if cache["AuthTokenEnabled"] != ("CVAT_REDIS_PASSWORD" in one.all):
        yield f"{what} asks for {'a' if cache['AuthTokenEnabled'] else 'no'} password, the task is told otherwise."


def _base_url(rehearsal: Rehearsal, one: Given) -> Iterator[str]:
    """Scheme and port are those of a listener; the host is the balancer's own, or what the operator says it is."""
    address = urlsplit(one.plain["CVAT_BASE_URL"])
    port, client = cached_query.port_of(address), rehearsal.client("elbv2")
    named = rehearsal.config.values.get("cvat:hostName", "")
    doors: set[tuple[str, str, int]] = set()
    for listener in cached_query.listeners(rehearsal):
        arn = listener["LoadBalancerArn"]
        (balancer,) = client.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"]
        host = named or balancer["DNSName"]
        doors.add((listener["Protocol"].lower(), host.lower(), listener["Port"]))
    if (address.scheme, address.hostname or "", port) not in doors:
        known = ", ".join(f"{scheme}://{host}:{number}" for scheme, host, number in sorted(doors)) or "none"
        yield f"no load balancer listens at '{one.plain['CVAT_BASE_URL']}' (there is: {known})."
        return
    yield from public_dns.problems(rehearsal, address)


def _endpoints(rehearsal: Rehearsal, one: Given) -> Iterator[str]:
    """Each function's endpoint is in service, and has the container that carries this function."""
    for function, target in json.loads(one.plain["SERVERLESS_ENDPOINTS"]).items():
        containers = containers_of(rehearsal, target["endpoint"])
        if containers is None:
            yield f"{function}: there is no endpoint '{target['endpoint']}' in service."
            continue
        wanted = target.get("container")
        if wanted is None and len(containers) > 1:
            yield f"{function}: '{target['endpoint']}' has {len(containers)} containers, so one must be named."
            continue
        container = containers.get(wanted) if wanted else next(iter(containers.values()))
        if container is None:
            yield f"{function}: '{target['endpoint']}' has no container '{wanted}' (there is: {', '.join(containers)})."
        elif container.get("Environment", {}).get("FUNCTION") != function:
            serves = container.get("Environment", {}).get("FUNCTION")
            yield f"{function}: container '{wanted or 'of ' + target['endpoint']}' serves {serves}."


@cached_query.question
def containers_of(rehearsal: Rehearsal, endpoint: str) -> Mapping[str, Thing] | None:
    """Containers behind an endpoint in service, by host name; None where there is no such endpoint.

    A lone container needs no name; several can be called one by one only in the mode Direct.
    """
    client = rehearsal.client("sagemaker")
    try:
        found = client.describe_endpoint(EndpointName=endpoint)
        config = client.describe_endpoint_config(EndpointConfigName=found["EndpointConfigName"])
        model = client.describe_model(ModelName=config["ProductionVariants"][0]["ModelName"])
    except client.exceptions.ClientError:
        return None
    if found["EndpointStatus"] != "InService":
        return None
    containers = model.get("Containers") or [model["PrimaryContainer"]]
    if len(containers) > 1 and model.get("InferenceExecutionConfig", {}).get("Mode") != "Direct":
        return {}
    return {one.get("ContainerHostname", ""): one for one in containers}


def _logged(rehearsal: Rehearsal, endpoint: str) -> Iterator[str]:
    group = f"/aws/sagemaker/Endpoints/{endpoint}"
    found = rehearsal.client("logs").describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    if group not in [one["logGroupName"] for one in found]:
        yield f"SageMaker writes its log to {group}, which does not exist: its role may not create it."


def _demo(rehearsal: Rehearsal, one: Given) -> Iterator[str]:
    bucket, _, prefix = one.plain["DEMO_SOURCE"].removeprefix("s3://").partition("/")
    client = rehearsal.client("s3")
    if bucket not in [known["Name"] for known in client.list_buckets()["Buckets"]]:
        return  # an operator's own bucket, which this account need not see
    if not client.list_objects_v2(Bucket=bucket, Prefix=prefix).get("KeyCount"):
        yield f"nothing is below '{one.plain['DEMO_SOURCE']}'."


def _region(rehearsal: Rehearsal, one: Given) -> Iterator[str]:
    if one.plain["AWS_REGION"] != rehearsal.region:
        yield f"it says {one.plain['AWS_REGION']}, but the stack is in {rehearsal.region}."


def _port(_: Rehearsal, one: Given) -> Iterator[str]:
    ports = {str(mapping["containerPort"]) for mapping in one.container.get("portMappings", [])}
    if one.plain["PORT"] not in ports:
        yield f"it says {one.plain['PORT']}, but the container is reached on port {', '.join(sorted(ports)) or 'none'}."


def _registered(rehearsal: Rehearsal, service: Thing) -> Iterator[str]:
    known = {one["Arn"] for one in _names(rehearsal).values()}
    for registry in service.get("serviceRegistries", []):
        if registry["registryArn"] not in known:
            yield f"it registers with {registry['registryArn']}, which does not exist."


LOOKS: Mapping[str, Callable[[Rehearsal, Given], Iterator[str]]] = {
    "CVAT_NUCLIO_HOST": _nuclio,
    "CVAT_POSTGRES_HOST": _postgresql,
    "CVAT_REDIS_HOST": _redis,
    "CVAT_BASE_URL": _base_url,
    "SERVERLESS_ENDPOINTS": _endpoints,
    "DEMO_SOURCE": _demo,
    "AWS_REGION": _region,
    "PORT": _port,
}
"""By variable: what must be true of it."""
