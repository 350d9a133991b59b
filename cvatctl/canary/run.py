"""The steps of the smoke test: login, task, frames, every auto-annotation function."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from cvatctl.canary.client import CALL_S, FUNCTION_S, Cvat, SmokeError
from cvatctl.canary.dialects import DIALECTS, C48411ae
from cvatctl.canary.functions import check_answer, request

TASK_NAME = "cvatctl smoke test"
"""Name of the task that the smoke test creates; older tasks of this name are leftovers of interrupted runs."""
_DEMO = "demo"
_IMAGES = (".jpg", ".jpeg", ".png", ".bmp")
_FRAMES = 2
_LEFTOVER_AGE = timedelta(hours=1)
_QUALITY = 70
_MAX_LABELS = 200
_INTERRUPTED_S = 0.7
"""Timeout of the last call after Ctrl-C, which must end the command within a second."""
_PICTURES = {b"\xff\xd8\xff": "JPEG", b"\x89PNG": "PNG", b"BM": "BMP"}
"""Magic bytes. CVAT's Content-Type is useless: at our commit it is `('image/jpeg', none)`, a tuple as text."""


@dataclass(frozen=True)
class Step:
    """The result of one step."""

    name: str
    ok: bool
    seconds: float
    detail: str
    """The result in a few words, or why it failed."""


def smoke(  # noqa: PLR0913  (address and login, and four that have a default)
    url: str,
    user: str,
    password: str,
    expected: Iterable[str] = (),
    progress: Callable[[Step], None] = lambda _: None,
    *,
    token: str = "",
    release: str = "c48411ae",
) -> list[Step]:
    """Logs in, creates a task from demo files, calls every function on it, deletes it; returns the steps.

    `release`: of CVAT, as `cvat:release` names it. `token` (one of CVAT's) replaces the login: an identity provider in
    front of CVAT lets only tokens pass. `expected` names functions that CVAT must offer. Never raises for an answer of
    CVAT. A step that others depend on ends the run, a function that fails does not. The task is always deleted.
    """
    return _Run(progress).run(lambda: _log_in(url, user, password, token, DIALECTS[release]), sorted(expected))


class _Run:
    def __init__(self, progress: Callable[[Step], None]) -> None:
        self.steps: list[Step] = []
        self._progress = progress

    def _try(self, name: str, action: Callable[[], tuple[Any, str]]) -> Any:
        """Records a step; returns its value, or None where it failed."""
        began = time.monotonic()
        value = None
        try:
            value, detail = action()
            ok = True
        except SmokeError as error:
            ok, detail = False, str(error)
        except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
            ok, detail = False, f"CVAT's answer has an unexpected form ({type(error).__name__}: {error})."
        step = Step(name, ok, time.monotonic() - began, detail)
        self.steps.append(step)
        self._progress(step)
        return value

    def run(self, log_in: Callable[[], tuple[Cvat, str]], expected: list[str]) -> list[Step]:
        cvat = self._try("log in", log_in)
        if cvat is None:
            return self.steps
        functions = self._try("list functions", lambda: _functions(cvat, expected))
        files = self._try("find demo files on the share", lambda: _demo_files(cvat))
        if files is None:
            return self.steps
        labels = _labels(cvat, functions or [])
        task = self._try("create a task", lambda: _create(cvat, labels))
        if task is None:
            return self.steps
        timeout = CALL_S
        try:
            size = self._try("wait for its data", lambda: _fill(cvat, task, files))
            if size is not None:
                self._try("read a frame", lambda: _read_frame(cvat, task))
                for function in functions or []:
                    self._try(f"call {function.get('id')}", functools.partial(_call, cvat, task, function, size))
        except KeyboardInterrupt:
            timeout = _INTERRUPTED_S
            raise
        finally:
            self._try("delete the task", lambda: _delete(cvat, task, timeout))
        return self.steps


def _log_in(url: str, user: str, password: str, token: str, dialect: C48411ae) -> tuple[Cvat, str]:
    cvat = Cvat(url, token, dialect)
    if not token:
        cvat.call("GET", dialect.open_page)
        cvat.log_in(user, password)
    server = cvat.call("GET", "/server/about")
    return cvat, f"{server['name']} {server['version']} at {cvat.url}"


def _functions(cvat: Cvat, expected: list[str]) -> tuple[list[dict[str, Any]], str]:
    """All functions that CVAT offers; none where auto-annotation is switched off."""
    if not cvat.call("GET", "/server/plugins").get("MODELS"):
        if expected:
            raise SmokeError(f"CVAT says that it has no models, but these are deployed: {', '.join(expected)}.")
        return [], "auto-annotation is switched off"
    offered = cvat.call("GET", "/lambda/functions", timeout=FUNCTION_S)
    names = sorted(str(function["id"]) for function in offered)
    missing = [name for name in expected if name not in names]
    if missing:
        raise SmokeError(
            f"CVAT offers {', '.join(names) or 'no function'}, but not {', '.join(missing)}. See: cvatctl logs gateway"
        )
    return offered, ", ".join(names) or "none"


def _demo_files(cvat: Cvat) -> tuple[list[str], str]:
    entries = cvat.call("GET", f"/server/share?directory=/{_DEMO}")
    images = [entry["name"] for entry in entries if entry["type"] == "REG" and entry["name"].lower().endswith(_IMAGES)]
    if not images:
        raise SmokeError(
            f"The share's folder {_DEMO} holds no picture. Set cvat:demoData to builtin and run `pulumi up`."
        )
    chosen = sorted(images)[:_FRAMES]
    return [f"{_DEMO}/{name}" for name in chosen], ", ".join(chosen)


def _labels(cvat: Cvat, functions: list[dict[str, Any]]) -> list[str]:
    """The detectors' labels: CVAT discards shapes whose label the task does not have."""
    names = dict.fromkeys(label for function in functions for label in cvat.dialect.labels(function))
    return list(names)[:_MAX_LABELS] or ["object"]


def _create(cvat: Cvat, labels: list[str]) -> tuple[int, str]:
    removed = _remove_leftovers(cvat)
    definitions = [{"name": label, "attributes": []} for label in labels]
    task = int(cvat.call("POST", "/tasks", {"name": TASK_NAME, "labels": definitions})["id"])
    return task, f"task {task} with {len(labels)} labels" + (f"; {removed} leftovers deleted" if removed else "")


def _remove_leftovers(cvat: Cvat) -> int:
    """Deletes the tasks of interrupted runs; returns their number."""
    tasks = cvat.call("GET", "/tasks?name=cvatctl%20smoke%20test&page_size=100")["results"]
    before = datetime.now(timezone.utc) - _LEFTOVER_AGE  # noqa: UP017  (runs on older Pythons, too)
    # CVAT's filter also matches parts of names, and ignores case.
    old = [task["id"] for task in tasks if task["name"] == TASK_NAME and _moment(task["created_date"]) < before]
    for task_id in old:
        cvat.call("DELETE", f"/tasks/{task_id}")
    return len(old)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def _fill(cvat: Cvat, task: int, files: list[str]) -> tuple[tuple[int, int], str]:
    """Has a worker extract the task's frames; returns width and height in pixels."""
    data = {"image_quality": _QUALITY, "server_files": files, "client_files": [], "remote_files": [], "use_cache": True}
    cvat.wait_for_data(task, cvat.call("POST", f"/tasks/{task}/data", data))
    # CVAT reports a job that Redis has lost as "Finished", so the number of frames decides.
    meta = cvat.call("GET", f"/tasks/{task}/data/meta")
    if meta["size"] != len(files):
        raise SmokeError(
            f"The task has {meta['size']} frames of {len(files)} files. See: cvatctl logs {cvat.dialect.workers}"
        )
    first = meta["frames"][0]
    return (int(first["width"]), int(first["height"])), f"{meta['size']} frames of {first['width']}x{first['height']}"


def _read_frame(cvat: Cvat, task: int) -> tuple[None, str]:
    content = cvat.frame(task, 0)
    kind = next((name for start, name in _PICTURES.items() if content.startswith(start)), None)
    if kind is None:
        raise SmokeError(f"Frame 0 came as {len(content)} bytes that are no picture: {content[:16]!r}.")
    return None, f"{len(content)} bytes of {kind}"


def _call(cvat: Cvat, task: int, function: dict[str, Any], size: tuple[int, int]) -> tuple[None, str]:
    name, kind = function["id"], str(function.get("kind"))
    body = request(task, function, *size, cvat.dialect)
    if body is None:
        raise SmokeError(
            f"CVAT lists it as '{kind}', which it cannot call. Correct annotations.type in its registry file."
        )
    answer = cvat.call("POST", f"/lambda/functions/{name}", body, timeout=FUNCTION_S)
    problem, summary = check_answer(kind, answer, cvat.dialect)
    if problem:
        raise SmokeError(f"{problem}. See: cvatctl logs gateway")
    return None, f"{kind}: {summary}"


def _delete(cvat: Cvat, task: int, timeout: float) -> tuple[None, str]:
    cvat.call("DELETE", f"/tasks/{task}", timeout=timeout)
    return None, f"task {task} is gone"
