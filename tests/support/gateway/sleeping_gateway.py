"""A gateway before a cloud whose endpoints sleep, with both its ports, on a clock that a test moves."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import TCPConnector
from aiohttp.test_utils import TestClient, TestServer
from gateway.app import NAME_HEADER, Gateway
from gateway.batch.backend import BatchCalls
from gateway.endpoints import Endpoints
from gateway.settings import Settings

from tests.support.gateway.cvat_clients import box, encoded
from tests.support.gateway.serving import picture
from tests.support.gateway.sleeping_endpoints import RecreatedCloud, SleepingCloud, VirtualClock, endpoints

DRIVERS = {"asynchronous": SleepingCloud, "recreated": RecreatedCloud}
WAKES = {"asynchronous": "UpdateEndpointWeightsAndCapacities", "recreated": "CreateEndpoint"}
BOXES = {"boxes0": [box(1, 1.0, 2.0, 9.0, 8.0)], "boxes1": [box(2, 1.0, 2.0, 9.0, 8.0)], "max_distance": 50}


class NoRealTime:
    """A real-time backend without connections."""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        yield

    async def problem(self) -> str | None:
        return None

    async def invoke(self, *_: Any) -> bytes:
        raise AssertionError("no real-time endpoint is called")


@dataclass
class Scene:
    """A gateway with both ports, its cloud and its clock."""

    cloud: SleepingCloud
    clock: VirtualClock
    gateway: Gateway
    people: TestClient[Any, Any]
    worker: TestClient[Any, Any]

    async def call(
        self, client: TestClient[Any, Any], number: int = 0, function: str = "detector"
    ) -> tuple[int, str, Any]:
        """Status, reason and body of one call; another number is another frame."""
        image = encoded(picture(64 + number, 48))
        bodies = {"detector": {"image": image, "threshold": 0.5}, "reid": {"image0": image, "image1": image, **BOXES}}
        body, headers = bodies[function], {NAME_HEADER: function}
        async with client.post("/api/function_invocations", json=body, headers=headers) as response:
            self.retry_after = response.headers.get("Retry-After")
            return response.status, response.reason or "", await response.json()

    def start(self, *numbers: int, function: str = "detector") -> "list[asyncio.Task[tuple[int, str, Any]]]":
        """Calls of the worker, one for each number."""
        return [asyncio.create_task(self.call(self.worker, number, function)) for number in numbers]

    async def until(self, true: Callable[[], bool]) -> None:
        """Lets real sockets work until something is so; the clock stands still."""
        for _ in range(2000):
            if true():
                return
            await asyncio.sleep(0.005)
        raise AssertionError("it did not become so within 10 s")

    async def pass_until_done(self, tasks: "list[asyncio.Task[Any]]", seconds: float) -> None:
        """Moves the clock on until the calls have ended, `seconds` at most."""
        until = self.clock.seconds + seconds
        while not all(task.done() for task in tasks) and self.clock.seconds < until:
            await self.clock.advance(5)
            await asyncio.sleep(0.005)


@asynccontextmanager
async def staged(
    registry: Path, cloud: SleepingCloud, driver: str, *functions: str, **own: str
) -> AsyncIterator[Scene]:
    """A gateway with variables of its own, whose functions share one endpoint; default: the detector alone."""
    environ = {"FUNCTIONS_DIR": str(registry), "SERVERLESS_ENDPOINTS": endpoints(driver, *functions)}
    settings = Settings.from_environ(environ | {"AWS_REGION": "cn-north-1", "TIME_ZONE": "Asia/Shanghai"} | own)
    real_time: Any = cloud if driver == "recreated" else NoRealTime()
    backend = Endpoints(settings, NoRealTime(), BatchCalls(settings, cloud, real_time, cloud.clock))  # type: ignore[arg-type]
    gateway = Gateway(settings, backend, cloud.clock)
    many = TCPConnector(limit=0)
    async with (
        TestClient(TestServer(gateway.app)) as people,
        TestClient(TestServer(gateway.batch_app), connector=many) as worker,
    ):
        yield Scene(cloud, cloud.clock, gateway, people, worker)


Story = Callable[[Scene], Awaitable[None]]


def player(registry: Path, driver: str) -> Callable[..., None]:
    """Runs a test's scene with a gateway before a cloud of the driver, whose functions share its endpoint."""

    def run(scene: Story, *functions: str, **own: Any) -> None:
        async def main() -> None:
            async with staged(registry, DRIVERS[driver](VirtualClock(), **own), driver, *functions) as stage:
                await scene(stage)

        asyncio.run(asyncio.wait_for(main(), 60))

    return run
