"""Back-pressure: how many bytes of requests may be worked on at once, and who waits for how long."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from .errors import GatewayError

LEAST = 1024 * 1024  # bytes that even the smallest request counts as: bounds the number of requests, too
WAIT_S = 10.0  # CVAT's batch jobs die of one 503, so it is better to wait a little
MAX_WAITING = 256


class Admission:
    """A first come, first served semaphore of bytes."""

    def __init__(self, capacity: int) -> None:
        self.used = 0
        self._capacity = capacity
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @property
    def largest(self) -> int:
        """Bytes that one request may have."""
        return self._capacity // 2

    @asynccontextmanager
    async def admit(self, size: int) -> AsyncIterator[None]:
        """Hold `size` bytes while a request is worked on. Raises GatewayError, or Busy after waiting in vain."""
        if size > self.largest:
            raise GatewayError(
                "too_large", f"Image too large: the request has {size} bytes, {self.largest} are allowed"
            )
        weight = max(size, LEAST)
        await self._acquire(weight)
        try:
            yield
        finally:
            self.used -= weight
            self._wake()

    async def _acquire(self, weight: int) -> None:
        if not self._waiting and self.used + weight <= self._capacity:
            self.used += weight
            return
        if len(self._waiting) >= MAX_WAITING:
            raise GatewayError("busy", "The gateway is busy; try again later")
        entry = (weight, asyncio.get_running_loop().create_future())
        self._waiting.append(entry)
        try:
            async with asyncio.timeout(WAIT_S):
                await entry[1]
        except BaseException as error:
            self._leave(entry)
            if isinstance(error, TimeoutError):
                raise GatewayError("busy", "The gateway is busy; try again later") from None
            raise

    def _leave(self, entry: tuple[int, asyncio.Future[None]]) -> None:
        if entry[1].done() and not entry[1].cancelled():
            self.used -= entry[0]  # admitted in the very moment in which it gave up
        with suppress(ValueError):
            self._waiting.remove(entry)
        self._wake()

    def _wake(self) -> None:
        while self._waiting and self.used + self._waiting[0][0] <= self._capacity:
            weight, turn = self._waiting.popleft()
            if not turn.done():
                self.used += weight
                turn.set_result(None)
