"""PrivateBucket: an S3 bucket that is encrypted, versioned, and closed to the public and to requests without TLS."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components import iam
from components.context import StackContext


@dataclass(frozen=True, kw_only=True)
class PrivateBucketArgs:
    context: StackContext
    expire_days: int | None = None
    """Days after which objects are deleted. Default: never."""
    uploads: bool = False
    """Whether it holds what deployments upload, and can upload again: then it is deleted with all that is in it.
    Default: unless the stack is disposable, a bucket that the stack gives up stays as it is."""
    old_version_days: int = 30
    """Days for which replaced or deleted objects can be brought back."""
    key_arn: str = ""
    """KMS key that encrypts the objects. Default: S3's own."""
    statements: Sequence[iam.Statement] = ()
    """More statements of the bucket policy, with resources relative to the bucket (such as "/logs/*")."""


class PrivateBucket(pulumi.ComponentResource):
    """An S3 bucket that only this account's roles reach."""

    bucket: pulumi.Output[str]
    """Its name, known once its policy exists."""
    arn: pulumi.Output[str]

    def __init__(self, name: str, args: PrivateBucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cvat:index:PrivateBucket", name, None, opts)
        emptied = args.uploads or not args.context.protect
        # S3 refuses to delete a bucket that holds anything, and an update would end half-way.
        child = pulumi.ResourceOptions(parent=self, retain_on_delete=not emptied)
        tags = {"cvat:content": "uploads"} if args.uploads else None  # the policy pack reads it
        bucket = aws.s3.Bucket(name, force_destroy=emptied, tags=tags, opts=child)
        self.arn = bucket.arn
        self._lock(name, bucket, args.key_arn, child)
        self._lifecycle(name, bucket, args, child)
        policy = aws.s3.BucketPolicy(
            name,
            bucket=bucket.id,
            policy=iam.document(_statements(bucket.arn, args)),
            opts=child,
        )
        self.bucket = policy.bucket
        self.register_outputs({"bucket": self.bucket})

    def _lock(self, name: str, bucket: aws.s3.Bucket, key_arn: str, child: pulumi.ResourceOptions) -> None:
        aws.s3.BucketPublicAccessBlock(
            name,
            bucket=bucket.id,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=child,
        )
        aws.s3.BucketServerSideEncryptionConfiguration(
            name,
            bucket=bucket.id,
            rules=[_encryption(key_arn)],
            opts=child,
        )

    def _lifecycle(
        self, name: str, bucket: aws.s3.Bucket, args: PrivateBucketArgs, child: pulumi.ResourceOptions
    ) -> None:
        versioning = aws.s3.BucketVersioning(
            name, bucket=bucket.id, versioning_configuration={"status": "Enabled"}, opts=child
        )
        rules: list[aws.s3.BucketLifecycleConfigurationRuleArgsDict] = [
            {
                "id": "old-versions",
                "status": "Enabled",
                "filter": {"prefix": ""},
                "noncurrent_version_expiration": {"noncurrent_days": args.old_version_days},
                "abort_incomplete_multipart_upload": {"days_after_initiation": 7},
            }
        ]
        if args.expire_days:
            rules.append(
                {
                    "id": "expire",
                    "status": "Enabled",
                    "filter": {"prefix": ""},
                    "expiration": {"days": args.expire_days},
                }
            )
        aws.s3.BucketLifecycleConfiguration(
            name,
            bucket=bucket.id,
            rules=rules,
            # S3 accepts rules on old versions only where versioning is on already.
            opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[versioning])),
        )


def _encryption(key_arn: str) -> aws.s3.BucketServerSideEncryptionConfigurationRuleArgsDict:
    """A bucket key spares a call of KMS for every object."""
    if not key_arn:
        return {"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}
    return {
        "apply_server_side_encryption_by_default": {"sse_algorithm": "aws:kms", "kms_master_key_id": key_arn},
        "bucket_key_enabled": True,
    }


def _statements(arn: pulumi.Output[str], args: PrivateBucketArgs) -> list[dict[str, Any]]:
    """The bucket's whole policy."""
    own = [{**extra, "Resource": [pulumi.Output.concat(arn, extra["Resource"])]} for extra in args.statements]
    return [iam.deny_without_tls(arn), *own]
