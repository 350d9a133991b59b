"""HTTP proxies: HTTP_PROXY, HTTPS_PROXY and NO_PROXY are honoured by requests and botocore as they are.

What is inside the stack must not go through a proxy. An operator who writes NO_PROXY knows neither the gateway's name
nor that ECS gives credentials at a link-local address.
"""

from __future__ import annotations

from typing import MutableMapping

ALWAYS_DIRECT = ("localhost", "127.0.0.1", "169.254.169.254", "169.254.170.2")
"""This machine, EC2's metadata and ECS's credentials."""


def keep_inner_calls_direct(env: MutableMapping[str, str]) -> None:
    """Complete NO_PROXY where a proxy is set. Both spellings get it: libraries differ in which one they prefer."""
    proxies = (env.get("HTTP_PROXY"), env.get("HTTPS_PROXY"), env.get("http_proxy"), env.get("https_proxy"))
    if not any(proxies):
        return
    named = f"{env.get('NO_PROXY', '')},{env.get('no_proxy', '')}".split(",")
    hosts = [*named, env.get("CVAT_NUCLIO_HOST", ""), *ALWAYS_DIRECT]
    direct = ",".join(dict.fromkeys(host.strip() for host in hosts if host.strip()))
    env["NO_PROXY"] = env["no_proxy"] = direct
