"""All calls of functions that sleep while nobody uses them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from hashlib import sha256

from gateway.batch.asynchronous import AsynchronousCalls
from gateway.batch.clock import Clock
from gateway.batch.cloud import Cloud
from gateway.batch.recreated import RealTime, RecreatedCalls
from gateway.batch.waiting import BatchCall, Waiting
from gateway.batch.waking import State, Waking
from gateway.contract import Call
from gateway.errors import GatewayError
from gateway.memory import Share
from gateway.settings import Batch, Settings, Target
from gateway.telemetry import Trace

MAX_WAITING = 200
"""Patient calls at a time. Each holds a connection and a few kB."""


class BatchCalls:
    """Finds the endpoint and the driver of each call."""

    def __init__(self, settings: Settings, cloud: Cloud, real_time: RealTime, clock: Clock) -> None:
        self._waiting = Waiting(cloud, clock)
        self._asynchronous = AsynchronousCalls(self._waiting)
        self._recreated = RecreatedCalls(self._waiting, real_time)
        self._patient = 0
        self._batches: dict[str, Batch] = {
            target.endpoint: target.batch for target in settings.serverless_endpoints.values() if target.batch
        }
        self._endpoints = {
            name: Waking(
                name,
                cloud,
                _starter(cloud, name, batch),
                clock,
                settings.time_zone,
                recreated=batch.driver == "recreated",
            )
            for name, batch in self._batches.items()
        }

    @asynccontextmanager
    async def running(self, ends: Callable[[], float]) -> AsyncIterator[None]:
        """Deletes idle endpoints meanwhile; `ends` is when waiting calls must have ended, a time of the clock."""
        self._waiting.ends = ends
        idle = [
            asyncio.create_task(self._recreated.delete_when_idle(self._endpoints[name], batch))
            for name, batch in self._batches.items()
            if batch.driver == "recreated"
        ]
        try:
            yield
        finally:
            for task in idle:
                task.cancel()
            for endpoint in self._endpoints.values():
                endpoint.stop()

    async def note(self, target: Target) -> str:
        """What the list of functions says of an endpoint's state. What fails is not the list's concern."""
        endpoint = self._endpoints[target.endpoint]
        with suppress(GatewayError):
            await endpoint.look()
        return endpoint.note

    async def invoke(  # noqa: PLR0913 - a call is all of this; BatchCall carries it from here on
        self, function: str, target: Target, call: Call, deadline: float, share: Share, trace: Trace, *, patient: bool
    ) -> bytes:
        """A container's answer. A patient call waits for its endpoint until the deadline, a time of the clock.

        Raises GatewayError: kind "asleep" for a call that is not patient, with the time at which to try again.
        """
        batch, endpoint = self._batches[target.endpoint], self._endpoints[target.endpoint]
        if await endpoint.look() is State.FAILED:
            raise endpoint.failed_error()
        batch_call = BatchCall(
            function=function,
            target=target,
            batch=batch,
            digest=sha256(call.body).hexdigest(),
            call=call,
            deadline=deadline,
            share=share,
            trace=trace,
            patient=patient,
        )
        driver = self._recreated if batch.driver == "recreated" else self._asynchronous
        with self._place(patient=patient):
            return await driver.invoke(batch_call, endpoint)

    @contextmanager
    def _place(self, *, patient: bool) -> Iterator[None]:
        """A place among the calls that wait. Raises GatewayError where there is none."""
        if patient and self._patient >= MAX_WAITING:
            raise GatewayError("busy", f"Model is busy: {MAX_WAITING} calls wait for it", retry_after_s=60)
        self._patient += patient
        try:
            yield
        finally:
            self._patient -= patient


def _starter(cloud: Cloud, endpoint: str, batch: Batch) -> Callable[[], Awaitable[None]]:
    """What wakes an endpoint."""

    async def start() -> None:
        if batch.driver == "recreated":
            await cloud.create_endpoint(endpoint, batch.config, batch.tags)
        else:
            await cloud.start_instance(endpoint, batch.variant)

    return start
