"""Checks of images and S3 objects that the configuration refers to."""

from __future__ import annotations

import re
from collections.abc import Iterator

from botocore.exceptions import ClientError

from cvatctl.aws_clients import Clients
from cvatctl.doctor.finding import Finding, PlannedStack, is_missing

_IMAGE = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.[^/]+/(?P<repository>.+)@(?P<digest>sha256:.+)"
)


def images(stack: PlannedStack, clients: Clients) -> Iterator[Finding]:
    """The images that the configuration names are in ECR."""
    for name, reference in sorted(stack.settings.images.ready.items()):
        image = _IMAGE.fullmatch(reference)
        if image is None:
            continue
        if image["region"] != stack.region.name:
            yield Finding(
                "advice",
                "images",
                f"cvat:{name}Image lies in {image['region']}: every start pulls it to {stack.region.name}. Copy it.",
            )
            continue
        try:
            clients("ecr").describe_images(
                registryId=image["account"],
                repositoryName=image["repository"],
                imageIds=[{"imageDigest": image["digest"]}],
            )
        except ClientError as error:
            if not is_missing(error):
                raise
            yield Finding(
                "problem", "images", f"cvat:{name}Image = {reference}: it is not in ECR. Push it, or empty the key."
            )
        else:
            yield Finding("ok", "images", f"{name} is in ECR by its digest.")


def stored_files(stack: PlannedStack, clients: Clients) -> Iterator[Finding]:
    """The S3 addresses of model archives and demo files hold objects."""
    addresses = {
        "cvat:modelArchives": stack.settings.inference.model_archives,
        "cvat:demoData": stack.settings.init.demo_data,
    }
    for key, address in addresses.items():
        if not address.startswith("s3://"):
            continue
        bucket, _, prefix = address.removeprefix("s3://").partition("/")
        answer = clients("s3").list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1)
        if answer.get("KeyCount", len(answer.get("Contents", []))):
            yield Finding("ok", "files in S3", f"{key}: {address} holds files.")
        else:
            yield Finding(
                "problem", "files in S3", f"{key} = {address}: there is no object. Upload it, or correct the address."
            )
