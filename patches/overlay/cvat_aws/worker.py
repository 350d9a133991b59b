"""The RQ worker of a task that can be stopped at any time, and must not lose a job by it."""

from __future__ import annotations

import os
import threading
import time
from typing import Any

from redis import RedisError
from rq import Worker
from rq.worker import StopRequested, WorkerStatus

from cvat_aws.commands import DRAIN_S
from cvat_aws.protection import Protection
from cvat_aws.queues import FAILURES_KEPT_S, failures_key

LOOK_UP_S = 5
"""An idle worker looks up from its queue this often, to see whether it has been told to stop."""


class DrainingWorker(Worker):  # type: ignore[misc]  # RQ 1.5 has no types
    """While a job runs, ECS does not choose this task to be stopped. If it must stop all the same (SIGTERM), it
    finishes its job, but fails it when that takes longer than the container will be given.

    Left to SIGKILL, a job stays "started" in Redis until its time limit (4 or 24 hours), and for as long CVAT
    answers 409 to a new automatic annotation of its task. A failed job can be started again at once.
    """

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.protection = Protection(os.environ.get("ECS_AGENT_URI", ""))

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
        """RQ asks this each time before it waits for a job: the one place where an idle worker can stop."""
        if self._stop_requested:
            raise StopRequested
        return bool(super().should_run_maintenance_tasks)

    def execute_job(self, job: Any, queue: Any) -> None:
        self.protection.begin()
        try:
            if self._stop_requested:
                self.log.info("Told to stop: handing job %s back to the queue.", job.id)
                queue.push_job_id(job.id, at_front=True)
                return
            super().execute_job(job, queue)
        finally:
            self.protection.end()

    def heartbeat(self, *arguments: Any, **more: Any) -> None:
        """RQ calls it every 30 s while it watches a job, also in the job's own process, which renews nothing."""
        super().heartbeat(*arguments, **more)
        if not self.is_horse:
            self.protection.renew()

    def handle_job_failure(self, job: Any, *arguments: Any, **more: Any) -> None:
        """CVAT deletes a failed job as soon as somebody has asked for it; that it failed must still be counted."""
        super().handle_job_failure(job, *arguments, **more)
        key, now = failures_key(job.origin), time.time()
        try:
            with self.connection.pipeline() as pipeline:
                pipeline.zadd(key, {f"{job.id} {now}": now})
                pipeline.zremrangebyscore(key, 0, now - FAILURES_KEPT_S)
                pipeline.expire(key, FAILURES_KEPT_S)
                pipeline.execute()
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
