"""Functions that share an endpoint which is asleep: one wake for all, and to each its own answers."""

import asyncio
import json
from pathlib import Path
from typing import Any

from tests.support.gateway.sleeping_endpoints import DETECTION, RecreatedCloud, VirtualClock
from tests.support.gateway.sleeping_gateway import DRIVERS, WAKES, Scene, staged

TOGETHER = ("detector", "reid")


def test_functions_that_share_an_endpoint_wake_it_once_and_each_gets_its_own_answers(play: Any, driver: str) -> None:
    async def scene(stage: Scene) -> None:
        detections, matches = stage.start(*range(20)), stage.start(*range(20), function="reid")
        await stage.pass_until_done([*detections, *matches], 900)
        assert {call.result()[0] for call in (*detections, *matches)} == {200}
        assert [call.result()[2] for call in detections] == [json.loads(DETECTION)] * 20
        assert [call.result()[2] for call in matches] == [[0]] * 20, "an answer of the other function is nonsense"
        assert stage.cloud.count(WAKES[driver]) == 1, "one endpoint, one wake"
        assert len({*zip(stage.cloud.served, stage.cloud.invoked, strict=True)}) == len(stage.cloud.invoked) == 40
        assert sorted(stage.cloud.served) == ["detector"] * 20 + ["reid"] * 20, "the container is told which"

    play(scene, *TOGETHER)


def test_what_one_function_learns_of_a_shared_endpoint_the_other_knows(play: Any, driver: str) -> None:
    async def scene(stage: Scene) -> None:
        await stage.call(stage.people)
        await stage.clock.advance(120)
        _, reason, _ = await stage.call(stage.people, function="reid")
        assert reason == "Model is asleep; waking it takes about 5 min: try again at 14:33 CST", "it is waking already"
        await stage.clock.advance(300)
        assert (await stage.call(stage.people, function="reid"))[::2] == (200, [0])
        assert stage.cloud.count(WAKES[driver]) == 1

    play(scene, *TOGETHER)


def test_a_shared_endpoint_that_fails_fails_for_all_its_functions(play: Any) -> None:
    async def scene(stage: Scene) -> None:
        calls = [*stage.start(1), *stage.start(1, function="reid")]
        await stage.until(lambda: stage.cloud.awake is not None)
        await stage.pass_until_done(calls, 1500)
        assert {call.result()[0] for call in calls} <= {502, 504}
        await stage.clock.advance(200)
        for function in TOGETHER:
            status, said, _ = await stage.call(stage.people, function=function)
            assert (status, said) == (502, "Endpoint batch failed: no capacity")

    play(scene, *TOGETHER, fails="no capacity")


def test_a_gateway_before_a_shared_endpoint_is_replaced_without_losing_a_frame(registry: Path, driver: str) -> None:
    async def main() -> None:
        cloud = DRIVERS[driver](VirtualClock())
        async with staged(registry, cloud, driver, *TOGETHER) as first:
            calls = [call for name in TOGETHER for call in first.start(*range(5), function=name)]
            await first.until(lambda: len([name for name in cloud.objects if "/in/" in name]) == 10)
            first.gateway.stop_soon()
            await first.pass_until_done(calls, 130)
            assert {call.result()[0] for call in calls} == {503}
        async with staged(registry, cloud, driver, *TOGETHER) as second:
            again = [call for name in TOGETHER for call in second.start(*range(5), function=name)]
            await second.pass_until_done(again, 900)
            assert [call.result()[0] for call in again] == [200] * 10
        assert sorted(cloud.served) == ["detector"] * 5 + ["reid"] * 5, "each frame once for each function"
        assert cloud.count(WAKES[driver]) == 1

    asyncio.run(asyncio.wait_for(main(), 60))


def test_a_recreated_endpoint_stays_while_one_of_its_functions_is_used(registry: Path) -> None:
    async def main() -> None:
        cloud = RecreatedCloud(VirtualClock())
        async with staged(registry, cloud, "recreated", *TOGETHER) as stage:
            await stage.pass_until_done(stage.start(1), 600)
            for number in range(3):
                await stage.clock.advance(840)
                await stage.pass_until_done(calls := stage.start(number, function="reid"), 60)
                assert calls[0].result()[0] == 200
            assert not cloud.count("DeleteEndpoint"), "the other function is in use"
            await stage.clock.advance(1020)
            assert cloud.count("DeleteEndpoint") == 1

    asyncio.run(asyncio.wait_for(main(), 60))
