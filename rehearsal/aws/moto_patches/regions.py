"""Regions of every service."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any
from urllib.parse import urlsplit

from moto.core.responses import BaseResponse

from rehearsal.aws.moto_patches.patch import Client, after, moto_patch

GOVCLOUD = "us-gov-west-1"
"""The region that AWS's global services in GovCloud are signed for (botocore's endpoints.json)."""


def _keeps_roles_in_its_partition(client: Client) -> bool:
    role = client("iam").create_role(RoleName="r", AssumeRolePolicyDocument="{}")["Role"]
    return str(role["Arn"]).startswith("arn:aws-us-gov:")


@moto_patch(_keeps_roles_in_its_partition, GOVCLOUD)
def global_services_in_govcloud(stack: ExitStack) -> None:
    """moto takes calls of iam.us-gov.amazonaws.com for calls in us-east-1, so that roles are in another partition.

    AWS GovCloud user guide, "Service endpoints".
    """

    def in_partition(region: str, _: Any, request: Any, full_url: str, *__: Any) -> str:
        is_global = ".us-gov.amazonaws.com" in urlsplit(full_url).netloc and not region.startswith("us-gov-")
        return GOVCLOUD if is_global else region

    after(stack, BaseResponse, "get_region_from_url", in_partition)
