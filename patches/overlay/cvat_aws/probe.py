"""What the load balancer asks, asked from inside: for the container's own health check."""

from __future__ import annotations

import http.client
import sys


def answers(port: int, path: str) -> int:
    """An exit code: 0 if the web server of this container answers with 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return 0 if connection.getresponse().status == http.client.OK else 1
    except OSError as error:
        sys.stderr.write(f"no answer from the web server: {error}\n")
        return 1
    finally:
        connection.close()
