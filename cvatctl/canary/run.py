"""The smoke test: what a user does in the first minute, from the login to every auto-annotation function."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from cvatctl.canary.client import FUNCTION_S, Cvat, SmokeError
from cvatctl.canary.functions import judge, request

TASK_NAME = "cvatctl smoke test"
"""Name of the task that the smoke test makes; older ones of this name are leftovers and deleted."""
_DEMO = "demo"
_IMAGES = (".jpg", ".jpeg", ".png", ".bmp")
_FRAMES = 2
_LEFTOVER = timedelta(hours=1)
_QUALITY = 70
_FEW_LABELS = 200
_PICTURES = {b"\xff\xd8\xff": "JPEG", b"\x89PNG": "PNG", b"BM": "BMP"}
"""How files begin. CVAT's Content-Type is of no use: at our commit it is `('image/jpeg', none)`, a tuple as text."""


@dataclass(frozen=True)
class Step:
    """One thing that was tried."""

    name: str
    ok: bool
    seconds: float
    detail: str
    """What came of it, or why it failed."""


def smoke(
    url: str,
    user: str,
    password: str,
    expected: Iterable[str] = (),
    progress: Callable[[Step], None] = lambda _: None,
    *,
    token: str = "",
) -> list[Step]:
    """Log in, make a task from demo files, call every function on it, delete it; the steps, all ok or not.

    With `token`, one of CVAT's, nobody logs in: where an identity provider stands in front, it lets tokens pass only.
    `expected` names functions that CVAT must offer. Never raises for what CVAT does; a step that others need ends
    the run, a function that fails does not. The task is deleted whatever happens.
    """
    return _Run(progress).all(lambda: _enter(url, user, password, token), sorted(expected))


class _Run:
    def __init__(self, progress: Callable[[Step], None]) -> None:
        self.steps: list[Step] = []
        self._progress = progress

    def _try(self, name: str, action: Callable[[], tuple[Any, str]]) -> Any:
        """Note a step; returns its value, or None where it failed."""
        began = time.monotonic()
        value = None
        try:
            value, detail = action()
            ok = True
        except SmokeError as error:
            ok, detail = False, str(error)
        except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
            ok, detail = False, f"CVAT's answer is not understood ({type(error).__name__}: {error}). Is it our version?"
        step = Step(name, ok, time.monotonic() - began, detail)
        self.steps.append(step)
        self._progress(step)
        return value

    def all(self, enter: Callable[[], tuple[Cvat, str]], expected: list[str]) -> list[Step]:
        cvat = self._try("log in", enter)
        if cvat is None:
            return self.steps
        functions = self._try("list functions", lambda: _functions(cvat, expected))
        files = self._try("find demo files on the share", lambda: _demo_files(cvat))
        if files is None:
            return self.steps
        labels = _labels(functions or [])
        task = self._try("create a task", lambda: _create(cvat, labels))
        if task is None:
            return self.steps
        try:
            size = self._try("wait for its data", lambda: _fill(cvat, task, files))
            if size is not None:
                self._try("read a frame", lambda: _read_frame(cvat, task))
                for one in functions or []:
                    self._try(f"call {one.get('id')}", functools.partial(_call, cvat, task, one, size))
        finally:
            self._try("delete the task", lambda: _delete(cvat, task))
        return self.steps


def _enter(url: str, user: str, password: str, token: str) -> tuple[Cvat, str]:
    cvat = Cvat(url, token)
    if not token:
        cvat.call("GET", "/restrictions/user-agreements")
        cvat.log_in(user, password)
    about = cvat.call("GET", "/server/about")
    return cvat, f"{about['name']} {about['version']} at {cvat.url}"


def _functions(cvat: Cvat, expected: list[str]) -> tuple[list[dict[str, Any]], str]:
    """All functions that CVAT offers; none where auto-annotation is switched off."""
    if not cvat.call("GET", "/server/plugins").get("MODELS"):
        if expected:
            raise SmokeError(f"CVAT says that it has no models, but these are deployed: {', '.join(expected)}.")
        return [], "auto-annotation is switched off"
    offered = cvat.call("GET", "/lambda/functions", timeout=FUNCTION_S)
    names = sorted(str(one["id"]) for one in offered)
    missing = [name for name in expected if name not in names]
    if missing:
        raise SmokeError(
            f"CVAT offers {', '.join(names) or 'no function'}, but not {', '.join(missing)}. See: cvatctl logs gateway"
        )
    return offered, ", ".join(names) or "none"


def _demo_files(cvat: Cvat) -> tuple[list[str], str]:
    entries = cvat.call("GET", f"/server/share?directory=/{_DEMO}")
    images = [e["name"] for e in entries if e["type"] == "REG" and e["name"].lower().endswith(_IMAGES)]
    if not images:
        raise SmokeError(
            f"The share's folder {_DEMO} holds no picture. Set cvat:demoData to builtin and run `pulumi up`."
        )
    chosen = sorted(images)[:_FRAMES]
    return [f"{_DEMO}/{name}" for name in chosen], ", ".join(chosen)


def _labels(functions: list[dict[str, Any]]) -> list[str]:
    """The detectors' labels: CVAT drops what a task has no label for."""
    named = dict.fromkeys(str(label) for one in functions for label in one.get("labels") or [])
    return list(named)[:_FEW_LABELS] or ["object"]


def _create(cvat: Cvat, labels: list[str]) -> tuple[int, str]:
    removed = _remove_leftovers(cvat)
    wanted = [{"name": label, "attributes": []} for label in labels]
    task = int(cvat.call("POST", "/tasks", {"name": TASK_NAME, "labels": wanted})["id"])
    return task, f"task {task} with {len(labels)} labels" + (f"; {removed} leftovers deleted" if removed else "")


def _remove_leftovers(cvat: Cvat) -> int:
    """Delete tasks of earlier runs that were cut off."""
    found = cvat.call("GET", "/tasks?name=cvatctl%20smoke%20test&page_size=100")["results"]
    before = datetime.now(timezone.utc) - _LEFTOVER  # noqa: UP017  (runs on older Pythons, too)
    old = [
        one["id"] for one in found if one["name"] == TASK_NAME and _moment(one["created_date"]) < before
    ]  # CVAT's filter finds parts of names, and upper case as well
    for task in old:
        cvat.call("DELETE", f"/tasks/{task}")
    return len(old)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def _fill(cvat: Cvat, task: int, files: list[str]) -> tuple[tuple[int, int], str]:
    """The task's frames, made by a worker; returns width and height in pixels."""
    data = {"image_quality": _QUALITY, "server_files": files, "client_files": [], "remote_files": [], "use_cache": True}
    cvat.call("POST", f"/tasks/{task}/data", data)
    cvat.wait_for_data(task)
    # A job that Redis has forgotten is "Finished" for CVAT, so only the frames tell.
    about = cvat.call("GET", f"/tasks/{task}/data/meta")
    if about["size"] != len(files):
        raise SmokeError(f"The task has {about['size']} frames of {len(files)} files. See: cvatctl logs worker")
    first = about["frames"][0]
    return (int(first["width"]), int(first["height"])), f"{about['size']} frames of {first['width']}x{first['height']}"


def _read_frame(cvat: Cvat, task: int) -> tuple[None, str]:
    content = cvat.frame(task, 0)
    kind = next((name for start, name in _PICTURES.items() if content.startswith(start)), None)
    if kind is None:
        raise SmokeError(f"Frame 0 came as {len(content)} bytes that are no picture: {content[:16]!r}.")
    return None, f"{len(content)} bytes of {kind}"


def _call(cvat: Cvat, task: int, function: dict[str, Any], size: tuple[int, int]) -> tuple[None, str]:
    name, kind = function["id"], str(function.get("kind"))
    body = request(task, function, *size)
    if body is None:
        raise SmokeError(
            f"CVAT lists it as '{kind}', which it cannot call. Correct annotations.type in its registry file."
        )
    answer = cvat.call("POST", f"/lambda/functions/{name}", body, timeout=FUNCTION_S)
    why, summary = judge(kind, answer)
    if why:
        raise SmokeError(f"{why}. See: cvatctl logs gateway")
    return None, f"{kind}: {summary}"


def _delete(cvat: Cvat, task: int) -> tuple[None, str]:
    cvat.call("DELETE", f"/tasks/{task}")
    return None, f"task {task} is gone"
