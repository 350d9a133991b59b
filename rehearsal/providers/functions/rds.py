"""Databases and snapshots that exist."""

from __future__ import annotations

from typing import Any

from rehearsal.providers.functions import FunctionCall, function


@function("aws:rds/getSnapshot:getSnapshot")
def database_snapshot(call: FunctionCall) -> dict[str, Any]:
    """A snapshot of a database."""
    parameters: dict[str, Any] = {"DBSnapshotIdentifier": call.arguments.take("dbSnapshotIdentifier")}
    for key, member in (
        ("snapshotType", "SnapshotType"),
        ("includeShared", "IncludeShared"),
        ("includePublic", "IncludePublic"),
    ):
        if value := call.arguments.take(key):
            parameters[member] = value
    (snapshot,) = call.client("rds").describe_db_snapshots(**parameters)["DBSnapshots"]
    return {
        "id": snapshot["DBSnapshotIdentifier"],
        "dbSnapshotIdentifier": snapshot["DBSnapshotIdentifier"],
        "dbSnapshotArn": snapshot["DBSnapshotArn"],
        "engine": snapshot["Engine"],
        "engineVersion": snapshot["EngineVersion"],
        "status": snapshot["Status"],
        "allocatedStorage": snapshot["AllocatedStorage"],
        "encrypted": snapshot["Encrypted"],
        "kmsKeyId": snapshot.get("KmsKeyId", ""),
        "region": call.region,
    }


@function("aws:rds/getInstance:getInstance")
def database(call: FunctionCall) -> dict[str, Any]:
    """A database instance."""
    identifier = call.arguments.take("dbInstanceIdentifier")
    (instance,) = call.client("rds").describe_db_instances(DBInstanceIdentifier=identifier)["DBInstances"]
    return {
        "id": identifier,
        "dbInstanceIdentifier": identifier,
        "dbInstanceArn": instance["DBInstanceArn"],
        "dbInstanceClass": instance["DBInstanceClass"],
        "address": instance["Endpoint"]["Address"],
        "port": instance["Endpoint"]["Port"],
        "engine": instance["Engine"],
        "engineVersion": instance["EngineVersion"],
        "allocatedStorage": instance["AllocatedStorage"],
        "maxAllocatedStorage": instance.get("MaxAllocatedStorage", 0),
        "multiAz": instance["MultiAZ"],
        "backupRetentionPeriod": instance["BackupRetentionPeriod"],
        "storageEncrypted": instance["StorageEncrypted"],
        "kmsKeyId": instance.get("KmsKeyId", ""),
        "caCertIdentifier": instance["CACertificateIdentifier"],
        "dbSubnetGroup": instance["DBSubnetGroup"]["DBSubnetGroupName"],
        "vpcSecurityGroups": [group["VpcSecurityGroupId"] for group in instance["VpcSecurityGroups"]],
        "region": call.region,
    }


@function("aws:rds/getSubnetGroup:getSubnetGroup")
def database_subnets(call: FunctionCall) -> dict[str, Any]:
    """A database's subnet group."""
    name = call.arguments.take("name")
    (group,) = call.client("rds").describe_db_subnet_groups(DBSubnetGroupName=name)["DBSubnetGroups"]
    return {"id": name, "name": name, "vpcId": group["VpcId"], "region": call.region}
