"""SageMaker's container contract over HTTP: /ping and /invocations, one inference at a time."""

import asyncio
import logging
import re
import signal
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus

import orjson
from aiohttp import web

from models.errors import EncodingError, ModelError, RequestError, SlowError
from models.service import Service, load_service
from models.settings import MAX_BODY_BYTES, MAX_WAITING, REQUEST_TIMEOUT_S, Settings
from models.together import Functions, folders_of, memory_budget

SHUTDOWN_S = 25.0
"""SageMaker kills a container 30 s after SIGTERM."""

BODY_TIMEOUT_S = 20.0
"""For a body to come in whole."""

IDLE_TIMEOUT_S = 75.0
"""For the headers of a request, and between two requests of a connection."""

ATTRIBUTES = "X-Amzn-SageMaker-Custom-Attributes"
"""Of the call, as the gateway gives them: request-id=...,function=..."""
FUNCTION = re.compile(r"(?:^|,)\s*function=([^,\s]+)")

CLIENT_CLOSED_REQUEST = 499
"""Only for the log: it is never received."""


class Server:
    """HTTP in front of functions that are loaded after the port is open, so that /ping can say "not yet"."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._functions: Functions | None = None
        self._waiting = 0
        # One thread: networks and their buffers belong to it, and memory is bounded by one request's images.
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="inference")
        self.app = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=[_errors_as_json])
        self.app.add_routes([web.get("/ping", self._ping), web.post("/invocations", self._invoke)])

    async def load(self) -> None:
        """Reads the archives in the worker's thread. A single one is loaded and tried, several when they are called."""
        started = time.monotonic()
        self._functions = await asyncio.get_running_loop().run_in_executor(self._worker, _functions, self._settings)
        logging.info("ready after %.1f s", time.monotonic() - started)

    def close(self) -> None:
        """Lets the worker go without waiting for what it does."""
        self._worker.shutdown(wait=False, cancel_futures=True)

    async def _ping(self, _request: web.Request) -> web.Response:
        if self._functions is None:
            return _json(HTTPStatus.SERVICE_UNAVAILABLE, {"error": "the model is being loaded"})
        return _json(HTTPStatus.OK, {"function": ", ".join(self._functions.names)})

    async def _invoke(self, request: web.Request) -> web.Response:
        if self._functions is None:
            return _json(HTTPStatus.SERVICE_UNAVAILABLE, {"error": "the model is being loaded: try again"})
        if self._waiting > MAX_WAITING:
            return _json(HTTPStatus.SERVICE_UNAVAILABLE, {"error": f"{MAX_WAITING} requests are waiting: try again"})
        started = time.monotonic()
        self._waiting += 1  # also while its body comes in: bodies in memory are counted thereby
        try:
            raw = await _body(request)
            named = FUNCTION.findall(request.headers.get(ATTRIBUTES, ""))
            name = named[-1] if named else None
            answer = await self._work(self._functions, name, raw, started + REQUEST_TIMEOUT_S)
        except TimeoutError:
            text = f"no answer within {REQUEST_TIMEOUT_S:.0f} s: send a smaller image or fewer at a time"
            return _json(HTTPStatus.GATEWAY_TIMEOUT, {"error": text})
        finally:
            self._waiting -= 1
        logging.info("answered bytes=%d ms=%.0f", len(raw), (time.monotonic() - started) * 1000)
        return web.Response(body=answer, content_type="application/json")

    async def _work(self, functions: Functions, name: str | None, raw: bytes, deadline: float) -> bytes:
        """Runs in the worker's thread; work whose caller has given up is not begun."""

        def work() -> bytes:
            if time.monotonic() > deadline:
                raise TimeoutError
            return functions.service(name).answer(raw)

        loop = asyncio.get_running_loop()
        return await asyncio.wait_for(loop.run_in_executor(self._worker, work), deadline - time.monotonic())


def _functions(settings: Settings) -> Functions:
    """The functions of a container's archive. Raises ModelError, also where the only one cannot be served."""

    def load(name: str) -> Service:
        return load_service(folders[name], settings.threads, name, settings.runtime)

    folders = folders_of(settings.model_dir)
    if settings.function and settings.function not in folders:
        raise ModelError(
            f"FUNCTION is {settings.function!r}, but the archive in {settings.model_dir} is of "
            f"{', '.join(map(repr, folders))}: deploy that function's own archive"
        )
    functions = Functions(folders, load, memory_budget(settings.containers))
    if len(folders) == 1:
        functions.service(None)
    return functions


async def _body(request: web.Request) -> bytes:
    """The request's body. Raises RequestError for one that is compressed or does not come."""
    encoding = request.headers.get("Content-Encoding", "identity")
    if encoding.lower() != "identity":
        raise EncodingError(f"Content-Encoding is {encoding[:20]!r}: send the body as it is")
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            return await request.read()
    except TimeoutError:
        raise SlowError(f"the body did not come within {BODY_TIMEOUT_S:.0f} s") from None
    except web.RequestPayloadError as error:
        raise RequestError(f"the body is broken: {error}") from None


@web.middleware
async def _errors_as_json(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Every error is {"error": a sentence}; a traceback goes to the log, never to the caller."""
    try:
        return await handler(request)
    except RequestError as error:
        logging.info("refused status=%d reason=%s", error.status, error)
        return _json(error.status, {"error": str(error)})
    except web.HTTPRequestEntityTooLarge:
        text = f"the body is larger than {MAX_BODY_BYTES // 2**20} MiB: send a smaller image"
        return _json(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, {"error": text})
    except web.HTTPException as error:
        text = f"{request.method} {request.path}: {error.reason}; there are GET /ping and POST /invocations"
        return _json(error.status, {"error": text})
    except ConnectionError:
        logging.info("the caller closed the connection")
        return web.Response(status=CLIENT_CLOSED_REQUEST)
    except Exception:
        logging.exception("request failed")
        text = "the model failed on this request; the container's log says why"
        return _json(HTTPStatus.INTERNAL_SERVER_ERROR, {"error": text})


def _json(status: int, body: dict[str, str]) -> web.Response:
    return web.Response(status=status, body=orjson.dumps(body), content_type="application/json")


async def serve(settings: Settings) -> int:
    """Serves until SIGTERM or SIGINT; the exit code is 1 where the archive cannot be loaded."""
    server = Server(settings)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    runner = web.AppRunner(
        server.app,
        access_log=None,
        auto_decompress=False,
        keepalive_timeout=IDLE_TIMEOUT_S,
        shutdown_timeout=SHUTDOWN_S,
    )
    await runner.setup()
    try:
        await web.TCPSite(runner, port=settings.port).start()
        logging.info("listening port=%d", settings.port)
        await server.load()
        await stop.wait()
        logging.info("stopping: requests in work get %.0f s", SHUTDOWN_S)
    except (ModelError, OSError) as error:
        logging.error("%s", error)
        return 1
    finally:
        await runner.cleanup()
        server.close()
    return 0
