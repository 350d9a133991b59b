"""`queue-metrics`: publishes the state of the queues that CVAT_QUEUES names in CloudWatch. Run one."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from cvat_aws.environment import Reader
from cvat_aws.queue_metrics import INTERVAL_S, NAMESPACE, TIMEOUT_S, attempt, data
from cvat_aws.queues import read

from cvat_aws_v2 import stores

QUEUES = tuple("import export annotation webhooks notifications quality_reports cleaning chunks consensus".split())
"""CVAT's; a test compares them."""


class Settings(NamedTuple):
    stack: str
    queues: Sequence[str]
    redis: Mapping[str, Any]
    """Arguments of redis-py's client."""
    cloudwatch: Mapping[str, Any]
    """Arguments of boto3's client."""


def queues(reader: Reader) -> list[str]:
    """What CVAT_QUEUES names, all by default."""
    named = reader.words("CVAT_QUEUES") or list(QUEUES)
    reader.problems += [
        f"CVAT_QUEUES names '{name}', but CVAT's queues are {', '.join(QUEUES)}."
        for name in named
        if name not in QUEUES
    ]
    return named


def settings(env: Mapping[str, str]) -> Settings:
    """Raises UnusableError with all that is wrong."""
    reader = Reader(env)
    stack = reader.required("CVAT_STACK", "the stack's name, a dimension of the metrics")
    region = reader.required("AWS_REGION", "the region of CloudWatch")
    redis = stores.client(stores.jobs(reader)) | {"socket_timeout": TIMEOUT_S, "socket_connect_timeout": TIMEOUT_S}
    named = queues(reader)
    reader.finish()
    return Settings(stack, named, redis, {"region_name": region})


def publish(chosen: Settings, redis: Any, cloudwatch: Any) -> None:
    """One reading of every queue, in one call (CloudWatch takes 1000 values)."""
    metrics = [metric for queue in chosen.queues for metric in data(chosen.stack, read(redis, queue))]
    cloudwatch.put_metric_data(Namespace=NAMESPACE, MetricData=metrics)


def run(env: Mapping[str, str]) -> int:
    """Runs until SIGTERM, which ends it at once: there is nothing to finish."""
    chosen = settings(env)
    import boto3
    from botocore.config import Config
    from redis import Redis

    limits = Config(connect_timeout=TIMEOUT_S, read_timeout=TIMEOUT_S, retries={"max_attempts": 1})
    redis, cloudwatch = Redis(**chosen.redis), boto3.client("cloudwatch", config=limits, **chosen.cloudwatch)
    sys.stdout.write(f"queue-metrics: stack {chosen.stack}, queues {', '.join(chosen.queues)}, every {INTERVAL_S} s\n")
    sys.stdout.flush()
    worked = False
    while True:
        worked = attempt(lambda: publish(chosen, redis, cloudwatch), worked)
        time.sleep(INTERVAL_S - time.time() % INTERVAL_S)  # on the clock's half minutes: two in every minute
