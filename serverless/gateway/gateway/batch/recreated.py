"""Calls of real-time endpoints that are deleted when idle and created again: where nothing scales from zero."""

from contextlib import suppress
from datetime import datetime
from typing import Protocol

from gateway.batch.cloud import IN_SERVICE
from gateway.batch.waiting import ASLEEP_PAUSE_S, BatchCall, Waiting
from gateway.batch.waking import State, Waking
from gateway.errors import GatewayError
from gateway.memory import Share
from gateway.settings import Batch, Target
from gateway.telemetry import Trace

TRIES = 3
"""Of a call whose endpoint another gateway deletes at that very moment."""
IDLE_S = 900.0
"""Without a call, after which an endpoint is deleted; one that has just been created gets as much."""
MARK_S = 60.0
"""Between two notes that an endpoint is in use, and two looks at whether it still is."""


class RealTime(Protocol):
    """The backend of endpoints that are always there."""

    async def invoke(self, target: Target, body: bytes, deadline: float, share: Share, trace: Trace) -> bytes:
        """A container's answer."""


class RecreatedCalls:
    """Calls endpoints once they exist, and deletes those that nobody uses."""

    def __init__(self, waiting: Waiting, real_time: RealTime) -> None:
        self._waiting, self._cloud, self._clock = waiting, waiting.cloud, waiting.clock
        self._real_time = real_time
        self._used: dict[str, float] = {}

    async def invoke(self, batch_call: BatchCall, endpoint: Waking) -> bytes:
        """The answer. That of a patient call is kept: its frame may be sent again after a broken connection."""
        kept = await self._cloud.get(batch_call.address("out"), batch_call.share) if batch_call.patient else None
        if kept is not None:
            return kept
        for _ in range(TRIES):
            if endpoint.state is not State.AWAKE:
                endpoint.wake()
                if not batch_call.patient:
                    raise endpoint.asleep_error()
                await self._cloud.put(batch_call.address("in"), batch_call.call.body, batch_call.digest)
                batch_call.let_go()
                await self._until_awake(endpoint, batch_call.deadline)
                await self._waiting.take_back(batch_call)
            raw = await self._called(batch_call, endpoint)
            if raw is not None:
                return raw
        raise GatewayError("busy", "Model is busy: its endpoint was deleted again and again", retryable=True)

    async def _called(self, batch_call: BatchCall, endpoint: Waking) -> bytes | None:
        """The answer of an endpoint that is awake; None where it is gone: another gateway found it idle."""
        await self._mark_used(endpoint.name, batch_call.batch)
        body, deadline, share = batch_call.call.body, batch_call.deadline, batch_call.share
        try:
            raw = await self._real_time.invoke(batch_call.target, body, deadline, share, batch_call.trace)
        except GatewayError as error:
            if "does not exist" not in error.reason:
                raise
            endpoint.gone()
            return None
        endpoint.answered()
        if batch_call.patient:
            await self._cloud.put(batch_call.address("out"), raw)
        return raw

    async def _until_awake(self, endpoint: Waking, deadline: float) -> None:
        while endpoint.state is not State.AWAKE:
            if endpoint.state is State.FAILED:
                raise endpoint.failed_error()
            endpoint.wake()
            await self._waiting.pause(ASLEEP_PAUSE_S, deadline)

    async def _mark_used(self, endpoint: str, batch: Batch) -> None:
        """Notes in S3, for every gateway of the stack, that an endpoint is in use."""
        now = self._clock.monotonic()
        if now - self._used.get(endpoint, float("-inf")) >= MARK_S:
            self._used[endpoint] = now
            await self._cloud.put(_mark(endpoint, batch), b"{}")

    async def delete_when_idle(self, endpoint: Waking, batch: Batch) -> None:
        """Runs as long as the gateway does."""
        while True:
            await self._clock.sleep(MARK_S)
            with suppress(GatewayError):  # the next minute is as good
                if await endpoint.look() is State.AWAKE:
                    await self._delete_if_idle(endpoint, batch)

    async def _delete_if_idle(self, endpoint: Waking, batch: Batch) -> None:
        used = await self._cloud.written_at(_mark(endpoint.name, batch))
        if used is None:
            await self._cloud.put(_mark(endpoint.name, batch), b"{}")
        elif self._idle(used):
            view = await self._cloud.describe(endpoint.name)
            if view.status == IN_SERVICE and view.changed_at and self._idle(view.changed_at):
                await self._cloud.delete_endpoint(endpoint.name)
                endpoint.gone()

    def _idle(self, since: datetime) -> bool:
        return (self._clock.now() - since).total_seconds() >= IDLE_S


def _mark(endpoint: str, batch: Batch) -> str:
    return f"{batch.folder}/used/{endpoint}"
