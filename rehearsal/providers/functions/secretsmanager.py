"""Secrets that exist."""

from __future__ import annotations

from typing import Any

from rehearsal.providers.functions import FunctionCall, function


@function("aws:secretsmanager/getSecret:getSecret")
def secret(call: FunctionCall) -> dict[str, Any]:
    """A secret without its value."""
    described = call.client("secretsmanager").describe_secret(SecretId=call.arguments.take("arn"))
    key = described.get("KmsKeyId", "")
    return {
        "id": described["ARN"],
        "arn": described["ARN"],
        "name": described["Name"],
        "kmsKeyId": key,
        "region": call.region,
    }
