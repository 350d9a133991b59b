"""Which operation of which service a request is, and what has been called."""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, cast

from botocore.exceptions import UnknownServiceError
from moto.backends import get_backend
from moto.core.model import OperationModel
from moto.core.request import Request
from moto.core.routing import get_service_router
from werkzeug.exceptions import NotFound

KEPT = 500
"""Calls that the page can show; all are counted."""
_CREDENTIAL = re.compile(r"Credential=[^/]+/\d+/([^/]*)/([^/]*)/")
_LOAD_BALANCING_2 = "2015-12-01"
"""API version of the service that shares its name and its requests with Classic Load Balancing."""


@dataclass(frozen=True)
class Call:
    """One answered request."""

    at: datetime
    operation: str
    """service:Operation, with boto3's name of the service."""
    region: str
    status: int
    code: str
    """The error's code; empty if it succeeded."""
    message: str

    @property
    def refused(self) -> bool:
        """Whether it was answered by an error."""
        return self.status >= HTTPStatus.BAD_REQUEST


def boto3_name(service: str) -> str:
    """What boto3 calls a service of moto: application-autoscaling for applicationautoscaling."""
    names: dict[str, str] = {"awslambda": "lambda"}
    backend: Any = get_backend(cast("Any", service))
    return names.get(service) or str(getattr(backend, "service_name", service))


def operation_of(service: str, request: Request) -> OperationModel | None:
    """What the request asks for, by botocore's description of the service; None: nothing that it describes."""
    name = "elbv2" if service == "elb" and request.values.get("Version") == _LOAD_BALANCING_2 else service
    try:
        operation, _ = get_service_router(name).match(request)
    except (NotFound, NotImplementedError, LookupError, ValueError, UnknownServiceError):
        return None
    return operation


def title(service: str, operation: OperationModel | None, request: Request) -> str:
    """service:Operation, or what is known of it."""
    if operation is not None:
        return f"{operation.service_model.service_name}:{operation.name}"
    target = request.headers.get("X-Amz-Target", "").rpartition(".")[2] or request.values.get("Action", "")
    return f"{service}:{target or f'{request.method} {request.path}'}"


def region_of(request: Request) -> str:
    """The region that the signature names; empty if it is not signed."""
    return _signed_for(request)[0]


def service_of(request: Request) -> str:
    """The service that the signature names, for one that moto lacks."""
    return _signed_for(request)[1] or "unknown"


def _signed_for(request: Request) -> tuple[str, str]:
    match = _CREDENTIAL.search(request.headers.get("Authorization", ""))
    return (match.group(1), match.group(2)) if match else ("", "")


class CallLog:
    """The last calls, and how often each operation was called."""

    def __init__(self) -> None:
        self.last: deque[Call] = deque(maxlen=KEPT)
        self.counts: Counter[str] = Counter()
        self.not_implemented: Counter[str] = Counter()
        """Operations that the emulated account lacks."""

    def note(self, call: Call) -> None:
        """Add an answered request."""
        self.last.append(call)
        self.counts[call.operation] += 1

    def refusals(self) -> list[Call]:
        """Of the last calls those that were refused, newest first."""
        return [call for call in reversed(self.last) if call.refused]

    def newest(self, count: int) -> Iterable[Call]:
        """Newest first."""
        return list(self.last)[: -count - 1 : -1]


def now() -> datetime:
    """The account's time."""
    return datetime.now(UTC)
