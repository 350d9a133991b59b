"""Tags of every service."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any

from moto.ec2.models.tags import TagBackend
from moto.utilities.tagging_service import TaggingService

from rehearsal.aws.moto_patches.patch import Client, RefusedError, before, moto_patch, refusal

MOST = 50
"""Of one resource; an object in S3 takes 10, which moto knows."""
LONGEST_KEY, LONGEST_VALUE = 128, 256
BY_CLOUDFORMATION = "aws:cloudformation:"
"""CloudFormation tags what it creates; moto does so by the same backends as a caller's request."""
CHARACTERS = re.compile(r"[\w\s_.:/=+\-@]*")


def problem(tags: Mapping[str, str]) -> str:
    """Why AWS refuses tags, or nothing (Tagging AWS resources user guide, "Tag naming limits", read 2026-11)."""
    for key, value in tags.items():
        if key.lower().startswith("aws:") and not key.startswith(BY_CLOUDFORMATION):
            return f"Tag keys starting with 'aws:' are reserved for internal use: {key}"
        if not 0 < len(key) <= LONGEST_KEY or len(value) > LONGEST_VALUE:
            return f"Tag key exceeds {LONGEST_KEY} characters, or its value {LONGEST_VALUE}: {key}"
        if not CHARACTERS.fullmatch(key) or not CHARACTERS.fullmatch(value):
            return f"Tag keys and values may hold letters, numbers, spaces and _ . : / = + - @ only: {key}={value}"
    return f"A resource takes {MOST} tags at most." if len(tags) > MOST else ""


def _refuses_impossible_tags(client: Client) -> bool:
    efs, ec2 = client("efs"), client("ec2")
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]

    def on_file_system(*pairs: tuple[str, str]) -> str:
        tags = [{"Key": key, "Value": value} for key, value in pairs]
        return refusal(efs.create_file_system, CreationToken=str(len(tags)), Tags=tags)

    def on_vpc(*pairs: tuple[str, str]) -> str:
        tags = [{"Key": key, "Value": value} for key, value in pairs]
        return refusal(ec2.create_tags, Resources=[vpc], Tags=tags)

    wrong = [("aws:a", "b")], [("k" * 129, "v")], [("a", "b;c")], [(f"k{number}", "v") for number in range(51)]
    many = [[{"Key": f"{half}{number}", "Value": "v"} for number in range(30)] for half in "ab"]
    system = efs.create_file_system(CreationToken="many", Tags=many[0])["FileSystemId"]
    if not refusal(efs.tag_resource, ResourceId=system, Tags=many[1]) or on_vpc(("aws:cloudformation:stack-id", "s")):
        return False
    refused = all(on_file_system(*pairs) and on_vpc(*pairs) for pairs in wrong)
    return refused and not on_file_system(("team", "vision 2")) and not on_vpc(("team", "vision 2"))


@moto_patch(_refuses_impossible_tags)
def limits_of_tags(stack: ExitStack) -> None:
    """moto takes tags that AWS reserves, that are too long or have other characters, and more than 50 of them.

    Tagging AWS resources user guide, "Tag naming limits and requirements". EC2 and the services of moto's
    TaggingService are checked; services that keep tags of their own (RDS, IAM, S3) are not.
    """

    def tag_resource(self: Any, arn: str, tags: Sequence[Mapping[str, str]] | None) -> None:
        new = {str(tag[self.key_name]): str(tag.get(self.value_name) or "") for tag in tags or ()}
        if text := problem({**(self.tags.get(arn) or {}), **new}):
            raise RefusedError("InvalidParameterException", text)

    def create_tags(self: Any, resource_ids: Sequence[str], tags: Mapping[str, str]) -> None:
        if text := problem({key: str(value or "") for key, value in tags.items()}):
            raise RefusedError("InvalidParameterValue", text)

    before(stack, TaggingService, "tag_resource", tag_resource)
    before(stack, TagBackend, "create_tags", create_tags)
