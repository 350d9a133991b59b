"""The WSGI application: requests of AWS clients go to moto, one after the other; the rest is the server's own page."""

from __future__ import annotations

import io
import sys
import traceback
from collections.abc import Callable, Iterable
from http import HTTPStatus
from threading import Lock
from typing import Any

from botocore.model import OperationNotFoundError
from moto import __version__ as moto_version
from moto.core.model import OperationModel
from moto.moto_server.werkzeug_app import BackendRequest, DomainDispatcherApplication, create_backend_app
from werkzeug.exceptions import HTTPException

from rehearsal.aws.moto_patches.patch import RefusedError
from rehearsal.server.answer import Answer, Invocations, error, lost
from rehearsal.server.calls import Call, CallLog, boto3_name, now, operation_of, region_of, service_of, title
from rehearsal.server.faults import InjectedFaults

StartResponse = Callable[[str, list[tuple[str, str]]], Any]
Environment = dict[str, Any]
Own = Callable[[Environment], Answer | None]
"""Answers what no AWS client asks for; None: it is one's request."""

_INVOCATION = "HTTP_AMZ_SDK_INVOCATION_ID"
_READS = ("GET", "HEAD")
_NO_ROUTE = (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED)


class AccountApplication:
    """Serves the account that is open in this process.

    moto is not made for several threads, so a request is carried out when it has arrived as a whole, under a lock, and
    its answer is sent after the lock is released: a slow client holds up nobody.
    """

    def __init__(self, own: Own) -> None:
        self._own = own
        self._dispatcher = DomainDispatcherApplication(create_backend_app)
        self._invocations = Invocations()
        self.lock = Lock()
        """Held while moto works; whoever else reads or changes the account holds it, too."""
        self.log = CallLog()
        self.faults = InjectedFaults()

    def __call__(self, environ: Environment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        environ["RAW_URI"] = environ["REQUEST_URI"]  # moto reads the path as it was sent
        own = self._own(environ)
        if own is not None:
            start_response(own.status, own.headers)
            return [own.body]
        environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read())
        given, is_lost = self._answer_once(environ)
        if is_lost:
            headers, body = lost(given)
            start_response(given.status, headers)
            return body
        start_response(given.status, given.headers)
        return [given.body]

    def _answer_once(self, environ: Environment) -> tuple[Answer, bool]:
        """The answer, which all attempts of a call share once one has succeeded; and whether it is to be lost."""
        identifier = environ.get(_INVOCATION)
        if identifier is None or environ["REQUEST_METHOD"] in _READS:
            return self._answer(environ)
        attempts = self._invocations.attempts(identifier)
        with attempts.lock:
            if attempts.answered is not None:
                return attempts.answered, False
            given, is_lost = self._answer(environ)
            if given.code < HTTPStatus.MULTIPLE_CHOICES:
                attempts.answered = given
            return given, is_lost

    def _answer(self, environ: Environment) -> tuple[Answer, bool]:
        with self.lock:
            request = BackendRequest(environ, shallow=False)
            request.get_data()  # keeps the body for everybody who reads it
            backend = self._backend(environ)
            service = boto3_name(backend.service) if backend else service_of(request)
            operation = operation_of(service, request)
            name = title(service, operation, request)
            fault = self.faults.meet(name)
            refusal: RefusedError | None = None
            if fault is not None and fault.kind != "lose":
                refusal, status = fault.refusal()
                given = error(operation, request, refusal, status)
            else:
                given, refusal = self._carry_out(backend, environ, operation, name)
        code, message = (refusal.code, refusal.message) if refusal else _refusal(given)
        self.log.note(Call(now(), name, region_of(request), given.code, code, message))
        return given, fault is not None and fault.kind == "lose"

    def _backend(self, environ: Environment) -> Any:
        """moto's application for the service that is asked; None if it has none."""
        environ["wsgi.input"].seek(0)
        try:
            return self._dispatcher.get_application(environ)
        except Exception:  # of many kinds: it looks for no service that it lacks
            return None

    def _carry_out(
        self, backend: Any, environ: Environment, operation: OperationModel | None, name: str
    ) -> tuple[Answer, RefusedError | None]:
        """Let moto answer; what it cannot is an error that says so, which no SDK tries again (status 501)."""
        environ["wsgi.input"].seek(0)
        request = BackendRequest(environ)
        if backend is None:
            return self._not_implemented(operation, request, name)
        try:
            given = _called(backend, environ)
        except (NotImplementedError, OperationNotFoundError):
            return self._not_implemented(operation, request, name)
        except HTTPException as refused:
            given = _called(refused, environ)
        except Exception as failure:
            if isinstance(failure, KeyError) and failure.args == (region_of(request),):
                return self._not_implemented(operation, request, name)  # moto has no such region of the service
            traceback.print_exc(file=sys.stderr)
            text = f"The emulated account failed at {name}: {type(failure).__name__}: {failure}"
            refusal = RefusedError("EmulatorFailure", text)
            return error(operation, request, refusal, HTTPStatus.NOT_IMPLEMENTED), refusal
        if given.code in _NO_ROUTE and given.body.lstrip().lower().startswith(b"<!doctype html"):
            return self._not_implemented(operation, request, name)
        return given, None

    def _not_implemented(
        self, operation: OperationModel | None, request: BackendRequest, name: str
    ) -> tuple[Answer, RefusedError]:
        self.log.not_implemented[name] += 1
        region = region_of(request)
        where = f" in {region}" if region else ""
        text = f"The emulated account does not implement {name}{where} (moto {moto_version}); nothing was done."
        refusal = RefusedError("NotImplemented", text)
        return error(operation, request, refusal, HTTPStatus.NOT_IMPLEMENTED), refusal


def _called(application: Any, environ: Environment) -> Answer:
    """What a WSGI application answers, as a whole."""
    started: list[tuple[str, list[tuple[str, str]]]] = []
    parts = application(environ, lambda status, headers, _=None: started.append((status, headers)))
    try:
        body = b"".join(parts)
    finally:
        if hasattr(parts, "close"):
            parts.close()
    status, headers = started[-1]
    return Answer(status, headers, body)


def _refusal(given: Answer) -> tuple[str, str]:
    """Code and message of an error that moto has written, as well as they can be read."""
    if given.code < HTTPStatus.BAD_REQUEST:
        return "", ""
    headers = {name.lower(): value for name, value in given.headers}
    text = given.body.decode(errors="replace")
    code = headers.get("x-amzn-errortype", "") or _between(text, "<Code>", "</Code>")
    return code, _between(text, "<Message>", "</Message>") or text[:300]


def _between(text: str, before: str, behind: str) -> str:
    return text.partition(before)[2].partition(behind)[0]
