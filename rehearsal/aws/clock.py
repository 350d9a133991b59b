"""A clock on which waiting costs no time, so that the program's real waiting code can run."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import SupportsIndex

_sleep, _time, _monotonic = time.sleep, time.time, time.monotonic


class Clock:
    """Time that jumps ahead when a thread sleeps; holds for the threads that joined it."""

    def __init__(self, speed: float = 1.0) -> None:
        """`speed`: seconds that pass for each second slept."""
        self._speed = speed
        self.slept = 0.0
        """Seconds that would have been waited for."""
        self._own = threading.local()  # not thread ids: those are given again to later threads

    def join(self) -> None:
        """Put the calling thread on this clock."""
        self._own.joined = True

    def show(self, moment: float) -> None:
        """Let it show a moment, in seconds of Unix time, whatever it has shown before."""
        self.slept = moment - _time()

    def _here(self) -> bool:
        return bool(getattr(self._own, "joined", False))

    def _do_sleep(self, seconds: float | SupportsIndex, /) -> None:
        if self._here():
            self.slept += max(float(seconds), 0.0) * self._speed
        else:
            _sleep(seconds)

    @contextmanager
    def running(self) -> Iterator[Clock]:
        """Replace time.sleep, time.time and time.monotonic until the block ends."""
        time.sleep = self._do_sleep
        time.time = lambda: _time() + (self.slept if self._here() else 0.0)
        time.monotonic = lambda: _monotonic() + (self.slept if self._here() else 0.0)
        try:
            yield self
        finally:
            time.sleep, time.time, time.monotonic = _sleep, _time, _monotonic
