"""The RQ 1.16 worker of a task that ECS may stop at any time; no job is lost."""

from __future__ import annotations

from typing import Any

from cvat_aws.draining import StoppableWorker
from cvat_aws.queues import count, failures_key
from redis import RedisError
from rq.job import JobStatus
from rq.worker import WorkerStatus
from rq.worker_registration import register


class DrainingWorker(StoppableWorker):
    def take(self, job: Any, queue: Any) -> None:
        """RQ lists a job as started a second later. Until then another worker that cleans up fails it as "stuck", and
        of a worker that is killed meanwhile nobody would find it.
        """
        with self.connection.pipeline() as pipeline:
            queue.started_job_registry.add(job, self.get_heartbeat_ttl(job), pipeline=pipeline)
            self.set_current_job_id(job.id, pipeline=pipeline)
            pipeline.execute()

    def forget(self, job: Any, queue: Any, pipeline: Any) -> None:
        pipeline.lrem(queue.intermediate_queue_key, 1, job.id)

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
