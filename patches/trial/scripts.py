"""What is no browser: CVAT's command line, calls with a token or a password, and the copy of the demo files."""

from __future__ import annotations

from pathlib import Path

import requests

from patches.trial.client import Client, check
from patches.trial.cloud import Cloud
from patches.trial.processes import ADMIN, Fleet

DEMO = Path(__file__).parents[2] / "demo/files"
LABEL = {"name": "car", "attributes": []}


class Scripts:
    def __init__(self, fleet: Fleet, cloud: Cloud, client: Client) -> None:
        self.fleet = fleet
        self.cloud = cloud
        self.client = client

    def write(self) -> str:
        """None of these requests has a Referer, which `requests` never sends."""
        files = [str(path) for path in sorted((DEMO).glob("*.jpg"))[:2]]
        if self.fleet.place.root:
            files = [self._into_share(path) for path in files]
        labels = '[{"name": "car", "attributes": []}]'
        code, output = self.fleet.cli("cli", "create", "by the CLI", "--labels", labels, "local", *files)
        check(code == 0 and "Created task ID" in output, output)
        task = output.split("Created task ID: ")[1].split()[0]
        code, output = self.fleet.cli("cli-delete", "delete", task)
        check(code == 0 and f"Task ID {task} deleted" in output, output)
        refused = self._write(cookies=True, csrf="", origin="")
        forged = self._write(cookies=True, csrf=self._csrf(), origin="https://evil.example")
        wrong = self._write(cookies=True, csrf="x" * 64, origin="")
        check([refused, forged, wrong] == [403, 403, 403], f"forged requests got {refused}, {forged}, {wrong}")
        token = self._write(token=True)
        basic = self._write(password=True)
        check([token, basic] == [201, 201], f"token {token}, password {basic}")
        return f"the CLI made task {task} and deleted it; three forged requests got 403"

    def _csrf(self) -> str:
        return str(self.client.session.cookies.get("csrftoken"))

    def _write(
        self, *, cookies: bool = False, token: bool = False, password: bool = False, csrf: str = "", origin: str = ""
    ) -> int:
        """Make a task as a script would; the status of the answer."""
        headers = {"Host": str(self.client.session.headers["Host"])}
        headers |= {"X-CSRFToken": csrf} if csrf else {}
        headers |= {"Origin": origin, "Referer": f"{origin}/"} if origin else {}
        headers |= {"Authorization": str(self.client.session.headers["Authorization"])} if token else {}
        answer = requests.post(
            f"{self.client.base}/tasks",
            json={"name": "by a script", "labels": [LABEL]},
            headers=headers,
            timeout=30,
            cookies=self.client.session.cookies if cookies else None,
            verify=str(self.client.ca),
            auth=(ADMIN, self.fleet.admin_password) if password else None,
        )
        return answer.status_code

    def _into_share(self, path: str) -> str:
        """Copy a file to where a process in the image's root can read it."""
        share = self.fleet.place.home / "share"
        (share / Path(path).name).write_bytes(Path(path).read_bytes())
        return f"/home/django/share/{Path(path).name}"

    def demo(self) -> str:
        s3 = self.cloud.s3
        s3.create_bucket(Bucket="demo", CreateBucketConfiguration={"LocationConstraint": s3.meta.region_name})
        names = {"street/1.jpg": True, "street": False, "a//b": False, "n" * 270: False}
        for name in names:
            s3.put_object(Bucket="demo", Key=f"v1/{name}", Body=b"demo")
        where = {}
        if self.fleet.place.root is None:
            folder = self.fleet.folder / "demo"
            folder.mkdir()
            where = {"CVAT_SHARE_DIR": f"{folder}/share", "CVAT_DATA_DIR": str(folder)}
        code, output = self.fleet.once(
            "copy-demo", "copy-demo", DEMO_SOURCE="s3://demo/v1", **self.cloud.environment, **where
        )
        check(code == 0 and "copied street/1.jpg" in output, output)
        check(all(f"skipped {name!r}" in output for name, fits in names.items() if not fits), output)
        return "; ".join(line.removeprefix("copy-demo: ")[:60] for line in output.splitlines())
