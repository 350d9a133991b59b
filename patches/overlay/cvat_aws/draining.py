"""How the RQ workers of both releases stop: RQ 1.5 and 1.16 have the methods below in common."""

from __future__ import annotations

import os
import threading
from typing import Any

from rq import Worker
from rq.worker import StopRequested, WorkerStatus

from cvat_aws.protection import Protection
from cvat_aws.worker_options import DRAIN_S

STOPPED = "The worker of this job had to stop before the job was done. Start it again."
KILLED = (
    "This job was killed, most likely because it took more memory than its worker has. Do less at once, or ask an "
    "administrator for larger workers."
)
LOOK_UP_S = 5
"""Seconds after which an idle worker checks whether it has received SIGTERM."""


class StoppableWorker(Worker):  # type: ignore[misc]  # RQ has no types
    """While a job runs, ECS does not choose this task to be stopped. If it must stop all the same (SIGTERM), it
    finishes its job, but fails it when that takes longer than the container will be given.
    """

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.protection = Protection(os.environ.get("ECS_AGENT_URI", ""))
        self._gave_up = False

    def request_stop(self, signum: Any, frame: Any) -> None:
        """RQ would leave an idle worker's loop at once, and lose the job that it has just taken from the queue."""
        try:
            super().request_stop(signum, frame)
        except StopRequested:
            self._stop_requested = True

    def dequeue_job_and_maintain_ttl(self, timeout: int | None, *more: Any, **named: Any) -> Any:
        return super().dequeue_job_and_maintain_ttl(timeout and min(timeout, LOOK_UP_S), *more, **named)

    @property
    def should_run_maintenance_tasks(self) -> bool:
        """RQ reads this before it waits for a job: the one place where an idle worker can stop."""
        if self._stop_requested:
            raise StopRequested
        return bool(super().should_run_maintenance_tasks)

    def execute_job(self, job: Any, queue: Any) -> None:
        self.take(job, queue)
        self.protection.begin()
        try:
            if self._stop_requested:
                self.log.info("SIGTERM received: job %s goes back to the queue.", job.id)
                self._hand_back(job, queue)
                return
            super().execute_job(job, queue)
            self.set_current_job_id(None)
        finally:
            self.protection.end()

    def take(self, job: Any, queue: Any) -> None:
        """Lists the job as started: RQ does so only once its process runs."""
        raise NotImplementedError

    def _hand_back(self, job: Any, queue: Any) -> None:
        with self.connection.pipeline() as pipeline:
            queue.started_job_registry.remove(job, pipeline=pipeline)
            self.set_current_job_id(None, pipeline=pipeline)
            self.forget(job, queue, pipeline)
            queue.push_job_id(job.id, pipeline=pipeline, at_front=True)
            pipeline.execute()

    def forget(self, job: Any, queue: Any, pipeline: Any) -> None:
        """Where else this RQ lists a job that a worker has taken: by default nowhere."""

    def handle_warm_shutdown_request(self) -> Any:
        limit = int(os.environ.get("CVAT_WORKER_DRAIN_S", DRAIN_S))
        timer = threading.Timer(limit, self._give_up)
        timer.daemon = True
        timer.start()
        return super().handle_warm_shutdown_request()

    def _give_up(self) -> None:
        if self.horse_pid and self.get_state() == WorkerStatus.BUSY:  # 0 would signal the whole process group
            self.log.warning("The job did not finish before the task has to stop: failing it.")
            self._gave_up = True
            self.kill_horse()

    def handle_job_failure(self, job: Any, *arguments: Any, **more: Any) -> None:
        """RQ says "Work-horse terminated unexpectedly; waitpid returned 9", and CVAT shows that to its user."""
        if str(more.get("exc_string", "")).startswith("Work-horse"):
            more["exc_string"] = STOPPED if self._gave_up else KILLED
        super().handle_job_failure(job, *arguments, **more)
