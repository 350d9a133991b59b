"""The HTTP service: CVAT's three calls of the Nuclio dashboard, health, metrics."""

import asyncio
import re
import socket
import uuid
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import TypeVar, TypeVarTuple

from aiohttp import web
from aiohttp.typedefs import Handler
from prometheus_client import generate_latest

from gateway import contract, images, malloc
from gateway.batch.clock import Clock, SystemClock
from gateway.echo import Echo
from gateway.endpoints import Endpoints
from gateway.errors import STATUS, GatewayError
from gateway.memory import MemoryBudget, Share
from gateway.registry import Function, read_functions
from gateway.settings import Settings, deployed
from gateway.telemetry import Metrics, Trace, log

Arguments = TypeVarTuple("Arguments")
Result = TypeVar("Result")

JSON = {"Content-Type": "application/json"}
NAME_HEADER = "X-Nuclio-Function-Name"
LIMIT_HEADER = "X-Nuclio-Invoke-Timeout"
PATIENT = web.AppKey("patient", bool)
"""Of an application: whether its calls wait for an endpoint that is asleep."""
REQUEST_ID = web.RequestKey("request_id", str)
MARGIN = 0.05
"""Share of CVAT's own time limit that is kept for the answer's way back."""
UNITS_S = {"ms": 0.001, "s": 1, "m": 60, "h": 3600}
DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)(ms|s|m|h)")
"""As Go writes them: 120s, 1m30s. Text that is matched part by part, from the left, takes linear time."""
BODY_TIMEOUT_S = 20.0
"""For a body to come in whole."""
IN_LOOP_BYTES = 256 * 1024
"""Larger answers are read in a thread, one at a time, so that neither other calls nor memory suffer."""
KEEPALIVE_S = 60
STOP_TIMEOUT_S = 115.0
"""After SIGTERM, all calls have ended: ECS kills a task 120 s after it."""


class Gateway:
    """Handlers of one gateway and what they share."""

    def __init__(self, settings: Settings, backend: Endpoints | None = None, clock: Clock | None = None) -> None:
        self._settings, self._clock = settings, clock or SystemClock()
        self._functions = deployed(read_functions(settings.functions_dir), settings)
        self._backend = backend or (Echo() if settings.backend == "echo" else Endpoints.of_aws(settings))
        self._memory = MemoryBudget(settings.max_in_flight_bytes)
        self._metrics = Metrics()
        self._pixels = ThreadPoolExecutor(1, "pixels")  # one: a decoded image may take 280 MB
        self._ends = float("inf")
        """When calls must have ended; a time of the clock."""
        self.app, self.batch_app = self._application(patient=False), self._application(patient=True)
        """For people, and for CVAT's annotation worker, whose calls wait for an endpoint that is asleep."""
        self.app.cleanup_ctx.append(self._running)
        log.info("started", extra={"functions": sorted(self._functions)})

    def _application(self, *, patient: bool) -> web.Application:
        app = web.Application(middlewares=[self._explained])
        app[PATIENT] = patient
        app.router.add_get("/api/functions", self.list_functions)
        app.router.add_get("/api/functions/{name}", self.get_function)
        app.router.add_post("/api/function_invocations", self.invoke)
        app.router.add_get("/healthz", self.healthz)
        app.router.add_get("/readyz", self.readyz)
        app.router.add_get("/metrics", self.metrics)
        return app

    async def _running(self, _: web.Application) -> AsyncIterator[None]:
        async with self._backend.running(lambda: self._ends):
            yield

    def stop_soon(self) -> None:
        """Calls are still taken, but have less time, and connections are not kept."""
        self._ends = self._clock.monotonic() + STOP_TIMEOUT_S

    @property
    def has_batch_functions(self) -> bool:
        """Whether some endpoint may be asleep, so that the second port is needed."""
        return any(self._settings.sleeps(name) for name in self._functions)

    @property
    def stopping(self) -> bool:
        return self._ends < float("inf")

    async def list_functions(self, _: web.Request) -> web.Response:
        notes = await asyncio.gather(*(self._backend.note(name) for name in self._functions))
        functions = zip(self._functions.items(), notes, strict=True)
        return web.json_response({name: function.noted(note) for (name, function), note in functions})

    async def get_function(self, request: web.Request) -> web.Response:
        function = self._function(request.match_info["name"])
        return web.json_response(function.noted(await self._backend.note(function.name)))

    async def healthz(self, _: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def readyz(self, _: web.Request) -> web.Response:
        """Calls can be answered: there are credentials, SageMaker can be reached, and the process goes on."""
        problem = "The gateway is being stopped" if self.stopping else await self._backend.problem()
        if problem:
            raise GatewayError("busy", problem)
        return web.json_response({"status": "ok", "functions": len(self._functions)})

    async def metrics(self, _: web.Request) -> web.Response:
        self._metrics.in_flight.set(self._memory.used)
        return web.Response(body=generate_latest(self._metrics.registry), content_type="text/plain")

    def _function(self, name: str) -> Function:
        if name not in self._functions:
            raise GatewayError("not_found", f"Function '{name[:60]}' is not deployed")
        return self._functions[name]

    async def invoke(self, request: web.Request) -> web.Response:
        """Calls the function that a header names."""
        name = request.headers.get(NAME_HEADER)
        if not name:
            raise GatewayError("request", f"Header {NAME_HEADER} is missing")
        function, size = self._function(name), self._announced_size(request)
        trace = Trace(name, request[REQUEST_ID], size)
        try:
            with self._memory.share() as share:
                result = await self._answer(function, request, share, trace)
            trace.bytes_out, trace.status = len(result), HTTPStatus.OK
            return web.Response(body=result, headers=JSON)
        except GatewayError as error:
            trace.fail(error)
            raise
        except (asyncio.CancelledError, ConnectionError, web.RequestPayloadError):
            trace.fail(GatewayError("disconnected", "The caller closed the connection"))
            raise
        finally:
            self._metrics.record(trace)

    def _announced_size(self, request: web.Request) -> int:
        """Bytes of the body, from its header. Raises GatewayError for a body that is not read at all."""
        encoding = request.headers.get("Content-Encoding", "identity")
        if encoding.lower() != "identity":
            raise GatewayError("encoding", f"Content-Encoding is {encoding[:20]!r}: send the body as it is")
        size = request.content_length
        if size is None:
            raise GatewayError("request", "Content-Length is missing", status=HTTPStatus.LENGTH_REQUIRED)
        if size > self._memory.largest:
            raise GatewayError("too_large", f"Image too large: a request may have {self._memory.largest} bytes")
        return size

    async def _answer(self, function: Function, request: web.Request, share: Share, trace: Trace) -> bytes:
        """The answer for the CVAT that calls. Raises GatewayError, at the latest when CVAT's time is up."""
        patient = request.app[PATIENT] and self._settings.sleeps(function.name)
        if patient:
            _keep_open(request)
        longest = self._settings.batch_timeout_s if patient else self._settings.request_timeout_s
        limit = time_limit(request.headers.get(LIMIT_HEADER, ""), longest)
        version = contract.version_of(request.headers, self._settings.cvat_version)
        now = self._clock.monotonic()
        deadline = min(now + limit, self._ends)
        try:
            async with asyncio.timeout(deadline - now):
                body = await self._body(request, share)
                call = contract.read_request(function.kind, body, version)
                del body  # `call` may replace it by a smaller one
                if not images.fits(call, self._settings.max_payload_bytes):
                    await self._in_thread(images.fit, call, self._settings.max_payload_bytes)
                    malloc.trim()
                    await share.hold(len(call.body))
                trace.bytes_sent, trace.scale = len(call.body), call.scale and round(call.scale, 4)
                raw = await self._backend.invoke(function, call, deadline, share, trace, patient=patient)
                if images.draws(call, raw) or len(raw) > IN_LOOP_BYTES:
                    return await self._in_thread(images.translate, call, raw)
                return images.translate(call, raw)
        except TimeoutError:
            raise GatewayError("timeout", f"Timed out: no answer within {limit:.0f} s") from None

    async def _body(self, request: web.Request, share: Share) -> bytes:
        """The request's body, for which memory is held as it comes in. Raises GatewayError if that takes too long."""
        pieces = []
        try:
            async with asyncio.timeout(BODY_TIMEOUT_S):
                while not request.content.at_eof():
                    piece = await request.content.readany()
                    await share.grow(len(piece))
                    pieces.append(piece)
        except TimeoutError:
            raise GatewayError("slow", "The request's body came too slowly") from None
        await share.hold(share.held)
        share.complete()
        return b"".join(pieces)

    async def _in_thread(self, function: Callable[[*Arguments], Result], *arguments: *Arguments) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._pixels, function, *arguments)

    @web.middleware
    async def _explained(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Every failure has a JSON body and a reason phrase; every answer carries the request's id."""
        request[REQUEST_ID] = uuid.uuid4().hex
        try:
            response = await handler(request)
        except (ConnectionError, web.RequestPayloadError):  # an answer would not arrive
            response = web.Response(status=STATUS["disconnected"])
        except Exception as error:
            response = _failure(error, request[REQUEST_ID])
        response.headers["X-Request-Id"] = request[REQUEST_ID]
        if self.stopping:
            response.force_close()
        return response


def _failure(error: Exception, request_id: str) -> web.Response:
    if not isinstance(error, GatewayError | web.HTTPException):  # aiohttp's: of its router
        log.exception("unexpected failure", extra={"request_id": request_id})
        error = GatewayError("internal", f"The gateway failed: see its log for request {request_id}")
    headers = {"Retry-After": str(getattr(error, "retry_after_s", 5))} if error.status == STATUS["busy"] else {}
    headers |= {"Allow": error.headers["Allow"]} if isinstance(error, web.HTTPMethodNotAllowed) else {}
    return web.json_response({"error": error.reason}, status=error.status, reason=error.reason, headers=headers)


def _keep_open(request: web.Request) -> None:
    """Sends a packet each minute: EC2 forgets connections that are silent for 350 s on its newest hosts (EC2 user
    guide, "Idle connection tracking timeout", read 2026-11), and a wake takes longer."""
    connection = request.transport and request.transport.get_extra_info("socket")
    if connection and hasattr(socket, "TCP_KEEPIDLE"):  # Linux; not every system has it
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, KEEPALIVE_S)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, KEEPALIVE_S)


def time_limit(text: str, default: float) -> float:
    """Seconds until CVAT stops waiting, less a margin. Raises GatewayError."""
    if not text:
        return default
    seconds, place = 0.0, 0
    while place < len(text):
        part = DURATION.match(text, place)
        if not part:
            raise GatewayError("request", f"Header {LIMIT_HEADER} is {text[:20]!r}: write it like 120s")
        seconds, place = seconds + float(part[1]) * UNITS_S[part[2]], part.end()
    return min(default, seconds * (1 - MARGIN))
