"""The RQ 1.5 worker of a task that ECS may stop at any time; no job is lost."""

from __future__ import annotations

from typing import Any

from redis import RedisError
from rq.worker import WorkerStatus
from rq.worker_registration import register

from cvat_aws.draining import StoppableWorker
from cvat_aws.queues import count, failures_key

BUSY_TTL_S = 60
"""A worker at work renews its record every 30 s. Once the record has expired, `sweep` takes the worker for dead."""


class DrainingWorker(StoppableWorker):
    """Left to SIGKILL, a job stays "started" in Redis until its time limit (4 or 24 hours), and for as long CVAT
    answers 409 to a new automatic annotation of its task. A failed job can be started again at once.
    """

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._job_id: str | None = None

    def execute_job(self, job: Any, queue: Any) -> None:
        try:
            super().execute_job(job, queue)
        finally:
            self._job_id = None

    def take(self, job: Any, queue: Any) -> None:
        """Killed before RQ lists it, a job would be in no list at all."""
        self._job_id = job.id
        with self.connection.pipeline() as pipeline:
            queue.started_job_registry.add(job, job.timeout or BUSY_TTL_S, pipeline=pipeline)
            self.set_current_job_id(job.id, pipeline=pipeline)
            super().heartbeat(BUSY_TTL_S, pipeline=pipeline)
            pipeline.execute()

    def heartbeat(self, timeout: int | None = None, pipeline: Any = None) -> None:
        """RQ calls it every 30 s while it watches a job, also in the job's own process, which renews nothing.

        With a `timeout` in seconds the worker is at work, without one it is idle.
        """
        busy = timeout is not None
        super().heartbeat(BUSY_TTL_S if busy else None, pipeline=pipeline)
        if self.is_horse:
            return
        if busy and self._job_id is not None and pipeline is None:
            self._write_record(self._job_id)
        self.protection.renew()

    def _write_record(self, job_id: str) -> None:
        """Write what `sweep` looks for once more: the record may have expired while Redis was away."""
        with self.connection.pipeline() as pipeline:
            register(self, pipeline)
            self.set_state(WorkerStatus.BUSY, pipeline=pipeline)
            self.set_current_job_id(job_id, pipeline=pipeline)
            pipeline.expire(self.key, BUSY_TTL_S)
            pipeline.execute()

    def handle_job_failure(self, job: Any, *arguments: Any, **more: Any) -> None:
        """Counts the failure: CVAT deletes a failed job as soon as its user has seen it."""
        super().handle_job_failure(job, *arguments, **more)
        try:
            count(self.connection, failures_key(job.origin), job.id)
        except RedisError as error:
            self.log.warning("The failure of job %s was not counted: %s", job.id, error)
