"""nginx in the load balancer's place: HTTPS for users, plain HTTP to the web processes, nothing buffered."""

from __future__ import annotations

from pathlib import Path

IDLE_S = 300
"""What the program sets the load balancer's idle timeout to."""
CONFIGURATION = """\
daemon off;
{user}worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    client_max_body_size 0;
    client_body_timeout {idle_s}s;
    keepalive_timeout {idle_s}s;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_set_header Host $http_host;
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    proxy_set_header X-Forwarded-Proto https;
    proxy_request_buffering off;
    proxy_buffering off;
    proxy_read_timeout {idle_s}s;
    proxy_next_upstream off;
    ssl_certificate {folder}/server.pem;
    ssl_certificate_key {folder}/server.key;
{servers}
}}
"""
SERVER = """\
    upstream to_{target} {{ server 127.0.0.1:{target}; keepalive 64; keepalive_timeout {idle_s}s; }}
    server {{ listen 127.0.0.1:{port} ssl; location / {{ proxy_pass http://to_{target}; }} }}
"""


def configuration(folder: Path, targets: dict[int, int], user: str) -> str:
    """`targets`: port of HTTPS -> port of a web process. `folder` has the certificate."""
    servers = "".join(SERVER.format(port=port, target=target, idle_s=IDLE_S) for port, target in targets.items())
    line = f"user {user};\n" if user else ""
    return CONFIGURATION.format(folder=folder, user=line, idle_s=IDLE_S, servers=servers)
