"""What CVAT sends and how it reads the answers, version by version.

Written after cvat/apps/lambda_manager/views.py of these versions: headers, payloads, parsing, no more.
"""

import base64
import json
from dataclasses import dataclass, field
from typing import Any

import requests

Version = tuple[int, ...]
JSON = dict[str, Any]

BASE = {"x-nuclio-project-name": "cvat", "x-nuclio-function-namespace": "nuclio"}
VIA = {"x-nuclio-invoke-via": "domain-name"}
LIMIT = {"X-Nuclio-Invoke-Timeout": "120s"}


@dataclass(eq=False)
class Client:
    """One version of CVAT as a client of Nuclio."""

    version: Version
    agent: str
    headers: dict[str, str] = field(default_factory=lambda: BASE)

    def call(self, method: str, url: str, **more: Any) -> requests.Response:
        """As CVAT calls: a connection of its own, 120 s."""
        headers = {"User-Agent": self.agent, **self.headers, **more.pop("headers", {})}
        return requests.request(method, url, headers=headers, timeout=120, **more)

    def functions(self, gateway: str) -> JSON:
        answer = self.call("get", f"{gateway}/api/functions").json()
        return {item["id"]: item for item in map(self.parse, answer.values())}

    def invoke(self, gateway: str, function: str, payload: JSON) -> Any:
        answer = self.post(gateway, function, payload)
        assert answer.status_code == 200, f"{answer.status_code} {answer.reason}"
        return answer.json()

    def post(self, gateway: str, function: str, payload: Any) -> requests.Response:
        url, headers = (
            f"{gateway}/api/function_invocations",
            {"x-nuclio-function-name": function, "x-nuclio-path": "/"},
        )
        return self.call("post", url, json=payload, headers=headers)

    def parse(self, item: JSON) -> JSON:
        """A function as this version reads it; a missing key would be an error 500 for the whole page."""
        annotations = item["metadata"]["annotations"]
        labels = json.loads(annotations.get("spec") or "[]")
        names = [label["name"] for label in labels]
        assert len(names) == len(set(names)), "CVAT answers 404 for the whole list"
        if self.version < (2, 14, 4):
            assert item["status"]["state"], "state must be there"
        if self.version >= (2, 9):
            for label in labels:
                for attribute in label.get("attributes", []):
                    assert attribute.keys() >= {"name", "input_type", "values"}, "all three are mandatory"
        return {
            "id": item["metadata"]["name"],
            "kind": annotations.get("type"),
            "labels": names,
            "description": item["spec"]["description"],
            "port": item["status"].get("httpPort"),
            "name": annotations.get("name", item["metadata"]["name"]),
            "min_pos_points": int(annotations.get("min_pos_points", 1)),
            "min_neg_points": int(annotations.get("min_neg_points", -1)),
            "startswith_box": bool(annotations.get("startswith_box", False)),
            "startswith_box_optional": bool(annotations.get("startswith_box_optional", False)),
            "version": int(annotations.get("version", "1")),
        }

    def detector(self, image: bytes, **more: Any) -> JSON:
        return {**more, "image": encoded(image)}

    def interactor(self, image: bytes, box: Any = None) -> JSON:
        points = {"pos_points": [[20, 15], [30, 20]], "neg_points": [[60, 40]]}
        prompts = {"text_prompts": ["a car"]} if self.version >= (2, 60) else {}
        return {"image": encoded(image), **points, "obj_bbox": box, **prompts}

    def tracker(self, image: bytes, shape: Any, state: Any) -> JSON:
        """One object. Before v1.7 and since v2.26 no shape is sent after the first call."""
        if self.version < (1, 7):
            return {"image": encoded(image), "shape": None if state else shape, "state": state}
        known = None if state and self.version >= (2, 26) else shape
        return {"image": encoded(image), "shapes": [known], "states": [state] if state else []}

    def tracked(self, answer: JSON) -> tuple[Any, Any]:
        if self.version < (1, 7):
            return answer["shape"], answer["state"]
        return answer["shapes"][0], answer["states"][0]

    def reid(self, images: tuple[bytes, bytes], boxes: tuple[list[Any], list[Any]]) -> JSON:
        frames = {"image0": encoded(images[0]), "image1": encoded(images[1])}
        return {"threshold": 0.5, **frames, "boxes0": boxes[0], "boxes1": boxes[1], "max_distance": 50}


def encoded(image: bytes) -> str:
    return base64.b64encode(image).decode()


def box(number: int, *points: float) -> JSON:
    """A rectangle as CVAT's annotation data have it."""
    ids = {"id": number, "frame": 0, "label_id": 1, "group": 0, "source": "manual", "attributes": []}
    return {"type": "rectangle", "occluded": False, "z_order": 0, "points": list(points), **ids}


FIRST = Client((1, 5), "python-requests/2.24.0")  # the commit that this project deploys
V17 = Client((1, 7), "python-requests/2.24.0")
V20 = Client((2, 0), "python-requests/2.26.0")
V22 = Client((2, 2), "python-requests/2.26.0", BASE | VIA)
V25 = Client((2, 5), "CVAT/2.5.0 python-requests/2.26.0", BASE | VIA)
V28 = Client((2, 8), "CVAT/2.8.0 python-requests/2.26.0", BASE | VIA | LIMIT)
V214 = Client((2, 14, 4), "CVAT/2.14.4 python-requests/2.32.2", BASE | VIA | LIMIT)
V273 = Client((2, 73), "CVAT/2.73.0 python-requests/2.33.1", BASE | VIA | LIMIT)
CLIENTS = [FIRST, V17, V20, V22, V25, V28, V214, V273]
