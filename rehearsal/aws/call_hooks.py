"""What happens around each API call of an open account, by botocore's own event hooks.

Each call is counted, may fail as the scenario says, and may be answered from the journal instead of by the account.
The hooks are handlers of every botocore session that is made while the account is open, whoever makes it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, Protocol

import botocore.handlers
from botocore.awsrequest import AWSResponse

from rehearsal.aws.faults import Scenario
from rehearsal.aws.journal import Journal

_PARAMETERS = "rehearsal-parameters"
"""Key of botocore's request context: the caller's parameters, before botocore adds idempotency tokens."""
_REPLAYED = "rehearsal-replayed"
"""Key of botocore's request context: set where the journal has answered."""


class CalledAccount(Protocol):
    """What the hooks need of an account."""

    scenario: Scenario
    calls: list[str]
    journal: Journal


class CallHooks:
    """Handlers of botocore's events (botocore/client.py, BaseClient._make_api_call, read in 1.43)."""

    def __init__(self, account: CalledAccount) -> None:
        self._account = account

    @property
    def handlers(self) -> list[tuple[str, Any]]:
        """As botocore.handlers.BUILTIN_HANDLERS lists them."""
        return [
            ("provide-client-params", self.keep_parameters),
            ("before-call", self.before_call),
            ("after-call", self.after_call),
        ]

    def keep_parameters(self, params: Mapping[str, Any], context: dict[str, Any], **_: Any) -> None:
        """`provide-client-params`: botocore completes the mapping later, and the journal compares what was asked."""
        context[_PARAMETERS] = dict(params)

    def before_call(self, model: Any, context: dict[str, Any], **_: Any) -> tuple[AWSResponse, Any] | None:
        """`before-call`: an answer that is returned here is taken instead of a request."""
        service, operation = model.service_model.service_name, model.name
        journal = self._account.journal
        if (answer := journal.answer(service, operation, context.get(_PARAMETERS, {}))) is not None:
            context[_REPLAYED] = True
            return _response(HTTPStatus.OK), answer
        self._account.calls.append(f"{service}:{operation}")
        fault = self._account.scenario.fault
        if fault is None or len(self._account.calls) != fault.call:
            return None
        error = {"Code": fault.code, "Message": fault.message}
        return _response(HTTPStatus.BAD_REQUEST), {"Error": error, "ResponseMetadata": {}}

    def after_call(self, http_response: Any, parsed: Any, model: Any, context: dict[str, Any], **_: Any) -> None:
        """`after-call`: remember what succeeded."""
        if http_response.status_code < HTTPStatus.MULTIPLE_CHOICES and _REPLAYED not in context:
            service = model.service_model.service_name
            self._account.journal.note(service, model.name, context.get(_PARAMETERS, {}), parsed)


def _response(status: HTTPStatus) -> AWSResponse:
    return AWSResponse("", int(status), {}, None)


@contextmanager
def registered(account: CalledAccount) -> Iterator[None]:
    """Sessions that are made inside the block call the hooks of this account."""
    handlers = CallHooks(account).handlers
    botocore.handlers.BUILTIN_HANDLERS.extend(handlers)
    try:
        yield
    finally:
        for handler in handlers:
            botocore.handlers.BUILTIN_HANDLERS.remove(handler)
