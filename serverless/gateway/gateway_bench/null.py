"""`python -m gateway_bench.null PORT socket|aiohttp`: servers that read a request and answer, and do nothing else.

No gateway in Python can use less: the difference to them is what the gateway's work costs.
"""

import asyncio
import re
import sys

from aiohttp import web

ANSWER = b"[]"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n"


class SocketServer(asyncio.Protocol):
    """Finds Content-Length, counts bytes, answers. It takes the benchmark's requests and no others."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._head, self._missing = b"", 0

    def data_received(self, data: bytes) -> None:
        if not self._missing:
            self._head += data
            head, end, body = self._head.partition(b"\r\n\r\n")
            length = re.search(rb"(?i)content-length: (\d+)", head)
            if not end:
                return
            self._missing, self._head = int(length[1]) if length else 0, b""
            data = body
        self._missing -= len(data)
        if not self._missing:
            assert isinstance(self._transport, asyncio.Transport)  # noqa: S101 - TCP
            self._transport.write(HEAD + ANSWER)


async def answer(request: web.Request) -> web.Response:
    await request.read()
    return web.Response(body=ANSWER, content_type="application/json")


async def serve_sockets(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(SocketServer, "127.0.0.1", port)
    await server.serve_forever()


def main() -> None:
    port, kind = int(sys.argv[1]), sys.argv[2]
    if kind == "socket":
        asyncio.run(serve_sockets(port))
        return
    app = web.Application(client_max_size=64 * 1024 * 1024)
    app.router.add_route("*", "/{path:.*}", answer)
    web.run_app(app, host="127.0.0.1", port=port, access_log=None, print=None)


if __name__ == "__main__":
    main()
