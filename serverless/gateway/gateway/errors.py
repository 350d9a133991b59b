"""What may go wrong, as CVAT can show it: an HTTP status and a short reason phrase."""

import re
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

REASON_LENGTH = 160
"""Characters. Longer reasons do not fit CVAT's notification."""

ErrorKind = Literal[
    "request",
    "refused",
    "not_found",
    "slow",
    "too_large",
    "encoding",
    "busy",
    "asleep",
    "model",
    "endpoint",
    "credentials",
    "timeout",
    "disconnected",
    "internal",
]

STATUS: dict[ErrorKind, int] = {
    "request": 400,
    "refused": 400,
    "not_found": 404,
    "slow": 408,
    "too_large": 413,
    "encoding": 415,
    "disconnected": 499,
    "internal": 500,
    "busy": 503,
    "asleep": 503,
    "timeout": 504,
}
"""All others are 502. CVAT takes 401 and 403 for the end of the user's own session, so neither is ever sent."""


class ConfigError(Exception):
    """The operator's settings or the functions' files are wrong; the message says what to change."""


class GatewayError(Exception):
    """A failure as the caller sees it: CVAT shows its user the reason phrase, never the body."""

    def __init__(
        self, kind: ErrorKind, reason: str, *, status: int = 0, retryable: bool = False, retry_after_s: int = 5
    ) -> None:
        super().__init__(reason)
        self.kind = kind
        self.status = status or STATUS.get(kind, 502)
        self.retryable = retryable
        self.retry_after_s = retry_after_s
        """What a 503 says."""
        printable = re.sub(r"[^ -~]", " ", reason[: 10 * REASON_LENGTH])
        self.reason = textwrap.shorten(printable, REASON_LENGTH, placeholder="...")


@contextmanager
def reported_as(kind: ErrorKind, text: str) -> Iterator[None]:
    """Turns what the code within raises over malformed JSON into a GatewayError that begins with `text`."""
    try:
        yield
    except (TypeError, ValueError, LookupError, ArithmeticError, AttributeError, RecursionError) as error:
        fault = str(error) if type(error) is ValueError else f"{type(error).__name__} {error}"
        raise GatewayError(kind, f"{text}: {fault}") from None
