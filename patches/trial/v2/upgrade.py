"""An upgrade as the init task makes it: c48411ae fills a database, v2.48.0 and the current CVAT migrate it.

    python -m patches.trial.v2.upgrade --old DIR FILE --middle DIR FILE --new DIR FILE

For each of the three releases a checkout (c48411ae and the current one patched) and the Python that has its packages.
As an ordinary user: Apache serves no pages as root.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import redis
import requests

from patches.trial.__main__ import run
from patches.trial.client import Client, check
from patches.trial.load import HEALTH as OLD_HEALTH
from patches.trial.processes import ADMIN, Fleet, Place
from patches.trial.services import HTTPS_A, A, MissingError, Services
from patches.trial.steps import Step
from patches.trial.v2.client import ClientV2
from patches.trial.v2.fleet import FleetV2

DEMO = Path(__file__).parents[3] / "demo/files"
USER, PASSWORD = "annotator", "s3cret-pw-x1"
BAD_USE = 2
UPGRADE = {"CVAT_UPGRADE_FROM": "c48411ae"}
MAKE_USER = f"""
import django; django.setup(); from django.contrib.auth import get_user_model
user = get_user_model().objects.create_user({USER!r}, email="annotator@example.com", password={PASSWORD!r})
print("user", user.id)
"""
Comparable = dict[str, Any]
"""What of a task must be the same before and after, whatever the release calls it."""


def comparable(annotations: Any) -> Comparable:
    """Without numbers that a release may give anew, and without what only one of them knows."""

    def shape(entry: Any) -> Any:
        attributes = sorted(str(attribute["value"]) for attribute in entry["attributes"])
        return [entry["type"], entry["frame"], entry["points"], entry["occluded"], attributes]

    tracks = [
        [track["frame"], [[*shape(item), item["outside"]] for item in track["shapes"]]]
        for track in annotations["tracks"]
    ]
    return {
        "shapes": sorted(map(shape, annotations["shapes"])),
        "tracks": tracks,
        "tags": sorted(tag["frame"] for tag in annotations["tags"]),
    }


class Upgrade:
    def __init__(self, old: Fleet, middle: Place, new: FleetV2) -> None:
        self.old = old
        self.middle = middle
        self.fleet: Fleet = old
        self.new = new
        ca = old.services.folder / "ca.pem"
        self.client = Client(HTTPS_A, ca, old.ended)
        self.after = ClientV2(HTTPS_A, ca, new.ended)
        self.tasks: dict[str, int] = {}
        self.before: dict[str, Comparable] = {}
        self.names: dict[str, int] = {}

    def steps(self) -> Iterator[Step]:
        yield "c48411ae starts", self.start_old
        yield "it makes tasks of images and video, a project, users, a cloud storage", self.fill
        yield "annotations of every kind", self.annotate
        yield "c48411ae stops; its data are those of the new stack, whose Redis is empty", self.hand_over
        yield "without the first half, the current CVAT says what is wrong", self.refused
        yield "v2.48.0 migrates the database; a second run finds nothing to do", self.migrate_to_middle
        yield "init of the current CVAT does the rest; a second run does no harm", self.init
        yield "the current CVAT starts; both users log in with their old passwords", self.start_new
        yield "tasks, labels, jobs and annotations are as before", self.compare
        yield "pictures and video are shown", self.media
        yield "an export; a new annotation; a new task", self.work
        yield "the cloud storage of the task's role", self.storage

    def start_old(self) -> str:
        code, output = self.old.once(
            "init", "init", DJANGO_SUPERUSER_USERNAME=ADMIN, DJANGO_SUPERUSER_PASSWORD=self.old.admin_password
        )
        check(code == 0, output[-2000:])
        self.old.start("web-a", "web", CVAT_WEB_PORT=str(A), CVAT_WEB_PROCESSES="1")
        self.old.start("worker-default", "worker", "default")
        self.client.until(partial(self._answers, f"http://127.0.0.1:{A}{OLD_HEALTH}"))
        self.client.log_in(ADMIN, self.old.admin_password)
        return "answering"

    @staticmethod
    def _answers(url: str) -> bool | None:
        try:
            return requests.get(url, timeout=5).ok or None
        except requests.RequestException:
            return None

    def fill(self) -> str:
        code, output = self.old.python("user", MAKE_USER)
        check(code == 0, output)
        user = int(output.strip().splitlines()[-1].split()[1])
        attribute = {
            "name": "colour",
            "mutable": False,
            "input_type": "text",
            "default_value": "red",
            "values": ["red"],
        }
        labels = [{"name": "car", "attributes": [attribute]}, {"name": "street", "attributes": []}]
        call = self.client.call
        project = call("POST", "/projects", json={"name": "old project", "labels": labels}).json()["id"]
        for name, use_cache in (("cached", "true"), ("chunked", "false")):
            task = call("POST", "/tasks", json={"name": name, "project_id": project}).json()["id"]
            self.client.upload(task, sorted(DEMO.glob("*.jpg")), use_cache=use_cache)
            self.tasks[name] = task
        self.tasks["video"] = call(
            "POST", "/tasks", json={"name": "video", "labels": labels, "segment_size": 20}
        ).json()["id"]
        self.client.upload(self.tasks["video"], sorted(DEMO.glob("*.mp4")))
        for task in self.tasks.values():
            self.client.await_data(task)
        job = call("GET", f"/tasks/{self.tasks['cached']}").json()["segments"][0]["jobs"][0]["id"]
        call("PATCH", f"/jobs/{job}", json={"assignee_id": user})
        self.names = {"project": project, "job": job, "user": user}
        code, output = self.old.python("storage", STORAGE)
        check(code == 0, output)
        return f"project {project}, tasks {self.tasks}, user {user} with job {job}"

    def annotate(self) -> str:
        for name, task in self.tasks.items():
            content = self.client.call("GET", f"/tasks/{task}").json()
            car, street = content["labels"]
            spec = car["attributes"][0]["id"]
            common = {"frame": 0, "group": 0, "source": "manual"}
            item = {"occluded": True, "z_order": 0, "attributes": [{"spec_id": spec, "value": "blue"}]}
            shapes = [
                {**common, **item, "type": kind, "label_id": car["id"], "points": points, "frame": frame}
                for frame, (kind, points) in enumerate(SHAPES.items())
                if frame < content["size"]
            ]
            where = {"occluded": True, "z_order": 0, "attributes": [], "type": "rectangle"}
            moving = [
                {**where, "frame": frame, "outside": frame > 1, "points": [frame, 5, 40 + frame, 50]}
                for frame in (0, 2)
            ]
            track = {**common, "label_id": car["id"], "attributes": item["attributes"], "shapes": moving}
            tag = {**common, "label_id": street["id"], "attributes": []}
            body = {"version": 0, "shapes": shapes, "tracks": [track], "tags": [tag]}
            self.client.call("PUT", f"/tasks/{task}/annotations", json=body)
            self.before[name] = comparable(self.client.call("GET", f"/tasks/{task}/annotations").json())
        return ", ".join(
            f"{name}: {len(content['shapes'])} shapes, 1 track, 1 tag" for name, content in self.before.items()
        )

    def hand_over(self) -> str:
        """A restored snapshot of the database and of the file system; a stack's Redis is new."""
        self.old.stop()
        self.old.running.clear()
        data = self.new.folder / "home/data"
        shutil.copytree(self.old.place.home / "data", data, dirs_exist_ok=True)
        services = self.old.services
        ca = str(services.folder / "ca.pem")
        client = redis.Redis(port=services.redis_port, password=services.redis_password, ssl=True, ssl_ca_certs=ca)
        keys = client.dbsize()
        client.flushall()
        self.fleet = self.new
        files = [path for path in data.rglob("*") if path.is_file()]
        return (
            f"{len(files)} files, {sum(file.stat().st_size for file in files) >> 10} KiB; {keys} keys of Redis are gone"
        )

    def _init(self, name: str) -> tuple[int, str]:
        secrets = {"DJANGO_SUPERUSER_USERNAME": ADMIN, "DJANGO_SUPERUSER_PASSWORD": self.old.admin_password}
        return self.new.once(name, "init", **secrets, **UPGRADE)

    def refused(self) -> str:
        code, output = self._init("init-too-early")
        check(code == BAD_USE and "`upgrade`" in output and "Traceback" not in output, output[-1500:])
        return output.strip().splitlines()[-1]

    def migrate_to_middle(self) -> str:
        began, outputs = time.monotonic(), []
        (self.middle.home / "data").symlink_to(self.new.folder / "home/data")
        for number in (1, 2):
            done = subprocess.run(  # noqa: S603
                [self.middle.python, "-m", "cvat_aws_upgrade"],
                env={**self.new.environment("upgrade"), "PYTHONPATH": self._middle_path()},
                capture_output=True,
                text=True,
                check=False,
                cwd=self.new.folder,
            )
            (self.new.folder / f"upgrade-{number}.log").write_text(done.stdout + done.stderr)
            check(done.returncode == 0, (done.stdout + done.stderr)[-2500:])
            outputs.append(done.stdout)
        check("nothing to do" in outputs[1], outputs[1])
        return f"{outputs[0].count('... OK')} migrations, {time.monotonic() - began:.0f} s for both runs"

    def _middle_path(self) -> str:
        patches = Path(__file__).parents[2]
        return os.pathsep.join([str(self.middle.home), str(patches / "overlay"), str(patches / "v2/overlay")])

    def init(self) -> str:
        code, output = self._init("init-new")
        check(code == 0, output[-2500:])
        again, second = self._init("init-new-again")
        check(again == 0 and "... OK" not in second, second[-2000:])
        lines = [
            line
            for line in output.splitlines()
            if "upgrading" in line or "after the" in line or "administrator" in line
        ]
        return f"{output.count('... OK')} migrations; " + "; ".join(line.removeprefix("init: ") for line in lines)

    def start_new(self) -> str:
        self.new.smokescreen("")
        self.new.server("a", A, CVAT_S3_ROLE_BUCKETS="old-bucket")
        for queue in ("chunks", "import", "export"):
            self.new.start(f"worker-{queue}", "worker", queue)
        url = f"http://127.0.0.1:{A}/api/server/health/?format=json"
        host = {"Host": str(self.after.session.headers["Host"])}
        self.after.until(
            lambda: (
                requests.get(url, headers=host, timeout=10).ok or None
                if self._answers(f"http://127.0.0.1:{A}/cvat-aws/health")
                else None
            )
        )
        other = ClientV2(HTTPS_A, self.after.ca, self.new.ended)
        other.log_in(USER, PASSWORD)
        jobs = [job["id"] for job in other.call("GET", "/jobs").json()["results"]]
        check(self.names["job"] in jobs, f"{USER} sees the jobs {jobs}")
        self.after.log_in(ADMIN, self.old.admin_password)
        return f"{USER} sees the jobs {jobs}"

    def compare(self) -> str:
        projects = self.after.call("GET", "/projects").json()["results"]
        check([project["id"] for project in projects] == [self.names["project"]], json.dumps(projects)[:500])
        for name, task in self.tasks.items():
            state = self.after.call("GET", f"/tasks/{task}").json()
            check(state["name"] == name, str(state))
            labels = self.after.call("GET", "/labels", params={"task_id": str(task)}).json()["results"]
            check(sorted(label["name"] for label in labels) == ["car", "street"], str(labels))
            now = comparable(self.after.call("GET", f"/tasks/{task}/annotations").json())
            check(now == self.before[name], f"{name}:\n{json.dumps(self.before[name])}\n{json.dumps(now)}")
        return f"{len(self.tasks)} tasks, equal"

    def media(self) -> str:
        sizes = {}
        for name, task in self.tasks.items():
            frame = self.after.call("GET", f"/tasks/{task}/data?type=frame&number=1&quality=original")
            check(frame.headers["Content-Type"].startswith("image/"), frame.headers["Content-Type"])
            preview = self.after.call("GET", f"/tasks/{task}/preview")
            sizes[name] = (
                f"chunk {len(self.after.chunk(task))}, frame {len(frame.content)}, preview {len(preview.content)}"
            )
        return "; ".join(f"{name}: {size} bytes" for name, size in sizes.items())

    def work(self) -> str:
        archive = self.after.export(
            f"/tasks/{self.tasks['cached']}/dataset/export", format="CVAT for images 1.1", save_images="true"
        )
        label = self.after.call("GET", "/labels", params={"task_id": str(self.tasks["video"])}).json()["results"][0][
            "id"
        ]
        box = {"type": "rectangle", "points": [1, 1, 9, 9], "frame": 3, "label_id": label}
        body = {"shapes": [box], "tags": [], "tracks": []}
        self.after.call("PATCH", f"/tasks/{self.tasks['video']}/annotations?action=create", json=body)
        task = self.after.create_task("new", project_id=self.names["project"])
        self.after.upload(task, sorted(DEMO.glob("*.jpg"))[:2])
        return f"{len(archive)} bytes; new task {task} of 2 pictures, chunk {len(self.after.chunk(task))} bytes"

    def storage(self) -> str:
        (storage,) = self.after.call("GET", "/cloudstorages").json()["results"]
        check(storage["credentials_type"] == "ANONYMOUS_ACCESS", str(storage))
        return f"'{storage['display_name']}' of bucket {storage['resource']} has {storage['credentials_type']}"


CODE = ("cvat", "utils", "manage.py", "mod_wsgi.conf")
"""What of a checkout runs."""
STORAGE = """
import django; django.setup()
from cvat.apps.engine.models import CloudStorage
from django.contrib.auth import get_user_model
owner = get_user_model().objects.first()
CloudStorage.objects.create(provider_type="AWS_S3_BUCKET", resource="old-bucket", display_name="old", owner=owner,
                            credentials="TASK_ROLE", credentials_type="TASK_ROLE", specific_attributes="")
"""
"""By the ORM: the API looks into the bucket first, and there is no S3 here."""
SHAPES = {
    "rectangle": [10.0, 12.0, 60.0, 48.0],
    "polygon": [10.0, 10.0, 50.0, 10.0, 30.0, 40.0],
    "polyline": [1.0, 2.0, 30.0, 40.0],
    "points": [5.0, 6.0],
}


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m patches.trial.v2.upgrade",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    for name in ("old", "middle", "new"):
        parser.add_argument(f"--{name}", nargs=2, type=Path, required=True, metavar=("HOME", "PYTHON"))
    return parser.parse_args()


def _place(named: list[Path], home: Path) -> Place:
    """A copy of the code: the old releases keep their data beside it."""
    checkout, python = named
    home.mkdir()
    for name in CODE:
        source = checkout.resolve() / name
        if source.is_dir():
            shutil.copytree(source, home / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif source.is_file():
            shutil.copy(source, home)
    for name in ("share", "keys", "logs", "static"):
        (home / name).mkdir()
    return Place(None, home, str(python.absolute()))


def main() -> int:
    chosen = options()
    folder = Path(tempfile.mkdtemp(prefix="cvat-upgrade-"))
    services = Services(folder / "services", 25434, 26382, media_redis_port=26383)
    old = Fleet(_place(chosen.old, folder / "old"), services, folder, models_port=8070)
    new = FleetV2(_place(chosen.new, folder / "new"), services, folder, models_port=8070)
    new.secret_key = old.secret_key
    code = 1
    try:
        services.start()
        code = run(Upgrade(old, _place(chosen.middle, folder / "middle"), new))
    except MissingError as missing:
        sys.stderr.write(f"{missing}\n")
    finally:
        for fleet in (old, new):
            fleet.stop()
        services.stop()
        if code:
            sys.stdout.write(f"logs and data: {folder}\n")
        else:
            shutil.rmtree(folder)
    return code


if __name__ == "__main__":
    sys.exit(main())
