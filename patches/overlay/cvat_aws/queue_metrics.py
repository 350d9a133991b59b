"""`cvat-aws queue-metrics`: publishes the state of RQ's queues in CloudWatch (alarms, scaling). Run one."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from typing import Any, Callable, Mapping

from cvat_aws.environment import Reader
from cvat_aws.queues import Reading, read
from cvat_aws.stores import JOB_TIMEOUTS, rq_client

NAMESPACE = "CVAT"
INTERVAL_S = 30
"""Alarms look at minutes: two readings in each leave no gap when one is lost. More would only cost more calls."""
TIMEOUT_S = 5


@dataclass(frozen=True)
class Settings:
    stack: str
    redis: Mapping[str, Any]
    """Arguments of redis-py's client."""
    cloudwatch: Mapping[str, Any]
    """Arguments of boto3's client: the region decides the endpoint, also in China."""


def settings(env: Mapping[str, str]) -> Settings:
    """Raises UnusableError with all that is wrong."""
    reader = Reader(env)
    stack = reader.required("CVAT_STACK", "the stack's name, a dimension of the metrics")
    region = reader.required("AWS_REGION", "the region of CloudWatch")
    redis = {**rq_client(reader), "socket_timeout": TIMEOUT_S, "socket_connect_timeout": TIMEOUT_S}
    # The SDK reads this variable itself only from 2023 on.
    endpoint = reader.text("AWS_ENDPOINT_URL_CLOUDWATCH") or None
    reader.finish()
    return Settings(stack, redis, {"region_name": region, "endpoint_url": endpoint})


def data(stack: str, reading: Reading) -> list[dict[str, Any]]:
    """A reading as PutMetricData takes it."""
    dimensions = [{"Name": "Stack", "Value": stack}, {"Name": "Queue", "Value": reading.queue}]
    values = {
        "QueueDepth": (reading.waiting, "Count"),
        "OldestJobAge": (reading.oldest_s, "Seconds"),
        "RunningJobs": (reading.running, "Count"),
        "IdleWorkers": (reading.idle, "Count"),
        "FailedJobs": (reading.failed, "Count"),
        "LostJobs": (reading.lost, "Count"),
    }
    return [
        {"MetricName": name, "Dimensions": dimensions, "Value": float(value), "Unit": unit}
        for name, (value, unit) in values.items()
    ]


def publish(chosen: Settings, redis: Any, cloudwatch: Any) -> None:
    """One reading of every queue, in one call."""
    metrics = [metric for queue in JOB_TIMEOUTS for metric in data(chosen.stack, read(redis, queue))]
    cloudwatch.put_metric_data(Namespace=NAMESPACE, MetricData=metrics)


def _say(message: str) -> None:
    sys.stdout.write(f"queue-metrics: {message}\n")
    sys.stdout.flush()


def attempt(once: Callable[[], None], worked: bool) -> bool:
    """Publish; a failure is logged, and the next interval tries again. Returns whether it worked."""
    try:
        once()
    except Exception as problem:  # Redis fails over, CloudWatch throttles, the role's credentials are late
        _say(f"nothing published, trying again in {INTERVAL_S} s: {type(problem).__name__}: {problem}")
        return False
    if not worked:
        _say("published")
    return True


def run(env: Mapping[str, str]) -> int:
    """Runs until SIGTERM, which ends it at once: there is nothing to finish."""
    chosen = settings(env)
    import boto3
    from botocore.config import Config
    from redis import Redis

    limits = Config(connect_timeout=TIMEOUT_S, read_timeout=TIMEOUT_S, retries={"max_attempts": 1})
    redis, cloudwatch = Redis(**chosen.redis), boto3.client("cloudwatch", config=limits, **chosen.cloudwatch)
    _say(f"stack {chosen.stack}, queues {', '.join(JOB_TIMEOUTS)}, every {INTERVAL_S} s")
    worked = False
    while True:
        worked = attempt(lambda: publish(chosen, redis, cloudwatch), worked)
        time.sleep(INTERVAL_S - time.time() % INTERVAL_S)  # on the clock's half minutes: two in every minute
