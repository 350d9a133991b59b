"""Jobs whose worker was killed: repeated where that is safe, failed otherwise, and counted.

A worker that gets SIGKILL (its host is lost, its task is out of memory) cannot report it. RQ 1.16 notices: a job is
"started" for 90 s after its worker's last sign of life, then whoever reads the list of started jobs fails it. That
reader may come after minutes, and an export that could simply be repeated is failed, too. So the scheduler's process
reads all lists every few seconds, and CVAT's clean-up, wherever it runs, first looks here.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from cvat_aws.queues import count, failures_key, lost_key
from rq.exceptions import NoSuchJobError
from rq.job import Job, JobStatus
from rq.registry import StartedJobRegistry

INTERVAL_S = 5.0
REPETITIONS = 1
"""A job that kills its worker, by the memory that it takes for instance, must not do so for ever."""
SAFE_QUEUES = frozenset({"chunks", "cleaning", "export"})
"""Their jobs write one thing and put it in place whole. An import or an annotation may be half done."""
REASON = (
    "The worker that ran this job was killed: its host failed, or the job took more memory than the worker has. "
    "Start it again."
)
log = logging.getLogger("cvat_aws_v2.lost_jobs")


def install() -> None:
    """CVAT has replaced RQ's clean-up by its own when it is loaded; this comes before either."""
    original = StartedJobRegistry.cleanup
    if getattr(original, "counts_lost_jobs", False):
        return

    def cleanup(registry: Any, timestamp: float | None = None) -> Any:
        expired = registry.get_expired_job_ids(time.time() if timestamp is None else timestamp)
        lost = [job_id for job_id in expired if not _repeat(registry, job_id)]
        done = original(registry, timestamp)
        for job_id in lost:
            _explain(registry, job_id)
        return done

    cleanup.counts_lost_jobs = True  # type: ignore[attr-defined]
    StartedJobRegistry.cleanup = cleanup


def _fetch(registry: Any, job_id: str) -> Any:
    try:
        return Job.fetch(job_id, connection=registry.connection)
    except NoSuchJobError:  # deleted: the user cancelled
        return None


def _repeat(registry: Any, job_id: str) -> bool:
    """Put the job back into its queue if it may run once more. Whoever takes it off the list does so, nobody else."""
    job = _fetch(registry, job_id)
    if job is None or not _may_repeat(registry, job) or not registry.connection.zrem(registry.key, job_id):
        return False
    count(registry.connection, lost_key(registry.name), job_id)
    job.set_status(JobStatus.QUEUED)
    registry.connection.lpush(f"rq:queue:{registry.name}", job_id)
    log.warning("job %s of queue %s lost its worker: put back into the queue", job_id, registry.name)
    return True


def _may_repeat(registry: Any, job: Any) -> bool:
    """A job that has not begun is safe; so is one of a safe queue, but not again and again."""
    if job.get_status() == JobStatus.QUEUED:
        return True
    return registry.name in SAFE_QUEUES and bool(
        registry.connection.hincrby(job.key, "cvat_aws_lost", 1) <= REPETITIONS
    )


def _explain(registry: Any, job_id: str) -> None:
    """CVAT shows its user why a job failed: RQ's own words say nothing to one. Count the job, but once."""
    redis = registry.connection
    if not redis.set(f"cvat_aws:explained:{job_id}", 1, nx=True, ex=60):  # several processes may see it at a time
        return
    job = _fetch(registry, job_id)
    if job is None or job.get_status() != JobStatus.FAILED:
        return
    job._exc_info = REASON
    job.save(include_meta=False)
    count(redis, lost_key(registry.name), job_id)
    count(redis, failures_key(registry.name), job_id)
    log.warning("job %s of queue %s lost its worker: failed", job_id, registry.name)


def look(queues: Sequence[str], redis: Any) -> None:
    """One look at all queues, whatever happens: Redis fails over, and the next look is soon."""
    for queue in queues:
        try:
            StartedJobRegistry(queue, connection=redis).cleanup()
        except Exception as problem:
            log.warning("no look at queue %s: %s: %s", queue, type(problem).__name__, problem)


def start(queues: Sequence[str], redis: Any, sleep: Callable[[float], None] = time.sleep) -> None:
    """Look every INTERVAL_S in a thread of this process, until it ends. Several schedulers do no harm."""

    def run() -> None:
        while True:
            look(queues, redis)
            sleep(INTERVAL_S)

    threading.Thread(target=run, name="lost-jobs", daemon=True).start()
