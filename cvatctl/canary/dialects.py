"""In what the releases of CVAT differ for the smoke test: addresses, labels of functions, states of jobs, requests."""

from __future__ import annotations

import urllib.parse
from collections.abc import Mapping
from typing import Any

Function = Mapping[str, Any]
"""An item of the list of functions."""


class C48411ae:
    """CVAT of 2021."""

    prefix = "/api/v1"
    open_page = "/restrictions/user-agreements"
    """Answers without a login."""
    workers = "worker"
    """Kind of task that makes a task's frames."""
    shape_keys = frozenset({"label", "points"})
    """What each shape has that CVAT answers for a detector."""

    def shapes(self, answer: Any) -> Any:
        """The shapes in a detector's answer; whatever else it is as it is."""
        return answer

    def labels(self, function: Function) -> list[str]:
        """Labels that a function can find."""
        return [str(label) for label in function.get("labels") or []]

    def tracked(self, box: list[float]) -> dict[str, Any]:
        """Where a track begins."""
        return {"shape": box, "state": None}

    def track(self, answer: Mapping[str, Any]) -> tuple[Any, bool]:
        """The shape in a tracker's answer, and whether a state is beside it."""
        return answer.get("shape"), "state" in answer

    def state_path(self, task: int, _started: Any) -> str:
        """Where the state of a task's data is; `_started`: the answer to the upload."""
        return f"/tasks/{task}/status"

    def state(self, answer: Mapping[str, Any]) -> str:
        """`finished`, `failed` or another."""
        return str(answer["state"]).lower()


class V2(C48411ae):
    """CVAT's current line."""

    prefix = "/api"
    open_page = "/server/about"
    workers = "import"
    shape_keys = frozenset({"label_id", "points"})

    def shapes(self, answer: Any) -> Any:
        return answer.get("shapes") if isinstance(answer, dict) else answer

    def labels(self, function: Function) -> list[str]:
        return [str(label["name"]) for label in function.get("labels_v2") or []]

    def tracked(self, box: list[float]) -> dict[str, Any]:
        return {"shapes": [{"type": "rectangle", "points": box}]}

    def track(self, answer: Mapping[str, Any]) -> tuple[Any, bool]:
        shapes = answer.get("shapes") or [None]
        shape = shapes[0]
        return shape.get("points") if isinstance(shape, dict) else shape, bool(answer.get("states"))

    def state_path(self, task: int, _started: Any) -> str:
        return f"/requests/{urllib.parse.quote(str(_started['rq_id']), safe='')}"

    def state(self, answer: Mapping[str, Any]) -> str:
        return str(answer["status"]).lower()


DIALECTS: Mapping[str, C48411ae] = {"c48411ae": C48411ae(), "v2": V2()}
"""By the value of `cvat:release`."""
