"""Where Pulumi keeps its state: whoever loses it can no longer change or delete the stack by Pulumi."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import yaml

from cvatctl.clients import Clients
from cvatctl.doctor.finding import Case, Finding

_LOCAL = ("file://",)
_LOGIN = "pulumi login 's3://BUCKET?region={region}&awssdk=v2'"


def address(project: Path) -> str | None:
    """The backend's address as the Pulumi CLI would choose it, or None where nobody has logged in."""
    from_environment = os.environ.get("PULUMI_BACKEND_URL")
    if from_environment:
        return from_environment
    content = yaml.safe_load((project / "Pulumi.yaml").read_text(encoding="utf-8"))
    in_project = (content.get("backend") or {}).get("url")
    if in_project:
        return str(in_project)
    home = Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi")
    try:
        current = json.loads((home / "credentials.json").read_text(encoding="utf-8")).get("current")
    except (OSError, ValueError):
        return None
    return str(current) if current else None


def offline(state: str | None, case: Case | None) -> Iterator[Finding]:
    """What the address alone tells."""
    region = case.region.name if case else "REGION"
    login = _LOGIN.format(region=region)
    if state is None:
        yield Finding(
            "problem", "state", f"Nobody has logged in to a state backend. Make a versioned bucket, then: {login}"
        )
    elif state.startswith(_LOCAL):
        yield Finding(
            "advice", "state", f"The state lies on this machine only ({state}). For a stack that lasts: {login}"
        )
    elif state.startswith("s3://"):
        yield from _bucket_address(state, case)
    elif state.startswith("https://") and case and case.region.is_china:
        yield Finding(
            "advice", "state", f"{state} lies outside of China: slow, and sometimes cut off. Nearer by: {login}"
        )


def _bucket_address(state: str, case: Case | None) -> Iterator[Finding]:
    named = parse_qs(urlsplit(state).query).get("region")
    if not named and not os.environ.get("AWS_REGION"):
        yield Finding(
            "problem",
            "state",
            f"{state} names no region, and the backend does not read aws:region. Log in with ?region=..., or set "
            "AWS_REGION.",
        )
    elif case and named and named[0].startswith("cn-") != case.region.is_china:
        yield Finding(
            "problem",
            "state",
            f"{state} lies in another partition than {case.region.name}, where the same credentials do not work. "
            "Keep the state in a bucket of the stack's partition.",
        )


def online(state: str | None, case: Case, clients: Clients) -> Iterator[Finding]:
    """Whether the bucket is there, and keeps earlier versions."""
    if not state or not state.startswith("s3://"):
        return
    bucket, s3 = urlsplit(state).netloc, clients("s3")
    s3.head_bucket(Bucket=bucket)
    if s3.get_bucket_versioning(Bucket=bucket).get("Status") != "Enabled":
        yield Finding(
            "advice",
            "state",
            f"Bucket {bucket} keeps no earlier versions, so a damaged state is lost. Switch it on: aws s3api "
            f"put-bucket-versioning --bucket {bucket} --versioning-configuration Status=Enabled",
        )
    else:
        yield Finding("ok", "state", f"bucket {bucket} can be reached and keeps earlier versions.")
