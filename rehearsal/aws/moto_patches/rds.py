"""RDS."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

import botocore.exceptions
from moto.logs.models import logs_backends
from moto.rds.exceptions import InvalidParameterCombination, InvalidParameterValue, RDSClientError
from moto.rds.models import DBInstance, DBParameterGroup, RDSBackend

from rehearsal.aws.moto_patches.patch import (
    Client,
    after,
    before,
    moto_patch,
    new_database,
    refusal,
    replace,
    subnet_ids,
    with_dns_suffix,
)


def _names_its_database(client: Client) -> bool:
    return str(new_database(client, "a")["Endpoint"]["Address"]).endswith(".amazonaws.com.cn")


@moto_patch(_names_its_database)
def host_names_of_databases(stack: ExitStack) -> None:
    """moto's databases have names below amazonaws.com in every partition. botocore's partitions.json."""
    address: Any = vars(DBInstance)["address"].fget
    replace(stack, DBInstance, "address", property(lambda self: with_dns_suffix(str(address(self)), self.region)))


def _identifies_databases(client: Client) -> bool:
    return bool(new_database(client, "a")["DbiResourceId"] != new_database(client, "b")["DbiResourceId"])


@moto_patch(_identifies_databases)
def resource_ids_of_databases(stack: ExitStack) -> None:
    """moto gives every database instance the same resource id.

    API reference, DBInstance: DbiResourceId is unique in the region and never changes.
    """

    def identify(_: None, self: Any, *__: Any, **___: Any) -> None:
        text = f"{self.region} {self.db_instance_identifier}"
        self.dbi_resource_id = f"db-{hashlib.sha256(text.encode()).hexdigest()[:26].upper()}"

    after(stack, DBInstance, "__init__", identify)


def _changes_subnet_groups(client: Client) -> bool:
    """Another list of subnets is kept, and one of another VPC is refused."""
    rds, subnets, name = client("rds"), subnet_ids(client), {"DBSubnetGroupName": "g"}
    rds.create_db_subnet_group(**name, DBSubnetGroupDescription="d", SubnetIds=subnets[:2])
    rds.modify_db_subnet_group(**name, SubnetIds=subnets)
    (group,) = rds.describe_db_subnet_groups(**name)["DBSubnetGroups"]
    vpc = client("ec2").create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    other = client("ec2").create_subnet(VpcId=vpc, CidrBlock="10.9.0.0/24")["Subnet"]["SubnetId"]
    try:
        rds.modify_db_subnet_group(**name, SubnetIds=[other])
    except botocore.exceptions.ClientError as error:
        return len(group["Subnets"]) == len(subnets) and "same Vpc" in str(error)
    return False


@moto_patch(_changes_subnet_groups)
def changes_of_database_subnet_groups(stack: ExitStack) -> None:
    """moto loses a subnet group of RDS when it is modified, and lets it move to another VPC.

    API reference: ModifyDBSubnetGroup.
    """

    def modify(self: Any, subnet_name: str, description: str, subnets: Any) -> Any:
        group = self.describe_db_subnet_groups(subnet_name)[0]
        if {subnet.vpc_id for subnet in subnets} != {group.vpc_id}:
            text = "The new Subnets are not in the same Vpc as the existing subnet group"
            raise RDSClientError("InvalidParameterValue", text)
        group._subnets = subnets
        group.description = description or group.description
        return group

    replace(stack, RDSBackend, "modify_db_subnet_group", modify)


POSTGRESQL_MAJORS = range(10, 19)
"""Major versions of RDS for PostgreSQL (its release notes, by way of cfn-lint 1.58, schema of 2026-10-20)."""


def _knows_its_versions(client: Client) -> bool:
    rds = client("rds")
    new_database(client, "a")
    for family in ("postgres15", "postgres16", "postgres17"):
        rds.create_db_parameter_group(DBParameterGroupName=family, DBParameterGroupFamily=family, Description="d")
    group = {"DBParameterGroupName": "x", "DBParameterGroupFamily": "postgres99", "Description": "d"}
    change = {"DBInstanceIdentifier": "a"}
    refusals = (
        refusal(rds.modify_db_instance, **change, EngineVersion="latest"),
        refusal(rds.modify_db_instance, **change, EngineVersion="17.4"),
        refusal(rds.modify_db_instance, **change, EngineVersion="15.2"),
        refusal(rds.modify_db_instance, **change, DBParameterGroupName="postgres15"),
        refusal(rds.modify_db_instance, **change, DBParameterGroupName="postgres16"),
        refusal(rds.modify_db_instance, **change, EngineVersion="17.4", AllowMajorVersionUpgrade=True),
        refusal(rds.create_db_parameter_group, **group),
        refusal(
            rds.modify_db_instance,
            **change,
            EngineVersion="17.4",
            AllowMajorVersionUpgrade=True,
            DBParameterGroupName="postgres17",
        ),
    )
    combination = "InvalidParameterCombination"
    # The upgrade keeps a group of the old family: RDS refuses that, too, and wants one of the new family named.
    return refusals == (*[combination] * 4, "", combination, "InvalidParameterValue", "")


@moto_patch(_knows_its_versions)
def versions_of_databases(stack: ExitStack) -> None:
    """moto takes any engine version and any family, any change of both, and upgrades without being allowed to.

    RDS user guide, "Upgrades of the RDS for PostgreSQL DB engine" and "DB parameter groups"; API reference,
    CreateDBInstance, ModifyDBInstance, CreateDBParameterGroup. PostgreSQL only.
    """

    def create(self: Any, settings: Mapping[str, Any]) -> None:
        if settings.get("engine") == "postgres" and (version := settings.get("engine_version")):
            _check_group(self, settings.get("db_parameter_group_name"), _major(str(version)))

    def modify(self: Any, identifier: str, settings: Mapping[str, Any]) -> None:
        database = self.databases.get(identifier)
        if database is not None and database.engine == "postgres":
            new = _major(str(settings.get("engine_version") or database.engine_version))
            _check_upgrade(database, new, bool(settings.get("allow_major_version_upgrade")))
            _check_group(self, settings.get("db_parameter_group_name") or database.db_parameter_group_name, new)

    def create_group(self: Any, settings: Mapping[str, Any]) -> None:
        family = str(settings.get("family") or settings.get("db_parameter_group_family"))
        if family.startswith("postgres") and family not in {f"postgres{major}" for major in POSTGRESQL_MAJORS}:
            raise InvalidParameterValue(f"ParameterGroupFamily {family} is not a valid parameter group family")

    before(stack, RDSBackend, "create_db_instance", create)
    before(stack, RDSBackend, "modify_db_instance", modify)
    before(stack, RDSBackend, "create_db_parameter_group", create_group)


def _major(version: str) -> int:
    """The major version of PostgreSQL; refuses what is no version that RDS has."""
    match = re.fullmatch(r"(\d+)(\.\d+)?", version)
    if not match or int(match[1]) not in POSTGRESQL_MAJORS:
        raise InvalidParameterCombination(f"Cannot find version {version} for postgres")
    return int(match[1])


def _check_upgrade(database: Any, new: int, allowed: bool) -> None:
    old = _major(database.engine_version)
    if new < old:
        raise InvalidParameterCombination(f"Cannot upgrade postgres from {old} to {new}")
    if new > old and not allowed:
        flag = "The AllowMajorVersionUpgrade flag must be present when upgrading to a new major version."
        raise InvalidParameterCombination(flag)


def _check_group(backend: Any, name: str | None, major: int) -> None:
    """A parameter group must be of the family of the instance's version."""
    group = backend.db_parameter_groups.get(name) if name else None
    if group is not None and group.family != f"postgres{major}":
        text = f"The parameter group {name} with DBParameterGroupFamily {group.family} cannot be used for this instance"
        raise InvalidParameterCombination(f"{text}. Use a parameter group of postgres{major}.")


def _sends_its_logs(client: Client) -> bool:
    rds, logs = client("rds"), client("logs")
    name = "/aws/rds/instance/a/postgresql"
    logs.create_log_group(logGroupName=name)
    logs.put_retention_policy(logGroupName=name, retentionInDays=7)
    new_database(client, "a")
    exports = {"EnableLogTypes": ["postgresql", "upgrade"]}
    rds.modify_db_instance(DBInstanceIdentifier="a", CloudwatchLogsExportConfiguration=exports)
    groups = logs.describe_log_groups(logGroupNamePrefix="/aws/rds/")["logGroups"]
    return [group.get("retentionInDays") for group in groups] == [7, None]


@moto_patch(_sends_its_logs)
def log_groups_of_databases(stack: ExitStack) -> None:
    """moto's databases send no logs, so no log group appears.

    RDS user guide, "Publishing database logs to Amazon CloudWatch Logs": RDS creates /aws/rds/instance/<name>/<log>
    where it does not exist, without a retention.
    """

    def export(database: Any, self: Any, *_: Any, **__: Any) -> Any:
        logs = logs_backends[self.account_id][self.region_name]
        for log in database.enabled_cloudwatch_logs_exports or ():
            group = f"/aws/rds/instance/{database.db_instance_identifier}/{log}"
            if group not in logs.groups:
                logs.create_log_group(group, {})
        return database

    after(stack, RDSBackend, "create_db_instance", export)
    after(stack, RDSBackend, "restore_db_instance_from_db_snapshot", export)
    after(stack, RDSBackend, "modify_db_instance", export)


def _refuses_changes_while_stopped(client: Client) -> bool:
    rds, change = client("rds"), {"DBInstanceIdentifier": "a", "BackupRetentionPeriod": 3}
    new_database(client, "a")
    running = refusal(rds.modify_db_instance, **change)
    rds.stop_db_instance(DBInstanceIdentifier="a")
    return (running, refusal(rds.modify_db_instance, **change)) == ("", "InvalidDBInstanceState")


@moto_patch(_refuses_changes_while_stopped)
def changes_of_stopped_databases(stack: ExitStack) -> None:
    """moto modifies a database that is stopped.

    RDS user guide, "Stopping an Amazon RDS DB instance temporarily": a stopped DB instance cannot be modified.
    """

    def check(self: Any, identifier: str, *_: Any, **__: Any) -> None:
        database = self.databases.get(identifier)
        if database is not None and database.status == "stopped":
            raise RDSClientError("InvalidDBInstanceState", f"Database instance is not in available state: {identifier}")

    before(stack, RDSBackend, "modify_db_instance", check)


def _tells_own_parameters(client: Client) -> bool:
    rds, name = client("rds"), {"DBParameterGroupName": "p"}
    rds.create_db_parameter_group(**name, DBParameterGroupFamily="postgres16", Description="d")
    value = {"ParameterName": "rds.force_ssl", "ParameterValue": "1", "ApplyMethod": "immediate"}
    rds.modify_db_parameter_group(**name, Parameters=[value])
    own = rds.describe_db_parameters(**name, Source="user")["Parameters"]
    return [(parameter["ParameterName"], parameter.get("Source")) for parameter in own] == [("rds.force_ssl", "user")]


@moto_patch(_tells_own_parameters)
def sources_of_parameters(stack: ExitStack) -> None:
    """moto does not say which parameters of a group were set by its owner. API reference, Parameter: Source."""
    original = DBParameterGroup.update_parameters

    def update(self: Any, new_parameters: Any) -> None:
        original(self, [{**parameter, "Source": "user"} for parameter in new_parameters])

    replace(stack, DBParameterGroup, "update_parameters", update)


def _keeps_performance_insights(client: Client) -> bool:
    rds, name = client("rds"), {"DBInstanceIdentifier": "a"}
    new_database(client, "a")
    described = []
    for enabled in (True, False):
        days = {"PerformanceInsightsRetentionPeriod": 7} if enabled else {}
        rds.modify_db_instance(**name, EnablePerformanceInsights=enabled, **days)
        (instance,) = rds.describe_db_instances(**name)["DBInstances"]
        keys = ("PerformanceInsightsEnabled", "PerformanceInsightsRetentionPeriod")
        described.append(tuple(instance.get(key) for key in keys))
    return described == [(True, 7), (False, None)]


@moto_patch(_keeps_performance_insights)
def performance_insights_of_databases(stack: ExitStack) -> None:
    """moto forgets Performance Insights, and a refresh would find it switched off. API reference, DBInstance."""

    def keep(_: Any, self: Any, *__: Any, **settings: Any) -> None:
        enabled = settings.get("enable_performance_insights")
        if enabled is None:
            enabled = getattr(self, "performance_insights_enabled", False)
        self.performance_insights_enabled = bool(enabled)
        for name in ("performance_insights_retention_period", "performance_insights_kms_key_id"):
            value = settings.get(name, getattr(self, name, None))
            setattr(self, name, value if enabled else None)

    after(stack, DBInstance, "__init__", keep)
    after(stack, DBInstance, "update", keep)


def _refuses_a_low_limit_of_storage(client: Client) -> bool:
    rds, change = client("rds"), {"DBInstanceIdentifier": "a"}
    size = new_database(client, "a")["AllocatedStorage"]
    codes = [
        refusal(rds.modify_db_instance, **change, MaxAllocatedStorage=limit) for limit in (size + 1, size, size * 2)
    ]
    return codes == ["InvalidParameterCombination", "", ""]


@moto_patch(_refuses_a_low_limit_of_storage)
def limits_of_storage(stack: ExitStack) -> None:
    """moto takes any limit up to which storage grows.

    RDS user guide, "Managing capacity automatically with storage autoscaling": a tenth above the storage, or the
    storage itself, which switches it off.
    """

    def check(self: Any, identifier: str, settings: Mapping[str, Any], *_: Any, **__: Any) -> None:
        database, limit = self.databases.get(identifier), settings.get("max_allocated_storage")
        if database is None or limit is None:
            return
        size = int(settings.get("allocated_storage") or database.allocated_storage)
        if int(limit) != size and int(limit) * 10 < size * 11:
            text = f"Invalid max storage size for engine name {database.engine} and storage type gp3: {limit}"
            raise InvalidParameterCombination(text)

    before(stack, RDSBackend, "modify_db_instance", check)
