"""What the configuration names and must exist already: images, files in S3."""

from __future__ import annotations

import re
from collections.abc import Iterator

from botocore.exceptions import ClientError

from cvatctl.clients import Clients
from cvatctl.doctor.finding import Case, Finding, is_gone

_IMAGE = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.[^/]+/(?P<repository>.+)@(?P<digest>sha256:.+)"
)


def images(case: Case, clients: Clients) -> Iterator[Finding]:
    """Given images are in ECR by their digest."""
    for name, reference in sorted(case.settings.given_images.items()):
        found = _IMAGE.fullmatch(reference)
        if found is None:
            continue
        if found["region"] != case.region.name:
            yield Finding(
                "advice",
                "images",
                f"cvat:{name}Image lies in {found['region']}: every start pulls it to {case.region.name}. Copy it.",
            )
            continue
        try:
            clients("ecr").describe_images(
                registryId=found["account"],
                repositoryName=found["repository"],
                imageIds=[{"imageDigest": found["digest"]}],
            )
        except ClientError as error:
            if not is_gone(error):
                raise
            yield Finding(
                "problem", "images", f"cvat:{name}Image = {reference}: it is not in ECR. Push it, or empty the key."
            )
        else:
            yield Finding("ok", "images", f"{name} is in ECR by its digest.")


def stored_files(case: Case, clients: Clients) -> Iterator[Finding]:
    """S3 addresses of model archives and demo files hold something."""
    addresses = {
        "cvat:modelArchives": case.settings.inference.model_archives,
        "cvat:demoData": case.settings.init.demo_data,
    }
    for key, address in addresses.items():
        if not address.startswith("s3://"):
            continue
        bucket, _, prefix = address.removeprefix("s3://").partition("/")
        found = clients("s3").list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1)
        if found.get("KeyCount", len(found.get("Contents", []))):
            yield Finding("ok", "files in S3", f"{key}: {address} holds files.")
        else:
            yield Finding(
                "problem", "files in S3", f"{key} = {address}: nothing is there. Upload it, or correct the address."
            )
