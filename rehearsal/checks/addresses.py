"""Hosts, ports, endpoints and containers that tasks are given exist, and are what the tasks take them for."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import urlsplit
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]  # typeshed leaves it out

from region import Region
from rehearsal.checks import model_archives, public_dns, stack_queries
from rehearsal.checks.cached_query import Described, cached_query, paged, verdict
from rehearsal.checks.containers import Container, containers
from rehearsal.result import Rehearsal, Verdict

_NO_CACHE = "asleep.invalid"
NAME = "Hosts, names, endpoints and addresses that tasks are told of exist in the account"


def exist(rehearsal: Rehearsal) -> Verdict:
    """The check."""
    findings, seen = [], 0
    for container in containers(rehearsal):
        for variable, problems in VARIABLES.items():
            if variable in container.plain:
                seen += 1
                findings += [f"{container.place}, {variable}: {problem}" for problem in problems(rehearsal, container)]
    for service in stack_queries.services(rehearsal):
        seen += 1
        findings += [f"Service {service['serviceName']}: {problem}" for problem in _registry(rehearsal, service)]
    for record in rehearsal.of_type("aws:sagemaker/endpoint:Endpoint"):
        seen += 1
        findings += [f"Endpoint {record.name}: {problem}" for problem in _log_group(rehearsal, record.id)]
    return verdict(NAME, findings, seen)


@cached_query
def _discovery_names(rehearsal: Rehearsal) -> dict[str, Described]:
    """Cloud Map services by DNS name, each with its namespace."""
    client = rehearsal.client("servicediscovery")
    namespaces = {space["Id"]: space for space in paged(client, "list_namespaces", "Namespaces")}
    names = {}
    for service in paged(client, "list_services", "Services"):
        namespace = namespaces.get(service.get("DnsConfig", {}).get("NamespaceId"))
        if namespace:
            names[f"{service['Name']}.{namespace['Name']}"] = {**service, "Namespace": namespace}
    return names


def _gateway(rehearsal: Rehearsal, container: Container) -> Iterator[str]:
    """The discovery name exists, is visible in the tasks' VPC, and a service with that port registers under it."""
    host, port = container.plain["CVAT_NUCLIO_HOST"], container.plain.get("CVAT_NUCLIO_PORT", "8070")
    names = _discovery_names(rehearsal)
    if host not in names:
        yield f"no Cloud Map service answers to '{host}' (there is: {', '.join(sorted(names)) or 'none'})."
        return
    services = stack_queries.services(rehearsal)
    registered = [
        service
        for service in services
        if names[host]["Arn"] in [registry["registryArn"] for registry in service.get("serviceRegistries", [])]
    ]
    if not registered:
        yield f"no ECS service registers as '{host}'."
    for service in registered:
        ports = _ports(stack_queries.task_definition(rehearsal, service["taskDefinition"]))
        if port not in ports:
            yield f"{service['serviceName']} answers to '{host}' on port {', '.join(sorted(ports))}, not on {port}."
    zone = names[host]["Namespace"]["Properties"]["DnsProperties"]["HostedZoneId"].rpartition("/")[2]
    if missing := _vpcs(rehearsal, services) - _zone_vpcs(rehearsal, zone):
        yield f"'{host}' cannot be resolved in {', '.join(sorted(missing))}: its namespace belongs to another VPC."


def _ports(definition: Described | None) -> set[str]:
    definitions = definition["containerDefinitions"] if definition else []
    return {str(mapping["containerPort"]) for container in definitions for mapping in container.get("portMappings", [])}


def _vpcs(rehearsal: Rehearsal, services: list[Described]) -> set[str]:
    networks = [service["networkConfiguration"]["awsvpcConfiguration"] for service in services]
    subnets = {subnet for network in networks for subnet in network["subnets"]}
    answer = rehearsal.client("ec2").describe_subnets(SubnetIds=sorted(subnets))
    return {subnet["VpcId"] for subnet in answer["Subnets"]}


@cached_query
def _zone_vpcs(rehearsal: Rehearsal, zone: str) -> set[str]:
    client = rehearsal.client("route53")
    try:
        return {vpc["VPCId"] for vpc in client.get_hosted_zone(Id=zone)["VPCs"]}
    except client.exceptions.NoSuchHostedZone:
        return set()


@cached_query
def _databases(rehearsal: Rehearsal) -> dict[str, Described]:
    """By address."""
    databases = paged(rehearsal.client("rds"), "describe_db_instances", "DBInstances")
    return {database["Endpoint"]["Address"]: database for database in databases}


def _postgresql(rehearsal: Rehearsal, container: Container) -> Iterator[str]:
    plain = container.plain
    host, port = plain["CVAT_POSTGRES_HOST"], plain.get("CVAT_POSTGRES_PORT", "5432")
    name, user = plain.get("CVAT_POSTGRES_DBNAME", "cvat"), container.environment.get("CVAT_POSTGRES_USER")
    database = _databases(rehearsal).get(host)
    if database is None:
        yield f"no database has the address '{host}'."
        return
    identifier = database["DBInstanceIdentifier"]
    if str(database["Endpoint"]["Port"]) != port:
        yield f"{identifier} listens on port {database['Endpoint']['Port']}, not on {port}."
    if database["DBName"] != name:
        yield f"{identifier} has the database '{database['DBName']}', not '{name}'."
    if database["MasterUsername"] != user:
        yield f"{identifier} has the user '{database['MasterUsername']}', not the one of CVAT_POSTGRES_USER."


@cached_query
def _caches(rehearsal: Rehearsal) -> dict[str, Described]:
    """By address of the primary endpoint."""
    groups = paged(rehearsal.client("elasticache"), "describe_replication_groups", "ReplicationGroups")
    return {group["NodeGroups"][0]["PrimaryEndpoint"]["Address"]: group for group in groups}


def _redis(rehearsal: Rehearsal, container: Container, prefix: str = "CVAT_REDIS") -> Iterator[str]:
    plain = container.plain
    host, port = plain[f"{prefix}_HOST"], plain.get(f"{prefix}_PORT", "6379")
    cache = _caches(rehearsal).get(host)
    if cache is None:
        yield f"no cache has the primary endpoint '{host}'."
        return
    identifier, actual = cache["ReplicationGroupId"], cache["NodeGroups"][0]["PrimaryEndpoint"]["Port"]
    if str(actual) != port:
        yield f"{identifier} listens on port {actual}, not on {port}."
    if cache["TransitEncryptionEnabled"] != (plain.get("CVAT_REDIS_SSL", "yes") == "yes"):
        state = "on" if cache["TransitEncryptionEnabled"] else "off"
        yield f"{identifier} has TLS {state}, CVAT_REDIS_SSL says otherwise."
    if cache["AuthTokenEnabled"] != (f"{prefix}_PASSWORD" in container.environment):
        article = "a" if cache["AuthTokenEnabled"] else "no"
        yield f"{identifier} asks for {article} password, the task is told otherwise."


def _base_url(rehearsal: Rehearsal, container: Container) -> Iterator[str]:
    """Scheme and port are those of a listener; the host is the balancer's own, or what the operator says it is."""
    url = container.plain["CVAT_BASE_URL"]
    address = urlsplit(url)
    host = stack_queries.setting(rehearsal, "hostName")
    balancers = {balancer["LoadBalancerArn"]: balancer for balancer in stack_queries.load_balancers(rehearsal)}
    listening = {
        (
            listener["Protocol"].lower(),
            (host or balancers[listener["LoadBalancerArn"]]["DNSName"]).lower(),
            listener["Port"],
        )
        for listener in stack_queries.listeners(rehearsal)
    }
    if (address.scheme, address.hostname or "", stack_queries.port_of(address)) not in listening:
        known = ", ".join(f"{scheme}://{name}:{port}" for scheme, name, port in sorted(listening)) or "none"
        yield f"no load balancer listens at '{url}' (there is: {known})."
        return
    yield from public_dns.problems(rehearsal, address)


def _endpoints(rehearsal: Rehearsal, container: Container) -> Iterator[str]:
    """Each function's endpoint is in service, and has the container that serves this function."""
    for function, target in json.loads(container.plain["SERVERLESS_ENDPOINTS"]).items():
        endpoint, host = target["endpoint"], target.get("container")
        served = endpoint_containers(rehearsal, endpoint)
        if served is None:
            yield f"{function}: there is no endpoint '{endpoint}' in service."
            continue
        if host is None and len(served) > 1:
            yield f"{function}: '{endpoint}' has {len(served)} containers, so one must be named."
            continue
        model = served.get(host) if host else next(iter(served.values()))
        if model is None:
            yield f"{function}: '{endpoint}' has no container '{host}' (there is: {', '.join(served)})."
        elif function not in (actual := model_archives.functions(rehearsal, model)):
            yield f"{function}: container '{host or 'of ' + endpoint}' serves {', '.join(sorted(actual)) or 'nothing'}."


@cached_query
def endpoint_containers(rehearsal: Rehearsal, name: str) -> Mapping[str, Described] | None:
    """Containers behind an endpoint in service, by host name; None where there is no such endpoint.

    A lone container needs no name; several can be called one by one only in the mode Direct.
    """
    client = rehearsal.client("sagemaker")
    try:
        endpoint = client.describe_endpoint(EndpointName=name)
        config = client.describe_endpoint_config(EndpointConfigName=endpoint["EndpointConfigName"])
        model = client.describe_model(ModelName=config["ProductionVariants"][0]["ModelName"])
    except client.exceptions.ClientError:
        return None
    if endpoint["EndpointStatus"] != "InService":
        return None
    served = stack_queries.model_containers(model)
    if len(served) > 1 and model.get("InferenceExecutionConfig", {}).get("Mode") != "Direct":
        return {}
    return {container.get("ContainerHostname", ""): container for container in served}


def _log_group(rehearsal: Rehearsal, endpoint: str) -> Iterator[str]:
    name = f"/aws/sagemaker/Endpoints/{endpoint}"
    groups = rehearsal.client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    if name not in [group["logGroupName"] for group in groups]:
        yield f"SageMaker writes its log to {name}, which does not exist: its role may not create it."


def _demo(rehearsal: Rehearsal, container: Container) -> Iterator[str]:
    source = container.plain["DEMO_SOURCE"]
    name, _, prefix = source.removeprefix("s3://").partition("/")
    client = rehearsal.client("s3")
    if name not in [bucket["Name"] for bucket in client.list_buckets()["Buckets"]]:
        return  # an operator's own bucket, which this account need not see
    if not client.list_objects_v2(Bucket=name, Prefix=prefix).get("KeyCount"):
        yield f"nothing is below '{source}'."


def _region(rehearsal: Rehearsal, container: Container) -> Iterator[str]:
    if container.plain["AWS_REGION"] != rehearsal.region:
        yield f"it says {container.plain['AWS_REGION']}, but the stack is in {rehearsal.region}."


def _proxy(rehearsal: Rehearsal, container: Container) -> Iterator[str]:
    """What is inside the VPC, ECS's own addresses included, must not be asked of the proxy."""
    exceptions = {"no": container.plain.get("NO_PROXY", "")}
    inside = ["169.254.170.2", _service_host(rehearsal, "s3")]
    if gateway := container.plain.get("CVAT_NUCLIO_HOST"):
        inside.append(gateway)
    for endpoint in stack_queries.in_network(rehearsal, "describe_vpc_endpoints", "VpcEndpoints"):
        if endpoint["VpcEndpointType"] == "Interface" and endpoint["PrivateDnsEnabled"]:
            inside.append(_service_host(rehearsal, endpoint["ServiceName"].rpartition(f"{rehearsal.region}.")[2]))
    if "CVAT_URL" in container.plain and stack_queries.setting(rehearsal, "internal") == "true":
        inside.append(str(urlsplit(container.plain["CVAT_URL"]).hostname))
    for host in dict.fromkeys(inside):
        if not proxy_bypass_environment(host, exceptions):
            yield f"calls of {host} would go to the proxy, but it is inside the VPC: NO_PROXY must name it."


def _service_host(rehearsal: Rehearsal, service: str) -> str:
    """`api.ecr.<region>.<suffix>` for `ecr.api`, as the endpoint's private DNS names it."""
    return f"{'.'.join(reversed(service.split('.')))}.{rehearsal.region}.{Region(rehearsal.region).dns_suffix}"


def _media_redis(rehearsal: Rehearsal, container: Container) -> Iterator[str]:
    """A stack asleep has none, and no task that would ask it."""
    host = container.plain["CVAT_MEDIA_REDIS_HOST"]
    if host == _NO_CACHE and not any(service["desiredCount"] for service in stack_queries.services(rehearsal)):
        return
    yield from _redis(rehearsal, container, "CVAT_MEDIA_REDIS")


def _port(_: Rehearsal, container: Container) -> Iterator[str]:
    port = container.plain["PORT"]
    ports = {str(mapping["containerPort"]) for mapping in container.definition.get("portMappings", [])}
    if port not in ports:
        yield f"it says {port}, but the container is reached on port {', '.join(sorted(ports)) or 'none'}."


def _registry(rehearsal: Rehearsal, service: Described) -> Iterator[str]:
    known = {entry["Arn"] for entry in _discovery_names(rehearsal).values()}
    for registry in service.get("serviceRegistries", []):
        if registry["registryArn"] not in known:
            yield f"it registers with {registry['registryArn']}, which does not exist."


VARIABLES: Mapping[str, Callable[[Rehearsal, Container], Iterator[str]]] = {
    "CVAT_NUCLIO_HOST": _gateway,
    "CVAT_POSTGRES_HOST": _postgresql,
    "CVAT_REDIS_HOST": _redis,
    "CVAT_MEDIA_REDIS_HOST": _media_redis,
    "CVAT_BASE_URL": _base_url,
    "SERVERLESS_ENDPOINTS": _endpoints,
    "DEMO_SOURCE": _demo,
    "AWS_REGION": _region,
    "PORT": _port,
    "HTTPS_PROXY": _proxy,
}
"""By variable: what is wrong with what it says."""
