"""Back-pressure: how many bytes of requests are worked on at once, and who waits for how long."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from .errors import GatewayError

LEAST = 1024 * 1024  # bytes that even the smallest request counts as: bounds the number of requests, too
WAIT_S = 10.0  # CVAT's batch jobs die of one 503, so it is better to wait a little
MAX_WAITING = 256


class Admission:
    """A first come, first served semaphore of bytes."""

    def __init__(self, capacity: int) -> None:
        self.used, self.largest = 0, capacity // 2
        self._capacity = capacity
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @asynccontextmanager
    async def admit(self, size: int) -> AsyncIterator[None]:
        """Hold `size` bytes while a request is worked on."""
        if size > self.largest:
            raise GatewayError("too_large", f"Image too large: a request may have {self.largest} bytes")
        weight = max(size, LEAST)
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append((weight, turn))
        self._wake()
        try:
            await self._wait(turn)
            yield
        finally:
            if turn.cancelled() or not turn.done():
                self._waiting.remove((weight, turn))
            else:
                self.used -= weight
            self._wake()

    async def _wait(self, turn: asyncio.Future[None]) -> None:
        if not turn.done():
            if len(self._waiting) > MAX_WAITING:
                raise GatewayError("busy", "The gateway is busy; try again later")
            await asyncio.wait([turn], timeout=WAIT_S)
        if not turn.done():
            raise GatewayError("busy", "The gateway is busy; try again later")

    def _wake(self) -> None:
        while self._waiting and self.used + self._waiting[0][0] <= self._capacity:
            weight, turn = self._waiting.popleft()
            self.used += weight
            turn.set_result(None)
