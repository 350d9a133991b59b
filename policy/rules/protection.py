"""Stores are encrypted, reached by TLS, and cannot be lost by a slip."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from policy.rules.model import Context, Thing, listed, rule, statements

DATABASE = "aws:rds/instance:Instance"
CACHE = "aws:elasticache/replicationGroup:ReplicationGroup"
FILES = "aws:efs/fileSystem:FileSystem"
BUCKET = "aws:s3/bucket:Bucket"
SECRET = "aws:secretsmanager/secret:Secret"  # noqa: S105  (a type token)
RESOURCE_POLICIES = ("aws:s3/bucketPolicy:BucketPolicy", "aws:efs/fileSystemPolicy:FileSystemPolicy")
SHORTEST_RECOVERY_DAYS = 7
"""The shortest window that Secrets Manager takes but 0 (CreateSecret)."""

AT_REST = {DATABASE: "storageEncrypted", CACHE: "atRestEncryptionEnabled", FILES: "encrypted"}


@rule("encrypted-at-rest", "Databases, caches, file systems and buckets are encrypted on disk.")
def encrypted_at_rest(thing: Thing, _: Context) -> Iterator[str]:
    """The rule."""
    key = AT_REST.get(thing.type)
    if key and thing.get(key) is not True:
        yield f"{key} is {thing.get(key)!r}: set it to true now, since it cannot be changed later without a new store."
    if thing.type.startswith("aws:s3/bucketServerSideEncryptionConfiguration:"):
        for one in listed(thing.get("rules")):
            if not (one.get("applyServerSideEncryptionByDefault") or {}).get("sseAlgorithm"):
                yield "a rule names no sseAlgorithm: give applyServerSideEncryptionByDefault.sseAlgorithm (AES256)."


@rule("encrypted-in-transit", "Stores are reached by TLS only.")
def encrypted_in_transit(thing: Thing, _: Context) -> Iterator[str]:
    """The rule."""
    if thing.type == CACHE:
        yield from _cache_in_clear(thing)
    if thing.type == "aws:rds/parameterGroup:ParameterGroup" and str(thing.get("family", "")).startswith("postgres"):
        forced = {one.get("name"): str(one.get("value")) for one in listed(thing.get("parameters"))}
        if forced.get("rds.force_ssl") != "1":
            yield "rds.force_ssl is not 1: PostgreSQL would accept connections in clear. Add the parameter."
    if thing.type in RESOURCE_POLICIES and not any(_refuses_plain(one) for one in statements(thing.get("policy"))):
        yield "its policy does not refuse requests without TLS: deny where aws:SecureTransport is false."
    if thing.type == "aws:ecs/taskDefinition:TaskDefinition":
        for volume in listed(thing.get("volumes")):
            mount = volume.get("efsVolumeConfiguration")
            if mount and mount.get("transitEncryption") != "ENABLED":
                yield f"volume {volume.get('name')} is mounted without TLS: set transitEncryption to ENABLED."


def _cache_in_clear(thing: Thing) -> Iterator[str]:
    if thing.get("transitEncryptionEnabled") is not True:
        yield "transitEncryptionEnabled is not true: Redis would be spoken to in clear. Set it to true."
    if not thing.get("authToken") and not thing.get("userGroupIds"):
        yield "it has neither authToken nor userGroupIds: anyone in the VPC could read it. Give an AUTH token."


def _refuses_plain(statement: Mapping[str, object]) -> bool:
    condition = statement.get("Condition")
    flat = str(condition).lower()
    return statement.get("Effect") == "Deny" and "aws:securetransport" in flat and "false" in flat


@rule("stores-kept", "A store cannot be deleted by a slip, unless the stack is disposable.")
def stores_kept(thing: Thing, context: Context) -> Iterator[str]:
    """The rule."""
    if context.disposable:
        return
    if thing.type in (DATABASE, CACHE, FILES) and thing.protect is False:
        yield "Pulumi's option protect is off: pulumi destroy would delete it. Set protect=True."
    if thing.type == DATABASE:
        if thing.get("deletionProtection") is not True:
            yield "deletionProtection is not true: one API call could delete the database."
        if thing.get("skipFinalSnapshot") or not thing.get("finalSnapshotIdentifier"):
            yield "there would be no final snapshot: set skipFinalSnapshot to false and name finalSnapshotIdentifier."
        if not thing.get("backupRetentionPeriod"):
            yield "backupRetentionPeriod is 0: the database could not be restored to a point in time."
    if thing.type == CACHE and not thing.get("finalSnapshotIdentifier"):
        yield "it has no finalSnapshotIdentifier: its deletion would leave nothing."
    if thing.type == BUCKET and thing.get("forceDestroy"):
        yield "forceDestroy is true: pulumi destroy would delete all objects with it."
    if thing.type == SECRET and int(thing.get("recoveryWindowInDays", 30)) < SHORTEST_RECOVERY_DAYS:
        yield "recoveryWindowInDays is 0: a deleted secret could not be brought back."
