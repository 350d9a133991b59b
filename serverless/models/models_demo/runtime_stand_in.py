"""A multi-container endpoint as SageMaker's runtime offers it: one address, the container in a header."""

import http.client
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import orjson

ENDPOINT = "cvat-models"
CONTAINER = "X-Amzn-SageMaker-Target-Container-Hostname"
ATTRIBUTES = "X-Amzn-SageMaker-Custom-Attributes"
"""Of the call, which SageMaker hands on as it is."""


@contextmanager
def endpoint(ports: Mapping[str, int]) -> Iterator[str]:
    """Address of a runtime whose endpoint ENDPOINT hands calls to the container's port on this machine."""

    class Runtime(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            port = ports.get(self.headers.get(CONTAINER, ""))
            if self.path != f"/endpoints/{ENDPOINT}/invocations" or port is None:
                self._answer(400, {"Message": "unknown endpoint or container"}, "ValidationError")
                return
            with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
                connection.request("POST", "/invocations", raw, {ATTRIBUTES: self.headers.get(ATTRIBUTES, "")})
                response = connection.getresponse()
                body = response.read()
            if response.status == HTTPStatus.OK:
                self._answer(200, body)
                return
            # What a container refuses comes back as 424, with the container's own status and words inside.
            wrapped = {
                "Message": "Received client error from primary",
                "OriginalStatusCode": response.status,
                "OriginalMessage": body.decode(),
            }
            self._answer(424, wrapped, "ModelError")

        def _answer(self, status: int, body: bytes | dict[str, object], code: str = "") -> None:
            data = body if isinstance(body, bytes) else orjson.dumps(body)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            if code:
                self.send_header("x-amzn-ErrorType", code)
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_arguments: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Runtime)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
