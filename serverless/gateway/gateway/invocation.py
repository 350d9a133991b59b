"""One invocation from CVAT's bytes to CVAT's bytes."""

import asyncio
import re
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from . import contract, images
from .backend import Backend, Trace
from .contract import Caller
from .errors import GatewayError, refuse
from .images import Fitted
from .registry import Function
from .settings import Settings
from .telemetry import log

Headers = Mapping[str, str]

MARGIN = 0.05  # of CVAT's own time limit, kept for the answer's way back
UNITS = {"ms": 0.001, "": 1, "s": 1, "m": 60, "h": 3600}
DURATION = r"(\d+(?:\.\d+)?)(ms|s|m|h|)"  # as Go writes them: 120s, 1m30s
UNREADABLE = (TypeError, ValueError, LookupError, ArithmeticError, AttributeError, RecursionError)


def time_limit(headers: Headers, default: float) -> float:
    """Seconds until CVAT stops waiting, less a margin."""
    text = headers.get("X-Nuclio-Invoke-Timeout", "")
    if not re.fullmatch(f"({DURATION})*", text):
        raise GatewayError("request", f"Header X-Nuclio-Invoke-Timeout is {text[:20]!r}: write it like 120s")
    seconds = sum(float(number) * UNITS[unit] for number, unit in re.findall(DURATION, text))
    return min(default, seconds * (1 - MARGIN)) if text else default


class Invoker:
    """Translates, fits, calls, checks and translates back."""

    def __init__(self, settings: Settings, backend: Backend) -> None:
        self._settings = settings
        self._backend = backend
        self._image_thread = ThreadPoolExecutor(1, "image")  # one: a decoded image may take 200 MB

    def close(self) -> None:
        self._image_thread.shutdown(wait=False, cancel_futures=True)

    async def invoke(self, function: Function, body: bytes, headers: Headers, trace: Trace) -> bytes:
        """The answer for the CVAT that calls. Raises GatewayError, at the latest when CVAT's time is up."""
        limit = time_limit(headers, self._settings.request_timeout)
        deadline = trace.started + limit
        try:
            async with asyncio.timeout(deadline - time.monotonic()):
                caller, fitted = await self._prepare(function, body, headers)
                trace.bytes_sent = len(fitted.body)
                trace.scale = round(fitted.scale, 4) if fitted.size[0] else None
                raw = await self._backend.invoke(function, fitted.body, deadline, trace)
                return translate(caller, raw, fitted)
        except TimeoutError:
            raise GatewayError("timeout", f"Timed out: no answer within {limit:.0f} s") from None

    async def _prepare(self, function: Function, body: bytes, headers: Headers) -> tuple[Caller, Fitted]:
        """The request in the containers' form and within SageMaker's limit."""
        version = contract.version_of(headers, self._settings.cvat_version)
        caller, payload, body = contract.read_request(function.kind, body, version)
        try:
            if len(body) <= (limit := self._settings.max_payload) and images.scale_of_states(caller, payload) in {
                None,
                1.0,
            }:
                return caller, Fitted(body)
            loop = asyncio.get_running_loop()
            return caller, await loop.run_in_executor(self._image_thread, images.fit, caller, payload, limit)
        except UNREADABLE:
            log.warning("unreadable", exc_info=True, extra={"fields": {"function": function.name}})
            raise GatewayError("request", "The request's coordinates are not in CVAT's form") from None


def translate(caller: Caller, raw: bytes, fitted: Fitted) -> bytes:
    """A container's answer for the CVAT that calls; its very bytes where nothing has to change."""
    try:
        answer = contract.read_answer(caller, raw)
        scaled = images.scale_answer(caller, answer, fitted) if fitted.scale < 1 else answer
        result = contract.to_caller(caller, scaled)
        return raw if result is answer else contract.dumps(result)
    except UNREADABLE as error:
        refuse(f"{type(error).__name__} while reading it")
