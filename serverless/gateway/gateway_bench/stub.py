"""A stub of SageMaker's runtime: takes signed calls, answers what it is told to; `python -m gateway_bench.stub PORT MS`."""

import asyncio
import sys
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple

from aiohttp import web

DETECTION = b'[{"label":"car","type":"rectangle","points":[10.5,20.5,110.5,220.5],"confidence":"0.93"}]'


class Received(NamedTuple):
    endpoint: str
    headers: Mapping[str, str]
    body: bytes


Fault = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Stub:
    """Answers `answers[endpoint]`, unless a fault is due; keeps the calls that it got."""

    def __init__(self, delay: float = 0.0, *, keep: bool = True) -> None:
        self.answers: dict[str, bytes | Callable[[bytes], bytes]] = {}
        self.faults: deque[Fault] = deque()
        self.received: list[Received] = []
        self.connections: set[object] = set()
        self._delay, self._keep = delay, keep

    def app(self) -> web.Application:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_post("/endpoints/{endpoint}/invocations", self.invoke)
        return app

    async def invoke(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        endpoint = request.match_info["endpoint"]
        if self._keep:
            self.received.append(Received(endpoint, request.headers.copy(), body))
            self.connections.add(request.transport and request.transport.get_extra_info("peername"))
        if self._delay:
            await asyncio.sleep(self._delay)
        if self.faults:
            return await self.faults.popleft()(request)
        answer = self.answers.get(endpoint, DETECTION)
        return web.Response(
            body=answer if isinstance(answer, bytes) else answer(body), content_type="application/json"
        )


if __name__ == "__main__":
    port, delay_ms = int(sys.argv[1]), float(sys.argv[2])
    web.run_app(
        Stub(delay_ms / 1000, keep=False).app(), host="127.0.0.1", port=port, access_log=None, print=None
    )
