"""Automatic annotation: a worker that is killed while it annotates, and calls that name a frame that does not exist."""

from __future__ import annotations

import time

from patches.trial.client import Client, check
from patches.trial.cloud import Cloud
from patches.trial.frames import FRAMES, FramesInFlight
from patches.trial.models import FUNCTION, Models
from patches.trial.processes import Fleet

SOON_S = 120.0
"""Seconds within which a job whose worker was killed must fail."""
CONFLICT = 409


class Annotation:
    def __init__(self, fleet: Fleet, cloud: Cloud, models: Models, client: Client) -> None:
        self.fleet = fleet
        self.cloud = cloud
        self.models = models
        self.client = client
        self.frames = FramesInFlight(models, client, self._restart)
        self.task = 0
        self.killed = ""
        self.killed_at = 0.0

    def kill(self, task: int) -> str:
        self.task = task
        calls = self.models.reset(delay_s=60)
        self.killed = self.frames.start(task)
        self.client.until(lambda: bool(calls.calls) or None)
        self.fleet.kill("worker-low")
        self.killed_at = time.monotonic()
        self._start_worker()
        return str(self.frames.request(task, CONFLICT).json())

    def lost_job(self) -> str:
        found_before = self._has_failed()
        self.client.until(lambda: self._has_failed() or None)
        took = time.monotonic() - self.killed_at
        check(found_before or took < SOON_S, f"found after {took:.0f} s")  # the steps between may take longer
        reason = str(self.frames.status(self.killed)["exc_info"])
        check("was killed" in reason, reason)
        self.models.reset(delay_s=0)
        self.frames.finish(self.frames.start(self.task), "finished")
        self.client.until(lambda: self.cloud.highest("LostJobs", "low") or None)
        return f"within {took:.0f} s: {reason}"

    def _has_failed(self) -> bool:
        return bool(self.frames.status(self.killed)["status"] == "failed")

    def in_flight(self) -> str:
        return self.frames.compare(self.fleet.folder / "pictures")

    def failures(self) -> str:
        result = self.frames.failures()
        beyond = {"task": self.frames.task, "frame": FRAMES}
        refusal = self.client.call("POST", f"/lambda/functions/{FUNCTION}", 400, json=beyond).text
        check("frames 0 to 59" in refusal, refusal)
        return result

    def _restart(self, **more: str) -> None:
        self.fleet.terminate("worker-low")
        self._start_worker(**more)

    def _start_worker(self, **more: str) -> None:
        self.fleet.start("worker-low", "worker", "low", ECS_AGENT_URI=self.cloud.agent.url, **more)
