"""S3."""

from __future__ import annotations

import mimetypes
from pathlib import Path
from typing import Any

import pulumi

from rehearsal.errors import RehearsalError
from rehearsal.providers import shapes
from rehearsal.providers.aws.files import dns_suffix
from rehearsal.providers.resource import Made, Make, handles


def arn(make: Make, path: str) -> str:
    """ARN of a bucket or object."""
    return f"arn:{make.client('s3').meta.partition}:s3:::{path}"


@handles("aws:s3/bucket:Bucket", tags=True, provider_only={"forceDestroy": "used on deletion"})
def bucket(make: Make) -> Made:
    """A bucket in the stack's region; tags are set by a call of their own."""
    name = make.named("bucket", limit=63, lower=True)
    extra: dict[str, Any] = {"Bucket": name}
    if make.region != "us-east-1":
        extra["CreateBucketConfiguration"] = {"LocationConstraint": make.region}
    make.call("s3", "CreateBucket", extra)
    make.tagged = True
    if make.tags:
        tags = [{"Key": key, "Value": value} for key, value in make.tags.items()]
        make.ask("s3", "PutBucketTagging", Bucket=name, Tagging={"TagSet": tags})
    suffix = dns_suffix(make)
    return Made(
        name,
        {
            "bucket": name,
            "arn": arn(make, name),
            "bucketDomainName": f"{name}.s3.{suffix}",
            "bucketRegionalDomainName": f"{name}.s3.{make.region}.{suffix}",
            "hostedZoneId": "",
        },
    )


@handles("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock")
def public_access_block(make: Make) -> Made:
    """The four locks."""
    name = make.inputs.take("bucket")
    keys = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    locks = {key[0].upper() + key[1:]: make.inputs.take(key, False) for key in keys}
    make.ask("s3", "PutPublicAccessBlock", Bucket=name, PublicAccessBlockConfiguration=locks)
    return Made(name)


@handles("aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration")
def encryption(make: Make) -> Made:
    """How objects are encrypted unless they say otherwise."""
    name = make.inputs.take("bucket")
    rules = []
    for rule in make.inputs.take("rules"):
        default = rule["applyServerSideEncryptionByDefault"]
        wanted = {"SSEAlgorithm": default["sseAlgorithm"]}
        if "kmsMasterKeyId" in default:
            wanted["KMSMasterKeyID"] = default["kmsMasterKeyId"]
        rules.append(
            {"ApplyServerSideEncryptionByDefault": wanted, "BucketKeyEnabled": rule.get("bucketKeyEnabled", False)}
        )
        if extra := set(rule) - {"applyServerSideEncryptionByDefault", "bucketKeyEnabled"}:
            raise RehearsalError(f"rules: {', '.join(sorted(extra))} is not carried.")
    make.ask("s3", "PutBucketEncryption", Bucket=name, ServerSideEncryptionConfiguration={"Rules": rules})
    return Made(name)


@handles("aws:s3/bucketVersioning:BucketVersioning")
def versioning(make: Make) -> Made:
    """Whether old versions stay."""
    name = make.inputs.take("bucket")
    status = make.inputs.take("versioningConfiguration")["status"]
    make.ask("s3", "PutBucketVersioning", Bucket=name, VersioningConfiguration={"Status": status})
    return Made(name)


@handles("aws:s3/bucketOwnershipControls:BucketOwnershipControls")
def ownership(make: Make) -> Made:
    """Whether ACLs mean anything."""
    name = make.inputs.take("bucket")
    rule = {"ObjectOwnership": make.inputs.take("rule")["objectOwnership"]}
    make.ask("s3", "PutBucketOwnershipControls", Bucket=name, OwnershipControls={"Rules": [rule]})
    return Made(name)


@handles("aws:s3/bucketPolicy:BucketPolicy")
def policy(make: Make) -> Made:
    """Who may do what with the bucket."""
    name = make.inputs.peek("bucket")
    make.call("s3", "PutBucketPolicy")
    return Made(name)


LIFECYCLE = {
    "rules.id": "ID",
    "rules.filter.and": "And",
    "rules.noncurrentVersionExpiration.newerNoncurrentVersions": "NewerNoncurrentVersions",
}


@handles("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration")
def lifecycle(make: Make) -> Made:
    """When objects expire."""
    name = make.inputs.take("bucket")
    model = make.client("s3").meta.service_model.operation_model("PutBucketLifecycleConfiguration")
    shape = model.input_shape.members["LifecycleConfiguration"]
    wanted = shapes.convert({"rules": make.inputs.take("rules")}, shape, "", LIFECYCLE)
    for rule in wanted["Rules"]:
        rule.setdefault("Filter", {"Prefix": ""})
    make.ask("s3", "PutBucketLifecycleConfiguration", Bucket=name, LifecycleConfiguration=wanted)
    return Made(name)


@handles("aws:s3/bucketObjectv2:BucketObjectv2", tags=True, provider_only={"forceDestroy": "used on deletion"})
def stored_object(make: Make) -> Made:
    """An object from a file or from text."""
    source, content = make.inputs.take("source"), make.inputs.take("content")
    make.inputs.take("sourceHash")  # decides when it is sent again
    body = content.encode() if content is not None else _read(source)
    key = make.inputs.peek("key") or make.name
    make.tagged = True
    tagging = "&".join(f"{name}={value}" for name, value in make.tags.items())
    extra = {"Key": key, "Body": body} | ({"Tagging": tagging} if tagging else {})
    if "contentType" not in make.inputs:
        extra["ContentType"] = mimetypes.guess_type(key)[0] or "application/octet-stream"
    name = make.inputs.peek("bucket")
    made = make.call("s3", "PutObject", extra)
    outputs = {"arn": arn(make, f"{name}/{key}"), "key": key, "etag": made["ETag"].strip('"')}
    return Made(f"{name}/{key}", outputs | {"versionId": made.get("VersionId", "")})


def _read(source: Any) -> bytes:
    if isinstance(source, pulumi.StringAsset):
        return source.text.encode()
    if isinstance(source, pulumi.FileAsset | pulumi.FileArchive):
        file = Path(source.path)
        if not file.is_file():
            raise RehearsalError(f"source: the file {file} does not exist.")
        return file.read_bytes()
    raise RehearsalError(f"source: {type(source).__name__} cannot be read; give a FileAsset, a StringAsset or content.")
