"""The state of RQ's queues: how many jobs wait, for how long, and how many workers are busy.

Read from RQ 1.5's keys in Redis, without Django and without changing anything: RQ's own classes move jobs
when they count them.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Iterator

FAILURES_WINDOW_S = 300
"""A failure counts for this long: the period of its alarm, so that one failure is one alarm."""
FAILURES_KEPT_S = 3600
HEAD = 10
"""Jobs that are read at the front of a queue: a job that was deleted while it waited leaves its number there."""
TIME = "%Y-%m-%dT%H:%M:%S.%fZ"  # RQ's, in UTC


def failures_key(queue: str) -> str:
    """Sorted set of a queue's recent failures, by time; written by the workers."""
    return f"cvat_aws:failures:{queue}"


def lost_key(queue: str) -> str:
    """Sorted set of a queue's jobs whose worker was killed, by the time of their discovery; written by the sweep."""
    return f"cvat_aws:lost:{queue}"


def count(redis: Any, key: str, job_id: str) -> None:
    """Add a job to one of these sets. A set: the same job may fail more than once."""
    now = time.time()
    with redis.pipeline() as pipeline:
        pipeline.zadd(key, {f"{job_id} {now}": now})
        pipeline.zremrangebyscore(key, 0, now - FAILURES_KEPT_S)
        pipeline.expire(key, FAILURES_KEPT_S)
        pipeline.execute()


@dataclass(frozen=True)
class Reading:
    """A queue at one moment."""

    queue: str
    waiting: int
    oldest_s: float
    """Seconds since the job at the front was put into the queue; 0 where none waits."""
    running: int
    idle: int
    """Workers that wait for a job."""
    failed: int
    """Jobs that failed within FAILURES_WINDOW_S."""
    lost: int
    """Jobs whose worker was killed, found within FAILURES_WINDOW_S: failed, or put back into the queue."""


def read(redis: Any, queue: str) -> Reading:
    """`redis`: a connection to RQ's database."""
    now = time.time()
    states = list(_states(redis, queue))
    return Reading(
        queue=queue,
        waiting=redis.llen(f"rq:queue:{queue}"),
        oldest_s=_oldest(redis, queue, now),
        running=states.count(b"busy"),
        idle=states.count(b"idle"),
        failed=redis.zcount(failures_key(queue), now - FAILURES_WINDOW_S, "+inf"),
        lost=redis.zcount(lost_key(queue), now - FAILURES_WINDOW_S, "+inf"),
    )


def _oldest(redis: Any, queue: str, now: float) -> float:
    for job in redis.lrange(f"rq:queue:{queue}", 0, HEAD - 1):
        since = redis.hget(b"rq:job:" + job, "enqueued_at")
        if since:
            moment = datetime.strptime(since.decode(), TIME).replace(tzinfo=timezone.utc)
            return max(0.0, now - moment.timestamp())
    return 0.0


def _states(redis: Any, queue: str) -> Iterator[bytes | None]:
    """States of living workers. A worker that was killed leaves its name; its record expires within minutes."""
    for worker in redis.smembers(f"rq:workers:{queue}"):
        state, death = redis.hmget(worker, "state", "death")
        if not death:
            yield state
