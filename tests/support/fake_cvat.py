"""A small HTTP server that answers as CVAT does, for what the smoke test calls.

From CVAT c48411ae: cvat/apps/engine/views.py (ServerViewSet, TaskViewSet), engine/serializers.py,
authentication/urls.py, restrictions/views.py, lambda_manager/views.py (FunctionViewSet, LambdaFunction.invoke).
`FakeCvatV2`: the same of v2.73.0, with RequestViewSet.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

PIXEL = b"\xff\xd8\xff\xe0 not really a JPEG"
BOX = [160.0, 120.0, 480.0, 360.0]
ARGUMENTS = {
    "detector": ("frame",),
    "interactor": ("frame", "pos_points", "neg_points"),
    "reid": ("frame0", "frame1", "boxes0", "boxes1"),
    "tracker": ("frame",),
}
"""What LambdaFunction.invoke reads with data[...]: a missing one is a 400."""


class Refusal(Exception):  # noqa: N818  (an answer, not a fault of the test)
    """An answer other than 200."""

    def __init__(self, status: int, body: object) -> None:
        super().__init__(status)
        self.status, self.body = status, body


@dataclass
class FakeCvat:
    """State and behaviour; the fields are the knobs of a test."""

    password: str
    functions: dict[str, dict[str, Any]]
    """Item of the list by id, with `kind`."""
    share: list[str] = field(default_factory=lambda: ["street-1.jpg", "street-2.jpg", "street.mp4"])
    provider: bool = False
    """Whether a load balancer stands in front that lets only those pass who logged in elsewhere, or carry a token."""
    models: bool = True
    worker: str = "works"
    """`works`, `fails` (the job ends with an exception) or `lost` (Redis forgot the job: Finished without frames)."""
    answers: dict[str, Any] = field(default_factory=dict)
    """Function -> answer, or Refusal to raise."""
    tasks: dict[int, dict[str, Any]] = field(default_factory=dict)
    polls: dict[int, int] = field(default_factory=dict)
    called: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    url: str = ""

    def answer(  # noqa: C901, PLR0911, PLR0912  (a table of routes)
        self, method: str, path: str, query: Mapping[str, list[str]], body: Any, token: str
    ) -> Any:
        """The JSON answer (None: 204), or bytes for a picture."""
        if self.provider and not token.startswith("Token "):
            raise Refusal(401, "Unauthorized")
        match self.route(path):
            case ["restrictions", "user-agreements"]:
                return []
            case ["auth", "login"]:
                if body["username"] != "admin" or body["password"] != self.password:
                    raise Refusal(400, {"non_field_errors": ["Unable to log in with provided credentials."]})
                return {"key": "secret-token"}
            case _ if token != "Token secret-token":
                raise Refusal(401, {"detail": "Authentication credentials were not provided."})
            case ["server", "about"]:
                return {"name": "Computer Vision Annotation Tool", "version": "1.6.0", "description": "..."}
            case ["server", "plugins"]:
                return {"GIT_INTEGRATION": True, "ANALYTICS": False, "MODELS": self.models, "PREDICT": False}
            case ["server", "share"]:
                if query["directory"] != ["/demo"]:
                    raise Refusal(400, f"{query['directory'][0]} is an invalid directory")
                return [{"name": name, "type": "REG"} for name in self.share] + [{"name": "more", "type": "DIR"}]
            case ["lambda", "functions"]:
                return list(self.functions.values())
            case ["lambda", "functions", name]:
                return self.call(name, body)
            case ["tasks", *rest]:
                return self.task(method, rest, query, body)
            case ["requests", request]:
                return self.request(request)
        raise Refusal(404, {"detail": "Not found."})

    def route(self, path: str) -> list[str]:
        """The parts of a path below the API's; empty for one of another release."""
        return path.removeprefix("/api/v1/").split("/") if path.startswith("/api/v1/") else []

    def request(self, request: str) -> dict[str, str]:
        """There is no such page."""
        raise Refusal(404, {"detail": "Not found."})

    def call(self, name: str, body: Mapping[str, Any]) -> Any:
        """POST /api/v1/lambda/functions/<name>"""
        if body.get("task") not in self.tasks:
            raise Refusal(400, f"`{name}` lambda function was run with wrong arguments ('task')")
        kind = self.functions[name]["kind"]
        for argument in ARGUMENTS[kind]:
            if argument not in body:
                raise Refusal(400, f"`{name}` lambda function was called without mandatory argument: '{argument}'")
        self.called.append((name, body))
        answer = self.answers.get(name)
        if isinstance(answer, Refusal):
            raise answer
        return answer if answer is not None else self.usual(kind, body)

    @staticmethod
    def usual(kind: str, body: Mapping[str, Any]) -> Any:
        """What a function of the kind answers when all is well."""
        shape = {"label": "car", "type": "rectangle", "points": BOX, "confidence": "0.93"}
        return {
            "detector": [shape],
            "interactor": [[1.5, 2.0], [30.0, 2.0], [30.0, 40.0]],
            "reid": [-1] * len(body.get("boxes0", [])),
            "tracker": {"shape": body.get("shape"), "state": {"key": "opaque"}},
        }[kind]

    def task(self, method: str, rest: list[str], query: Mapping[str, list[str]], body: Any) -> Any:
        """/api/v1/tasks..."""
        if not rest:
            return self.create(body) if method == "POST" else self.listed(query["name"][0])
        number = int(rest[0])
        if number not in self.tasks:
            raise Refusal(404, {"detail": "Not found."})
        task = self.tasks[number]
        match method, rest[1:]:
            case "DELETE", []:
                del self.tasks[number]
                return None
            case "POST", ["data"]:
                return self.fill(task, body)
            case "GET", ["status"]:
                return self.status(number)
            case "GET", ["data", "meta"]:
                frames = [{"width": 640, "height": 480, "name": name} for name in task["files"]]
                return {"size": len(frames), "frames": frames, "image_quality": 70}
            case "GET", ["data"]:
                return PIXEL
        raise Refusal(405, {"detail": f'Method "{method}" not allowed.'})

    def create(self, body: Any) -> dict[str, Any]:
        """POST /api/v1/tasks"""
        if not body.get("labels"):
            raise Refusal(400, ["Label set or project_id must be present"])
        number = len(self.tasks) + 1
        now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        self.tasks[number] = {"id": number, "created_date": now, "files": [], **body}
        return self.tasks[number]

    def listed(self, name: str) -> dict[str, Any]:
        """GET /api/v1/tasks: the filter finds parts of names, in either case."""
        matching = [task for task in self.tasks.values() if name.lower() in task["name"].lower()]
        return {"count": len(matching), "next": None, "previous": None, "results": matching}

    def fill(self, task: dict[str, Any], body: Any) -> Any:
        """POST /api/v1/tasks/<id>/data"""
        if "image_quality" not in body:
            raise Refusal(400, {"image_quality": ["This field is required."]})
        if self.worker == "works":
            task["files"] = list(body["server_files"])
        return body

    def status(self, number: int) -> dict[str, str]:
        """GET /api/v1/tasks/<id>/status: Queued and Started before the end."""
        self.polls[number] = self.polls.get(number, 0) + 1
        early = ["Queued", "Started"][: 2 if self.worker != "lost" else 0]
        if self.polls[number] <= len(early):
            return {"state": early[self.polls[number] - 1], "message": ""}
        if self.worker == "fails":
            trace = "Traceback (most recent call last):\n  ...\nFileNotFoundError: /home/django/share/demo/street-1.jpg"
            return {"state": "Failed", "message": trace}
        return {"state": "Finished", "message": ""}


@dataclass
class FakeCvatV2(FakeCvat):
    """CVAT's current line."""

    def route(self, path: str) -> list[str]:
        if path.startswith("/api/v"):
            return []
        return [unquote(part) for part in path.removeprefix("/api/").split("/")]

    def answer(self, method: str, path: str, query: Mapping[str, list[str]], body: Any, token: str) -> Any:
        if path == "/api/server/about" and not self.provider:
            return {"name": "Computer Vision Annotation Tool", "version": "2.73.0", "description": "..."}
        if path == "/api/restrictions/user-agreements":
            raise Refusal(404, {"detail": "Not found."})
        return super().answer(method, path, query, body, token)

    def call(self, name: str, body: Mapping[str, Any]) -> Any:
        if self.functions[name]["kind"] == "tracker" and "shapes" not in body and "states" not in body:
            raise Refusal(400, f"`{name}` lambda function was called without mandatory argument: 'shapes'")
        return super().call(name, body)

    @staticmethod
    def usual(kind: str, body: Mapping[str, Any]) -> Any:
        if kind == "detector":
            return {
                "version": 0,
                "tags": [],
                "shapes": [{"type": "rectangle", "label_id": 1, "points": BOX}],
                "tracks": [],
            }
        if kind == "interactor":
            return {"mask": [[0, 1], [1, 1]], "points": [[1.5, 2.0], [30.0, 2.0], [30.0, 40.0]]}
        if kind == "tracker":
            return {"shapes": body["shapes"], "states": ['{"key":"opaque"}:signed']}
        return FakeCvat.usual(kind, body)

    def fill(self, task: dict[str, Any], body: Any) -> Any:
        super().fill(task, body)
        return {"rq_id": f"action=create&target=task&target_id={task['id']}"}

    def status(self, number: int) -> dict[str, str]:
        raise Refusal(404, {"detail": "Not found."})

    def request(self, request: str) -> dict[str, str]:
        """GET /api/requests/<id>"""
        number = int(request.rpartition("=")[2])
        state = super().status(number)
        return {"id": request, "status": state["state"].lower(), "message": state["message"]}


def handler(cvat: FakeCvat) -> type[BaseHTTPRequestHandler]:
    """The server's handler class for one CVAT."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def respond(self) -> None:
            parts = urlsplit(self.path)
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            token = self.headers.get("Authorization", "")
            status = 200
            try:
                answer = cvat.answer(self.command, parts.path, parse_qs(parts.query), body, token)
            except Refusal as refusal:
                status, answer = refusal.status, refusal.body
            raw, kind = (
                (answer, "('image/jpeg', none)")
                if isinstance(answer, bytes)
                else (json.dumps(answer).encode(), "application/json")
            )
            if answer is None:
                status, raw = 204, b""
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(raw)))
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(raw)

        do_GET = do_POST = do_DELETE = respond  # noqa: N815  (http.server's names)

        def log_message(self, format: str, *args: object) -> None:
            """Silence."""

    return Handler


@contextmanager
def serving(cvat: FakeCvat) -> Iterator[FakeCvat]:
    """Serve on a free port of this machine until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(cvat))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    cvat.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield cvat
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
