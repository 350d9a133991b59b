"""Every kind of function through our gateway, a slow one, and webhooks through smokescreen."""

from __future__ import annotations

import json
import threading
import time
from contextlib import AbstractContextManager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from patches.trial.client import RefusedError, check
from patches.trial.models import FUNCTION, Models
from patches.trial.serving import serving
from patches.trial.v2.client import ClientV2
from patches.trial.v2.data_steps import DataSteps

DETECTOR, INTERACTOR = "pth-faster-rcnn", "pth-shiyinzhang-iog"
TRACKER, REID = "pth-foolwood-siammask", "openvino-person-reidentification-retail"
SLOW_S = 75.0
"""CVAT's own nginx gives up after 60 s."""
METADATA = "http://169.254.170.2/v2/credentials"
"""Where ECS gives containers the credentials of their role."""


class Hook(ThreadingHTTPServer):
    """Receives webhooks; the first is answered with 500."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Received)
        self.events: list[str] = []


class _Received(BaseHTTPRequestHandler):
    server: Hook

    def do_POST(self) -> None:
        self.server.events.append(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["event"])
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Not on the terminal."""


def hook() -> AbstractContextManager[Hook]:
    return serving(Hook())


class SlowCall(threading.Thread):
    """A function that takes SLOW_S, called beside all that follows."""

    def __init__(self, client: ClientV2, task: int) -> None:
        super().__init__(daemon=True)
        self.client = client
        self.task = task
        self.result = ""

    def run(self) -> None:
        began = time.monotonic()
        try:
            answer = self.client.call(
                "POST", f"/lambda/functions/{FUNCTION}", json={"task": self.task, "frame": 0}
            ).json()
            self.result = f"{len(answer['shapes'])} shapes after {time.monotonic() - began:.1f} s"
        except (RefusedError, OSError) as error:
            self.result = f"refused after {time.monotonic() - began:.1f} s: {error}"


class FunctionSteps:
    """A has our gateway behind it, B a stand-in whose answer takes as long as a step says."""

    def __init__(self, data: DataSteps, models: Models, hook_server: Hook) -> None:
        self.data = data
        self.a = data.a
        self.b = data.b
        self.models = models
        self.hook = hook_server
        self.slow: SlowCall | None = None

    def begin_slow(self) -> str:
        self.models.reset(delay_s=SLOW_S)
        self.slow = SlowCall(self.b, self.data.task)
        self.slow.start()
        return f"a function that takes {SLOW_S:.0f} s"

    def end_slow(self) -> str:
        check(self.slow is not None, "it was not begun")
        assert self.slow is not None  # noqa: S101 - for mypy
        self.slow.join(timeout=2 * SLOW_S)
        check("shapes" in self.slow.result, self.slow.result or "no answer")
        return self.slow.result

    def interactive(self) -> str:
        kinds = {function["id"]: function["kind"] for function in self.a.call("GET", "/lambda/functions").json()}
        check(sorted(kinds.values()) == sorted(["detector", "detector", "interactor", "tracker", "reid"]), str(kinds))
        frame = {"task": self.data.task, "frame": 0}
        mapping = {self._labels(DETECTOR)[0]: {"name": "car", "attributes": {}}}
        boxes = self._call(DETECTOR, **frame, mapping=mapping)["shapes"]
        check(bool(boxes) and boxes[0]["type"] == "rectangle", str(boxes))
        outline = self._call(INTERACTOR, **frame, pos_points=[[30, 30]], neg_points=[], obj_bbox=[[10, 10], [60, 60]])
        check(bool(outline["points"]), str(outline))
        begun = self._call(TRACKER, **frame, shapes=[{"type": "rectangle", "points": [10, 10, 60, 60]}], states=[])
        moved = self._call(TRACKER, task=self.data.task, frame=1, shapes=[None], states=begun["states"])
        check(len(moved["states"]) == 1, str(moved))
        return (
            f"{len(kinds)} functions: detector {len(boxes)} boxes, interactor {len(outline['points'])} points, tracker"
        )

    def _call(self, function: str, **body: Any) -> Any:
        return self.a.call("POST", f"/lambda/functions/{function}", json=body).json()

    def batches(self) -> str:
        """The worker makes the calls; its mapping takes the model's first label to the task's."""
        done = {}
        labels = self._labels(DETECTOR)
        mapping = {labels[0]: {"name": "car", "attributes": {}}}
        for function, more in ((DETECTOR, {"mapping": mapping}), (REID, {"threshold": 0.5, "max_distance": 100})):
            body = {"function": function, "task": self.data.task, "cleanup": function == DETECTOR, **more}
            request = self.a.call("POST", "/lambda/requests", json=body).json()["id"]
            state = self._await(request)
            check(state["status"] == "finished", str(state))
            content = self.b.call("GET", f"/tasks/{self.data.task}/annotations").json()
            done[function] = f"{len(content['shapes'])} shapes, {len(content['tracks'])} tracks"
        check(not done[DETECTOR].startswith("0"), f"nothing was annotated: {done}")
        return "; ".join(f"{function}: {result}" for function, result in done.items())

    def _labels(self, name: str) -> list[str]:
        return [str(label["name"]) for label in self.a.call("GET", f"/lambda/functions/{name}").json()["labels_v2"]]

    def _await(self, request: str) -> Any:
        def ask() -> Any:
            state = self.a.call("GET", f"/lambda/requests/{request}").json()
            return state if state["status"] in ("finished", "failed") else None

        return self.a.until(ask)

    def webhooks(self) -> str:
        project = self.a.call("POST", "/projects", json={"name": "hooked", "labels": [{"name": "car"}]}).json()["id"]
        target = f"http://127.0.0.1:{self.hook.server_port}/hook"
        body = {"type": "project", "project_id": project, "events": ["create:task"], "content_type": "application/json"}
        for url in (target, METADATA):
            self.a.call("POST", "/webhooks", json={**body, "target_url": url, "enable_ssl": False})
        self.b.create_task("with a hook", project_id=project)
        self.a.until(lambda: "create:task" in self.hook.events or None)
        return f"received {self.hook.events}; {self._refused()}"

    def _refused(self) -> str:
        """smokescreen's answer, as CVAT has recorded it: the address of the credentials is not called."""

        def ask() -> Any:
            hooks = self.a.call("GET", "/webhooks", params={"page_size": "100"}).json()["results"]
            (forbidden,) = [entry["id"] for entry in hooks if entry["target_url"] == METADATA]
            deliveries = self.a.call("GET", f"/webhooks/{forbidden}/deliveries").json()["results"]
            return deliveries[0] if deliveries else None

        delivery = self.a.until(ask)
        check(delivery["status_code"] != 200, f"ECS's credentials can be read: {delivery}")  # noqa: PLR2004
        task = self.a.create_task("from the address of the credentials")
        try:
            self.a.request(
                self.a.call("POST", f"/tasks/{task}/data", json={"image_quality": 70, "remote_files": [METADATA]})
            )
        except RefusedError as refused:
            return f"{METADATA} is refused: {delivery['status_code']}, {str(refused)[-60:]!r}"
        raise RefusedError("a task could be made of ECS's credentials")
