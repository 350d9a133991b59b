"""What the configuration names and must exist already: certificate, images, files in S3."""

from __future__ import annotations

import re
from collections.abc import Iterator

from botocore.exceptions import ClientError

from cvatctl.clients import Clients
from cvatctl.doctor.finding import Case, Finding

_IMAGE = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.[^/]+/(?P<repository>.+)@(?P<digest>sha256:.+)"
)
_GONE = frozenset(
    {"ResourceNotFoundException", "NoSuchEntity", "ImageNotFoundException", "RepositoryNotFoundException"}
)


def _is_gone(error: ClientError) -> bool:
    return error.response["Error"]["Code"] in _GONE


def certificate(case: Case, clients: Clients) -> Iterator[Finding]:
    """The listener's certificate exists, is issued, and names the host."""
    arn, host = case.settings.access.certificate_arn, case.settings.access.host_name
    if not arn:
        return
    try:
        names = _acm(arn, clients) if ":acm:" in arn else _iam(arn, clients)
    except ClientError as error:
        if not _is_gone(error):
            raise
        yield Finding(
            "problem",
            "certificate",
            f"cvat:certificateArn = {arn}: there is no such certificate in {case.region.name}. Copy the ARN again.",
        )
        return
    if isinstance(names, str):
        yield Finding("problem", "certificate", f"cvat:certificateArn = {arn}: {names}")
    elif host and names and not any(_covers(name, host) for name in names):
        yield Finding(
            "problem",
            "certificate",
            f"cvat:hostName = {host}: the certificate is for {', '.join(names)}, so browsers would refuse it. Choose "
            "another of the two.",
        )
    else:
        yield Finding("ok", "certificate", f"it is there{f' and covers {host}' if host and names else ''}.")


def _acm(arn: str, clients: Clients) -> list[str] | str:
    """The names that an ACM certificate is for, or what is wrong with it."""
    about = clients("acm").describe_certificate(CertificateArn=arn)["Certificate"]
    if about["Status"] != "ISSUED":
        return f"its status is {about['Status']}, and a listener takes issued ones only. Finish its validation."
    return [about["DomainName"], *about.get("SubjectAlternativeNames", [])]


def _iam(arn: str, clients: Clients) -> list[str]:
    """IAM does not say what its server certificates are for."""
    clients("iam").get_server_certificate(ServerCertificateName=arn.rpartition("/")[2])
    return []


def _covers(name: str, host: str) -> bool:
    """`*.example.com` covers one more label."""
    if name.startswith("*."):
        return host.partition(".")[2].lower() == name[2:].lower()
    return name.lower() == host.lower()


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
            if not _is_gone(error):
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
