"""The process's life: connections with limits, and an end that loses no call."""

import asyncio
import gc
import signal

from aiohttp import web

from gateway import malloc
from gateway.app import STOP_TIMEOUT_S, Gateway
from gateway.errors import ConfigError
from gateway.settings import Settings
from gateway.telemetry import log

IDLE_TIMEOUT_S = 20.0
"""For the headers of a request to come in whole, and between two requests of a connection."""

READ_BYTES = 512 * 1024
"""Of a body that are read ahead; twice as many before a connection has to wait, which most bodies never do."""


def make_runner(app: web.Application, shutdown_timeout_s: float = STOP_TIMEOUT_S) -> web.AppRunner:
    """An application with the limits that hold for every connection."""
    return web.AppRunner(
        app,
        access_log=None,
        auto_decompress=False,  # a compressed body is refused; unpacked it would have any size
        handler_cancellation=True,  # a call is not continued for a caller that has gone away
        keepalive_timeout=IDLE_TIMEOUT_S,
        read_bufsize=READ_BYTES,
        shutdown_timeout=shutdown_timeout_s,
    )


async def serve(settings: Settings) -> None:
    """Serves until SIGTERM or SIGINT; after SIGTERM, new calls are taken for a while."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    delays: list[float] = []

    def end(delay: float) -> None:
        delays.append(delay)
        stop.set()

    loop.add_signal_handler(signal.SIGTERM, end, settings.shutdown_delay_s)
    loop.add_signal_handler(signal.SIGINT, end, 0.0)
    malloc.configure()
    gateway = Gateway(settings)
    runners = {settings.port: make_runner(gateway.app)}
    if gateway.has_batch_functions:
        if settings.port == settings.batch_port:
            raise ConfigError(
                f"environment variables PORT and BATCH_PORT are both {settings.port}: calls that wait for an endpoint "
                "come to a port of their own. Set BATCH_PORT to another, such as 8071"
            )
        runners[settings.batch_port] = make_runner(gateway.batch_app)
    for runner in runners.values():
        await runner.setup()
    try:
        for port, runner in runners.items():
            await web.TCPSite(runner, port=port).start()
        gc.collect()
        gc.freeze()  # what is loaded stays: the collector need not look at it again
        gc.set_threshold(10_000, 20, 20)
        malloc.trim()
        await stop.wait()
        gateway.stop_soon()
        log.info("stopping", extra={"delay_s": delays[0]})
        await asyncio.sleep(delays[0])
    finally:
        for runner in reversed(runners.values()):  # the first one's end closes the connections that both call over
            await runner.cleanup()
