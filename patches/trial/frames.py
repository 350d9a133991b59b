"""Frames in flight: several calls of a function at a time, and frames whose calls fail, in either release."""

from __future__ import annotations

import io
import json
import time
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

import requests
from PIL import Image

from patches.trial.client import Client, check
from patches.trial.models import FUNCTION, Models, Round

FRAMES = 60
CALL_S = 0.5
"""Of the stand-in: several times as long as reading a frame on a busy machine, which one thread does for all."""
ATTEMPTS = 3
IN_FLIGHT = 4
"""CVAT_FRAMES_IN_FLIGHT, by default."""


def picture(number: int) -> bytes:
    """A small JPEG, each in another colour: the answer of the stand-in depends on it."""
    data = io.BytesIO()
    Image.new("RGB", (64, 48), (4 * number % 256, 128, 255 - 4 * number % 256)).save(data, "JPEG")
    return data.getvalue()


class Restart(Protocol):
    """Stops the annotation worker and starts it with further variables."""

    def __call__(self, **more: str) -> None: ...


class FramesInFlight:
    def __init__(self, models: Models, client: Client, restart: Restart) -> None:
        self.models = models
        self.client = client
        self.restart = restart
        self.task = 0
        self.images: list[str] = []
        """Of each frame, by hash: what the function gets need not be the file's bytes."""

    def compare(self, folder: Path) -> str:
        """One call at a time, then as many as by default: `folder` is made for the pictures."""
        self.task = self._task_of_pictures(folder)
        self.restart(CVAT_FRAMES_IN_FLIGHT="1")
        single, took_single, answers_single = self._timed()
        check(single.most_at_once == 1, f"{single.most_at_once} calls at once")
        self.images = single.calls
        check(len(set(self.images)) == FRAMES, "frames look alike")
        self.restart()
        several, took, answers = self._timed()
        check(several.most_at_once == IN_FLIGHT, f"{several.most_at_once} calls at once")
        check(answers == answers_single, "the annotations differ")
        check(took < took_single / 2.5, f"{took:.1f} s with four, {took_single:.1f} s with one")
        shapes = len(json.loads(answers))
        return f"{FRAMES} frames of {CALL_S} s: {took:.1f} s, one after the other {took_single:.1f} s; {shapes} shapes"

    def failures(self) -> str:
        broken = self.images[7]
        calls = self.models.reset(0, frozenset([broken]))
        status = self.finish(self.start(self.task), "finished")
        check(status["skipped_frames"] == [7], f"skipped {status['skipped_frames']}")
        check(calls.calls.count(broken) == ATTEMPTS, f"called {calls.calls.count(broken)} times")
        self.models.reset(0, frozenset(self.images[:30]))
        reason = self.finish(self.start(self.task), "failed")["exc_info"]
        check("2 of 60 frames failed 3 times each (frames 0, 1)" in reason, reason)
        return f"frame 7 skipped after {ATTEMPTS} attempts; {self._cancel()}"

    def _cancel(self) -> str:
        calls = self.models.reset(CALL_S)
        request = self.start(self.task)
        self.client.until(lambda: len(calls.calls) >= 2 * IN_FLIGHT or None)
        self.client.call("DELETE", f"/lambda/requests/{quote(request, safe='')}")
        before = len(calls.calls)
        time.sleep(4 * CALL_S)
        after = len(calls.calls)
        check(after - before <= 3 * IN_FLIGHT, f"{after - before} calls after the job was cancelled")
        time.sleep(4 * CALL_S)
        check(len(calls.calls) == after, "a cancelled job goes on")
        return f"cancelled after {before} calls, {after - before} more were made"

    def _timed(self) -> tuple[Round, float, str]:
        """Annotate; what the stand-in saw, the seconds, and the annotations without their numbers."""
        calls = self.models.reset(CALL_S)
        request = self.start(self.task)
        self.client.until(lambda: bool(calls.calls) or None)
        began = time.monotonic()
        self.finish(request, "finished")
        took = time.monotonic() - began
        check(len(calls.calls) == FRAMES, f"{len(calls.calls)} calls")
        shapes = self.client.call("GET", f"/tasks/{self.task}/annotations").json()["shapes"]
        in_order = sorted(shapes, key=lambda shape: int(shape["id"]))  # that of their creation
        return calls, took, json.dumps([{**shape, "id": None} for shape in in_order])

    def _task_of_pictures(self, folder: Path) -> int:
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

    def request(self, task: int, *expected: int) -> requests.Response:
        body = {"function": FUNCTION, "task": task, "cleanup": True}
        return self.client.call("POST", "/lambda/requests", *expected, json=body)

    def start(self, task: int) -> str:
        return str(self.request(task).json()["id"])

    def status(self, request: str) -> Any:
        return self.client.call("GET", f"/lambda/requests/{quote(request, safe='')}").json()

    def finish(self, request: str, status: str) -> Any:
        """The end of a request, which must be `status`."""
        ended = ("finished", "failed")
        self.client.until(lambda: self.status(request)["status"] in ended or None)
        answer = self.status(request)
        check(answer["status"] == status, f"the request ended as {answer}")
        return answer
