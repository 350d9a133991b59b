"""Back-pressure: how many bytes of requests and answers the gateway holds at once."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from gateway.errors import GatewayError

WAIT_S = 10.0
"""For memory, before 503. CVAT's batch jobs fail on one 503, so that a short wait is better."""
MAX_WAITING = 64
"""Requests that wait for memory. Each may have 1 MiB in its connection's buffers, which are not counted."""
LEAST_BYTES = 1024 * 1024
"""What a request holds at least once its body has come: this bounds the number of requests at work, too."""


class MemoryBudget:
    """Bytes that all requests may hold together.

    A request holds what has arrived of its body, not what it has announced. Half of the capacity is for everybody; the
    other half is for answers, and for the oldest of the requests that are still coming in, which can thus be completed.
    """

    def __init__(self, capacity: int) -> None:
        self.used = 0
        self.largest = capacity // 2
        """What one request may hold."""
        self._capacity = capacity
        self._growing: dict[Share, None] = {}
        self._waiting = 0
        self._freed = asyncio.Condition()

    @contextmanager
    def share(self) -> Iterator["Share"]:
        """A request's share, empty at first, given back at the end."""
        share = Share(self)
        self._growing[share] = None
        try:
            yield share
        finally:
            self.complete(share)
            self.give(share.held)

    async def take(self, share: "Share", size: int) -> None:
        """Holds `size` more bytes, after a wait if there are not enough. Raises GatewayError after WAIT_S."""
        if not self._available(share, size) or self._waiting:
            await self._wait(share, size)
        self.used += size

    def give(self, size: int) -> None:
        self.used -= size
        self._wake()

    def complete(self, share: "Share") -> None:
        """Notes that a request has come in whole: the next one is the oldest then."""
        self._growing.pop(share, None)
        self._wake()

    def _available(self, share: "Share", size: int) -> bool:
        oldest = next(iter(self._growing), None)
        reserve = 0 if share is oldest or share not in self._growing else self.largest
        return self.used + size <= self._capacity - reserve

    async def _wait(self, share: "Share", size: int) -> None:
        if self._waiting >= MAX_WAITING:
            raise GatewayError("busy", "The gateway is busy; try again later")
        self._waiting += 1
        try:
            async with asyncio.timeout(WAIT_S), self._freed:
                await self._freed.wait_for(lambda: self._available(share, size))
        except TimeoutError:
            raise GatewayError("busy", "The gateway is busy; try again later") from None
        finally:
            self._waiting -= 1

    def _wake(self) -> None:
        if self._waiting:
            asyncio.get_running_loop().create_task(self._notify())

    async def _notify(self) -> None:
        async with self._freed:
            self._freed.notify_all()


class Share:
    """What one request holds of a budget."""

    def __init__(self, budget: MemoryBudget) -> None:
        self.held = 0
        self._budget = budget

    async def grow(self, size: int) -> None:
        """Holds `size` more bytes. Raises GatewayError where they cannot be had in time."""
        await self._budget.take(self, size)
        self.held += size

    async def hold(self, size: int) -> None:
        """Holds `size` bytes, and LEAST_BYTES at least: more than before, or less."""
        size = max(size, LEAST_BYTES)
        if size > self.held:
            await self.grow(size - self.held)
        elif size < self.held:
            self._budget.give(self.held - size)
            self.held = size

    def release(self) -> None:
        """Holds nothing, while the request waits without its bytes."""
        self._budget.give(self.held)
        self.held = 0

    def complete(self) -> None:
        self._budget.complete(self)
