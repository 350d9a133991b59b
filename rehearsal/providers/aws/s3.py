"""S3: buckets, their configurations, objects."""

from __future__ import annotations

import mimetypes
from pathlib import Path
from typing import Any, ClassVar

import pulumi

from rehearsal.errors import RehearsalError
from rehearsal.providers import shapes
from rehearsal.providers.aws.endpoints import dns_suffix, s3_arn
from rehearsal.providers.resource import Attributes, ResourceRequest, ResourceType, deleted_by, words


class Bucket(ResourceType, token="aws:s3/bucket:Bucket"):
    """A bucket in the stack's region; tags are set by a call of their own."""

    tags = True
    replace_on = words("bucket bucketPrefix objectLockEnabled")
    holds = "the bucket's objects"
    provider_only: ClassVar = {"forceDestroy": "used on deletion"}

    def create(self, request: ResourceRequest) -> Attributes:
        name = request.physical_name("bucket", limit=63, lower=True)
        extra: dict[str, Any] = {"Bucket": name}
        if request.region != "us-east-1":
            extra["CreateBucketConfiguration"] = {"LocationConstraint": request.region}
        request.call_with_inputs("s3", "CreateBucket", extra)
        request.tagged = True
        if request.tags:
            request.call("s3", "PutBucketTagging", Bucket=name, Tagging={"TagSet": request.tag_pairs()})
        suffix = dns_suffix(request)
        outputs = {
            "bucket": name,
            "arn": s3_arn(request, name),
            "bucketDomainName": f"{name}.s3.{suffix}",
            "bucketRegionalDomainName": f"{name}.s3.{request.region}.{suffix}",
            "hostedZoneId": "",
        }
        return Attributes(name, outputs)

    def delete(self, request: ResourceRequest) -> None:
        """Emptied only with forceDestroy; S3 refuses otherwise."""
        if request.attribute("forceDestroy"):
            _delete_versions(request, request.id, "")
        request.call("s3", "DeleteBucket", Bucket=request.id)

    def retag(self, request: ResourceRequest) -> None:
        """All tags at once."""
        request.call("s3", "PutBucketTagging", Bucket=request.id, Tagging={"TagSet": request.tag_pairs()})


def _delete_versions(request: ResourceRequest, bucket: str, key: str) -> None:
    """Delete every version of one object, or of all of them."""
    listed = request.call("s3", "ListObjectVersions", Bucket=bucket, Prefix=key)
    for version in [*listed.get("Versions", []), *listed.get("DeleteMarkers", [])]:
        if key in ("", version["Key"]):
            request.call("s3", "DeleteObject", Bucket=bucket, Key=version["Key"], VersionId=version["VersionId"])


class BucketPublicAccessBlock(ResourceType, token="aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"):
    """The four settings of Block Public Access."""

    replace_on = words("bucket")
    creation_is_put = True
    delete_call = deleted_by("s3:DeletePublicAccessBlock", Bucket="bucket")

    def create(self, request: ResourceRequest) -> Attributes:
        name = request.inputs.take("bucket")
        keys = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
        settings = {key[0].upper() + key[1:]: request.inputs.take(key, False) for key in keys}
        request.call("s3", "PutPublicAccessBlock", Bucket=name, PublicAccessBlockConfiguration=settings)
        return Attributes(name)


class BucketServerSideEncryptionConfiguration(
    ResourceType,
    token="aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
):
    """How objects are encrypted unless they say otherwise."""

    replace_on = words("bucket expectedBucketOwner")
    creation_is_put = True
    delete_call = deleted_by("s3:DeleteBucketEncryption", Bucket="bucket")

    def create(self, request: ResourceRequest) -> Attributes:
        name = request.inputs.take("bucket")
        rules = [self._rule(rule) for rule in request.inputs.take("rules")]
        request.call("s3", "PutBucketEncryption", Bucket=name, ServerSideEncryptionConfiguration={"Rules": rules})
        return Attributes(name)

    def _rule(self, inputs: dict[str, Any]) -> dict[str, Any]:
        by_default = inputs["applyServerSideEncryptionByDefault"]
        encryption = {"SSEAlgorithm": by_default["sseAlgorithm"]}
        if "kmsMasterKeyId" in by_default:
            encryption["KMSMasterKeyID"] = by_default["kmsMasterKeyId"]
        if extra := set(inputs) - {"applyServerSideEncryptionByDefault", "bucketKeyEnabled"}:
            raise RehearsalError(f"rules: {', '.join(sorted(extra))} is not carried.")
        return {
            "ApplyServerSideEncryptionByDefault": encryption,
            "BucketKeyEnabled": inputs.get("bucketKeyEnabled", False),
        }


class BucketVersioning(ResourceType, token="aws:s3/bucketVersioning:BucketVersioning"):
    """Whether old versions are kept."""

    replace_on = words("bucket expectedBucketOwner")
    creation_is_put = True

    def create(self, request: ResourceRequest) -> Attributes:
        name = request.inputs.take("bucket")
        self._put(request, name, request.inputs.take("versioningConfiguration")["status"])
        return Attributes(name)

    def delete(self, request: ResourceRequest) -> None:
        """Suspended: S3 knows no way back to never versioned."""
        self._put(request, request.id, "Suspended")

    def _put(self, request: ResourceRequest, bucket: str, status: str) -> None:
        request.call("s3", "PutBucketVersioning", Bucket=bucket, VersioningConfiguration={"Status": status})


class BucketOwnershipControls(ResourceType, token="aws:s3/bucketOwnershipControls:BucketOwnershipControls"):
    """Whether ACLs have an effect."""

    replace_on = words("bucket")
    creation_is_put = True
    delete_call = deleted_by("s3:DeleteBucketOwnershipControls", Bucket="bucket")

    def create(self, request: ResourceRequest) -> Attributes:
        name = request.inputs.take("bucket")
        rules = [{"ObjectOwnership": request.inputs.take("rule")["objectOwnership"]}]
        request.call("s3", "PutBucketOwnershipControls", Bucket=name, OwnershipControls={"Rules": rules})
        return Attributes(name)


class BucketPolicy(ResourceType, token="aws:s3/bucketPolicy:BucketPolicy"):
    """Who may do what with the bucket."""

    replace_on = words("bucket")
    creation_is_put = True
    delete_call = deleted_by("s3:DeleteBucketPolicy", Bucket="bucket")

    def create(self, request: ResourceRequest) -> Attributes:
        name = request.inputs.peek("bucket")
        request.call_with_inputs("s3", "PutBucketPolicy")
        return Attributes(name)


LIFECYCLE_MEMBERS = {
    "rules.id": "ID",
    "rules.filter.and": "And",
    "rules.noncurrentVersionExpiration.newerNoncurrentVersions": "NewerNoncurrentVersions",
}


class BucketLifecycleConfiguration(
    ResourceType, token="aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
):
    """When objects expire."""

    replace_on = words("bucket expectedBucketOwner")
    creation_is_put = True
    delete_call = deleted_by("s3:DeleteBucketLifecycle", Bucket="bucket")

    def create(self, request: ResourceRequest) -> Attributes:
        name = request.inputs.take("bucket")
        model = request.client("s3").meta.service_model.operation_model("PutBucketLifecycleConfiguration")
        shape = model.input_shape.members["LifecycleConfiguration"]
        lifecycle = shapes.convert({"rules": request.inputs.take("rules")}, shape, "", LIFECYCLE_MEMBERS)
        for rule in lifecycle["Rules"]:
            rule.setdefault("Filter", {"Prefix": ""})
        request.call("s3", "PutBucketLifecycleConfiguration", Bucket=name, LifecycleConfiguration=lifecycle)
        return Attributes(name)


class BucketObjectv2(ResourceType, token="aws:s3/bucketObjectv2:BucketObjectv2"):
    """An object from a file or from text."""

    tags = True
    replace_on = words("bucket key")
    creation_is_put = True
    provider_only: ClassVar = {"forceDestroy": "used on deletion"}

    def create(self, request: ResourceRequest) -> Attributes:
        source, content = request.inputs.take("source"), request.inputs.take("content")
        request.inputs.take("sourceHash")  # decides when it is sent again
        body = content.encode() if content is not None else _read(source)
        key = request.inputs.peek("key") or request.name
        request.tagged = True
        tagging = "&".join(f"{name}={value}" for name, value in request.tags.items())
        extra = {"Key": key, "Body": body} | ({"Tagging": tagging} if tagging else {})
        if "contentType" not in request.inputs:
            extra["ContentType"] = mimetypes.guess_type(key)[0] or "application/octet-stream"
        bucket = request.inputs.peek("bucket")
        stored = request.call_with_inputs("s3", "PutObject", extra)
        outputs = {"arn": s3_arn(request, f"{bucket}/{key}"), "key": key, "etag": stored["ETag"].strip('"')}
        return Attributes(f"{bucket}/{key}", outputs | {"versionId": stored.get("VersionId", "")})

    def delete(self, request: ResourceRequest) -> None:
        """With all its versions."""
        _delete_versions(request, str(request.attribute("bucket")), str(request.attribute("key")))

    def retag(self, request: ResourceRequest) -> None:
        """All tags at once."""
        subject = {"Bucket": request.attribute("bucket"), "Key": request.attribute("key")}
        request.call("s3", "PutObjectTagging", **subject, Tagging={"TagSet": request.tag_pairs()})


def _read(source: Any) -> bytes:
    if isinstance(source, pulumi.StringAsset):
        return source.text.encode()
    if isinstance(source, pulumi.FileAsset | pulumi.FileArchive):
        file = Path(source.path)
        if not file.is_file():
            raise RehearsalError(f"source: the file {file} does not exist.")
        return file.read_bytes()
    raise RehearsalError(f"source: {type(source).__name__} cannot be read; give a FileAsset, a StringAsset or content.")
