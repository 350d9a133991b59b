"""A batch call that waits: its request is in S3 meanwhile, so that it holds a connection and a few kB."""

from collections.abc import Callable
from dataclasses import dataclass

from gateway.batch.clock import Clock
from gateway.batch.cloud import Cloud
from gateway.contract import Call
from gateway.errors import GatewayError
from gateway.memory import Share
from gateway.settings import Batch, Target
from gateway.telemetry import Trace

ASLEEP_PAUSE_S = 5.0
"""Between two looks for an answer or an instance, while the endpoint is not awake."""


@dataclass(kw_only=True)
class BatchCall:
    """One call of a batch function, and what it may hold and how long it may take."""

    function: str
    target: Target
    batch: Batch
    digest: str
    """SHA-256 of the request, in hexadecimal."""
    call: Call
    deadline: float
    """A time of the clock."""
    share: Share
    trace: Trace
    patient: bool
    """Whether the caller waits until the endpoint is awake."""

    @property
    def key(self) -> str:
        """Of its objects in S3."""
        return f"{self.function}/{self.batch.config}/{self.digest}"

    def address(self, folder: str) -> str:
        """Where S3 keeps its request (in), its answer (out), or the place of a queued call's answer (calls)."""
        return f"{self.batch.folder}/{folder}/{self.key}"

    size: int = 0
    """Bytes of a request that was let go of."""

    def let_go(self) -> None:
        """Forgets the request's bytes, which S3 has."""
        self.size, self.call.body = len(self.call.body), b""
        self.share.release()


class Waiting:
    """What all batch calls of a gateway wait by."""

    def __init__(self, cloud: Cloud, clock: Clock) -> None:
        self.cloud, self.clock = cloud, clock
        self.ends: Callable[[], float] = lambda: float("inf")
        """When waiting calls must have ended, a time of the clock: the gateway is being stopped."""

    async def pause(self, seconds: float, deadline: float) -> None:
        """Waits, but not beyond the deadline or the gateway's end. Raises GatewayError where one has come."""
        ends = self.ends()
        left = min(deadline, ends) - self.clock.monotonic()
        if left > 0:
            await self.clock.sleep(min(seconds, left))
        elif ends < deadline:
            raise GatewayError("busy", "The gateway is being replaced; call again", retryable=True)
        else:
            raise GatewayError("timeout", "Timed out: no answer in time; it is kept for a day, so call again")

    async def take_back(self, batch_call: BatchCall) -> None:
        """Reads a request that was let go of, once there is memory for it. Raises GatewayError."""
        while not await self._holds(batch_call, batch_call.size):
            await self.pause(ASLEEP_PAUSE_S, batch_call.deadline)
        body = await self.cloud.get(batch_call.address("in"))
        if body is None:
            raise GatewayError("internal", "The request is no longer in S3: call again")
        batch_call.call.body = body

    async def fetch(self, batch_call: BatchCall, address: str) -> bytes | None:
        """An answer in S3; None while there is none, or no memory for it. Raises GatewayError."""
        try:
            return await self.cloud.get(address, batch_call.share)
        except GatewayError as error:
            batch_call.share.release()
            if error.kind != "busy" or not batch_call.patient:
                raise
            return None

    async def _holds(self, batch_call: BatchCall, size: int) -> bool:
        """Whether a call holds so many bytes now. Raises GatewayError for one that does not wait."""
        try:
            await batch_call.share.hold(size)
        except GatewayError:
            if not batch_call.patient:
                raise
            return False
        return True
