"""A SageMaker whose endpoints sleep, on a clock that a test moves: minutes pass at once."""

import asyncio
import hashlib
import heapq
import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from gateway.batch.cloud import EndpointView, Locations
from gateway.errors import GatewayError
from gateway.memory import Share

START = datetime(2026, 11, 30, 6, 26, tzinfo=UTC)
MATCHES = b"[0]"
DETECTION = b'[{"label":"car","type":"rectangle","points":[10.5,20.5,110.5,220.5],"confidence":"0.93"}]'
FAILS_AFTER_S = 1500.0
SETTLING_STEPS = 30
"""Rounds of the event loop in which tasks that a moved clock has woken do what they can."""


class VirtualClock:
    """Time that stands still until a test moves it."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._order = itertools.count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds)

    async def sleep(self, seconds: float) -> None:
        ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.seconds + seconds, next(self._order), ended))
        await ended

    async def advance(self, seconds: float) -> None:
        """Lets time pass; who sleeps meanwhile goes on at its moment, one after another."""
        until = self.seconds + seconds
        await settle()
        while self._sleepers and self._sleepers[0][0] <= until:
            due, _, ended = heapq.heappop(self._sleepers)
            self.seconds = max(self.seconds, due)
            if not ended.done():
                ended.set_result(None)
                await settle()
        self.seconds = until
        await settle()


async def settle() -> None:
    for _ in range(SETTLING_STEPS):
        await asyncio.sleep(0)


@dataclass
class FakeEndpoint:
    config: str
    in_service_at: float
    """When its instance answers; infinity: never."""
    failed: str = ""
    """FailureReason, which SageMaker gives after FAILS_AFTER_S."""
    started_at: float = 0.0


@dataclass
class SleepingCloud:
    """S3 and SageMaker of a stack with one endpoint, as gateways see them; both drivers' calls."""

    clock: VirtualClock
    wake_s: float = 360.0
    """From a wake to an instance that answers."""
    answers: Mapping[str, bytes] = field(default_factory=lambda: {"detector": DETECTION, "reid": MATCHES})
    """By the function that the container is told."""
    failures: list[str] = field(default_factory=list)
    """SageMaker's texts for the next calls, which fail."""
    refuses_capacity: bool = False
    """Whether UpdateEndpointWeightsAndCapacities is refused; the alarm of the backlog wakes then, after 120 s."""
    fails: str = ""
    """FailureReason of the next wake."""
    awake: FakeEndpoint | None = None
    objects: dict[str, tuple[bytes, datetime]] = field(default_factory=dict)
    queue: list[tuple[str, Locations, float, str]] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    """Every call of SageMaker's control plane and runtime, by name."""
    invoked: list[bytes] = field(default_factory=list)
    """Requests that a container got."""
    served: list[str] = field(default_factory=list)
    """The functions of those."""

    def count(self, name: str) -> int:
        return self.calls.count(name)

    def _is_awake(self) -> bool:
        return self.awake is not None and self.clock.seconds >= self.awake.in_service_at

    def _start(self, config: str) -> None:
        self.awake = FakeEndpoint(config, self.clock.seconds + self.wake_s)
        if self.fails:
            self.awake = FakeEndpoint(config, float("inf"), self.fails, self.clock.seconds)
            self.fails = ""

    async def describe(self, _endpoint: str) -> EndpointView:
        self.calls.append("DescribeEndpoint")
        self._alarm()
        if self.awake is None:
            return self._asleep()
        if self.awake.failed and self.clock.seconds >= self.awake.started_at + FAILS_AFTER_S:
            return EndpointView(status="Failed", reason=self.awake.failed)
        if self._is_awake():
            changed_at = START + timedelta(seconds=self.awake.in_service_at)
            return EndpointView(status="InService", instances=1, changed_at=changed_at)
        return EndpointView(status="Updating")

    def _asleep(self) -> EndpointView:
        return EndpointView(status="InService")

    def _alarm(self) -> None:
        """HasBacklogWithoutCapacity: Application Auto Scaling adds the first instance."""
        waited = self.clock.seconds - self.queue[0][2] if self.queue else 0.0
        if self.awake is None and waited >= 120:
            self._start("config")

    async def start_instance(self, _endpoint: str, _variant: str) -> None:
        self.calls.append("UpdateEndpointWeightsAndCapacities")
        if self.refuses_capacity:
            raise GatewayError("endpoint", "SageMaker refused the call (ValidationException): not for this variant")
        self._start("config")

    async def create_endpoint(self, endpoint: str, config: str, tags: Mapping[str, str]) -> None:
        raise AssertionError(f"{endpoint} is asynchronous: nobody creates it with {config} and {tags}")

    async def delete_endpoint(self, endpoint: str) -> None:
        raise AssertionError(f"{endpoint} is asynchronous: nobody deletes it")

    async def invoke_async(self, _endpoint: str, address: str, function: str, request_id: str) -> Locations:
        self.calls.append("InvokeEndpointAsync")
        where = Locations(f"s3://bucket/out/{request_id}.out", f"s3://bucket/failed/{request_id}.out")
        self.queue.append((address, where, self.clock.seconds, function))
        return where

    def _work(self) -> None:
        """An instance that is awake answers all that waits."""
        self._alarm()
        while self.queue and self._is_awake():
            address, where, _, function = self.queue.pop(0)
            body = self.objects[address][0]
            self.invoked.append(body)
            self.served.append(function)
            if self.failures:
                self._write(where.failure, self.failures.pop(0).encode())
            else:
                self._write(where.output, self.answers[function])

    def _write(self, address: str, body: bytes) -> None:
        self.objects[address] = body, self.clock.now()

    async def put(self, address: str, body: bytes, digest: str = "") -> None:
        assert digest in {"", hashlib.sha256(body).hexdigest()}, "S3 refuses a body that has another"
        self._write(address, body)

    async def get(self, address: str, share: Share | None = None) -> bytes | None:
        self._work()
        if address not in self.objects:
            return None
        content = self.objects[address][0]
        if share:
            await share.hold(len(content))
        return content

    async def written_at(self, address: str) -> datetime | None:
        return self.objects[address][1] if address in self.objects else None

    async def delete(self, address: str) -> None:
        self.objects.pop(address, None)

    def sleep(self) -> None:
        """The endpoint loses its last instance."""
        self.awake = None


@dataclass
class RecreatedCloud(SleepingCloud):
    """The same with a real-time endpoint that is created and deleted."""

    deletion_s: float = 90.0
    """How long an endpoint is being deleted; none of its name can be created meanwhile."""
    deleted_at: float = 0.0

    def _asleep(self) -> EndpointView:
        return EndpointView(status="Deleting" if self.clock.seconds < self.deleted_at else "")

    async def create_endpoint(self, _endpoint: str, config: str, tags: Mapping[str, str]) -> None:
        self.calls.append("CreateEndpoint")
        assert tags == {"Project": "cvat"}, "the endpoint has the stack's tags again"
        if self.awake or self.clock.seconds < self.deleted_at:
            raise GatewayError("endpoint", "SageMaker refused the call (ValidationException): already existing")
        self._start(config)

    async def delete_endpoint(self, _endpoint: str) -> None:
        self.calls.append("DeleteEndpoint")
        self.deleted_at = self.clock.seconds + self.deletion_s
        self.sleep()

    async def start_instance(self, endpoint: str, variant: str) -> None:
        raise AssertionError(f"{endpoint} has a real-time variant {variant}: it has always an instance")

    async def invoke(self, _target: Any, body: bytes, _deadline: float, _share: Any, trace: Any) -> bytes:
        """As the real-time backend."""
        self.calls.append("InvokeEndpoint")
        trace.attempts += 1
        if not self._is_awake():
            raise GatewayError("endpoint", "Endpoint batch does not exist or is still being created")
        self.invoked.append(body)
        self.served.append(trace.function)
        if self.failures:
            raise GatewayError("refused", f"Model refused the request: {self.failures.pop(0)}")
        return self.answers[trace.function]


def endpoints(driver: str, *functions: str) -> str:
    """SERVERLESS_ENDPOINTS with batch functions that share an endpoint; default: `detector` alone."""
    batch = {"driver": driver, "folder": "s3://bucket/batch", "config": "config", "tags": {"Project": "cvat"}}
    return json.dumps({name: {"endpoint": "batch", "batch": batch} for name in functions or ("detector",)})
