"""S3."""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import Any

from moto.s3.models import FakeBucket

from rehearsal.aws import iam_conditions
from rehearsal.aws.moto_patches.patch import CHINA, Client, moto_patch, replace


def _applies_conditions(client: Client) -> bool:
    s3 = client("s3")
    s3.create_bucket(Bucket="guarded", CreateBucketConfiguration={"LocationConstraint": CHINA})
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": "arn:aws-cn:s3:::guarded/*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    s3.put_bucket_policy(Bucket="guarded", Policy=json.dumps({"Version": "2012-10-17", "Statement": [deny]}))
    s3.put_object(Bucket="guarded", Key="k", Body=b"")
    return True


@moto_patch(_applies_conditions)
def conditions_of_bucket_policies(stack: ExitStack) -> None:
    """moto takes a conditional Deny of a bucket policy for an unconditional one.

    IAM user guide, "Policy evaluation logic".
    """
    original = FakeBucket.get_permission

    def permission(self: Any, action: str, resource: str) -> Any:
        if self.policy is None:
            return original(self, action, resource)
        document = json.loads(self.policy)
        context = {"aws:securetransport": "true"}  # boto3 always calls by TLS
        document["Statement"] = [
            {key: value for key, value in statement.items() if key != "Condition"}
            for statement in document["Statement"]
            if iam_conditions.applies(statement.get("Condition"), context)
        ]
        whole, self.policy = self.policy, json.dumps(document).encode()
        try:
            return original(self, action, resource)
        finally:
            self.policy = whole

    replace(stack, FakeBucket, "get_permission", permission)
