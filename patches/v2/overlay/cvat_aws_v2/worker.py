"""The RQ 1.16 worker of a task that ECS may stop at any time; no job is lost."""

from __future__ import annotations

import os
import threading
from typing import Any

from cvat_aws.protection import Protection
from cvat_aws.queues import count, failures_key
from redis import RedisError
from rq import Worker
from rq.job import JobStatus
from rq.worker import StopRequested, WorkerStatus
from rq.worker_registration import register

from cvat_aws_v2.worker_options import DRAIN_S

LOOK_UP_S = 5
"""Seconds after which an idle worker checks whether it has received SIGTERM."""


class DrainingWorker(Worker):  # type: ignore[misc]  # RQ has no types
    """While a job runs, ECS does not choose this task to be stopped. If it must stop all the same (SIGTERM), it
    finishes its job, but fails it when that takes longer than the container will be given.
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

    def dequeue_job_and_maintain_ttl(self, timeout: int | None, *more: Any, **named: Any) -> Any:
        return super().dequeue_job_and_maintain_ttl(timeout and min(timeout, LOOK_UP_S), *more, **named)

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
            self.protection.end()

    def _take(self, job: Any, queue: Any) -> None:
        """RQ lists a job as started only once its process runs: a second later. Until then another worker that cleans
        up fails it as "stuck", and of a worker that is killed meanwhile nobody would find it.
        """
        with self.connection.pipeline() as pipeline:
            queue.started_job_registry.add(job, self.get_heartbeat_ttl(job), pipeline=pipeline)
            self.set_current_job_id(job.id, pipeline=pipeline)
            pipeline.execute()

    def _hand_back(self, job: Any, queue: Any) -> None:
        with self.connection.pipeline() as pipeline:
            queue.started_job_registry.remove(job, pipeline=pipeline)
            self.set_current_job_id(None, pipeline=pipeline)
            pipeline.lrem(queue.intermediate_queue_key, 1, job.id)
            queue.push_job_id(job.id, pipeline=pipeline, at_front=True)
            pipeline.execute()

    def maintain_heartbeats(self, job: Any) -> None:
        """Every 30 s while a job runs. A failover of Redis must not end the worker, and with it the job: it may miss
        two of these before the job counts as lost. A Redis that forgot the worker is told of it again.
        """
        self.protection.renew()
        try:
            super().maintain_heartbeats(job)
            with self.connection.pipeline() as pipeline:
                register(self, pipeline)
                self.set_state(WorkerStatus.BUSY, pipeline=pipeline)
                self.set_current_job_id(job.id, pipeline=pipeline)
                pipeline.execute()
        except RedisError as error:
            self.log.warning("No heartbeat for job %s, the next in 30 s: %s", job.id, error)

    def handle_job_failure(self, job: Any, *arguments: Any, **more: Any) -> None:
        """Counts the failure. One that RQ repeats (a webhook's) or that a user stopped is none."""
        super().handle_job_failure(job, *arguments, **more)
        try:
            if job.get_status() == JobStatus.FAILED:
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
