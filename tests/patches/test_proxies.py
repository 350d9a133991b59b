"""Proxies: calls to the gateway and to the task itself stay direct, all others go through the proxy."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from cvat_aws import proxies

ROOT = Path(__file__).parents[2]
PYTHON = os.environ.get("CVAT_PYTHON", sys.executable)
PROXY = "http://proxy.example:3128"
ASK = """
import os, sys
from cvat_aws import proxies
proxies.keep_inner_calls_direct(os.environ)
import requests
for url in sys.argv[1:]:
    print(requests.get(url, timeout=5).text)
"""


class Answer(BaseHTTPRequestHandler):
    """Says how it was asked: a proxy gets the whole URL, a server the path only."""

    def do_GET(self) -> None:
        body = self.path.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Not on the terminal."""


@pytest.fixture
def port() -> Iterator[int]:
    server = HTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def test_without_a_proxy_nothing_changes() -> None:
    env = {"CVAT_NUCLIO_HOST": "gateway.internal"}
    proxies.keep_inner_calls_direct(env)
    assert env == {"CVAT_NUCLIO_HOST": "gateway.internal"}


@pytest.mark.parametrize("name", ["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"])
def test_with_a_proxy_what_is_inside_the_stack_stays_direct(name: str) -> None:
    env = {name: PROXY, "NO_PROXY": ".amazonaws.com.cn, localhost", "CVAT_NUCLIO_HOST": "gateway.internal"}
    proxies.keep_inner_calls_direct(env)
    expected = ".amazonaws.com.cn,localhost,gateway.internal,127.0.0.1,169.254.169.254,169.254.170.2"
    assert env["NO_PROXY"] == env["no_proxy"] == expected


def test_the_gateway_is_called_directly_and_a_bucket_through_the_proxy(port: int) -> None:
    env = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{ROOT}/patches/overlay",
        "CVAT_NUCLIO_HOST": "127.0.0.1",
        "HTTP_PROXY": f"http://127.0.0.1:{port}",
    }
    urls = [f"http://127.0.0.1:{port}/api/functions", "http://bucket.example/object"]
    done = subprocess.run(  # noqa: S603
        [PYTHON, "-W", "ignore", "-c", ASK, *urls], env=env, capture_output=True, text=True, check=False, timeout=30
    )
    assert done.stdout.split() == ["/api/functions", "http://bucket.example/object"], done.stderr
