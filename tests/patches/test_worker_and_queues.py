"""A worker of ours with CVAT's RQ on a real Redis: what is seen of its queue, and that stopping it loses no job."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from cvat_aws import queues
from moto.server import ThreadedMotoServer
from redis import Redis

from patches.trial.agent import Agent, agent
from tests.patches.old_rq import Queue  # before the sweep: it makes RQ importable

from cvat_aws.draining import KILLED, STOPPED  # isort: skip
from cvat_aws.sweep import Sweep, attempt  # isort: skip
from patches.trial.serving import free_port

ROOT = Path(__file__).parents[2]
PYTHON = os.environ.get("CVAT_PYTHON", sys.executable)
"""What runs the worker and the command: CVAT's own Python where there is one."""
SLEEP, FAIL = "time.sleep", "math.sqrt"
WAIT_S = 20.0
pytestmark = pytest.mark.filterwarnings("ignore:distutils Version classes:DeprecationWarning")  # RQ's, of 2020
Start = Callable[..., "subprocess.Popen[bytes]"]


def until(true: Callable[[], Any]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    program, port = shutil.which("redis-server"), free_port()
    if program is None:
        pytest.skip("redis-server is not installed (Debian: apt-get install redis-server)")
    folder = tmp_path_factory.mktemp("redis")
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603
    client = Redis(port=port)
    until(lambda: _answers(client))
    yield client
    client.close()
    client.connection_pool.disconnect()
    process.terminate()
    process.wait()


def _answers(client: Redis) -> bool:
    try:
        return bool(client.ping())
    except OSError:
        return False
    except Exception as error:  # redis-py's own ConnectionError is no OSError
        return not str(error)


@pytest.fixture
def redis(server: Redis) -> Redis:
    server.flushall()
    return server


@pytest.fixture
def listening() -> Iterator[Agent]:
    with agent() as stub:
        yield stub


@pytest.fixture
def worker(redis: Redis, listening: Agent) -> Iterator[Start]:
    running: list[subprocess.Popen[bytes]] = []
    port = str(redis.connection_pool.connection_kwargs["port"])

    def start(queue: str = "low", ttl_s: int | None = None, **more: str) -> subprocess.Popen[bytes]:
        env = {**os.environ, "PYTHONPATH": str(ROOT / "patches/overlay"), "ECS_AGENT_URI": listening.url, **more}
        command = [PYTHON, "-W", "ignore", "-m", "tests.patches.worker_process", port, queue]
        command += [str(ttl_s)] if ttl_s else []
        process = subprocess.Popen(  # noqa: S603
            command, env=env, cwd=ROOT, stderr=subprocess.DEVNULL, start_new_session=True
        )
        running.append(process)
        until(lambda: queues.read(redis, queue).idle or queues.read(redis, queue).running)
        return process

    yield start
    for process in running:
        process.kill()
        process.wait()


def enqueue(redis: Redis, function: str, argument: float, job_id: str, queue: str = "low") -> Any:
    return Queue(queue, connection=redis).enqueue(function, argument, job_id=job_id)


def test_jobs_that_wait_are_counted_and_the_oldest_tells_its_age(redis: Redis) -> None:
    assert queues.read(redis, "low") == queues.Reading("low", 0, 0.0, 0, 0, 0, 0)
    first = enqueue(redis, SLEEP, 0, "first")
    time.sleep(0.3)
    enqueue(redis, SLEEP, 0, "second")
    seen = queues.read(redis, "low")
    assert (seen.waiting, seen.running, seen.idle) == (2, 0, 0)
    assert 0.3 <= seen.oldest_s < WAIT_S
    redis.delete(first.key)  # its number stays in the list until a worker meets it
    assert queues.read(redis, "low").oldest_s < seen.oldest_s
    assert queues.read(redis, "default").waiting == 0


def test_a_worker_is_idle_or_at_work_and_protected_while_it_is(redis: Redis, worker: Start, listening: Agent) -> None:
    worker()
    assert not listening.requests, "an idle worker may be stopped"
    enqueue(redis, SLEEP, 1.0, "job")
    until(lambda: queues.read(redis, "low").running)
    seen = queues.read(redis, "low")
    assert (seen.waiting, seen.running, seen.idle) == (0, 1, 0)
    assert listening.protected == [True]
    until(lambda: queues.read(redis, "low").idle)
    until(lambda: listening.protected == [True, False])


def test_workers_of_another_queue_are_not_counted(redis: Redis, worker: Start) -> None:
    worker("default")
    assert (queues.read(redis, "low").idle, queues.read(redis, "default").idle) == (0, 1)


def test_a_failure_is_counted_although_cvat_deletes_the_job(redis: Redis, worker: Start, listening: Agent) -> None:
    worker()
    job = enqueue(redis, FAIL, -1, "bad")
    until(lambda: queues.read(redis, "low").failed)
    job.delete()
    assert queues.read(redis, "low").failed == 1
    until(lambda: listening.protected == [True, False])


def test_a_job_runs_although_the_agent_refuses(redis: Redis, worker: Start, listening: Agent) -> None:
    listening.answer = (500, "broken")
    worker()
    job = enqueue(redis, SLEEP, 0, "job")
    until(lambda: job.get_status() == "finished")


def test_a_worker_at_work_finishes_its_job_before_it_stops(redis: Redis, worker: Start, listening: Agent) -> None:
    process = worker()
    job = enqueue(redis, SLEEP, 1.0, "job")
    later = enqueue(redis, SLEEP, 0, "later")
    until(lambda: queues.read(redis, "low").running)
    process.send_signal(signal.SIGTERM)
    assert process.wait(WAIT_S) == 0
    assert (job.get_status(), later.get_status()) == ("finished", "queued")
    assert queues.read(redis, "low").waiting == 1, "another worker takes it"
    assert listening.protected == [True, False]


def test_a_job_that_takes_longer_than_the_drain_time_is_failed(redis: Redis, worker: Start) -> None:
    process = worker(CVAT_WORKER_DRAIN_S="1")
    job = enqueue(redis, SLEEP, 600, "job")
    until(lambda: queues.read(redis, "low").running)
    process.send_signal(signal.SIGTERM)
    assert process.wait(WAIT_S) == 0
    assert job.get_status() == "failed"
    job.refresh()
    assert job.exc_info == STOPPED, "what CVAT shows to its user"
    assert queues.read(redis, "low").failed == 1


def test_a_job_whose_process_is_killed_for_its_memory_fails_at_once_with_a_sentence(
    redis: Redis, worker: Start
) -> None:
    process = worker()
    job = enqueue(redis, SLEEP, 600, "job")
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    until(lambda: queues.read(redis, "low").running and children.read_text().split())
    os.kill(int(children.read_text().split()[0]), signal.SIGKILL)
    until(lambda: job.get_status() == "failed")
    job.refresh()
    assert job.exc_info == KILLED, "RQ's own words say nothing to a user"
    until(lambda: queues.read(redis, "low").idle)


def test_a_worker_that_is_stopped_just_when_it_takes_a_job_hands_it_back(
    redis: Redis, worker: Start, listening: Agent
) -> None:
    process = worker()
    listening.delay_s = 1.0
    job = enqueue(redis, SLEEP, 0, "job")
    until(lambda: listening.requests)
    assert queues.read(redis, "low").waiting == 0, "it is out of the queue, and has not begun"
    process.send_signal(signal.SIGTERM)
    assert process.wait(WAIT_S) == 0
    assert queues.read(redis, "low").waiting == 1
    worker()
    until(lambda: job.get_status() == "finished")


def test_an_idle_worker_stops_soon_and_takes_no_more_jobs(redis: Redis, worker: Start) -> None:
    process = worker()
    process.send_signal(signal.SIGTERM)
    assert process.wait(WAIT_S) == 0
    enqueue(redis, SLEEP, 0, "job")
    assert queues.read(redis, "low").waiting == 1
    assert queues.read(redis, "low").idle == 0


def kill(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL to the worker and the process of its job, as when a host is lost."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(WAIT_S)


def swept(sweep: Sweep) -> str:
    """What the sweep says once it finds something; it looks ten times a second."""
    sentences: list[str] = []

    def look() -> list[str]:
        sentences.extend(sweep.once())
        time.sleep(0.1)
        return sentences

    until(look)
    return " ".join(sentences)


def test_a_job_whose_worker_was_killed_fails_with_a_reason_and_is_counted(redis: Redis, worker: Start) -> None:
    process = worker(ttl_s=2)
    job = enqueue(redis, SLEEP, 600, "job")
    until(lambda: job.get_status() == "started")
    kill(process)
    assert swept(Sweep(redis, confirmation_s=0.3)) == "job job of queue low lost its worker: failed"
    job.refresh()
    assert job.get_status() == "failed"
    assert "was killed" in str(job.exc_info), "CVAT shows it to the user"
    assert "job" not in Queue("low", connection=redis).started_job_registry
    assert "job" in Queue("low", connection=redis).failed_job_registry
    seen = queues.read(redis, "low")
    assert (seen.failed, seen.lost, seen.waiting) == (1, 1, 0)


def test_a_job_that_is_safe_to_repeat_is_repeated_once(
    redis: Redis, worker: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cvat_aws.sweep.SAFE_TO_REPEAT", {SLEEP})
    sweep = Sweep(redis, confirmation_s=0.3)
    job = enqueue(redis, SLEEP, 600, "job")
    process = worker(ttl_s=2)
    until(lambda: job.get_status() == "started")
    kill(process)
    assert swept(sweep).endswith("put back into the queue")
    assert (job.get_status(), queues.read(redis, "low").waiting, queues.read(redis, "low").lost) == ("queued", 1, 1)
    process = worker(ttl_s=2)
    until(lambda: job.get_status() == "started")
    kill(process)
    assert swept(sweep).endswith("failed"), "it may be the job that kills its workers"


def test_a_worker_that_is_killed_between_taking_a_job_and_beginning_it_loses_nothing(
    redis: Redis, worker: Start, listening: Agent
) -> None:
    process = worker(ttl_s=2)
    listening.delay_s = 30.0
    job = enqueue(redis, FAIL, -1, "job")
    until(lambda: listening.requests)
    assert queues.read(redis, "low").waiting == 0, "it is out of the queue, and has not begun"
    kill(process)
    assert swept(Sweep(redis, confirmation_s=0.3)).endswith("put back into the queue")
    assert (job.get_status(), queues.read(redis, "low").waiting) == ("queued", 1)


def test_a_worker_that_lives_keeps_its_job_even_if_redis_lost_its_record(redis: Redis, worker: Start) -> None:
    worker(ttl_s=2)
    sweep = Sweep(redis, confirmation_s=1.5)
    job = enqueue(redis, SLEEP, 4.0, "job")
    until(lambda: job.get_status() == "started")
    redis.delete(*redis.smembers("rq:workers"), "rq:workers", "rq:workers:low")
    end = time.monotonic() + 3.5
    while time.monotonic() < end:
        assert sweep.once() == []
        time.sleep(0.1)
    until(lambda: job.get_status() == "finished")
    assert queues.read(redis, "low").lost == 0


def test_a_job_that_a_user_cancelled_is_forgotten(redis: Redis, worker: Start) -> None:
    process = worker(ttl_s=2)
    job = enqueue(redis, SLEEP, 600, "job")
    until(lambda: job.get_status() == "started")
    redis.delete(job.key)
    kill(process)
    sweep = Sweep(redis, confirmation_s=0)
    until(lambda: not sweep.once() and not redis.zcard("rq:wip:low"))
    assert queues.read(redis, "low").lost == 0


def test_a_sweep_outlives_a_redis_that_is_away(caplog: pytest.LogCaptureFixture) -> None:
    attempt(Sweep(Redis(port=1)))
    assert "trying again in 5 s" in caplog.text


@pytest.fixture(scope="module")
def cloudwatch() -> Iterator[tuple[Any, str]]:
    """A client, and the endpoint that it talks to."""
    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=free_port(), verbose=False)
    moto.start()
    url = "http://{}:{}".format(*moto.get_host_and_port())
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    yield boto3.client("cloudwatch", region_name="cn-north-1", endpoint_url=url, **keys), url
    moto.stop()


def test_the_command_tells_cloudwatch_what_is_in_redis_and_outlives_its_failures(
    redis: Redis, worker: Start, cloudwatch: tuple[Any, str]
) -> None:
    client, url = cloudwatch
    port = str(redis.connection_pool.connection_kwargs["port"])
    worker("default")
    enqueue(redis, SLEEP, 0, "job")
    env = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT / "patches/overlay"),
        "PYTHONUNBUFFERED": "1",
        "CVAT_STACK": "trial",
        "CVAT_REDIS_HOST": "127.0.0.1",
        "CVAT_REDIS_PORT": port,
        "CVAT_REDIS_SSL": "no",
        "AWS_REGION": "cn-north-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_ENDPOINT_URL_CLOUDWATCH": url,
    }
    command = [PYTHON, "-W", "ignore", "-m", "cvat_aws", "queue-metrics"]
    process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True)  # noqa: S603
    assert process.stdout
    lines = [process.stdout.readline() for _ in range(2)]
    assert lines[-1] == "queue-metrics: published\n", lines
    assert len(client.list_metrics(Namespace="CVAT")["Metrics"]) == 12
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=WAIT_S)
    assert process.returncode == 0, "there is nothing to wait for"
    assert {value(client, "QueueDepth", "low"), value(client, "IdleWorkers", "default")} == {1.0}
    assert value(client, "QueueDepth", "default") == value(client, "RunningJobs", "low") == 0.0
    dead = {**env, "AWS_ENDPOINT_URL_CLOUDWATCH": "http://127.0.0.1:1", "CVAT_REDIS_PORT": "1"}
    process = subprocess.Popen(command, env=dead, stdout=subprocess.PIPE, text=True)  # noqa: S603
    assert process.stdout
    lines = [process.stdout.readline() for _ in range(2)]
    assert "trying again in 30 s" in lines[-1], lines
    assert process.poll() is None, "it waits for Redis to come back"
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=WAIT_S)
    assert process.returncode == 0


def value(client: Any, metric: str, queue: str) -> float:
    dimensions = [{"Name": "Stack", "Value": "trial"}, {"Name": "Queue", "Value": queue}]
    datapoints = client.get_metric_statistics(
        Namespace="CVAT",
        MetricName=metric,
        Dimensions=dimensions,
        Period=3600,
        Statistics=["Maximum"],
        StartTime=time.time() - 3600,
        EndTime=time.time() + 3600,
    )["Datapoints"]
    return float(max(datapoint["Maximum"] for datapoint in datapoints))
