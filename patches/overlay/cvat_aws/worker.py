"""The RQ worker of a task that ECS may stop at any time; no job is lost."""

from __future__ import annotations

import os
import threading
from typing import Any

from redis import RedisError
from rq import Worker
from rq.worker import StopRequested, WorkerStatus
from rq.worker_registration import register

from cvat_aws.commands import DRAIN_S
from cvat_aws.protection import Protection
from cvat_aws.queues import count, failures_key

LOOK_UP_S = 5
"""Seconds after which an idle worker checks whether it has received SIGTERM."""


BUSY_TTL_S = 60
"""A worker at work renews its record every 30 s. Once the record has expired, `sweep` takes the worker for dead."""


class DrainingWorker(Worker):  # type: ignore[misc]  # RQ 1.5 has no types
    """While a job runs, ECS does not choose this task to be stopped. If it must stop all the same (SIGTERM), it
    finishes its job, but fails it when that takes longer than the container will be given.

    Left to SIGKILL, a job stays "started" in Redis until its time limit (4 or 24 hours), and for as long CVAT
    answers 409 to a new automatic annotation of its task. A failed job can be started again at once.
    """

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.protection = Protection(os.environ.get("ECS_AGENT_URI", ""))
        self._job_id: str | None = None

    def request_stop(self, signum: Any, frame: Any) -> None:
        """RQ would leave an idle worker's loop at once, and lose the job that it has just taken from the queue."""
        try:
            super().request_stop(signum, frame)
        except StopRequested:
            self._stop_requested = True

    def dequeue_job_and_maintain_ttl(self, timeout: int | None) -> Any:
        return super().dequeue_job_and_maintain_ttl(timeout and min(timeout, LOOK_UP_S))

    @property
    def should_run_maintenance_tasks(self) -> bool:
        """RQ reads this before it waits for a job: the one place where an idle worker can stop."""
        if self._stop_requested:
            raise StopRequested
        return bool(super().should_run_maintenance_tasks)

    def execute_job(self, job: Any, queue: Any) -> None:
        self._take(job, queue)
        self.protection.begin()
        try:
            if self._stop_requested:
                self.log.info("SIGTERM received: job %s goes back to the queue.", job.id)
                self._hand_back(job, queue)
                return
            super().execute_job(job, queue)
            self.set_current_job_id(None)
        finally:
            self._job_id = None
            self.protection.end()

    def _take(self, job: Any, queue: Any) -> None:
        """RQ lists a job as started only once its process runs. Killed before, it would be in no list at all."""
        self._job_id = job.id
        with self.connection.pipeline() as pipeline:
            queue.started_job_registry.add(job, job.timeout or BUSY_TTL_S, pipeline=pipeline)
            self.set_current_job_id(job.id, pipeline=pipeline)
            super().heartbeat(BUSY_TTL_S, pipeline=pipeline)
            pipeline.execute()

    def _hand_back(self, job: Any, queue: Any) -> None:
        with self.connection.pipeline() as pipeline:
            queue.started_job_registry.remove(job, pipeline=pipeline)
            self.set_current_job_id(None, pipeline=pipeline)
            queue.push_job_id(job.id, pipeline=pipeline, at_front=True)
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

    def handle_warm_shutdown_request(self) -> Any:
        limit = int(os.environ.get("CVAT_WORKER_DRAIN_S", DRAIN_S))
        timer = threading.Timer(limit, self._give_up)
        timer.daemon = True
        timer.start()
        return super().handle_warm_shutdown_request()

    def _give_up(self) -> None:
        if self.horse_pid and self.get_state() == WorkerStatus.BUSY:  # 0 would signal the whole process group
            self.log.warning("The job did not finish before the task has to stop: failing it.")
            self.kill_horse()
