"""Real-time endpoints that the gateway deletes when they are idle and creates again, on a clock that the tests move."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.support.gateway.sleeping_endpoints import RecreatedCloud, VirtualClock
from tests.support.gateway.sleeping_gateway import staged


def test_a_recreated_endpoint_is_deleted_after_a_quarter_of_an_hour_without_a_call(registry: Path) -> None:
    async def main() -> None:
        cloud = RecreatedCloud(VirtualClock())
        async with staged(registry, cloud, "recreated") as stage:
            await stage.pass_until_done(stage.start(1), 600)
            await stage.clock.advance(840)
            assert not cloud.count("DeleteEndpoint"), "it was used a quarter of an hour ago at most"
            await stage.pass_until_done(stage.start(2), 60)
            await stage.clock.advance(840)
            assert not cloud.count("DeleteEndpoint"), "the second call counts"
            await stage.clock.advance(180)
            assert cloud.count("DeleteEndpoint") == 1
            await stage.pass_until_done(calls := stage.start(3), 600)
            assert calls[0].result()[0] == 200, "the next call creates it again"

    asyncio.run(asyncio.wait_for(main(), 60))


def test_an_endpoint_that_another_gateway_deleted_is_created_again_for_the_call(registry: Path) -> None:
    async def main() -> None:
        cloud = RecreatedCloud(VirtualClock())
        async with staged(registry, cloud, "recreated") as stage:
            await stage.pass_until_done(stage.start(1), 600)
            cloud.sleep()
            await stage.pass_until_done(calls := stage.start(2), 600)
            assert calls[0].result()[0] == 200
        assert cloud.count("CreateEndpoint") == 2

    asyncio.run(asyncio.wait_for(main(), 60))


def test_a_recreated_endpoint_stays_deleted_until_it_is_called(registry: Path) -> None:
    async def main() -> None:
        cloud = RecreatedCloud(VirtualClock())
        async with staged(registry, cloud, "recreated") as first, staged(registry, cloud, "recreated") as second:
            await first.pass_until_done(first.start(1), 600)
            await second.pass_until_done(second.start(2), 60)
            await first.clock.advance(1800)
            assert cloud.count("DeleteEndpoint") == 1
            assert cloud.count("CreateEndpoint") == 1, "a look at an endpoint that is being deleted is no call"
            _, reason, _ = await second.call(second.people)
            assert reason.startswith("Model is asleep"), reason

    asyncio.run(asyncio.wait_for(main(), 60))


def test_a_call_during_a_deletion_creates_the_endpoint_once_it_is_gone(registry: Path) -> None:
    async def main() -> None:
        cloud = RecreatedCloud(VirtualClock())
        async with staged(registry, cloud, "recreated") as stage:
            await stage.pass_until_done(stage.start(1), 600)
            while not cloud.count("DeleteEndpoint"):
                await stage.clock.advance(5)
            await stage.pass_until_done(calls := stage.start(2), 900)
            assert calls[0].result()[0] == 200
            assert cloud.awake, "the endpoint is there again"

    asyncio.run(asyncio.wait_for(main(), 60))


def test_an_endpoint_that_a_person_has_woken_is_there_a_quarter_of_an_hour(registry: Path) -> None:
    async def main() -> None:
        cloud = RecreatedCloud(VirtualClock())
        async with staged(registry, cloud, "recreated") as stage:
            await stage.pass_until_done(stage.start(1), 600)
            await stage.clock.advance(3600)
            assert cloud.count("DeleteEndpoint") == 1
            await stage.call(stage.people)
            await stage.clock.advance(cloud.wake_s + 600)
            assert cloud.count("DeleteEndpoint") == 1, "its last use was an hour ago, but it has just been created"
            status, reason, _ = await stage.call(stage.people)
            assert status == 200, reason
            await stage.clock.advance(1200)
            assert cloud.count("DeleteEndpoint") == 2

    asyncio.run(asyncio.wait_for(main(), 60))


def test_a_recreated_endpoint_whose_creation_failed_is_deleted_and_created_again(registry: Path) -> None:
    async def main() -> None:
        cloud = RecreatedCloud(VirtualClock(), fails="no capacity of ml.g4dn.xlarge")
        async with staged(registry, cloud, "recreated") as stage:
            await stage.call(stage.people)
            await stage.clock.advance(1600)
            status, reason, _ = await stage.call(stage.people)
            assert (status, reason) == (502, "Endpoint batch failed: no capacity of ml.g4dn.xlarge")
            await stage.clock.advance(301)
            status, reason, _ = await stage.call(stage.people)
            assert (status, reason.partition(";")[0]) == (503, "Model is asleep"), "a new try"
            await stage.clock.advance(700)
            status, reason, _ = await stage.call(stage.people)
            assert status == 200, reason

    asyncio.run(asyncio.wait_for(main(), 60))


class SlowCloud(RecreatedCloud):
    """A container that works on each frame for half a minute."""

    at_once, most_at_once = 0, 0

    async def invoke(self, *arguments: Any) -> bytes:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        answer = await super().invoke(*arguments)
        await self.clock.sleep(30)
        self.at_once -= 1
        return answer


def test_frames_that_waited_for_a_wake_wait_for_memory_too(registry: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.memory.WAIT_S", 0.05)

    async def main() -> None:
        cloud, frames = SlowCloud(VirtualClock()), range(12)
        async with staged(registry, cloud, "recreated", MAX_IN_FLIGHT_BYTES=str(4 * 1024 * 1024)) as stage:
            calls: list[asyncio.Task[Any]] = []
            for number in frames:
                calls.extend(stage.start(number))
                await stage.until(lambda: len([name for name in cloud.objects if "/in/" in name]) == len(calls))
            await stage.pass_until_done(calls, 1400)
            assert [call.result()[0] for call in calls] == [200] * len(frames), "a job fails with its first frame"
            assert cloud.most_at_once == 4, "there is memory for so many: each holds 1 MiB at least"

    asyncio.run(asyncio.wait_for(main(), 120))
