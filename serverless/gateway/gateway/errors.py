"""What may go wrong, as CVAT can show it: an HTTP status and a short reason phrase."""

import re
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

REASON_LENGTH = 160  # characters; longer ones do not fit CVAT's notification
Kind = Literal["request", "refused", "not_found", "too_large", "busy", "model", "endpoint", "credentials", "timeout"]
# All others are 502. CVAT takes 401 and 403 for the end of the user's own session, so neither is ever sent.
STATUS = {"request": 400, "refused": 400, "not_found": 404, "too_large": 413, "busy": 503, "timeout": 504}


class ConfigError(Exception):
    """The operator's settings or registry files are wrong; the message says what to change."""


class GatewayError(Exception):
    """A failure as the caller sees it: CVAT's user is shown the reason phrase, never the body."""

    def __init__(self, kind: Kind, reason: str, *, status: int = 0, retryable: bool = False) -> None:
        self.kind, self.status, self.retryable = kind, status or STATUS.get(kind, 502), retryable
        self.reason = textwrap.shorten(re.sub(r"[^ -~]", " ", reason), REASON_LENGTH, placeholder="...")


@contextmanager
def blamed(kind: Kind, text: str) -> Iterator[None]:
    """Whatever the code within stumbles over is the fault of the JSON that it was given."""
    try:
        yield
    except (TypeError, ValueError, LookupError, ArithmeticError, AttributeError, RecursionError) as error:
        fault = str(error) if type(error) is ValueError else f"{type(error).__name__} {error}"
        raise GatewayError(kind, f"{text}: {fault}") from None
