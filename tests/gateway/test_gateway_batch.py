"""Functions whose endpoint is asleep: what people and CVAT's annotation worker get, on a clock that the tests move."""

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pytest
from gateway.batch.backend import MAX_WAITING
from gateway.batch.cloud import CALL_LIMIT_S, QUEUE_TTL_S

from tests.support.gateway.sleeping_endpoints import (
    DETECTION,
    SleepingCloud,
    VirtualClock,
    settle,
)
from tests.support.gateway.sleeping_gateway import DRIVERS, WAKES, Scene, staged


def test_a_person_gets_the_time_to_try_again_within_a_second(play: Any, driver: str) -> None:
    async def scene(stage: Scene) -> None:
        started = time.monotonic()
        status, reason, body = await stage.call(stage.people)
        assert time.monotonic() - started < 1, "nobody waits in front of a model that is asleep"
        # 14:26 in Shanghai, and 7 minutes
        assert reason == "Model is asleep; waking it takes about 7 min: try again at 14:33 CST"
        assert (status, body, stage.retry_after) == (503, {"error": reason}, "420")
        await stage.clock.advance(120)
        _, reason, _ = await stage.call(stage.people)
        assert reason == "Model is asleep; waking it takes about 5 min: try again at 14:33 CST", "the time stays"
        await stage.clock.advance(250)
        status, _, body = await stage.call(stage.people)
        assert (status, body[0]["label"]) == (200, "car"), "the model is awake at the time that was said"
        assert stage.cloud.count(WAKES[driver]) == 1, "three calls, one wake"

    play(scene)


def test_the_workers_call_waits_for_the_wake_and_gets_its_answer(play: Any, driver: str) -> None:
    async def scene(stage: Scene) -> None:
        calls = stage.start(1)
        await stage.until(lambda: stage.cloud.count(WAKES[driver]) == 1)
        await stage.pass_until_done(calls, 355)
        assert not calls[0].done(), "the endpoint needs six minutes"
        await stage.pass_until_done(calls, 60)
        status, _, body = await calls[0]
        assert (status, body) == (200, json.loads(DETECTION))
        assert len(stage.cloud.invoked) == 1

    play(scene)


def test_fifty_calls_wake_an_endpoint_once(play: Any, driver: str) -> None:
    async def scene(stage: Scene) -> None:
        calls = stage.start(*range(50))
        await stage.pass_until_done(calls, 900)
        assert [call.result()[0] for call in calls] == [200] * 50
        assert stage.cloud.count(WAKES[driver]) == 1, "one wake for all"
        assert len({*stage.cloud.invoked}) == len(stage.cloud.invoked) == 50, "each frame once"

    play(scene)


def test_waiting_calls_hold_no_memory_and_the_next_is_refused_when_200_wait(play: Any) -> None:
    async def scene(stage: Scene) -> None:
        calls = stage.start(*range(MAX_WAITING))
        await stage.until(lambda: len([name for name in stage.cloud.objects if "/in/" in name]) == MAX_WAITING)
        await settle()
        await stage.until(lambda: stage.gateway._memory.used == 0)
        status, reason, _ = await stage.call(stage.worker, MAX_WAITING + 1)
        assert (status, reason) == (503, "Model is busy: 200 calls wait for it")
        await stage.pass_until_done(calls, 900)
        assert [call.result()[0] for call in calls] == [200] * MAX_WAITING, "none is lost"

    play(scene)


def test_an_answer_for_which_there_is_no_memory_is_fetched_later(
    play: Any, driver: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.memory.WAIT_S", 0.01)

    async def scene(stage: Scene) -> None:
        calls = stage.start(1)
        await stage.until(lambda: stage.gateway._memory.used == 0 and len(stage.cloud.objects) > 0)
        with stage.gateway._memory.share() as others:
            await others.hold(stage.gateway._memory.largest * 2)
            await stage.pass_until_done(calls, 500)
            answered = driver == "asynchronous"
            assert bool(stage.cloud.invoked) is answered, "a real-time call needs memory for its frame first"
            assert not calls[0].done(), "CVAT's batch jobs fail with their first failed frame"
        await stage.pass_until_done(calls, 60)
        status, _, body = await calls[0]
        assert (status, body) == (200, json.loads(DETECTION))

    play(scene)


def test_a_frame_that_is_sent_again_costs_no_second_call(play: Any) -> None:
    async def scene(stage: Scene) -> None:
        for _ in range(2):
            calls = stage.start(3, 3)
            await stage.pass_until_done(calls, 900)
            assert [call.result()[0] for call in calls] == [200, 200]
        assert len(stage.cloud.invoked) <= 2, "the frame was asked four times"

    play(scene)


def test_a_wake_that_fails_says_sagemakers_reason_and_is_tried_again_after_five_minutes(play: Any) -> None:
    reason = "CannotStartContainerError: no capacity of ml.g4dn.xlarge"

    async def scene(stage: Scene) -> None:
        calls = stage.start(1)
        await stage.until(lambda: stage.cloud.awake is not None)
        await stage.pass_until_done(calls, 1500)
        status, said, _ = await calls[0]
        assert status in {502, 504}, said
        await stage.clock.advance(200)
        status, said, _ = await stage.call(stage.people)
        assert (status, said) == (502, f"Endpoint batch failed: {reason}")
        stage.cloud.sleep()
        await stage.clock.advance(301)
        status, said, _ = await stage.call(stage.people)
        assert (status, said.partition(";")[0]) == (503, "Model is asleep"), "a new try"

    play(scene, fails=reason)


def test_after_its_time_limit_the_worker_gets_a_504_and_the_next_try_the_answer(play: Any) -> None:
    async def scene(stage: Scene) -> None:
        calls = stage.start(1)
        await stage.pass_until_done(calls, 1600)
        status, reason, _ = await calls[0]
        assert (status, reason.partition(":")[0]) == (504, "Timed out")
        again = stage.start(1)
        await stage.pass_until_done(again, 600)
        assert again[0].result()[0] == 200
        assert len(stage.cloud.invoked) == 1, "what was queued is not queued again"

    play(scene, wake_s=1700.0)


def test_a_gateway_that_is_replaced_loses_no_frame_and_asks_none_twice(registry: Path, driver: str) -> None:
    async def main() -> None:
        cloud = DRIVERS[driver](VirtualClock())
        async with staged(registry, cloud, driver) as first:
            calls = first.start(*range(10))
            await first.until(lambda: len([name for name in cloud.objects if "/in/" in name]) == 10)
            first.gateway.stop_soon()
            await first.pass_until_done(calls, 130)
            assert {call.result()[:2] for call in calls} == {(503, "The gateway is being replaced; call again")}
        async with staged(registry, cloud, driver) as second:
            again = second.start(*range(10))
            await second.pass_until_done(again, 900)
            assert [call.result()[0] for call in again] == [200] * 10
        assert len(cloud.invoked) == len({*cloud.invoked}) == 10, "each frame once, through two gateways"
        assert cloud.count(WAKES[driver]) == 1, "the second gateway sees that the endpoint is waking"

    asyncio.run(asyncio.wait_for(main(), 60))


def test_what_the_model_refuses_is_a_400_and_is_asked_again_when_sent_again(play: Any) -> None:
    text = 'Received client error (400) from primary with message "image is not base64"'

    async def scene(stage: Scene) -> None:
        calls = stage.start(1)
        await stage.pass_until_done(calls, 900)
        status, reason, _ = await calls[0]
        assert (status, reason) == (400, f"Model refused the request: {text}")
        again = stage.start(1)
        await stage.pass_until_done(again, 60)
        assert again[0].result()[0] == 200, "a failure is not kept"

    play(scene, failures=[text])


def test_the_list_says_how_long_a_first_use_takes(play: Any) -> None:
    async def scene(stage: Scene) -> None:
        async def description() -> str:
            async with stage.people.get("/api/functions") as response:
                return str((await response.json())["detector"]["spec"]["description"])

        assert await description() == "Describes the detector (asleep: first use takes about 7 minutes)"
        await stage.call(stage.people)
        await stage.clock.advance(180)
        assert await description() == "Describes the detector (waking: about 4 minutes left)"
        await stage.clock.advance(300)
        assert await description() == "Describes the detector"

    play(scene)


def test_the_estimate_is_the_mean_of_the_last_wakes(play: Any) -> None:
    async def scene(stage: Scene) -> None:
        for _ in range(2):
            await stage.call(stage.people)
            await stage.clock.advance(200)
            stage.cloud.sleep()
            await stage.clock.advance(61)  # what is known is old then
        _, reason, _ = await stage.call(stage.people)
        assert reason.startswith("Model is asleep; waking it takes about 3 min"), reason

    play(scene, wake_s=170.0)


def test_asynchronous_calls_wake_by_their_backlog_where_sagemaker_refuses_the_capacity(registry: Path) -> None:
    async def main() -> None:
        cloud = SleepingCloud(VirtualClock(), refuses_capacity=True)
        async with staged(registry, cloud, "asynchronous") as stage:
            calls = stage.start(1)
            await stage.pass_until_done(calls, 470)
            assert not calls[0].done(), "two minutes of the alarm come on top"
            await stage.pass_until_done(calls, 60)
            assert calls[0].result()[0] == 200

    asyncio.run(asyncio.wait_for(main(), 60))


def test_an_asynchronous_call_that_the_container_was_too_busy_for_is_queued_again(registry: Path) -> None:
    busy = 'Received server error (503) from primary with message "16 requests are waiting: try again"'

    async def main() -> None:
        cloud = SleepingCloud(VirtualClock(), failures=[busy])
        async with staged(registry, cloud, "asynchronous") as stage:
            calls = stage.start(1)
            await stage.pass_until_done(calls, 900)
            assert calls[0].result()[0] == 200
        assert cloud.count("InvokeEndpointAsync") == 2

    asyncio.run(asyncio.wait_for(main(), 60))


def test_a_kept_answer_wakes_nothing(registry: Path) -> None:
    async def main() -> None:
        cloud = SleepingCloud(VirtualClock())
        async with staged(registry, cloud, "asynchronous") as stage:
            await stage.pass_until_done(stage.start(1), 600)
            cloud.sleep()
            await stage.clock.advance(61)  # what is known is old then
            status, reason, _ = await stage.call(stage.people, 1)
            assert status == 200, f"the answer is in S3: {reason}"
            assert cloud.count("UpdateEndpointWeightsAndCapacities") == 1
            status, _, _ = await stage.call(stage.people, 2)
            assert status == 503, "a kept answer does not show that an endpoint is awake"

    asyncio.run(asyncio.wait_for(main(), 60))


def test_a_call_that_expired_in_sagemakers_queue_is_queued_again(registry: Path) -> None:
    async def main() -> None:
        cloud = SleepingCloud(VirtualClock())
        async with staged(registry, cloud, "asynchronous") as stage:
            await stage.call(stage.people)
            cloud.queue.clear()
            await stage.clock.advance(QUEUE_TTL_S + CALL_LIMIT_S + 1)
            await stage.pass_until_done(calls := stage.start(0), 900)
            assert calls[0].result()[0] == 200

    asyncio.run(asyncio.wait_for(main(), 60))
