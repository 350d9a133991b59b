"""Deletes one orphan: stores with a final snapshot or a time in which they can be restored."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from cvatctl.aws_clients import Clients
from cvatctl.errors import CommandError
from cvatctl.orphans.find import Orphan

RECOVERY_DAYS = 7
"""The shortest window of Secrets Manager and KMS."""


def can_delete(orphan: Orphan) -> bool:
    """Whether `delete` knows the kind."""
    return orphan.kind in _DELETERS


def delete(orphan: Orphan, clients: Clients) -> str:
    """Deletes the resource, or begins to; returns what happens, as a sentence. Raises AWS's error, or CommandError."""
    return _DELETERS[orphan.kind](orphan, clients)


def _snapshot_name(orphan: Orphan) -> str:
    return f"{orphan.name}-orphan-{datetime.now(UTC):%Y%m%d%H%M%S}"


def _database(orphan: Orphan, clients: Clients) -> str:
    rds, snapshot = clients("rds"), _snapshot_name(orphan)
    rds.modify_db_instance(DBInstanceIdentifier=orphan.name, DeletionProtection=False, ApplyImmediately=True)
    rds.delete_db_instance(DBInstanceIdentifier=orphan.name, FinalDBSnapshotIdentifier=snapshot)
    return f"is being deleted; its content stays in the snapshot {snapshot}."


def _cache(orphan: Orphan, clients: Clients) -> str:
    snapshot = _snapshot_name(orphan)
    clients("elasticache").delete_replication_group(
        ReplicationGroupId=orphan.name, FinalSnapshotIdentifier=snapshot, RetainPrimaryCluster=False
    )
    return f"is being deleted; its content stays in the snapshot {snapshot}."


def _file_system(orphan: Orphan, clients: Clients) -> str:
    """EFS has no final snapshot, so a file system is deleted only before anything was written to it."""
    efs = clients("efs")
    (file_system,) = efs.describe_file_systems(FileSystemId=orphan.name)["FileSystems"]
    points = efs.describe_access_points(FileSystemId=orphan.name)["AccessPoints"]
    mounts = efs.describe_mount_targets(FileSystemId=orphan.name)["MountTargets"]
    if mounts or points:
        raise CommandError(
            f"{orphan.name} has {len(mounts)} mount targets and {len(points)} access points, so it may hold files: "
            f"{file_system['SizeInBytes']['Value']} bytes. Back it up with AWS Backup, and delete it in the console."
        )
    efs.delete_file_system(FileSystemId=orphan.name)
    return "is deleted; it was never mounted."


def _secret(orphan: Orphan, clients: Clients) -> str:
    clients("secretsmanager").delete_secret(SecretId=orphan.arn, RecoveryWindowInDays=RECOVERY_DAYS)
    return f"is deleted in {RECOVERY_DAYS} days; until then `aws secretsmanager restore-secret` restores it."


def _key(orphan: Orphan, clients: Clients) -> str:
    clients("kms").schedule_key_deletion(KeyId=orphan.name, PendingWindowInDays=RECOVERY_DAYS)
    return f"is deleted in {RECOVERY_DAYS} days; until then `aws kms cancel-key-deletion` keeps it."


def _load_balancer(orphan: Orphan, clients: Clients) -> str:
    elb = clients("elbv2")
    off = [{"Key": "deletion_protection.enabled", "Value": "false"}]
    elb.modify_load_balancer_attributes(LoadBalancerArn=orphan.arn, Attributes=off)
    elb.delete_load_balancer(LoadBalancerArn=orphan.arn)
    return "is deleted, with its listeners."


def _service(orphan: Orphan, clients: Clients) -> str:
    cluster, _, name = orphan.name.partition("/")
    clients("ecs").delete_service(cluster=cluster, service=name, force=True)
    return "is being deleted; its tasks stop."


def _deleter(service: str, operation: str, parameter: str, *, by: Callable[[Orphan], str]) -> _Deleter:
    """For a kind without content, deleted by one call with one parameter."""

    def call(orphan: Orphan, clients: Clients) -> str:
        getattr(clients(service), operation)(**{parameter: by(orphan)})
        return "is deleted."

    return call


def _by_name(orphan: Orphan) -> str:
    return orphan.name


def _by_arn(orphan: Orphan) -> str:
    return orphan.arn


def _by_bucket(orphan: Orphan) -> str:
    return orphan.arn.rpartition(":")[2]


_Deleter = Callable[[Orphan, Clients], str]
_DELETERS: Mapping[str, _Deleter] = {
    "rds:db": _database,
    "elasticache:replicationgroup": _cache,
    "elasticfilesystem:file-system": _file_system,
    "secretsmanager:secret": _secret,
    "kms:key": _key,
    "elasticloadbalancing:loadbalancer": _load_balancer,
    "ecs:service": _service,
    "rds:subgrp": _deleter("rds", "delete_db_subnet_group", "DBSubnetGroupName", by=_by_name),
    "rds:pg": _deleter("rds", "delete_db_parameter_group", "DBParameterGroupName", by=_by_name),
    "elasticache:subnetgroup": _deleter(
        "elasticache", "delete_cache_subnet_group", "CacheSubnetGroupName", by=_by_name
    ),
    "elasticache:parametergroup": _deleter(
        "elasticache", "delete_cache_parameter_group", "CacheParameterGroupName", by=_by_name
    ),
    "elasticfilesystem:access-point": _deleter("efs", "delete_access_point", "AccessPointId", by=_by_name),
    "elasticloadbalancing:targetgroup": _deleter("elbv2", "delete_target_group", "TargetGroupArn", by=_by_arn),
    "ecs:cluster": _deleter("ecs", "delete_cluster", "cluster", by=_by_name),
    "sagemaker:endpoint": _deleter("sagemaker", "delete_endpoint", "EndpointName", by=_by_name),
    "sagemaker:endpoint-config": _deleter("sagemaker", "delete_endpoint_config", "EndpointConfigName", by=_by_name),
    "sagemaker:model": _deleter("sagemaker", "delete_model", "ModelName", by=_by_name),
    "ec2:natgateway": _deleter("ec2", "delete_nat_gateway", "NatGatewayId", by=_by_name),
    "ec2:elastic-ip": _deleter("ec2", "release_address", "AllocationId", by=_by_name),
    "ec2:security-group": _deleter("ec2", "delete_security_group", "GroupId", by=_by_name),
    "ec2:subnet": _deleter("ec2", "delete_subnet", "SubnetId", by=_by_name),
    "ec2:route-table": _deleter("ec2", "delete_route_table", "RouteTableId", by=_by_name),
    "logs:log-group": _deleter("logs", "delete_log_group", "logGroupName", by=_by_name),
    "cloudwatch:alarm": _deleter("cloudwatch", "delete_alarms", "AlarmNames", by=_by_name),
    "sns": _deleter("sns", "delete_topic", "TopicArn", by=_by_arn),
    "ecr:repository": _deleter("ecr", "delete_repository", "repositoryName", by=_by_name),
    "s3": _deleter("s3", "delete_bucket", "Bucket", by=_by_bucket),
    "backup:backup-vault": _deleter("backup", "delete_backup_vault", "BackupVaultName", by=_by_name),
}
"""By kind. AWS refuses to delete a bucket, a repository or a vault that is not empty, and whatever is in use."""
