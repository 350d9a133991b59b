"""A browser's part with CVAT v2: requests that are polled by their number, uploads in pieces (TUS)."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from patches.trial.client import PUBLIC_HOST, Client, RefusedError, check

TUS = {"Tus-Resumable": "1.0.0"}
JPEG = {"image_quality": 70}


class ClientV2(Client):
    """Calls CVAT's API through the load balancer's `port`."""

    def __init__(self, port: int, ca: Path, ended: Callable[[], Mapping[str, str]]) -> None:
        super().__init__(port, ca, ended)
        self.base = f"https://localhost:{port}/api"

    def also(self, port: int) -> ClientV2:
        other = ClientV2(port, self.ca, self.ended)
        other.session = self.session
        return other

    def log_in(self, name: str, password: str) -> None:
        answer = self.call("POST", "/auth/login", json={"username": name, "password": password})
        self.session.headers["Authorization"] = f"Token {answer.json()['key']}"

    def request(self, answer: Any) -> dict[str, Any]:
        """Wait for the request that an answer names. Raises RefusedError with what CVAT tells its user."""
        path = f"/requests/{quote(answer.json()['rq_id'], safe='')}"

        def ask() -> dict[str, Any] | None:
            state: dict[str, Any] = self.call("GET", path).json()
            return state if state["status"] in ("finished", "failed") else None

        state: dict[str, Any] = self.until(ask)
        if state["status"] == "failed":
            raise RefusedError(f"{answer.json()['rq_id']} failed: {state['message']}")
        return state

    def create_task(self, name: str, **more: Any) -> int:
        body = {"name": name, **({} if "project_id" in more else {"labels": [{"name": "car"}]}), **more}
        return int(self.call("POST", "/tasks", json=body).json()["id"])

    def upload(self, task: int, files: list[Path], **more: str) -> None:
        parts = [(f"client_files[{n}]", (file.name, file.read_bytes())) for n, file in enumerate(files)]
        self.request(self.call("POST", f"/tasks/{task}/data", data={**JPEG, **more}, files=parts))

    def await_data(self, task: int) -> None:
        """Nothing: `upload` and `data_from` wait, for the request that their answer names."""

    def data_from(self, task: int, files: list[str], **more: Any) -> None:
        """Files that the server has: of the share, of a cloud storage, or at addresses."""
        self.request(self.call("POST", f"/tasks/{task}/data", json={**JPEG, "server_files": files, **more}))

    def send_in_pieces(self, path: str, name: str, content: bytes, others: Client, **more: str) -> None:
        """TUS: begun here, continued at `others`, piece by piece in turn."""
        self.call("POST", f"{path}/", 202, headers={"Upload-Start": "true"}, **({"params": more} if more else {}))
        metadata = f"filename {b64encode(name.encode()).decode()}"
        begun = self.call(
            "POST", f"{path}/", 201, headers={**TUS, "Upload-Length": str(len(content)), "Upload-Metadata": metadata}
        )
        location = begun.headers["Location"]
        check(location.startswith(f"https://{PUBLIC_HOST}/api/"), f"the upload goes on at {location}")
        target, size = location.removeprefix(f"https://{PUBLIC_HOST}/api"), len(content) // 3 + 1
        for number, offset in enumerate(range(0, len(content), size)):
            headers = {**TUS, "Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
            client = (others, self)[number % 2]
            client.call("PATCH", target, 204, headers=headers, data=content[offset : offset + size])

    def chunk(self, task: int, number: int = 0) -> bytes:
        query = {"type": "chunk", "index": str(number), "quality": "compressed"}
        job = self.call("GET", "/jobs", params={"task_id": str(task)}).json()["results"][0]["id"]
        return self.call("GET", f"/jobs/{job}/data", params=query).content

    def export(self, path: str, **query: str) -> bytes:
        """Start an export here, fetch its file wherever the answer says."""
        state = self.request(self.call("POST", path, 202, params=query))
        url = str(state["result_url"])
        check(url.startswith(f"https://{PUBLIC_HOST}/api/"), f"the file is at {url}")
        answer = self.call("GET", url.removeprefix(f"https://{PUBLIC_HOST}/api"))
        check("X-Accel-Redirect" not in answer.headers, "nginx did not send the file")
        return answer.content
