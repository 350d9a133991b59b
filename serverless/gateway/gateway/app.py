"""The HTTP service: CVAT's three calls of the Nuclio dashboard, health, metrics."""

import os
import uuid
from collections.abc import AsyncIterator, Mapping
from http import HTTPStatus

import orjson
from aiohttp import web
from aiohttp.typedefs import Handler
from prometheus_client import generate_latest

from . import registry
from .admission import Admission
from .backend import Backend, Trace
from .echo import Echo
from .errors import GatewayError, phrase
from .invocation import Invoker
from .registry import Function
from .sagemaker import SageMaker
from .settings import Settings
from .telemetry import Metrics, log

NAME_HEADER = "X-Nuclio-Function-Name"
ID = web.RequestKey("id", str)
RETRY_AFTER_S = "5"


class Gateway:
    """Handlers of one gateway and what they share."""

    def __init__(self, settings: Settings, backend: Backend) -> None:
        self._functions = registry.load(settings)
        self._list = orjson.dumps({name: function.item for name, function in self._functions.items()})
        self._backend = backend
        self._invoker = Invoker(settings, backend)
        self._admission = Admission(settings.max_in_flight)
        self._metrics = Metrics()

    def app(self) -> web.Application:
        app = web.Application(middlewares=[explained], client_max_size=self._admission.largest)
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
        log.info("started", extra={"fields": {"functions": sorted(self._functions)}})
        yield
        await self._backend.stop()
        self._invoker.close()

    async def list_functions(self, _: web.Request) -> web.Response:
        return web.Response(body=self._list, content_type="application/json")

    async def get_function(self, request: web.Request) -> web.Response:
        return web.json_response(self._function(request.match_info["name"]).item)

    async def healthz(self, _: web.Request) -> web.Response:
        """The process is alive."""
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
                result = await self._invoker.invoke(function, await request.read(), request.headers, trace)
            trace.bytes_out, status = len(result), 200
            return web.Response(body=result, content_type="application/json")
        except GatewayError as error:
            trace.failure, status = error, error.status
            raise
        finally:
            self._metrics.record(trace, status)


@web.middleware
async def explained(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every failure has a JSON body and a reason phrase; every answer carries the request's id."""
    request[ID] = uuid.uuid4().hex
    try:
        response = await handler(request)
    except GatewayError as error:
        response = failure(error.reason, error.status)
    except web.HTTPException as error:  # of aiohttp's router, and of its limit of a body's size
        response = failure(error.reason, error.status)
        response.headers.update({key: error.headers[key] for key in ("Allow",) if key in error.headers})
    except Exception:
        log.exception("unexpected failure", extra={"fields": {"request_id": request[ID]}})
        response = failure(f"The gateway failed: see its log for request {request[ID]}", 500)
    response.headers["X-Request-Id"] = request[ID]
    return response


def failure(reason: str, status: int) -> web.StreamResponse:
    headers = {"Retry-After": RETRY_AFTER_S} if status == HTTPStatus.SERVICE_UNAVAILABLE else None
    return web.json_response({"error": reason}, status=status, reason=phrase(reason), headers=headers)


def create_app(settings: Settings, environ: Mapping[str, str] = os.environ) -> web.Application:
    """The service, ready to be run by aiohttp in any event loop. Raises ConfigError.

    AWS credentials are looked for in `environ` first (`AWS_ACCESS_KEY_ID` ...), then as every AWS SDK does.
    """
    backend = Echo() if settings.backend == "echo" else SageMaker(settings, environ)
    return Gateway(settings, backend).app()
