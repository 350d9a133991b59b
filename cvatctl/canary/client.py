"""The part of CVAT's REST API that the smoke test calls."""

from __future__ import annotations

import http.cookiejar
import json
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from cvatctl.canary.dialects import DIALECTS, C48411ae

CALL_S = 60.0
FUNCTION_S = 130.0
"""Seconds. CVAT's own timeout for a function is 120 s."""
_SHOWN = 300
"""Characters of an error's body that are shown."""
_POLL_S = 1.0
_POLL_TRIES = 600


class SmokeError(Exception):
    """A failed step. `str()` is a sentence for the operator."""


class Cvat:
    """One logged-in user of the CVAT at `url` (scheme, host and port). Errors are SmokeError."""

    def __init__(self, url: str, token: str = "", dialect: C48411ae = DIALECTS["c48411ae"]) -> None:
        if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
            raise SmokeError(f"The address {url} must begin with http:// or https://.")
        self.url = url.rstrip("/")
        self.dialect = dialect
        self._token = token
        # Without the session cookie, CVAT opens a new session for each call by token.
        self._opener = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()),
            urllib.request.HTTPSHandler(context=ssl.create_default_context()),
        )

    def log_in(self, user: str, password: str) -> None:
        """Gets the user's token.

        There is no log-out: CVAT keeps one token for each user, so logging out would invalidate it for every client of
        that user.
        """
        answer = self.call("POST", "/auth/login", {"username": user, "password": password})
        if not isinstance(answer, dict) or not answer.get("key"):
            raise SmokeError(f"POST {self.dialect.prefix}/auth/login answered without a token: is this CVAT?")
        self._token = str(answer["key"])

    def call(self, method: str, path: str, body: object = None, timeout: float = CALL_S) -> Any:
        """The JSON answer of the API's path; None where the answer is empty."""
        raw, kind = self._send(method, path, body, timeout)
        if not raw:
            return None
        if "json" not in kind:
            raise SmokeError(
                f"{method} {self.dialect.prefix}{path} answered {kind or 'an unknown type'} instead of JSON: a login "
                "page or the UI answers instead of the API. Check the listener's rules."
            )
        return json.loads(raw)

    def frame(self, task: int, number: int) -> bytes:
        """A frame's file in original quality."""
        return self._send("GET", f"/tasks/{task}/data?type=frame&number={number}&quality=original", None, CALL_S)[0]

    def _send(self, method: str, path: str, body: object, timeout: float) -> tuple[bytes, str]:
        headers = {"Accept": "application/json" if "type=frame" not in path else "*/*"}
        if self._token:
            headers["Authorization"] = f"Token {self._token}"
        data = None
        if body is not None:
            data, headers["Content-Type"] = json.dumps(body).encode(), "application/json"
        address = f"{self.url}{self.dialect.prefix}{path}"
        request = urllib.request.Request(address, data=data, method=method, headers=headers)  # noqa: S310  (the scheme is checked above)
        try:
            with self._opener.open(request, timeout=timeout) as answer:
                return answer.read(), str(answer.headers.get("Content-Type", ""))
        except urllib.error.HTTPError as error:
            with error:
                raise SmokeError(self._refusal(method, path, error)) from None
        except (OSError, ValueError) as error:
            reason = getattr(error, "reason", None) or error
            raise SmokeError(f"{method} {address} got no answer: {reason}.") from None

    def _refusal(self, method: str, path: str, error: urllib.error.HTTPError) -> str:
        body = error.read()[:_SHOWN].decode(errors="replace").strip()
        from_cvat = "json" in str(error.headers.get("Content-Type", ""))
        hint = "" if from_cvat else _HINTS.get(error.code, "")
        answer = f"{error.code} {error.reason}: {body or 'an empty body'}{hint}"
        return f"{method} {self.dialect.prefix}{path} answered {answer}"

    def wait_for_data(self, task: int, started: Any, sleep: Callable[[float], None] = time.sleep) -> None:
        """Waits until a worker has extracted the task's frames. Raises SmokeError if it fails or takes ten minutes.

        `started`: the answer to the upload.
        """
        path, logs = self.dialect.state_path(task, started), f"cvatctl logs {self.dialect.workers}"
        state = ""
        for _ in range(_POLL_TRIES):
            answer = self.call("GET", path)
            state = self.dialect.state(answer)
            if state == "finished":
                return
            if state == "failed":
                lines = str(answer.get("message") or "no reason given").strip().splitlines()
                raise SmokeError(f"A worker failed to extract the task's frames: {lines[-1]}. See: {logs}")
            sleep(_POLL_S)
        raise SmokeError(
            f"The task's data are '{state}' after ten minutes: no worker takes the job. See: cvatctl status, {logs}"
        )


_HINTS: Mapping[int, str] = {
    HTTPStatus.UNAUTHORIZED: " (401: an identity provider guards CVAT; set CVAT_TOKEN and cvat:oidcTokenBypass)",
    HTTPStatus.BAD_REQUEST: " (400: CVAT does not accept this host name; use the address of the stack's output url)",
    HTTPStatus.BAD_GATEWAY: " (502: a server task closed the connection; see cvatctl logs server)",
    HTTPStatus.SERVICE_UNAVAILABLE: " (503: no healthy server task, or the stack is asleep; see cvatctl status)",
    HTTPStatus.GATEWAY_TIMEOUT: " (504: the server did not answer in time; see cvatctl logs server)",
}
