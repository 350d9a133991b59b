"""What the account sees: who calls, zones, instance types, versions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from cvatctl.clients import Clients, explain, pages
from cvatctl.doctor.finding import Case, Finding
from settings.errors import ZonesError
from settings.zones import Zone, choose_zones


def credentials(case: Case, clients: Clients) -> Iterator[Finding]:
    """Whether there are credentials, and of the right partition."""
    try:
        who = clients("sts").get_caller_identity()
    except (BotoCoreError, ClientError) as error:
        yield Finding("problem", "credentials", explain(error))
        return
    partition = who["Arn"].split(":")[1]
    if partition != case.region.partition:
        yield Finding(
            "problem",
            "credentials",
            f"{who['Arn']} belongs to partition {partition}, and {case.region.name} to {case.region.partition}. "
            "Choose a profile of the right partition with --profile or AWS_PROFILE.",
        )
    elif who["Arn"].endswith(":root"):
        yield Finding("advice", "credentials", "These are the account's root credentials. Deploy with a role instead.")
    else:
        yield Finding("ok", "credentials", f"{who['Arn']} in account {who['Account']}.")


def zones(case: Case, clients: Clients) -> Iterator[Finding]:
    """Three zones, and Fargate in one of them at least."""
    if case.settings.network.vpc_id:
        return
    found = clients("ec2").describe_availability_zones(
        Filters=[
            {"Name": "opt-in-status", "Values": ["opt-in-not-required"]},
            {"Name": "state", "Values": ["available"]},
        ]
    )["AvailabilityZones"]
    try:
        chosen = choose_zones(
            [Zone(one["ZoneName"], one["ZoneId"]) for one in found], case.settings.network.availability_zones
        )
    except ZonesError as error:
        yield Finding("problem", "zones", str(error))
        return
    suited = [zone.name for zone in chosen if case.region.runs_fargate(zone.zone_id)]
    names = ", ".join(zone.name for zone in chosen)
    if not suited:
        yield Finding(
            "problem", "zones", f"Fargate runs in none of the zones {names}. Set cvat:availabilityZones to others."
        )
    elif len(suited) == 1:
        yield Finding(
            "advice",
            "zones",
            f"Of {names}, Fargate runs in {suited[0]} only, so CVAT stops when that zone does. Set "
            "cvat:availabilityZones to zones with more.",
        )
    else:
        yield Finding("ok", "zones", f"{names}; Fargate runs in {', '.join(suited)}.")


def interface_endpoints(case: Case, clients: Clients) -> Iterator[Finding]:
    """The services that cvat:interfaceEndpoints names."""
    wanted = case.settings.network.interface_endpoints
    if not wanted:
        return
    there = set(pages(clients("ec2"), "describe_vpc_endpoint_services", "ServiceNames"))
    missing = [name for name in wanted if case.region.interface_endpoint(name) not in there]
    for name in missing:
        yield Finding(
            "problem",
            "private endpoints",
            f"cvat:interfaceEndpoints names {name}, but {case.region.name} has no service "
            f"{case.region.interface_endpoint(name)}. Remove it, or correct its name.",
        )
    if not missing:
        yield Finding("ok", "private endpoints", f"all {len(wanted)} services have one.")


def database(case: Case, clients: Clients) -> Iterator[Finding]:
    """Whether RDS offers the version, and the instance class for it."""
    size, rds = case.settings.database, clients("rds")
    arguments: dict[str, Any] = {"Engine": "postgres", "EngineVersion": size.engine_version}
    versions = rds.describe_db_engine_versions(**arguments, DefaultOnly="." not in size.engine_version)[
        "DBEngineVersions"
    ]
    if not versions:
        yield Finding(
            "problem",
            "database",
            f"cvat:dbEngineVersion = {size.engine_version}: {case.region.name} offers no such PostgreSQL. See what "
            "there is with `aws rds describe-db-engine-versions --engine postgres`.",
        )
        return
    version = versions[0]["EngineVersion"]
    offers = rds.describe_orderable_db_instance_options(
        Engine="postgres", EngineVersion=version, DBInstanceClass=size.instance_class
    )["OrderableDBInstanceOptions"]
    suited = [one for one in offers if one.get("MultiAZCapable") or not size.multi_az]
    if suited:
        yield Finding("ok", "database", f"{size.instance_class} can be had with PostgreSQL {version}.")
    else:
        standby = " with a standby" if size.multi_az else ""
        yield Finding(
            "problem",
            "database",
            f"cvat:dbInstanceClass = {size.instance_class}: cannot be had with PostgreSQL {version}{standby} in "
            f"{case.region.name}. See: aws rds describe-orderable-db-instance-options --engine postgres",
        )


def cache(case: Case, clients: Clients) -> Iterator[Finding]:
    """Whether ElastiCache offers the version."""
    version = case.settings.cache.engine_version
    found = clients("elasticache").describe_cache_engine_versions(Engine="redis")["CacheEngineVersions"]
    there = sorted({one["EngineVersion"] for one in found})
    if any(one == version or one.startswith(f"{version}.") for one in there):
        yield Finding("ok", "Redis", f"version {version} can be had.")
    else:
        yield Finding(
            "problem",
            "Redis",
            f"cvat:redisEngineVersion = {version}: {case.region.name} offers {', '.join(there)}. Choose one of these.",
        )
