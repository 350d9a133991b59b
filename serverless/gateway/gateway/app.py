"""The HTTP service: CVAT's three calls of the Nuclio dashboard, health, metrics."""

import asyncio
import os
import re
import time
import uuid
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus

import orjson
from aiohttp import web
from aiohttp.typedefs import Handler
from prometheus_client import generate_latest

from . import contract, images, registry
from .admission import Admission
from .contract import Call
from .echo import Echo
from .errors import GatewayError, malformed, phrase
from .registry import Function
from .sagemaker import SageMaker
from .settings import Settings
from .telemetry import Metrics, Trace, log

NAME_HEADER = "X-Nuclio-Function-Name"
ID = web.RequestKey("id", str)
RETRY_AFTER_S = "5"
MARGIN = 0.05  # of CVAT's own time limit, kept for the answer's way back
UNITS = {"ms": 0.001, "": 1, "s": 1, "m": 60, "h": 3600}
DURATION = r"(\d+(?:\.\d+)?)(ms|s|m|h|)"  # as Go writes them: 120s, 1m30s
UNREADABLE = (TypeError, ValueError, LookupError, ArithmeticError, AttributeError, RecursionError)


class Gateway:
    """Handlers of one gateway and what they share."""

    def __init__(self, settings: Settings, backend: Echo | SageMaker) -> None:
        self._settings, self._backend = settings, backend
        self._functions = registry.load(settings)
        self._list = orjson.dumps({name: function.item for name, function in self._functions.items()})
        self._admission = Admission(settings.max_in_flight)
        self._metrics = Metrics()
        self._pixels = ThreadPoolExecutor(1, "pixels")  # one: a decoded image may take 200 MB

    def app(self) -> web.Application:
        app = web.Application(middlewares=[explained], client_max_size=self._admission.largest)
        app.router.add_get("/api/functions", self.list_functions)
        app.router.add_get("/api/functions/{name}", self.get_function)
        app.router.add_post("/api/function_invocations", self.invoke)
        app.router.add_get("/healthz", self.healthz)
        app.router.add_get("/readyz", self.readyz)
        app.router.add_get("/metrics", self.metrics)
        app.cleanup_ctx.extend([self._backend.running, self._running])
        return app

    async def _running(self, _: web.Application) -> AsyncIterator[None]:
        log.info("started", extra={"fields": {"functions": sorted(self._functions)}})
        with self._pixels:
            yield

    async def list_functions(self, _: web.Request) -> web.Response:
        return web.Response(body=self._list, content_type="application/json")

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
        trace, status = Trace(name, request[ID], size), 500
        try:
            async with self._admission.admit(size):
                result = await self._answer(function, request, trace)
            trace.bytes_out, status = len(result), 200
            return web.Response(body=result, content_type="application/json")
        except GatewayError as error:
            trace.failure, status = error, error.status
            raise
        finally:
            self._metrics.record(trace, status)

    async def _answer(self, function: Function, request: web.Request, trace: Trace) -> bytes:
        """The answer for the CVAT that calls. Raises GatewayError, at the latest when CVAT's time is up."""
        body, limit = await request.read(), time_limit(request.headers, self._settings.request_timeout)
        deadline = trace.started + limit
        try:
            async with asyncio.timeout(deadline - time.monotonic()):
                call = await self._prepare(function, body, request.headers)
                trace.bytes_sent, trace.scale = len(call.body), call.scale and round(call.scale, 4)
                raw = await self._backend.invoke(function, call.body, deadline, trace)
                if call.scale is None and call.kind != "interactor":
                    return translate(call, raw)
                return await asyncio.get_running_loop().run_in_executor(self._pixels, translate, call, raw)
        except TimeoutError:
            raise GatewayError("timeout", f"Timed out: no answer within {limit:.0f} s") from None

    async def _prepare(self, function: Function, body: bytes, headers: Mapping[str, str]) -> Call:
        """The request in the containers' form and within SageMaker's limit."""
        version, limit = contract.version_of(headers, self._settings.cvat_version), self._settings.max_payload
        call, payload = contract.read_request(function.kind, body, version)
        try:
            if not images.fits(call, payload, limit):
                await asyncio.get_running_loop().run_in_executor(self._pixels, images.fit, call, payload, limit)
        except UNREADABLE:
            log.warning("unreadable", exc_info=True, extra={"fields": {"function": function.name}})
            raise GatewayError("request", "The request's coordinates are not in CVAT's form") from None
        return call


def time_limit(headers: Mapping[str, str], default: float) -> float:
    """Seconds until CVAT stops waiting, less a margin."""
    text = headers.get("X-Nuclio-Invoke-Timeout", "")
    if not re.fullmatch(f"({DURATION})*", text):
        raise GatewayError("request", f"Header X-Nuclio-Invoke-Timeout is {text[:20]!r}: write it like 120s")
    seconds = sum(float(number) * UNITS[unit] for number, unit in re.findall(DURATION, text))
    return min(default, seconds * (1 - MARGIN)) if text else default


def translate(call: Call, raw: bytes) -> bytes:
    """A container's answer for the CVAT that calls; its very bytes where nothing has to change."""
    try:
        answer = contract.read_answer(call, raw)
        result = contract.to_caller(call, images.to_original(call, answer))
        return raw if result is answer else contract.dumps(result)
    except UNREADABLE as error:
        raise malformed(f"{type(error).__name__} {error}") from None


@web.middleware
async def explained(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every failure has a JSON body and a reason phrase; every answer carries the request's id."""
    request[ID], headers = uuid.uuid4().hex, {}
    try:
        response = await handler(request)
    except (GatewayError, web.HTTPException) as error:  # of ours; of aiohttp's router and its limit of a body's size
        if error.status == HTTPStatus.SERVICE_UNAVAILABLE:
            headers["Retry-After"] = RETRY_AFTER_S
        elif isinstance(error, web.HTTPMethodNotAllowed):
            headers["Allow"] = error.headers["Allow"]
        response = failure(error.reason, error.status, headers)
    except Exception:
        log.exception("unexpected failure", extra={"fields": {"request_id": request[ID]}})
        response = failure(f"The gateway failed: see its log for request {request[ID]}", 500)
    response.headers["X-Request-Id"] = request[ID]
    return response


def failure(reason: str, status: int, headers: Mapping[str, str] | None = None) -> web.StreamResponse:
    return web.json_response({"error": reason}, status=status, reason=phrase(reason), headers=headers)


def create_app(settings: Settings, environ: Mapping[str, str] = os.environ) -> web.Application:
    """The service, ready to be run by aiohttp in any event loop. Raises ConfigError.

    AWS credentials are looked for in `environ` first (`AWS_ACCESS_KEY_ID` ...), then as every AWS SDK does.
    """
    return Gateway(settings, Echo() if settings.backend == "echo" else SageMaker(settings, environ)).app()
