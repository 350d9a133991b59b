"""Time as the waiting code sees it, so that a test can let minutes pass at once."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    def monotonic(self) -> float:
        """Seconds since some moment."""

    def now(self) -> datetime:
        """The time of day, in UTC."""

    async def sleep(self, seconds: float) -> None:
        """Waits."""


class SystemClock:
    def monotonic(self) -> float:
        return time.monotonic()

    def now(self) -> datetime:
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
