"""The module that a patch of either release adds to CVAT, taken from the patch: calls at a time, results in order."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import unidiff

PATCHES = [
    *Path(__file__).parents[2].glob("patches/series/*-automatic-annotation-several-frames-in.patch"),
    *Path(__file__).parents[2].glob("patches/v2/series/*-automatic-annotation-several-frames-in.patch"),
]
ADDED = "cvat/apps/lambda_manager/frames.py"


@pytest.fixture(params=PATCHES, ids=["c48411ae", "v2"])
def frames(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> ModuleType:
    (added,) = [file for file in unidiff.PatchSet(request.param.read_text()) if file.path == ADDED]
    module = ModuleType("frames")
    source = "".join(line.value for hunk in added for line in hunk)
    exec(compile(source, ADDED, "exec"), vars(module))  # noqa: S102 - the patch is ours
    monkeypatch.setattr(module, "PAUSE_S", 0.01)
    return module


class Function:
    """Takes `seconds` for a call; fails for the frames in `failing` as many times as they say."""

    def __init__(self, seconds: float = 0.0, failing: dict[int, int] | None = None) -> None:
        self.seconds = seconds
        self.failing = failing or {}
        self.calls: list[int] = []
        self.at_once = self.most_at_once = 0
        self.prepared_in: set[threading.Thread] = set()
        self._lock = threading.Lock()

    def prepare(self, frame: int) -> int:
        self.prepared_in.add(threading.current_thread())
        return frame

    def call(self, frame: int) -> str:
        with self._lock:
            self.calls.append(frame)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        time.sleep(self.seconds)
        with self._lock:
            self.at_once -= 1
        if self.calls.count(frame) <= self.failing.get(frame, 0):
            raise OSError(f"frame {frame} failed")
        return f"answer {frame}"


def run(frames: ModuleType, function: Function, size: int, at_once: int) -> Iterator[tuple[int, Any, Any]]:
    answers: Iterator[tuple[int, Any, Any]] = frames.call_in_order(
        range(size), function.prepare, function.call, at_once
    )
    return answers


@pytest.mark.parametrize("at_once", [1, 2, 4, 64])
def test_every_frame_is_answered_in_the_order_of_frames(frames: ModuleType, at_once: int) -> None:
    function = Function()
    assert list(run(frames, function, 50, at_once)) == [(n, f"answer {n}", None) for n in range(50)]
    assert sorted(function.calls) == list(range(50)), "each was called once"
    assert function.prepared_in == {threading.current_thread()}, "frames are read through the database's connection"


def test_four_frames_in_flight_take_a_quarter_of_the_time(frames: ModuleType) -> None:
    function = Function(seconds=0.05)
    began = time.monotonic()
    assert len(list(run(frames, function, 40, 4))) == 40
    assert time.monotonic() - began < 1.2, "one after the other would take 2 s"
    assert function.most_at_once == 4


def test_a_slow_frame_at_the_head_does_not_keep_the_others_waiting(frames: ModuleType) -> None:
    slow = Function(seconds=0.02)
    call = slow.call

    def uneven(frame: int) -> str:
        time.sleep(0.3 if frame == 0 else 0)
        return call(frame)

    answers = frames.call_in_order(range(8), slow.prepare, uneven, 4)
    assert next(answers) == (0, "answer 0", None)
    assert len(slow.calls) >= 7, "the frames behind it were called meanwhile"
    answers.close()


def test_a_frame_that_fails_twice_is_answered_at_the_third_attempt(frames: ModuleType) -> None:
    function = Function(failing={3: 2})
    assert list(run(frames, function, 8, 4))[3] == (3, "answer 3", None)
    assert function.calls.count(3) == 3


def test_a_frame_that_fails_three_times_comes_with_its_error_and_the_others_come(frames: ModuleType) -> None:
    function = Function(failing={3: 99})
    answers = list(run(frames, function, 8, 4))
    frame, result, error = answers[3]
    assert (frame, result, str(error)) == (3, None, "frame 3 failed")
    assert [answer for _, answer, _ in answers if answer] == [f"answer {n}" for n in range(8) if n != 3]
    assert function.calls.count(3) == 3


def test_with_one_in_flight_the_first_error_ends_it_as_in_cvat(frames: ModuleType) -> None:
    function = Function(failing={3: 1})
    with pytest.raises(OSError, match="frame 3 failed"):
        list(run(frames, function, 8, 1))
    assert function.calls == [0, 1, 2, 3]
    assert function.most_at_once == 1


def test_two_of_a_hundred_frames_may_be_skipped_and_are_named(frames: ModuleType) -> None:
    skipped = frames.SkippedFrames(200)
    for frame in (3, 50, 51, 199):
        skipped.add(frame, OSError("timed out"))
    assert skipped.numbers == [3, 50, 51, 199]
    with pytest.raises(frames.TooManySkippedFrames) as caught:
        skipped.add(12, OSError("timed out"))
    assert "5 of 200 frames failed 3 times each (frames 3, 50, 51, 199, 12)" in str(caught.value)
    assert "timed out" in str(caught.value)


def test_closing_it_stops_within_the_calls_that_run(frames: ModuleType) -> None:
    function = Function(seconds=0.05)
    answers = run(frames, function, 1000, 4)
    for _ in range(5):
        next(answers)
    began = time.monotonic()
    answers.close()  # type: ignore[attr-defined]  # a generator
    assert time.monotonic() - began < 0.5
    assert len(function.calls) <= 5 + 2 * 4
    calls = len(function.calls)
    time.sleep(0.2)
    assert len(function.calls) == calls, "nothing goes on behind the caller's back"
