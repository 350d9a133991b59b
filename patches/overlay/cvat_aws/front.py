"""nginx in front of Apache, in the same container: it takes in whole requests, however slowly they come.

mod_wsgi gives a request to a Python thread with its first byte, and the thread waits for the rest. Sixteen slow
uploads were all the threads of a task: nothing else was answered, the health check included. nginx keeps a body on
disk until it is complete; only then does Python see the request.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Sequence

LARGEST_BODY = 1024**3
"""Bytes; CVAT's own limit for one request."""
KEEP_ALIVE_S = 4060
"""An Application Load Balancer keeps idle connections for 4000 s at most. A target that closes one first resets the
request that is on its way: the user sees 502."""
STOP_S = 20.0
"""Below ECS's default stop timeout, 30 s."""
HTTP = """\
daemon off;
worker_processes 2;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 1024; }}
http {{
    access_log off;  # the load balancer keeps one
    server_tokens off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    large_client_header_buffers 8 16k;

    # Both are about silence: seconds between two reads or writes, not for a whole request.
    client_body_timeout {timeout_s}s;
    send_timeout {timeout_s}s;
    client_max_body_size {largest_body};
    keepalive_timeout {keep_alive_s}s;
"""
"""How each release's nginx begins: the block of its server follows, and `}}`."""
SERVER = """
    server {{
        listen {port} default_server;
        location / {{
            proxy_pass http://127.0.0.1:{apache_port};
            proxy_http_version 1.1;
            proxy_set_header Host $http_host;
            proxy_set_header Connection "";
            # X-Forwarded-For and -Proto pass as the load balancer wrote them: Django counts exactly one proxy.
            proxy_read_timeout {read_timeout_s}s;
            # A slow reader of an answer must not hold a Python thread either; downloads beyond this come by sendfile.
            proxy_max_temp_file_size 128m;
        }}
    }}
}}
"""


def configuration(folder: Path, port: int, apache_port: int, timeout_s: int) -> str:
    """nginx's configuration; `timeout_s` is how long a client may be silent, and how long an answer may take."""
    server = SERVER.format(
        port=port,
        apache_port=apache_port,
        read_timeout_s=timeout_s + 30,  # mod_wsgi gives up first, and says so in the log
    )
    return http(folder, timeout_s) + server


def http(folder: Path, timeout_s: int) -> str:
    return HTTP.format(folder=folder, timeout_s=timeout_s, largest_body=LARGEST_BODY, keep_alive_s=KEEP_ALIVE_S)


def nginx(folder: Path, text: str) -> list[str]:
    """Write the configuration `text` to `folder` and return the command."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "nginx.conf"
    path.write_text(text)
    return ["nginx", "-p", str(folder), "-e", "stderr", "-c", str(path)]


def run_together(commands: Sequence[Sequence[str]]) -> int:
    """Run programs until the first ends, then stop the others: the container lives and ends as one process would.

    SIGTERM stops all of them and returns 0. A program that ends by itself is a failure, whatever its exit code.
    """
    processes: list[subprocess.Popen[bytes]] = []
    asked_to_stop = False

    def stop(_signal: int, _frame: FrameType | None) -> None:
        nonlocal asked_to_stop
        asked_to_stop = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    try:
        for command in commands:
            processes.append(subprocess.Popen(command))  # noqa: S603 - our own commands
        ended = None
        while ended is None and not asked_to_stop:
            time.sleep(0.2)
            ended = next((process for process in processes if process.poll() is not None), None)
        if ended is not None:
            name = commands[processes.index(ended)][0]
            sys.stderr.write(f"{name} ended with exit code {ended.returncode}: stopping this container\n")
        return 0 if ended is None else ended.returncode or 1
    finally:
        _stop(processes)


def _stop(processes: list[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        if process.poll() is None:
            process.terminate()
    deadline = time.monotonic() + STOP_S
    for process in processes:
        try:
            process.wait(timeout=max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
