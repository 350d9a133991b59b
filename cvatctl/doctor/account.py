"""Checks of the account and region: credentials, zones, private endpoints, database and Redis versions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from cvatctl.aws_clients import Clients, all_pages, explain
from cvatctl.doctor.finding import Finding, PlannedStack
from settings.errors import ZonesError
from settings.zones import Zone, choose_zones


def credentials(stack: PlannedStack, clients: Clients) -> Iterator[Finding]:
    """There are credentials, of the right partition."""
    try:
        identity = clients("sts").get_caller_identity()
    except (BotoCoreError, ClientError) as error:
        yield Finding("problem", "credentials", explain(error))
        return
    partition = identity["Arn"].split(":")[1]
    if partition != stack.region.partition:
        yield Finding(
            "problem",
            "credentials",
            f"{identity['Arn']} belongs to partition {partition}, and {stack.region.name} to {stack.region.partition}. "
            "Choose a profile of the right partition with --profile or AWS_PROFILE.",
        )
    elif identity["Arn"].endswith(":root"):
        yield Finding("advice", "credentials", "These are the account's root credentials. Deploy with a role instead.")
    else:
        yield Finding("ok", "credentials", f"{identity['Arn']} in account {identity['Account']}.")


def zones(stack: PlannedStack, clients: Clients) -> Iterator[Finding]:
    """Three zones exist, and Fargate runs in one of them at least."""
    if stack.settings.network.vpc_id:
        return
    available = clients("ec2").describe_availability_zones(
        Filters=[
            {"Name": "opt-in-status", "Values": ["opt-in-not-required"]},
            {"Name": "state", "Values": ["available"]},
        ]
    )["AvailabilityZones"]
    try:
        chosen = choose_zones(
            [Zone(zone["ZoneName"], zone["ZoneId"]) for zone in available], stack.settings.network.availability_zones
        )
    except ZonesError as error:
        yield Finding("problem", "zones", str(error))
        return
    with_fargate = [zone.name for zone in chosen if stack.region.runs_fargate(zone.zone_id)]
    names = ", ".join(zone.name for zone in chosen)
    if not with_fargate:
        yield Finding(
            "problem", "zones", f"Fargate runs in none of the zones {names}. Set cvat:availabilityZones to others."
        )
    elif len(with_fargate) == 1:
        yield Finding(
            "advice",
            "zones",
            f"Of {names}, Fargate runs in {with_fargate[0]} only, so CVAT stops when that zone does. Set "
            "cvat:availabilityZones to zones with more.",
        )
    else:
        yield Finding("ok", "zones", f"{names}; Fargate runs in {', '.join(with_fargate)}.")


def interface_endpoints(stack: PlannedStack, clients: Clients) -> Iterator[Finding]:
    """The services of cvat:interfaceEndpoints exist."""
    services = stack.settings.network.interface_endpoints
    if not services:
        return
    available = set(all_pages(clients("ec2"), "describe_vpc_endpoint_services", "ServiceNames"))
    missing = [name for name in services if stack.region.interface_endpoint(name) not in available]
    for name in missing:
        yield Finding(
            "problem",
            "private endpoints",
            f"cvat:interfaceEndpoints names {name}, but {stack.region.name} has no service "
            f"{stack.region.interface_endpoint(name)}. Remove it, or correct its name.",
        )
    if not missing:
        yield Finding("ok", "private endpoints", f"all {len(services)} services have one.")


def database(stack: PlannedStack, clients: Clients) -> Iterator[Finding]:
    """RDS offers the version, and the instance class for it."""
    size, rds = stack.settings.data.database, clients("rds")
    arguments: dict[str, Any] = {"Engine": "postgres", "EngineVersion": size.engine_version}
    versions = rds.describe_db_engine_versions(**arguments, DefaultOnly="." not in size.engine_version)[
        "DBEngineVersions"
    ]
    if not versions:
        yield Finding(
            "problem",
            "database",
            f"cvat:dbEngineVersion = {size.engine_version}: {stack.region.name} offers no such PostgreSQL. List the "
            "versions with `aws rds describe-db-engine-versions --engine postgres`.",
        )
        return
    version = versions[0]["EngineVersion"]
    offers = rds.describe_orderable_db_instance_options(
        Engine="postgres", EngineVersion=version, DBInstanceClass=size.instance_class
    )["OrderableDBInstanceOptions"]
    suitable = [offer for offer in offers if offer.get("MultiAZCapable") or not size.multi_az]
    if suitable:
        yield Finding("ok", "database", f"{size.instance_class} is offered with PostgreSQL {version}.")
    else:
        standby = " with a standby" if size.multi_az else ""
        yield Finding(
            "problem",
            "database",
            f"cvat:dbInstanceClass = {size.instance_class}: not offered with PostgreSQL {version}{standby} in "
            f"{stack.region.name}. See: aws rds describe-orderable-db-instance-options --engine postgres",
        )


def cache(stack: PlannedStack, clients: Clients) -> Iterator[Finding]:
    """ElastiCache offers the version."""
    version = stack.settings.data.cache.engine_version
    offers = clients("elasticache").describe_cache_engine_versions(Engine="redis")["CacheEngineVersions"]
    versions = sorted({offer["EngineVersion"] for offer in offers})
    if any(offered == version or offered.startswith(f"{version}.") for offered in versions):
        yield Finding("ok", "Redis", f"version {version} is offered.")
    else:
        yield Finding(
            "problem",
            "Redis",
            f"cvat:redisEngineVersion = {version}: {stack.region.name} offers {', '.join(versions)}. Choose one.",
        )
