"""Automatic annotation: frames in flight, and a worker that is killed while it annotates."""

from __future__ import annotations

import hashlib
import io
import json
import time
from base64 import b64encode
from pathlib import Path
from typing import Any

import requests
from PIL import Image

from patches.trial.client import Client, check
from patches.trial.cloud import Cloud
from patches.trial.models import FUNCTION, Models, Round
from patches.trial.processes import Fleet

FRAMES = 60
CALL_S = 0.25
SOON_S = 120.0
"""Seconds within which a job whose worker was killed must fail."""
ATTEMPTS = 3
CONFLICT = 409
IN_FLIGHT = 4
"""CVAT_FRAMES_IN_FLIGHT, by default."""


def picture(number: int) -> bytes:
    """A small JPEG, each in another colour: the answer of the stand-in depends on it."""
    data = io.BytesIO()
    Image.new("RGB", (64, 48), (4 * number % 256, 128, 255 - 4 * number % 256)).save(data, "JPEG")
    return data.getvalue()


class Annotation:
    def __init__(self, fleet: Fleet, cloud: Cloud, models: Models, client: Client) -> None:
        self.fleet = fleet
        self.cloud = cloud
        self.models = models
        self.client = client
        self.task = 0
        self.killed = ""
        self.killed_at = 0.0

    def kill(self, task: int) -> str:
        self.task = task
        calls = self.models.reset(delay_s=60)
        self.killed = self._start(task)
        self.client.until(lambda: bool(calls.calls) or None)
        self.fleet.kill("worker-low")
        self.killed_at = time.monotonic()
        self.fleet.start("worker-low", "worker", "low", ECS_AGENT_URI=self.cloud.agent.url)
        return str(self._request(task, CONFLICT).json())

    def lost_job(self) -> str:
        self.client.until(lambda: self._status(self.killed)["status"] == "failed" or None)
        took = time.monotonic() - self.killed_at
        check(took < SOON_S, f"found after {took:.0f} s")
        reason = str(self._status(self.killed)["exc_info"])
        check("was killed" in reason, reason)
        self.models.reset(delay_s=0)
        self._await(self._start(self.task), "finished")
        self.client.until(lambda: self.cloud.highest("LostJobs", "low") or None)
        return f"within {took:.0f} s: {reason}"

    def in_flight(self) -> str:
        task = self._task_of_pictures()
        several, took, answers = self._timed(task)
        check(several.most_at_once == IN_FLIGHT, f"{several.most_at_once} calls at once")
        self._restart(CVAT_FRAMES_IN_FLIGHT="1")
        single, took_single, answers_single = self._timed(task)
        check(single.most_at_once == 1, f"{single.most_at_once} calls at once")
        self._restart()
        check(answers == answers_single, "the annotations differ")
        check(took < took_single / 2.5, f"{took:.1f} s with four, {took_single:.1f} s with one")
        self.task_of_pictures = task
        shapes = len(json.loads(answers))
        return f"{FRAMES} frames of {CALL_S} s: {took:.1f} s, one after the other {took_single:.1f} s; {shapes} shapes"

    def failures(self) -> str:
        task = self.task_of_pictures
        broken = hashlib.sha256(b64encode(picture(7))).hexdigest()
        calls = self.models.reset(0, frozenset([broken]))
        status = self._await(self._start(task), "finished")
        check(status["skipped_frames"] == [7], f"skipped {status['skipped_frames']}")
        check(calls.calls.count(broken) == ATTEMPTS, f"called {calls.calls.count(broken)} times")
        many = frozenset(hashlib.sha256(b64encode(picture(number))).hexdigest() for number in range(30))
        self.models.reset(0, many)
        reason = self._await(self._start(task), "failed")["exc_info"]
        check("2 of 60 frames failed 3 times each (frames 0, 1)" in reason, reason)
        beyond = {"task": task, "frame": FRAMES}
        refusal = self.client.call("POST", f"/lambda/functions/{FUNCTION}", 400, json=beyond).text
        check("frames 0 to 59" in refusal, refusal)
        return f"frame 7 skipped after {ATTEMPTS} attempts; {self._cancel(task)}"

    def _cancel(self, task: int) -> str:
        calls = self.models.reset(CALL_S)
        request = self._start(task)
        self.client.until(lambda: len(calls.calls) >= 2 * IN_FLIGHT or None)
        self.client.call("DELETE", f"/lambda/requests/{request}")
        before = len(calls.calls)
        time.sleep(4 * CALL_S)
        after = len(calls.calls)
        check(after - before <= 3 * IN_FLIGHT, f"{after - before} calls after the job was cancelled")
        time.sleep(4 * CALL_S)
        check(len(calls.calls) == after, "a cancelled job goes on")
        return f"cancelled after {before} calls, {after - before} more were made"

    def _timed(self, task: int) -> tuple[Round, float, str]:
        """Annotate; what the stand-in saw, the seconds, and the annotations without their numbers."""
        calls = self.models.reset(CALL_S)
        request = self._start(task)
        self.client.until(lambda: bool(calls.calls) or None)
        began = time.monotonic()
        self._await(request, "finished")
        took = time.monotonic() - began
        check(len(calls.calls) == FRAMES, f"{len(calls.calls)} calls")
        shapes = self.client.call("GET", f"/tasks/{task}/annotations").json()["shapes"]
        in_order = sorted(shapes, key=lambda shape: int(shape["id"]))  # that of their creation
        return calls, took, json.dumps([{**shape, "id": None} for shape in in_order])

    def _task_of_pictures(self) -> int:
        folder = self.fleet.folder / "pictures"
        folder.mkdir()
        files: list[Path] = []
        for number in range(FRAMES):
            path = folder / f"{number:03}.jpg"
            path.write_bytes(picture(number))
            files.append(path)
        task = self.client.create_task("pictures")
        self.client.upload(task, files)
        self.client.await_data(task)
        return task

    def _restart(self, **more: str) -> None:
        self.fleet.terminate("worker-low")
        self.fleet.start("worker-low", "worker", "low", ECS_AGENT_URI=self.cloud.agent.url, **more)

    def _request(self, task: int, *expected: int) -> requests.Response:
        body = {"function": FUNCTION, "task": task, "cleanup": True}
        return self.client.call("POST", "/lambda/requests", *expected, json=body)

    def _start(self, task: int) -> str:
        return str(self._request(task).json()["id"])

    def _status(self, request: str) -> Any:
        return self.client.call("GET", f"/lambda/requests/{request}").json()

    def _await(self, request: str, status: str) -> Any:
        ended = ("finished", "failed")
        self.client.until(lambda: self._status(request)["status"] in ended or None)
        answer = self._status(request)
        check(answer["status"] == status, f"the request ended as {answer}")
        return answer
