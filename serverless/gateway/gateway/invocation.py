"""One invocation from CVAT's bytes to CVAT's bytes."""

import asyncio
import re
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import NamedTuple

from . import contract, images
from .backend import Backend, Call, Spent
from .contract import Caller
from .errors import GatewayError, refuse
from .images import Fitted
from .registry import Function
from .settings import Settings

MARGIN = 0.05  # of CVAT's own time limit, kept for the answer's way back
UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600}
DURATION = re.compile(r"([0-9.]+)(ms|s|m|h)?")


class Request(NamedTuple):
    """What CVAT sent."""

    function: Function
    body: bytes
    headers: Mapping[str, str]
    request_id: str
    started: float
    """Of time.monotonic()."""


@dataclass
class Trace:
    """What became of a request, for its log line and the metrics; filled in also when it fails."""

    spent: Spent = field(default_factory=Spent)
    sent: int = 0
    """Bytes of the request as it went to the model."""
    scale: float = 1.0
    reencoded: bool = False


def time_limit(headers: Mapping[str, str], default: float) -> float:
    """Seconds until CVAT stops waiting, less a margin. Its header has the form of Go's durations ('1m30s')."""
    text = headers.get("X-Nuclio-Invoke-Timeout", "")
    if not text:
        return default
    if not re.fullmatch(rf"(?:{DURATION.pattern})+", text):
        raise GatewayError("request", f"Header X-Nuclio-Invoke-Timeout is '{text[:20]}': write it like 120s")
    try:
        seconds = sum(float(number) * UNITS[unit or "s"] for number, unit in DURATION.findall(text))
    except ValueError:
        raise GatewayError(
            "request", f"Header X-Nuclio-Invoke-Timeout is '{text[:20]}': write it like 120s"
        ) from None
    return min(default, seconds * (1 - MARGIN))


class Invoker:
    """Translates, fits, calls, checks and translates back."""

    def __init__(self, settings: Settings, backend: Backend) -> None:
        self._settings = settings
        self._backend = backend
        self._image_thread = ThreadPoolExecutor(1, "image")  # one: a decoded image may take 200 MB

    def close(self) -> None:
        self._image_thread.shutdown(wait=False, cancel_futures=True)

    async def invoke(self, request: Request, trace: Trace) -> bytes:
        """The answer for the CVAT that calls. Raises GatewayError."""
        limit = time_limit(request.headers, self._settings.request_timeout)
        remaining = request.started + limit - time.monotonic()
        try:
            async with asyncio.timeout(remaining):
                return await self._invoke(request, trace, request.started + limit)
        except TimeoutError:
            raise GatewayError("timeout", f"Timed out: no answer within {limit:.0f} s") from None

    async def _invoke(self, request: Request, trace: Trace, deadline: float) -> bytes:
        caller, fitted = await self._prepare(request)
        trace.sent, trace.scale = len(fitted.body), fitted.scale
        trace.reencoded = fitted.size != (0, 0)
        call = Call(request.function, fitted.body, request.request_id, deadline - time.monotonic())
        return translate(caller, await self._backend.invoke(call, trace.spent), fitted)

    async def _prepare(self, request: Request) -> tuple[Caller, Fitted]:
        """The request in the containers' form and within SageMaker's limit."""
        version = contract.version_of(request.headers, self._settings.cvat_version)
        caller, payload, body = contract.read_request(request.function.kind, request.body, version)
        if len(body) <= self._settings.max_payload and not images.needs_scaling(payload):
            return caller, Fitted(body)
        loop = asyncio.get_running_loop()
        fitting = loop.run_in_executor(
            self._image_thread, images.fit, caller, payload, self._settings.max_payload
        )
        return caller, await fitting


def translate(caller: Caller, raw: bytes, fitted: Fitted) -> bytes:
    """A container's answer for the CVAT that calls; its very bytes where nothing has to change."""
    try:
        answer = contract.read_answer(caller, raw)
        scaled = images.scale_answer(caller, answer, fitted) if fitted.scale < 1 else answer
        result = contract.to_caller(caller, scaled)
        return raw if result is answer else contract.dumps(result)
    except (TypeError, ValueError, LookupError, ArithmeticError, AttributeError, RecursionError) as error:
        refuse(f"{type(error).__name__} while reading it")
