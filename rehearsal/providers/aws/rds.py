"""RDS for PostgreSQL: subnet group, parameter group, instance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from rehearsal.errors import RehearsalError
from rehearsal.providers.resource import Attributes, ResourceRequest, ResourceType, deleted_by, words


class SubnetGroup(ResourceType, token="aws:rds/subnetGroup:SubnetGroup"):
    """The subnets in which an instance may be placed."""

    tags = True
    replace_on = words("name namePrefix")
    delete_call = deleted_by("rds:DeleteDBSubnetGroup", DBSubnetGroupName="id")

    def create(self, request: ResourceRequest) -> Attributes:
        name = request.physical_name(lower=True)
        description = request.inputs.take("description", "Managed by Pulumi")
        extra = {"DBSubnetGroupName": name, "DBSubnetGroupDescription": description}
        group = request.call_with_inputs("rds", "CreateDBSubnetGroup", extra)["DBSubnetGroup"]
        outputs = {"name": name, "arn": group["DBSubnetGroupArn"], "vpcId": group["VpcId"], "description": description}
        return Attributes(name, outputs)

    def update(self, request: ResourceRequest) -> None:
        """Other subnets of the same VPC; RDS refuses others."""
        renames = {"description": "DBSubnetGroupDescription"}
        subnets = request.inputs.take("subnetIds") or request.attribute("subnetIds")
        extra = {"DBSubnetGroupName": request.id, "SubnetIds": subnets}
        request.call_with_inputs("rds", "ModifyDBSubnetGroup", extra, renames=renames)


class ParameterGroup(ResourceType, token="aws:rds/parameterGroup:ParameterGroup"):
    """A parameter group; its parameters are set by a second call."""

    tags = True
    replace_on = words("description family name namePrefix")
    provider_only: ClassVar = {"skipDestroy": "says what the provider does on deletion"}
    delete_call = deleted_by("rds:DeleteDBParameterGroup", DBParameterGroupName="id")

    def create(self, request: ResourceRequest) -> Attributes:
        name = request.physical_name(lower=True)
        description = request.inputs.take("description", "Managed by Pulumi")
        parameters = _parameters(request.inputs.take("parameters") or [])
        extra = {"DBParameterGroupName": name, "Description": description}
        renames = {"family": "DBParameterGroupFamily"}
        group = request.call_with_inputs("rds", "CreateDBParameterGroup", extra, renames=renames)["DBParameterGroup"]
        if parameters:
            request.call("rds", "ModifyDBParameterGroup", DBParameterGroupName=name, Parameters=parameters)
        return Attributes(name, {"name": name, "arn": group["DBParameterGroupArn"], "description": description})

    def update(self, request: ResourceRequest) -> None:
        """Other values; none can be removed here."""
        parameters = _parameters(request.inputs.take("parameters") or [])
        request.call("rds", "ModifyDBParameterGroup", DBParameterGroupName=request.id, Parameters=parameters)


def _parameters(parameters: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    return [
        {
            "ParameterName": parameter["name"],
            "ParameterValue": parameter["value"],
            "ApplyMethod": parameter.get("applyMethod", "immediate"),
        }
        for parameter in parameters
    ]


CREATE_MEMBERS = {
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
"""Members of CreateDBInstance whose names differ from the provider's."""
RESTORE_MEMBERS = {**CREATE_MEMBERS, "snapshotIdentifier": "DBSnapshotIdentifier"}
MODIFY_MEMBERS = {**CREATE_MEMBERS, "port": "DBPortNumber", "dbSubnetGroupName": "DBSubnetGroupName"}


class Instance(ResourceType, token="aws:rds/instance:Instance"):
    """A database instance."""

    tags = True
    replace_on = words(
        "availabilityZone characterSetName customIamInstanceProfile dbName engine identifier identifierPrefix kmsKeyId "
        "ncharCharacterSetName restoreToPointInTime s3Import snapshotIdentifier storageEncrypted timezone username"
    )
    reset_to: ClassVar = {"maxAllocatedStorage": None}
    holds = "the database"
    subnet_group_input = "dbSubnetGroupName"
    provider_only: ClassVar = {
        "skipFinalSnapshot": "used on deletion",
        "finalSnapshotIdentifier": "used on deletion",
        "deleteAutomatedBackups": "used on deletion",
        "applyImmediately": "used on changes",
        "allowMajorVersionUpgrade": "sent with another engine version",
        "blueGreenUpdate": "used on changes",
    }

    def create(self, request: ResourceRequest) -> Attributes:
        identifier = request.physical_name("identifier", limit=63, lower=True)
        if "snapshotIdentifier" in request.inputs:
            self._restore(request, identifier)
        else:
            extra = {"DBInstanceIdentifier": identifier}
            request.call_with_inputs("rds", "CreateDBInstance", extra, renames=CREATE_MEMBERS)
        (instance,) = request.call("rds", "DescribeDBInstances", DBInstanceIdentifier=identifier)["DBInstances"]
        address, port = instance["Endpoint"]["Address"], instance["Endpoint"]["Port"]
        outputs = {
            "identifier": identifier,
            "arn": instance["DBInstanceArn"],
            "address": address,
            "port": port,
            "endpoint": f"{address}:{port}",
            "hostedZoneId": "Z2P70J7EXAMPLE",
            "resourceId": instance.get("DbiResourceId", ""),
            "status": instance["DBInstanceStatus"],
            "engineVersionActual": instance["EngineVersion"],
            "availabilityZone": instance.get("AvailabilityZone", ""),
        }
        return Attributes(instance.get("DbiResourceId", identifier), outputs)

    def _restore(self, request: ResourceRequest, identifier: str) -> None:
        """As the provider: restore what the snapshot brings, then modify what the restore takes no value for."""
        for key in ("storageEncrypted", "kmsKeyId"):
            request.inputs.take(key)  # as the snapshot is
        name = {"DBInstanceIdentifier": identifier}
        version = request.inputs.take("engineVersion")
        request.call_with_inputs("rds", "RestoreDBInstanceFromDBSnapshot", name, renames=RESTORE_MEMBERS)
        extra = {**name, "EngineVersion": version, "ApplyImmediately": True}
        request.call_with_inputs("rds", "ModifyDBInstance", extra, renames=CREATE_MEMBERS)

    def update(self, request: ResourceRequest) -> None:
        """One ModifyDBInstance. An upper limit of storage is removed by setting it to the present size."""
        extra: dict[str, Any] = {"DBInstanceIdentifier": request.attribute("identifier")}
        before = request.old.inputs if request.old else {}
        if "allocatedStorage" in request.inputs.unused():
            _check_storage(request)
        if "maxAllocatedStorage" in request.inputs.unused() and request.inputs.peek("maxAllocatedStorage") is None:
            request.inputs.take("maxAllocatedStorage")
            extra["MaxAllocatedStorage"] = request.inputs.peek("allocatedStorage") or before["allocatedStorage"]
        if "enabledCloudwatchLogsExports" in request.inputs.unused():
            old = set(before.get("enabledCloudwatchLogsExports") or [])
            new = set(request.inputs.take("enabledCloudwatchLogsExports") or [])
            export = {"EnableLogTypes": sorted(new - old), "DisableLogTypes": sorted(old - new)}
            extra["CloudwatchLogsExportConfiguration"] = export
        if "engineVersion" in request.inputs.unused():  # as instance.go: the flag goes with the version only
            extra["AllowMajorVersionUpgrade"] = bool(request.all_inputs.get("allowMajorVersionUpgrade"))
        # What waits for the maintenance window on real AWS is done at once here, so that it can be seen.
        extra["ApplyImmediately"] = True
        request.call_with_inputs("rds", "ModifyDBInstance", extra, renames=MODIFY_MEMBERS)

    def delete(self, request: ResourceRequest) -> None:
        """With a final snapshot unless it is skipped; RDS refuses while its own protection is on."""
        parameters = {"DBInstanceIdentifier": request.attribute("identifier"), "SkipFinalSnapshot": False}
        parameters["DeleteAutomatedBackups"] = bool(request.inputs.take("deleteAutomatedBackups", True))
        if request.attribute("skipFinalSnapshot"):
            parameters["SkipFinalSnapshot"] = True
        else:
            parameters["FinalDBSnapshotIdentifier"] = request.inputs.require("finalSnapshotIdentifier")
        request.call("rds", "DeleteDBInstance", **parameters)


def _check_storage(request: ResourceRequest) -> None:
    """RDS grows storage and never shrinks it (Working with storage for DB instances); moto would.

    Where the storage grows by itself, the provider sees no difference in a smaller one (instance.go, allocated_storage,
    DiffSuppressFunc).
    """
    name = request.attribute("identifier")
    (instance,) = request.call("rds", "DescribeDBInstances", DBInstanceIdentifier=name)["DBInstances"]
    old, new = instance["AllocatedStorage"], request.inputs.unused()["allocatedStorage"]
    if new >= old:
        return
    if (request.all_inputs.get("maxAllocatedStorage") or 0) > new:
        request.inputs.take("allocatedStorage")
        return
    raise RehearsalError(
        f"allocatedStorage: the requested size ({new} GB) cannot be less than the current size ({old} GB): RDS "
        "shrinks no storage. Keep the old size, or restore into a new stack."
    )
