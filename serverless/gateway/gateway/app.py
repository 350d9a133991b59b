"""The HTTP service: CVAT's three calls of the Nuclio dashboard, health, metrics."""

import os
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from http import HTTPStatus

import orjson
from aiohttp import web

from . import registry
from .admission import Admission
from .backend import Backend
from .echo import Echo
from .errors import GatewayError, phrase
from .invocation import Invoker, Request, Trace
from .registry import Function
from .sagemaker import SageMaker
from .settings import Settings
from .telemetry import Metrics, log

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

NAME_HEADER = "X-Nuclio-Function-Name"
REQUEST_ID = "request_id"
RETRY_AFTER_S = "5"


class Gateway:
    """Handlers of one gateway and what they share."""

    def __init__(self, settings: Settings, backend: Backend) -> None:
        self.functions = registry.load(settings)
        self._backend = backend
        self._invoker = Invoker(settings, backend)
        self._admission = Admission(settings.max_in_flight)
        self._metrics = Metrics()
        self._list = orjson.dumps({name: function.item for name, function in self.functions.items()})

    def app(self) -> web.Application:
        """Raises ConfigError on start if the backend lacks a setting."""
        app = web.Application(
            middlewares=[explain_failures], client_max_size=self._admission.largest, handler_args={}
        )
        app.router.add_get("/api/functions", self.list_functions)
        app.router.add_get("/api/functions/{name}", self.get_function)
        app.router.add_post("/api/function_invocations", self.invoke)
        app.router.add_get("/healthz", self.healthz)
        app.router.add_get("/readyz", self.readyz)
        app.router.add_get("/metrics", self.metrics)
        app.cleanup_ctx.append(self._running)
        return app

    async def _running(self, _: web.Application) -> AsyncIterator[None]:
        await self._backend.start()
        log.info("started", extra={"fields": {"functions": sorted(self.functions)}})
        yield
        await self._backend.stop()
        self._invoker.close()

    async def list_functions(self, _: web.Request) -> web.Response:
        return web.Response(body=self._list, content_type="application/json")

    async def get_function(self, request: web.Request) -> web.Response:
        return json_response(self._function(request.match_info["name"]).item)

    async def healthz(self, _: web.Request) -> web.Response:
        """The process is alive."""
        return json_response({"status": "ok"})

    async def readyz(self, _: web.Request) -> web.Response:
        """Calls can be answered: the registry is loaded (else there is no server) and credentials are found."""
        if await self._backend.ready():
            return json_response({"status": "ok", "functions": len(self.functions)})
        raise GatewayError("busy", "The gateway has no AWS credentials")

    async def metrics(self, _: web.Request) -> web.Response:
        self._metrics.in_flight.set(self._admission.used)
        return web.Response(body=self._metrics.text(), headers={"Content-Type": "text/plain; version=0.0.4"})

    def _function(self, name: str) -> Function:
        if name not in self.functions:
            raise GatewayError("not_found", f"Function '{name[:60]}' is not deployed")
        return self.functions[name]

    async def invoke(self, request: web.Request) -> web.Response:
        """Call a function; CVAT names it in a header."""
        started = time.monotonic()
        name = request.headers.get(NAME_HEADER)
        if not name:
            raise GatewayError("request", f"Header {NAME_HEADER} is missing")
        function = self._function(name)
        if request.content_length is None:
            raise GatewayError("request", "Content-Length is missing", status=HTTPStatus.LENGTH_REQUIRED)
        trace, status, failure, size = Trace(), 200, None, 0
        try:
            async with self._admission.admit(request.content_length):
                body = await request.read()
                call = Request(function, body, request.headers, request[REQUEST_ID], started)
                answer = await self._invoker.invoke(call, trace)
            size = len(answer)
            return web.Response(body=answer, content_type="application/json")
        except GatewayError as error:
            status, failure = error.status, error
            raise
        except BaseException:
            status = 500
            raise
        finally:
            self._account(function, trace, status, failure, time.monotonic() - started)
            log.info(
                "invocation",
                extra={"fields": _line(request, function, trace, status, failure, size, started)},
            )

    def _account(
        self, function: Function, trace: Trace, status: int, failure: GatewayError | None, seconds: float
    ) -> None:
        name = function.name
        self._metrics.requests.labels(name, status).inc()
        self._metrics.latency.labels(name).observe(seconds)
        if trace.spent.attempts:
            self._metrics.upstream.labels(name).observe(trace.spent.upstream)
            self._metrics.retries.labels(name).inc(trace.spent.attempts - 1)
        if trace.reencoded:
            self._metrics.scaled.labels(name).inc()
        if failure:
            self._metrics.errors.labels(name, failure.kind).inc()


def _line(
    request: web.Request,
    function: Function,
    trace: Trace,
    status: int,
    failure: GatewayError | None,
    size: int,
    started: float,
) -> dict[str, object]:
    return {
        "function": function.name,
        "status": status,
        "reason": failure.reason if failure else None,
        "request_id": request[REQUEST_ID],
        "bytes_in": request.content_length,
        "bytes_sent": trace.sent,
        "bytes_out": size,
        "scale": round(trace.scale, 4),
        "attempts": trace.spent.attempts,
        "upstream_ms": round(trace.spent.upstream * 1000, 1),
        "ms": round((time.monotonic() - started) * 1000, 1),
    }


def json_response(value: object, status: int = 200, reason: str | None = None) -> web.Response:
    return web.Response(
        body=orjson.dumps(value), status=status, reason=reason, content_type="application/json"
    )


@web.middleware
async def explain_failures(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every failure is a JSON body and a reason phrase; every answer carries the request's id."""
    request[REQUEST_ID] = uuid.uuid4().hex
    response: web.StreamResponse
    try:
        response = await handler(request)
    except GatewayError as error:
        response = _failed(error.reason, error.status)
    except web.HTTPRequestEntityTooLarge:
        response = _failed("Image too large", 413)
    except web.HTTPException as error:
        response = _failed(error.reason, error.status)
        if "Allow" in error.headers:
            response.headers["Allow"] = error.headers["Allow"]
    except Exception:
        log.exception("unexpected failure", extra={"fields": {"request_id": request[REQUEST_ID]}})
        response = _failed(f"The gateway failed; its log says why for request {request[REQUEST_ID]}", 500)
    response.headers["X-Request-Id"] = request[REQUEST_ID]
    return response


def _failed(reason: str, status: int) -> web.Response:
    response = json_response({"error": reason}, status, phrase(reason))
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers["Retry-After"] = RETRY_AFTER_S
    return response


def create_app(settings: Settings, environ: Mapping[str, str] = os.environ) -> web.Application:
    """The service, ready to be run by aiohttp in any event loop.

    `environ` is where AWS credentials are looked for first (`AWS_ACCESS_KEY_ID` and so on); then, as in every AWS
    SDK, the process's own environment, profile, container role. Raises ConfigError.
    """
    backend: Backend = Echo() if settings.backend == "echo" else SageMaker(settings, environ)
    return Gateway(settings, backend).app()
