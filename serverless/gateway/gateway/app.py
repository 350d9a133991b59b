"""The HTTP service: CVAT's three calls of the Nuclio dashboard, health, metrics."""

import asyncio
import re
import time
import uuid
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from http import HTTPStatus

from aiohttp import web
from aiohttp.typedefs import Handler
from prometheus_client import generate_latest

from . import contract, images
from .backends import Echo, SageMaker
from .errors import STATUS, GatewayError
from .settings import MIB, Function, Settings, load
from .telemetry import Metrics, Trace, log

NAME_HEADER = "X-Nuclio-Function-Name"
LIMIT_HEADER = "X-Nuclio-Invoke-Timeout"
ID = web.RequestKey("id", str)
MARGIN = 0.05  # of CVAT's own time limit, kept for the answer's way back
UNITS = {"ms": 0.001, "": 1, "s": 1, "m": 60, "h": 3600}
WAIT_S = 10.0  # for memory; CVAT's batch jobs die of one 503, so it is better to wait a little
MAX_WAITING = 256
DURATION = r"(\d+(?:\.\d+)?)(ms|s|m|h|)"  # as Go writes them: 120s, 1m30s


class Admission:
    """Back-pressure, a semaphore of bytes: how many of requests are worked on at once, and how long others wait."""

    def __init__(self, capacity: int) -> None:
        self.used, self.largest = 0, capacity // 2
        self._capacity, self._waiting, self._freed = capacity, 0, asyncio.Condition()

    @asynccontextmanager
    async def admit(self, size: int) -> AsyncIterator[None]:
        """Hold `size` bytes while a request is worked on."""
        if size > self.largest:
            raise GatewayError("too_large", f"Image too large: a request may have {self.largest} bytes")
        weight, self._waiting = max(size, MIB), self._waiting + 1  # at least 1 MiB: bounds the requests' number, too
        try:
            async with asyncio.timeout(WAIT_S if self._waiting <= MAX_WAITING else 0), self._freed:
                await self._freed.wait_for(lambda: self.used + weight <= self._capacity)
                self.used += weight
        except TimeoutError:
            raise GatewayError("busy", "The gateway is busy; try again later") from None
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self.used -= weight
            async with self._freed:
                self._freed.notify_all()


class Gateway:
    """Handlers of one gateway and what they share."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self._functions = settings, load(settings)
        self._backend = Echo() if settings.backend == "echo" else SageMaker(settings)
        self._admission, self._metrics = Admission(settings.max_in_flight_bytes), Metrics()
        self._pixels = ThreadPoolExecutor(1, "pixels")  # one: a decoded image may take 200 MB
        self.app = web.Application(middlewares=[explained], client_max_size=self._admission.largest)
        self.app.router.add_get("/api/functions", self.list_functions)
        self.app.router.add_get("/api/functions/{name}", self.get_function)
        self.app.router.add_post("/api/function_invocations", self.invoke)
        self.app.router.add_get("/healthz", self.healthz)
        self.app.router.add_get("/readyz", self.readyz)
        self.app.router.add_get("/metrics", self.metrics)
        self.app.cleanup_ctx.append(self._backend.running)
        log.info("started", extra={"functions": sorted(self._functions)})

    async def list_functions(self, _: web.Request) -> web.Response:
        return web.json_response({name: function.item for name, function in self._functions.items()})

    async def get_function(self, request: web.Request) -> web.Response:
        return web.json_response(self._function(request.match_info["name"]).item)

    async def healthz(self, _: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def readyz(self, _: web.Request) -> web.Response:
        """Calls can be answered: the registry is loaded (or nothing would run) and credentials are found."""
        if not await self._backend.ready():
            raise GatewayError("busy", "The gateway has no AWS credentials")
        return web.json_response({"status": "ok", "functions": len(self._functions)})

    async def metrics(self, _: web.Request) -> web.Response:
        self._metrics.in_flight.set(self._admission.used)
        return web.Response(body=generate_latest(self._metrics.registry), content_type="text/plain")

    def _function(self, name: str) -> Function:
        if name not in self._functions:
            raise GatewayError("not_found", f"Function '{name[:60]}' is not deployed")
        return self._functions[name]

    async def invoke(self, request: web.Request) -> web.Response:
        """Call the function that a header names."""
        if not (name := request.headers.get(NAME_HEADER)):
            raise GatewayError("request", f"Header {NAME_HEADER} is missing")
        function, size = self._function(name), request.content_length
        if size is None:
            raise GatewayError("request", "Content-Length is missing", status=HTTPStatus.LENGTH_REQUIRED)
        trace = Trace(name, request[ID], size)
        try:
            async with self._admission.admit(size):
                result = await self._answer(function, request, trace)
            trace.bytes_out, trace.status = len(result), 200
            return web.Response(body=result, content_type="application/json")
        except GatewayError as error:
            trace.status, trace.kind, trace.reason = error.status, error.kind, error.reason
            raise
        finally:
            self._metrics.record(trace)

    async def _answer(self, function: Function, request: web.Request, trace: Trace) -> bytes:
        """The answer for the CVAT that calls. Raises GatewayError, at the latest when CVAT's time is up."""
        limit = time_limit(request.headers.get(LIMIT_HEADER, ""), self._settings.request_timeout_s)
        version = contract.version_of(request.headers, self._settings.cvat_version)
        deadline, in_thread = trace.started + limit, asyncio.get_running_loop().run_in_executor
        try:
            async with asyncio.timeout(deadline - time.monotonic()):
                call, payload = contract.read_request(function.kind, await request.read(), version)
                if not images.fits(call, payload, self._settings.max_payload_bytes):
                    await in_thread(self._pixels, images.fit, call, payload, self._settings.max_payload_bytes)
                del payload  # holds the image once more, as text
                trace.bytes_sent, trace.scale = len(call.body), call.scale and round(call.scale, 4)
                raw = await self._backend.invoke(function, call.body, deadline, trace)
                if call.scale or call.kind == "interactor":  # masks may have to be drawn
                    return await in_thread(self._pixels, images.translate, call, raw)
                return images.translate(call, raw)
        except TimeoutError:
            raise GatewayError("timeout", f"Timed out: no answer within {limit:.0f} s") from None


def time_limit(text: str, default: float) -> float:
    """Seconds until CVAT stops waiting, less a margin."""
    if not re.fullmatch(f"({DURATION})*", text):
        raise GatewayError("request", f"Header {LIMIT_HEADER} is {text[:20]!r}: write it like 120s")
    seconds = sum(float(number) * UNITS[unit] for number, unit in re.findall(DURATION, text))
    return min(default, seconds * (1 - MARGIN)) if text else default


@web.middleware
async def explained(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every failure has a JSON body and a reason phrase; every answer carries the request's id."""
    request[ID] = uuid.uuid4().hex
    try:
        response = await handler(request)
    except Exception as error:
        if not isinstance(error, GatewayError | web.HTTPException):  # aiohttp's: of its router, and of a body's size
            log.exception("unexpected failure", extra={"request_id": request[ID]})
            error = GatewayError("request", f"The gateway failed: see its log for request {request[ID]}", status=500)
        reason, headers = error.reason, {"Retry-After": "5"} if error.status == STATUS["busy"] else {}
        headers |= {"Allow": error.headers["Allow"]} if isinstance(error, web.HTTPMethodNotAllowed) else {}
        response = web.json_response({"error": reason}, status=error.status, reason=reason, headers=headers)
    response.headers["X-Request-Id"] = request[ID]
    return response
