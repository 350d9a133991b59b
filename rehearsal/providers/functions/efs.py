"""File systems that exist."""

from __future__ import annotations

from typing import Any

from rehearsal.providers.functions import FunctionCall, function


@function("aws:efs/getFileSystem:getFileSystem")
def file_system(call: FunctionCall) -> dict[str, Any]:
    """A file system."""
    file_system_id = call.arguments.take("fileSystemId")
    (described,) = call.client("efs").describe_file_systems(FileSystemId=file_system_id)["FileSystems"]
    return {
        "id": file_system_id,
        "fileSystemId": file_system_id,
        "arn": described["FileSystemArn"],
        "encrypted": described["Encrypted"],
        "kmsKeyId": described.get("KmsKeyId", ""),
        "availabilityZoneName": described.get("AvailabilityZoneName", ""),
        "region": call.region,
    }
