"""No connection leaves the machine while an account is open."""

from __future__ import annotations

import ipaddress
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from rehearsal.errors import RehearsalError

LIBRARIES = ("site-packages", "/lib/python", "rehearsal/aws/isolation.py")
"""Parts of the paths of files that are no caller."""


class OutsideConnectionError(RehearsalError):
    """Something in the process calls another machine."""


@contextmanager
def sealed() -> Iterator[None]:
    """Refuse to connect to, or to look up, anything but this machine, for the whole process."""
    connect, look_up = socket.socket.connect, socket.getaddrinfo

    def checked_connect(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            _check(str(address[0]), address[1])
        connect(self, address)

    def checked_look_up(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        if host is not None:
            _check(host.decode() if isinstance(host, bytes) else str(host), port)
        return look_up(host, port, *args, **kwargs)

    with (
        mock.patch.object(socket.socket, "connect", checked_connect),
        mock.patch.object(socket, "getaddrinfo", checked_look_up),
    ):
        yield


def _check(host: str, port: Any) -> None:
    if not _is_this_machine(host):
        raise OutsideConnectionError(
            f"{_caller()} connects to {host}:{port}, but a rehearsal reaches nothing outside this machine. Ask the "
            "emulated account (boto3), or inject the client so that a test can replace it."
        )


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return host in ("", "localhost", socket.gethostname())


def _caller() -> str:
    """The innermost call that is in no library, as 'function (file, line n)'."""
    frame = sys._getframe(1)
    while frame.f_back and any(part in frame.f_code.co_filename for part in LIBRARIES):
        frame = frame.f_back
    return f"{frame.f_code.co_name} ({frame.f_code.co_filename}, line {frame.f_lineno})"
