"""Back-pressure: how many bytes of requests are worked on at once, and for how long others wait."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from .errors import GatewayError

LEAST = 1024 * 1024  # bytes that even the smallest request counts as: bounds the number of requests, too
WAIT_S = 10.0  # CVAT's batch jobs die of one 503, so it is better to wait a little
MAX_WAITING = 256


class Admission:
    """A semaphore of bytes."""

    def __init__(self, capacity: int) -> None:
        self.used, self.largest = 0, capacity // 2
        self._capacity, self._waiting = capacity, 0
        self._freed = asyncio.Condition()

    @asynccontextmanager
    async def admit(self, size: int) -> AsyncIterator[None]:
        """Hold `size` bytes while a request is worked on."""
        if size > self.largest:
            raise GatewayError("too_large", f"Image too large: a request may have {self.largest} bytes")
        weight, self._waiting = max(size, LEAST), self._waiting + 1
        try:
            async with asyncio.timeout(WAIT_S if self._waiting <= MAX_WAITING else 0), self._freed:
                await self._freed.wait_for(lambda: self.used + weight <= self._capacity)
                self.used += weight
        except TimeoutError:
            raise GatewayError("busy", "The gateway is busy; try again later") from None
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self.used -= weight
            async with self._freed:
                self._freed.notify_all()
