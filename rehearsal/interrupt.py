"""Ctrl-C: one line and exit code 130, within a second, whatever is running."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from concurrent.futures import ProcessPoolExecutor
from types import FrameType
from typing import NoReturn

INTERRUPTED = 130
"""Exit code of a command that SIGINT has ended (128 + 2)."""
CLEAN_UP_SECONDS = 0.7
"""How long context managers may take to remove files and end processes."""


class InterruptError(BaseException):
    """SIGINT was received, and its line is printed. (click prints another for KeyboardInterrupt.)"""


def end_quickly_on_interrupt() -> None:
    """Install the handler of SIGINT; in the main thread only."""
    signal.signal(signal.SIGINT, _interrupt)


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.stderr.write("\nInterrupted.\n" if sys.stderr.isatty() else "Interrupted.\n")
    sys.stderr.flush()
    for process in multiprocessing.active_children():
        process.terminate()
    timer = threading.Timer(CLEAN_UP_SECONDS, os._exit, (INTERRUPTED,))
    timer.daemon = True
    timer.start()
    raise InterruptError


def exit_interrupted() -> NoReturn:
    """End at once: threads of the program that is being rehearsed would keep the process alive."""
    os._exit(INTERRUPTED)


def worker_pool(count: int) -> ProcessPoolExecutor:
    """Fresh processes, each for one emulated account at a time. They leave Ctrl-C to this process."""
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(max_workers=count, mp_context=context, initializer=_ignore_interrupts)


def _ignore_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
