"""Jobs whose worker was killed: found, repeated where that is safe, failed otherwise.

A worker that gets SIGKILL (its host is lost, its task is out of memory) cannot report it. RQ leaves its job "started"
until the job's time limit, 4 or 24 hours. For so long CVAT refuses a second automatic annotation of the task (409) and
answers every poll of an import with 202. The scheduler's process looks for such jobs.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import Any, Callable, Iterator

from rq.exceptions import NoSuchJobError
from rq.job import Job, JobStatus
from rq.registry import FailedJobRegistry, StartedJobRegistry

from cvat_aws.queues import count, failures_key, lost_key
from cvat_aws.stores import JOB_TIMEOUTS

INTERVAL_S = 5.0
CONFIRMATION_S = 35.0
"""A worker that lives renews its record every 30 s, also after a failover of Redis that lost it. A job counts as lost
after the record expired (`worker.BUSY_TTL_S`, 60 s) and this time: 105 s after the kill at the latest."""
REPETITIONS = 1
"""A job that kills its worker, by the memory that it takes for instance, must not do so for ever."""
SAFE_TO_REPEAT = {
    "cvat.apps.dataset_manager.views.backup_task",
    "cvat.apps.dataset_manager.views.clear_export_cache",
    "cvat.apps.dataset_manager.views.export_project_annotations",
    "cvat.apps.dataset_manager.views.export_project_as_dataset",
    "cvat.apps.dataset_manager.views.export_task_annotations",
    "cvat.apps.dataset_manager.views.export_task_as_dataset",
}
"""They write one file and put it in place whole. An import, an annotation or a new task may be half done."""
REASON = (
    "The worker that ran this job was killed: its host failed, or the job took more memory than the worker has. "
    "Start it again."
)
log = logging.getLogger("cvat_aws.sweep")


class Sweep:
    """Looks for lost jobs; keeps in mind what it saw, as a job is lost only when seen so for a while."""

    def __init__(self, redis: Any, confirmation_s: float = CONFIRMATION_S) -> None:
        """`redis`: a connection to RQ's database."""
        self._redis = redis
        self._confirmation_s = confirmation_s
        self._suspects: dict[tuple[str, str], float] = {}

    def once(self) -> list[str]:
        """One look at all queues; returns a sentence for each job that was lost."""
        busy = set(self._current_jobs())
        now = time.monotonic()
        started = {(queue, job) for queue in JOB_TIMEOUTS for job in self._started(queue)}
        unattended = {(queue, job) for queue, job in started if job not in busy}
        self._suspects = {suspect: self._suspects.get(suspect, now) for suspect in unattended}
        lost = [suspect for suspect, since in self._suspects.items() if now - since >= self._confirmation_s]
        return [sentence for queue, job in lost for sentence in self._settle(queue, job)]

    def _started(self, queue: str) -> Iterator[str]:
        for job in self._redis.zrange(StartedJobRegistry.key_template.format(queue), 0, -1):
            yield job.decode()

    def _current_jobs(self) -> Iterator[str]:
        """Jobs of the workers that live: a worker's record expires when nobody renews it."""
        for worker in self._redis.smembers("rq:workers"):
            job, death = self._redis.hmget(worker, "current_job", "death")
            if job and not death:
                yield job.decode()

    def _settle(self, queue: str, job_id: str) -> Iterator[str]:
        """Another sweep, or the worker itself, may have been faster: only who takes the job off the list goes on."""
        if not self._redis.zrem(StartedJobRegistry.key_template.format(queue), job_id):
            return
        try:
            job = Job.fetch(job_id, connection=self._redis)
        except NoSuchJobError:  # CVAT has deleted it: the user cancelled
            return
        count(self._redis, lost_key(queue), job_id)
        if self._may_repeat(job):
            job.set_status(JobStatus.QUEUED)
            self._redis.lpush(f"rq:queue:{queue}", job_id)
            yield f"job {job_id} of queue {queue} lost its worker: put back into the queue"
            return
        job.set_status(JobStatus.FAILED)
        FailedJobRegistry(queue, connection=self._redis).add(job, ttl=job.failure_ttl, exc_string=REASON)
        count(self._redis, failures_key(queue), job_id)
        yield f"job {job_id} of queue {queue} lost its worker: failed"

    def _may_repeat(self, job: Any) -> bool:
        """A job that has not begun is safe; so is one of SAFE_TO_REPEAT, but not again and again."""
        if job.get_status() == JobStatus.QUEUED:
            return True
        try:
            safe = job.func_name in SAFE_TO_REPEAT
        except Exception as error:  # what was pickled is no longer there to be imported: another version's job
            log.warning("job %s cannot be read: %s", job.id, error)
            return False
        return safe and bool(self._redis.hincrby(job.key, "cvat_aws_lost", 1) <= REPETITIONS)


def attempt(sweep: Sweep) -> None:
    """One look, whatever happens: Redis fails over, and the next look is soon."""
    try:
        for sentence in sweep.once():
            log.warning(sentence)
    except Exception as problem:
        log.warning("no look at the jobs, trying again in %.0f s: %s: %s", INTERVAL_S, type(problem).__name__, problem)


def start(redis: Any, sleep: Callable[[float], None] = time.sleep) -> None:
    """Look every INTERVAL_S in a thread of this process, until it ends. Several schedulers do no harm."""
    sweep = Sweep(redis)

    def run() -> None:
        while True:
            attempt(sweep)
            sleep(INTERVAL_S)

    threading.Thread(target=run, name="sweep", daemon=True).start()
