"""Types of single values: what a text of the configuration must be, and the sentence that says so if it is not."""

from __future__ import annotations

import ipaddress
import json
import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

_RETENTIONS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)
"""Days that PutRetentionPolicy takes (CloudWatch Logs API reference, read 2026-11)."""


def _cidr(text: str) -> str:
    try:
        ipaddress.ip_network(text)
    except ValueError as error:
        raise ValueError(f"must be an address range such as 10.192.0.0/16 ({error}); give its first address") from None
    return text


def _from_json(value: Any) -> Any:
    """Pulumi hands lists over as JSON text."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise ValueError("must be a YAML list; write one item a line, each after '- '") from None


def retention_days(days: int) -> int:
    if days not in _RETENTIONS:
        days_kept = ", ".join(map(str, _RETENTIONS))
        raise ValueError(f"must be a number of days that CloudWatch Logs keeps; choose one of {days_kept}")
    return days


def name_value(text: str) -> str:
    if "=" not in text:
        raise ValueError("must be name=value, such as team=vision; write it so")
    return text


def secret_reference(text: str) -> str:
    if not re.fullmatch(r"\w+=arn:[\w-]+:secretsmanager:[\w-]+:\d{12}:secret:[^:]+(:\w+)?", text):
        raise ValueError("must be NAME=ARN or NAME=ARN:key, with the ARN of a secret; copy it from Secrets Manager")
    return text


def _host(text: str) -> str:
    label = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
    if text and not re.fullmatch(rf"({label}\.)+{label}", text):
        raise ValueError("must be a host name in small letters, such as cvat.example.com; write no scheme and no port")
    return text


def _zone(text: str) -> str:
    if text and not re.fullmatch(r"[A-Z0-9]{1,32}", text):
        raise ValueError("must be a zone's id, such as Z0123456789ABC; `aws route53 list-hosted-zones` shows it")
    return text


Cidr = Annotated[str, AfterValidator(_cidr)]
Port = Annotated[int, Field(ge=0, le=65535)]
Many = BeforeValidator(_from_json)
Cidrs = Annotated[tuple[Cidr, ...], Many]
Texts = Annotated[tuple[str, ...], Many]
Host = Annotated[str, AfterValidator(_host)]
ZoneId = Annotated[str, AfterValidator(_zone)]
