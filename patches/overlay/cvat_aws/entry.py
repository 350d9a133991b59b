"""What the entry points of both releases share: one command is run, or it is said in sentences why not."""

from __future__ import annotations

import os
import signal
import sys
from typing import Any, Callable, Mapping

from cvat_aws import proxies
from cvat_aws.environment import UnusableError

BAD_USE = 2  # what argparse exits with, and what no init system takes for a crash


def _terminate(_signal: int, _frame: Any) -> None:
    """As process 1, a Python program would ignore SIGTERM: the kernel gives it no default action."""
    sys.exit(0)


def run(commands: Mapping[str, Callable[[], int]], command: str) -> int:
    """The exit code of `command`."""
    signal.signal(signal.SIGTERM, _terminate)
    proxies.keep_inner_calls_direct(os.environ)
    try:
        return commands[command]()
    except UnusableError as problem:
        sys.stderr.write(f"cvat-aws {command} cannot start:\n{problem}\n")
        return BAD_USE
