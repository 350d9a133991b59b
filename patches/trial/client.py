"""A browser's part: log in, upload, poll, download. One `Client` talks to one web process."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import requests

from patches.trial.processes import BASE_URL

PUBLIC_HOST = BASE_URL.removeprefix("https://")
WAIT_S = 180.0


class RefusedError(Exception):
    """An answer that was not expected; `str()` shows it."""


def check(true: bool, otherwise: str) -> None:
    if not true:
        raise RefusedError(otherwise)


def until(ask: Callable[[], Any], ended: Callable[[], Mapping[str, str]]) -> Any:
    """Ask until there is an answer that is not None. A process that has ended will not give one: its log says why."""
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        answer = ask()
        if answer is not None:
            return answer
        if ended():
            raise RefusedError("\n".join(ended().values()))
        time.sleep(0.5)
    raise RefusedError(f"no end after {WAIT_S:.0f} s")


class Client:
    """Calls CVAT's API through the load balancer's `port` under its public host name, as a browser does."""

    def __init__(self, port: int, ca: Path, ended: Callable[[], Mapping[str, str]]) -> None:
        """`ended`: the logs of processes that should run and do not, by name."""
        self.base = f"https://localhost:{port}/api/v1"
        self.port = port
        self.ca = ca
        self.ended = ended
        self.session = requests.Session()
        self.session.trust_env = False  # REQUESTS_CA_BUNDLE would come before `verify`
        self.session.verify = str(ca)
        self.session.headers.update({"Host": PUBLIC_HOST, "Referer": f"{BASE_URL}/"})

    def call(self, method: str, path: str, *expected: int, **arguments: Any) -> requests.Response:
        answer = self.session.request(method, f"{self.base}{path}", timeout=120, **arguments)
        if answer.status_code not in (expected or (200, 201, 202, 204)):
            raise RefusedError(f"{method} {path} on port {self.port}: {answer.status_code} {answer.text[:500]}")
        return answer

    def log_in(self, name: str, password: str) -> None:
        answer = self.call("POST", "/auth/login", json={"username": name, "password": password})
        self.session.headers["Authorization"] = f"Token {answer.json()['key']}"
        self.session.headers["X-CSRFToken"] = str(self.session.cookies.get("csrftoken"))

    def also(self, port: int) -> Client:
        """The same user, sent to another process: token and cookies go with the browser."""
        other = Client(port, self.ca, self.ended)
        other.session = self.session
        return other

    def create_task(self, name: str) -> int:
        label = {"name": "car", "attributes": []}
        return int(self.call("POST", "/tasks", json={"name": name, "labels": [label]}).json()["id"])

    def upload(self, task: int, files: list[Path], **more: str) -> None:
        parts = [(f"client_files[{n}]", (file.name, file.read_bytes())) for n, file in enumerate(files)]
        self.call("POST", f"/tasks/{task}/data", data={"image_quality": "70", **more}, files=parts)

    def await_data(self, task: int) -> None:
        state = self.until(lambda: self._state(task))
        if state["state"] != "Finished":
            raise RefusedError(f"task {task} ended as {state}")

    def _state(self, task: int) -> dict[str, Any] | None:
        state: dict[str, Any] = self.call("GET", f"/tasks/{task}/status").json()
        return state if state["state"] in ("Finished", "Failed") else None

    def until(self, ask: Callable[[], Any]) -> Any:
        return until(ask, self.ended)

    def until_created(self, method: str, path: str, **arguments: Any) -> requests.Response:
        """CVAT's way with long work: 202 while it runs, 201 when it is done; any process may be asked."""

        def ask() -> requests.Response | None:
            answer = self.call(method, path, 201, 202, **arguments)
            return answer if answer.status_code == requests.codes.created else None

        answer: requests.Response = self.until(ask)
        return answer
