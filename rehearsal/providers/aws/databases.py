"""RDS for PostgreSQL."""

from __future__ import annotations

from rehearsal.providers.resource import Made, Make, handles


@handles("aws:rds/subnetGroup:SubnetGroup", tags=True)
def subnet_group(make: Make) -> Made:
    """The subnets in which an instance may stand."""
    name = make.named(lower=True)
    description = make.inputs.take("description", "Managed by Pulumi")
    extra = {"DBSubnetGroupName": name, "DBSubnetGroupDescription": description}
    made = make.call("rds", "CreateDBSubnetGroup", extra)["DBSubnetGroup"]
    return Made(
        name, {"name": name, "arn": made["DBSubnetGroupArn"], "vpcId": made["VpcId"], "description": description}
    )


def parameters(given: list[dict[str, str]]) -> list[dict[str, str]]:
    """Parameters as the API spells them."""
    return [
        {
            "ParameterName": one["name"],
            "ParameterValue": one["value"],
            "ApplyMethod": one.get("applyMethod", "immediate"),
        }
        for one in given
    ]


@handles(
    "aws:rds/parameterGroup:ParameterGroup",
    tags=True,
    provider_only={"skipDestroy": "says what the provider does on deletion"},
)
def parameter_group(make: Make) -> Made:
    """A parameter group; its parameters are set by a second call."""
    name = make.named(lower=True)
    description = make.inputs.take("description", "Managed by Pulumi")
    values = parameters(make.inputs.take("parameters") or [])
    extra = {"DBParameterGroupName": name, "Description": description}
    made = make.call("rds", "CreateDBParameterGroup", extra, renames={"family": "DBParameterGroupFamily"})
    if values:
        make.ask("rds", "ModifyDBParameterGroup", DBParameterGroupName=name, Parameters=values)
    arn = made["DBParameterGroup"]["DBParameterGroupArn"]
    return Made(name, {"name": name, "arn": arn, "description": description})


INSTANCE = {
    "engine": "Engine",
    "username": "MasterUsername",
    "password": "MasterUserPassword",
    "instanceClass": "DBInstanceClass",
    "parameterGroupName": "DBParameterGroupName",
    "performanceInsightsEnabled": "EnablePerformanceInsights",
    "iamDatabaseAuthenticationEnabled": "EnableIAMDatabaseAuthentication",
    "enabledCloudwatchLogsExports": "EnableCloudwatchLogsExports",
    "caCertIdentifier": "CACertificateIdentifier",
    "backupWindow": "PreferredBackupWindow",
    "maintenanceWindow": "PreferredMaintenanceWindow",
}
"""The provider's names of CreateDBInstance's members, where they are not the same."""


SNAPSHOT = {**INSTANCE, "snapshotIdentifier": "DBSnapshotIdentifier"}


def _from_snapshot(make: Make, identifier: str) -> None:
    """As the provider does it: restore what the snapshot brings, then modify what the restore takes no value for."""
    for key in ("storageEncrypted", "kmsKeyId"):
        make.inputs.take(key)  # as the snapshot is
    name = {"DBInstanceIdentifier": identifier}
    version = make.inputs.take("engineVersion")
    make.call("rds", "RestoreDBInstanceFromDBSnapshot", name, renames=SNAPSHOT)
    extra = {**name, "EngineVersion": version, "ApplyImmediately": True}
    make.call("rds", "ModifyDBInstance", extra, renames=INSTANCE)


@handles(
    "aws:rds/instance:Instance",
    tags=True,
    provider_only={
        "skipFinalSnapshot": "used on deletion",
        "finalSnapshotIdentifier": "used on deletion",
        "deleteAutomatedBackups": "used on deletion",
        "applyImmediately": "used on changes",
        "allowMajorVersionUpgrade": "used on changes",
        "blueGreenUpdate": "used on changes",
    },
)
def instance(make: Make) -> Made:
    """A database instance, in its subnets and behind its groups."""
    identifier = make.named("identifier", limit=63, lower=True)
    if "snapshotIdentifier" in make.inputs:
        _from_snapshot(make, identifier)
    else:
        make.call("rds", "CreateDBInstance", {"DBInstanceIdentifier": identifier}, renames=INSTANCE)
    (found,) = make.ask("rds", "DescribeDBInstances", DBInstanceIdentifier=identifier)["DBInstances"]
    address, port = found["Endpoint"]["Address"], found["Endpoint"]["Port"]
    return Made(
        found.get("DbiResourceId", identifier),
        {
            "identifier": identifier,
            "arn": found["DBInstanceArn"],
            "address": address,
            "port": port,
            "endpoint": f"{address}:{port}",
            "hostedZoneId": "Z2P70J7EXAMPLE",
            "resourceId": found.get("DbiResourceId", ""),
            "status": found["DBInstanceStatus"],
            "engineVersionActual": found["EngineVersion"],
            "availabilityZone": found.get("AvailabilityZone", ""),
        },
    )
