"""nginx before uvicorn, in a container of its own: bodies, static files, downloads (X-Accel), long answers.

CVAT's own configuration gives up an answer after 60 s, which a function on SageMaker may take.
"""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

from cvat_aws.front import http

SERVER = """
    include {mime_types};
    default_type application/octet-stream;
    sendfile on;
    tcp_nopush on;

    # As CVAT has them: a header only where the answer has none of its own.
    map $upstream_http_referrer_policy $referrer_policy {{ '' strict-origin-when-cross-origin; }}
    map $upstream_http_x_content_type_options $content_type_options {{ '' nosniff; }}
    map $upstream_http_x_frame_options $frame_options {{ '' deny; }}

    # uvicorn closes an idle connection after {server_keep_alive_s} s, nginx before it.
    upstream api {{ server 127.0.0.1:{api_port}; keepalive 32; keepalive_timeout 30s; }}

    server {{
        listen {port} default_server;
        add_header Referrer-Policy $referrer_policy always;
        add_header X-Content-Type-Options $content_type_options always;
        add_header X-Frame-Options $frame_options always;

        location /static/ {{
            alias {home}/static/;
            gzip on;
            gzip_types application/javascript text/javascript text/css application/wasm;
        }}
        location /data/ {{
            internal;  # only where an answer of CVAT's says so (X-Accel-Redirect)
            alias {home}/data/;
        }}
        location / {{
            proxy_pass http://api;
            proxy_http_version 1.1;
            proxy_set_header Host $http_host;
            proxy_set_header Connection "";
            # X-Forwarded-For and -Proto pass as the load balancer wrote them: Django counts exactly one proxy.
            proxy_redirect off;
            proxy_read_timeout {timeout_s}s;
            proxy_buffers 16 8k;
            proxy_max_temp_file_size 128m;
        }}
    }}
}}
"""
SERVER_KEEP_ALIVE_S = 75
MIME_TYPES = Path("/etc/nginx/mime.types")


def configuration(folder: Path, home: Path, port: int, api_port: int, timeout_s: int) -> str:
    """nginx's configuration; `timeout_s` is how long a client may be silent, and how long an answer may take."""
    server = SERVER.format(
        home=home,
        port=port,
        api_port=api_port,
        timeout_s=timeout_s,
        server_keep_alive_s=SERVER_KEEP_ALIVE_S,
        mime_types=MIME_TYPES,
    )
    return http(folder, timeout_s) + server


def run(command: Sequence[str]) -> int:
    """Run nginx to its end. ECS sends SIGTERM, at which nginx would cut every answer short; SIGQUIT lets them end."""
    process = subprocess.Popen(list(command))  # noqa: S603 - our own command
    signal.signal(signal.SIGTERM, lambda *_: process.send_signal(signal.SIGQUIT))
    return process.wait()
