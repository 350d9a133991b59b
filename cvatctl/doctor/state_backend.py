"""Pulumi's state backend. Without its state, Pulumi can neither change nor delete a stack."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import yaml

from cvatctl.aws_clients import Clients
from cvatctl.doctor.finding import Check, Finding, PlannedStack
from region import Region

_LOGIN = "pulumi login 's3://BUCKET?region={region}&awssdk=v2'"


def url(project: Path) -> str | None:
    """The backend's address as the Pulumi CLI would choose it, or None before `pulumi login`."""
    from_environment = os.environ.get("PULUMI_BACKEND_URL")
    if from_environment:
        return from_environment
    content = yaml.safe_load((project / "Pulumi.yaml").read_text(encoding="utf-8"))
    backend = content.get("backend")
    if isinstance(backend, dict) and backend.get("url"):
        return str(backend["url"])
    home = Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi")
    try:
        current = json.loads((home / "credentials.json").read_text(encoding="utf-8")).get("current")
    except (OSError, ValueError, AttributeError):
        return None
    return str(current) if current else None


def address(backend: str | None, stack: PlannedStack | None) -> Iterator[Finding]:
    """Findings on the address alone."""
    login = _LOGIN.format(region=stack.region.name if stack else "REGION")
    if backend is None:
        yield Finding(
            "problem", "state", f"Pulumi is not logged in to a state backend. Create a versioned bucket, then: {login}"
        )
    elif backend.startswith("file://"):
        yield Finding(
            "advice", "state", f"The state lies on this machine only ({backend}). For a stack that lasts: {login}"
        )
    elif backend.startswith("s3://"):
        yield from _bucket_address(backend, stack)
    elif backend.startswith("https://") and stack and stack.region.is_china:
        yield Finding(
            "advice", "state", f"{backend} lies outside of China: slow, and sometimes cut off. Nearer by: {login}"
        )


def _bucket_address(backend: str, stack: PlannedStack | None) -> Iterator[Finding]:
    regions = parse_qs(urlsplit(backend).query).get("region")
    if not regions and not os.environ.get("AWS_REGION"):
        yield Finding(
            "problem",
            "state",
            f"{backend} names no region, and the backend does not read aws:region. Log in with ?region=..., or set "
            "AWS_REGION.",
        )
    elif stack and regions and Region(regions[0]).partition != stack.region.partition:
        yield Finding(
            "problem",
            "state",
            f"{backend} lies in another partition than {stack.region.name}, where the same credentials do not work. "
            "Keep the state in a bucket of the stack's partition.",
        )


def bucket(backend: str | None) -> Check:
    """The check of the backend's bucket: it exists, and keeps earlier versions."""

    def check(_: PlannedStack, clients: Clients) -> Iterator[Finding]:
        if not backend or not backend.startswith("s3://"):
            return
        name, s3 = urlsplit(backend).netloc, clients("s3")
        s3.head_bucket(Bucket=name)
        if s3.get_bucket_versioning(Bucket=name).get("Status") != "Enabled":
            yield Finding(
                "advice",
                "state",
                f"Bucket {name} keeps no earlier versions, so a damaged state is lost. Switch it on: aws s3api "
                f"put-bucket-versioning --bucket {name} --versioning-configuration Status=Enabled",
            )
        else:
            yield Finding("ok", "state", f"bucket {name} can be reached and keeps earlier versions.")

    return check
