"""Objects."""

from __future__ import annotations

from typing import Any

from rehearsal.providers.functions import FunctionCall, function


@function("aws:s3/getObjects:getObjects")
def objects(call: FunctionCall) -> dict[str, Any]:
    """The first keys of a bucket, as many as the provider asks for by default."""
    bucket, prefix = call.arguments.require("bucket"), call.arguments.take("prefix") or ""
    listed = call.client("s3").list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1000)
    keys = [item["Key"] for item in listed.get("Contents", [])]
    return {"id": bucket, "bucket": bucket, "prefix": prefix, "keys": keys, "region": call.region}
