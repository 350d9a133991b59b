"""Stores are encrypted, reached by TLS, and protected against deletion."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from policy.rules.resource import Context, Resource, listed, rule, statements

DATABASE = "aws:rds/instance:Instance"
PARAMETERS = "aws:rds/parameterGroup:ParameterGroup"
CACHE = "aws:elasticache/replicationGroup:ReplicationGroup"
FILES = "aws:efs/fileSystem:FileSystem"
BUCKET = "aws:s3/bucket:Bucket"
SECRET = "aws:secretsmanager/secret:Secret"  # noqa: S105  (a type token)
RESOURCE_POLICIES = ("aws:s3/bucketPolicy:BucketPolicy", "aws:efs/fileSystemPolicy:FileSystemPolicy")
SHORTEST_RECOVERY_DAYS = 7
"""The shortest window that Secrets Manager takes but 0 (CreateSecret)."""

AT_REST = {DATABASE: "storageEncrypted", CACHE: "atRestEncryptionEnabled", FILES: "encrypted"}


@rule("encrypted-at-rest", "Databases, caches, file systems and buckets are encrypted on disk.")
def encrypted_at_rest(resource: Resource, _: Context) -> Iterator[str]:
    """The rule."""
    key = AT_REST.get(resource.type)
    if key and resource.get(key) is not True:
        yield f"{key} is {resource.get(key)!r}: set it to true now; changing it later replaces the store."
    if resource.type.startswith("aws:s3/bucketServerSideEncryptionConfiguration:"):
        for encryption in listed(resource.get("rules")):
            if not (encryption.get("applyServerSideEncryptionByDefault") or {}).get("sseAlgorithm"):
                yield "a rule names no sseAlgorithm: give applyServerSideEncryptionByDefault.sseAlgorithm (AES256)."


@rule("encrypted-in-transit", "Stores are reached by TLS only.")
def encrypted_in_transit(resource: Resource, _: Context) -> Iterator[str]:
    """The rule."""
    if resource.type == CACHE:
        yield from _cache_in_clear(resource)
    if resource.type == PARAMETERS and str(resource.get("family", "")).startswith("postgres"):
        parameters = {item.get("name"): str(item.get("value")) for item in listed(resource.get("parameters"))}
        if parameters.get("rds.force_ssl") != "1":
            yield "rds.force_ssl is not 1: PostgreSQL would accept connections without TLS. Add the parameter."
    if resource.type in RESOURCE_POLICIES and not _requires_tls(resource.get("policy")):
        yield "its policy does not refuse requests without TLS: deny where aws:SecureTransport is false."
    if resource.type == "aws:ecs/taskDefinition:TaskDefinition":
        for volume in listed(resource.get("volumes")):
            mount = volume.get("efsVolumeConfiguration")
            if mount and mount.get("transitEncryption") != "ENABLED":
                yield f"volume {volume.get('name')} is mounted without TLS: set transitEncryption to ENABLED."


def _cache_in_clear(resource: Resource) -> Iterator[str]:
    if resource.get("transitEncryptionEnabled") is not True:
        yield "transitEncryptionEnabled is not true: connections to Redis would not be encrypted. Set it to true."
    if not resource.get("authToken") and not resource.get("userGroupIds"):
        yield "it has neither authToken nor userGroupIds: anyone in the VPC could read it. Give an AUTH token."


def _requires_tls(policy: object) -> bool:
    """Whether a statement denies requests without TLS."""
    return any(_denies_plain(statement) for statement in statements(policy))


def _denies_plain(statement: Mapping[str, object]) -> bool:
    condition = str(statement.get("Condition")).lower()
    return statement.get("Effect") == "Deny" and "aws:securetransport" in condition and "false" in condition


def can_be_made_again(tags: Mapping[str, str] | None) -> bool:
    """Whether all in a store with these tags is what deployments upload again, or frames that CVAT makes of files."""
    return (tags or {}).get("cvat:content") in ("uploads", "frames")


@rule("stores-kept", "A store is protected against deletion, unless the stack is disposable.")
def stores_kept(resource: Resource, context: Context) -> Iterator[str]:
    """The rule."""
    if context.disposable or can_be_made_again(resource.get("tags")):
        return
    if resource.type in (DATABASE, CACHE, FILES) and resource.protect is False:
        yield "Pulumi's option protect is off: pulumi destroy would delete it. Set protect=True."
    if resource.type == DATABASE:
        if resource.get("deletionProtection") is not True:
            yield "deletionProtection is not true: one API call could delete the database."
        if resource.get("skipFinalSnapshot") or not resource.get("finalSnapshotIdentifier"):
            yield "there would be no final snapshot: set skipFinalSnapshot to false and name finalSnapshotIdentifier."
        if not resource.get("backupRetentionPeriod"):
            yield "backupRetentionPeriod is 0: the database could not be restored to a point in time."
    if resource.type == CACHE and not resource.get("finalSnapshotIdentifier"):
        yield "it has no finalSnapshotIdentifier: deleting it would leave no snapshot."
    if resource.type == BUCKET and resource.get("forceDestroy") and not can_be_made_again(resource.get("tags")):
        yield "forceDestroy is true: pulumi destroy would delete all objects with it."
    if resource.type == SECRET and int(resource.get("recoveryWindowInDays", 30)) < SHORTEST_RECOVERY_DAYS:
        yield "recoveryWindowInDays is 0: a deleted secret could not be restored."
