"""The backend that deployed functions run on: real-time endpoints, and those that sleep while nobody uses them."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Self

from gateway.aws import Aws
from gateway.batch.backend import BatchCalls
from gateway.batch.clock import SystemClock
from gateway.batch.cloud import AwsCloud
from gateway.contract import Call
from gateway.memory import Share
from gateway.registry import Function
from gateway.sagemaker import SageMaker
from gateway.settings import Settings, Target
from gateway.telemetry import Trace


class Endpoints:
    """Every function's endpoint, by its class of service."""

    def __init__(self, settings: Settings, real_time: SageMaker, batch: BatchCalls) -> None:
        self._settings, self._real_time, self._batch = settings, real_time, batch

    @classmethod
    def of_aws(cls, settings: Settings) -> Self:
        """Those of the account whose credentials the gateway has."""
        aws = Aws(settings.aws_region)
        real_time = SageMaker(aws)
        return cls(settings, real_time, BatchCalls(settings, AwsCloud(aws), real_time, SystemClock()))

    @asynccontextmanager
    async def running(self, ends: Callable[[], float]) -> AsyncIterator[None]:
        """Keeps connections and tasks; `ends` is when all calls must have ended, a time of time.monotonic()."""
        async with self._real_time.running(), self._batch.running(ends):
            yield

    async def problem(self) -> str | None:
        """Why calls cannot be answered, if so: no credentials, or SageMaker is out of reach."""
        return await self._real_time.problem()

    async def note(self, function: str) -> str:
        """What the list of functions says of the state of a function's endpoint."""
        target = self._target(function)
        return await self._batch.note(target) if target.batch else ""

    async def invoke(
        self, function: Function, call: Call, deadline: float, share: Share, trace: Trace, *, patient: bool
    ) -> bytes:
        """A container's answer to a request in its form; `deadline` is one of time.monotonic().

        A patient call waits for an endpoint that is asleep. Raises GatewayError, before the deadline.
        """
        target = self._target(function.name)
        if target.batch:
            return await self._batch.invoke(function.name, target, call, deadline, share, trace, patient=patient)
        return await self._real_time.invoke(target, call.body, deadline, share, trace)

    def _target(self, function: str) -> Target:
        target = self._settings.target(function)
        assert target  # noqa: S101 - others are not listed with this backend
        return target
