"""An answer over HTTP, and errors in the form that the called service gives them."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from http import HTTPStatus
from threading import Lock
from typing import Any

from moto.core.model import OperationModel
from moto.core.request import Request, determine_request_protocol
from moto.core.serialize import get_serializer_class

from rehearsal.aws.moto_patches.patch import RefusedError

REMEMBERED = 1000
"""Answers that can be given again; an SDK tries a call again within a minute."""


@dataclass
class Answer:
    """Status, headers and body, as WSGI wants them."""

    status: str
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def code(self) -> int:
        """Of the status."""
        return int(self.status.split()[0])


def answer(status: HTTPStatus, body: bytes | str, content_type: str) -> Answer:
    """An answer of the server's own."""
    raw = body.encode() if isinstance(body, str) else body
    headers = [("Content-Type", content_type), ("Content-Length", str(len(raw))), ("Cache-Control", "no-store")]
    return Answer(f"{status.value} {status.phrase}", headers, raw)


def json_answer(value: Any, status: HTTPStatus = HTTPStatus.OK) -> Answer:
    """An answer of the server's own, for programs."""
    return answer(status, json.dumps(value, indent=1, default=str) + "\n", "application/json")


def error(operation: OperationModel | None, request: Request, refusal: RefusedError, status: HTTPStatus) -> Answer:
    """A refusal in the protocol of the operation's service, so that every SDK reads code and message."""
    if operation is None:
        return json_answer({"__type": refusal.code, "message": refusal.message}, status)
    service = operation.service_model
    protocol = determine_request_protocol(service, request.content_type)
    serializer: Any = get_serializer_class(service.service_name, protocol)(operation_model=operation)
    serialized = serializer.serialize(refusal)
    body = str(serialized["body"]).encode()
    headers = {**serialized["headers"], "X-Amzn-Errortype": refusal.code, "Content-Length": str(len(body))}
    return Answer(f"{status.value} {status.phrase}", [(key, str(value)) for key, value in headers.items()], body)


@dataclass
class Attempts:
    """All attempts of one call: the first that succeeds answers those that follow."""

    answered: Answer | None = None
    lock: Lock = field(default_factory=Lock)


class Invocations:
    """Answers by the SDK's id of a call, which its attempts share.

    An attempt whose answer was lost has done its work, and what it has created would stand in the way of the next.
    """

    def __init__(self) -> None:
        self._attempts: OrderedDict[str, Attempts] = OrderedDict()
        self._lock = Lock()

    def attempts(self, identifier: str) -> Attempts:
        """Of the call with this id."""
        with self._lock:
            attempts = self._attempts.setdefault(identifier, Attempts())
            while len(self._attempts) > REMEMBERED:
                self._attempts.popitem(last=False)
        return attempts


def lost(given: Answer) -> tuple[list[tuple[str, str]], Iterable[bytes]]:
    """Headers and body of an answer that breaks off: the client cannot tell what became of its call."""
    headers = [(name, value) for name, value in given.headers if name.lower() != "content-length"]

    def body() -> Iterable[bytes]:
        yield given.body or b" "
        raise ConnectionAbortedError("This answer is to be lost: POST /faults asked for it.")

    return [*headers, ("Content-Length", str(len(given.body) + 2))], body()
