"""What is tried, step by step: all that goes wrong when CVAT's processes do not share what they must."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import requests

from patches.trial.accounts import Accounts, Roles
from patches.trial.annotation import Annotation
from patches.trial.client import Client, check
from patches.trial.cloud import Cloud
from patches.trial.load import HEALTH, HealthChecks, IdleConnection, SlowUploads
from patches.trial.models import Models
from patches.trial.processes import ADMIN, Fleet
from patches.trial.scripts import Scripts
from patches.trial.services import HTTPS_A, HTTPS_B, A, B

FORMAT = "COCO 1.0"
ROLES = Roles(guest=[], annotator="annotator")
BAD_USE = 2  # the exit code of a refusal
NOTHING: dict[str, Any] = {"version": 0, "tags": [], "shapes": [], "tracks": []}
SETUP = "import django; django.setup(); import django_rq, time; queue = django_rq.get_queue('low'); "
ENQUEUE = f"""{SETUP}
job = queue.enqueue(time.sleep, 600, job_id="trial")
while job.get_status() != "started":
    time.sleep(0.2)
"""
COLLECT = f"""{SETUP}
from django.core.management import call_command; call_command("collectstatic", interactive=False, verbosity=0)
"""
BUSY = f"""{SETUP}
for seconds in (35, 0):  # longer than the time between two readings
    queue.enqueue(time.sleep, seconds)
"""
STATUS = f"""{SETUP}
print(queue.fetch_job("trial").get_status())
"""
Step = tuple[str, Callable[[], str]]
SILENCE_S = 20
"""Stands for the 300 s that a client may be silent: an upload three times as long stands for one of 15 minutes."""
UPLOADS = 32
"""Four times as many as a web process of this trial has Python threads."""
SLOWEST_HEALTH_CHECK_S = 5.0
"""Half of what the load balancer waits. A busy machine answers late; one whose threads are all taken, not at all."""
LONGEST_OF_OTHERS_S = 75.0
"""nginx's default, above Apache's 2 s."""
DEMO = Path(__file__).parents[2] / "demo/files"


class Trial:
    """Two web processes (A and B), a worker for each queue, a scheduler. Steps build on the ones before."""

    def __init__(self, fleet: Fleet, cloud: Cloud, models: Models) -> None:
        self.fleet = fleet
        self.cloud = cloud
        self.a = Client(HTTPS_A, fleet.services.folder / "ca.pem", fleet.ended)
        self.b = self.a.also(HTTPS_B)
        self.task = self.video = 0
        self.annotation = Annotation(fleet, cloud, models, self.a)
        self.scripts = Scripts(fleet, cloud, self.a)
        self.accounts = Accounts(fleet, self._restart_web, partial(Client, HTTPS_B, self.a.ca, fleet.ended), ROLES)
        self.checks = HealthChecks((A, B))
        self.idle = {name: IdleConnection(port) for name, port in (("web-a", A), ("web-b", B))}
        self.uploads: SlowUploads | None = None

    def steps(self) -> Iterator[Step]:
        yield "an empty environment is refused with sentences", self.refuse
        yield "init migrates and makes the administrator", self.init
        yield "init again does nothing; a new secret changes the password", self.init_again
        yield "two web processes, two workers, a scheduler and queue-metrics start", self.start
        yield "150 health checks without the public host name are answered", self.health
        yield "other requests need the public host name", self.hosts
        yield "a public caller is throttled, and cannot hide behind X-Forwarded-For", self.throttle
        yield "registration is closed", self.registration
        yield "log in at A, be known at B", self.log_in
        yield "what cannot work is not offered: password reset without mail, git repositories", self.offers
        yield f"{UPLOADS} slow uploads begin, beside all that follows", self.begin_uploads
        yield "upload images at A; a worker makes the task; frames come from B", self.images
        yield "upload a video at B; frames come from A", self.films
        yield "annotate at A, export at B, download from A by X-Sendfile", self.export
        yield "import the annotations at B, poll at A and B", self.annotations
        yield "back up at A, restore at B", self.backup
        yield "static files are served", self.static
        yield "a worker asks ECS not to be stopped while it has a job, and only then", self.protection
        yield "the state of the queues is published in CloudWatch", self.metrics
        yield "a worker is killed while it annotates: until that is found, the task cannot be annotated", self.kill
        yield (
            "scripts write over HTTPS: CVAT's CLI, with a token, with a password; forged requests do not",
            self.scripts.write,
        )
        yield "copy-demo copies what a file system takes, and names the rest", self.scripts.demo
        yield f"the {UPLOADS} slow uploads have arrived, and every health check was answered soon", self.end_uploads
        yield (
            "four frames in flight take a quarter of the time and give the same annotations",
            self.annotation.in_flight,
        )
        yield (
            "a frame that fails is skipped and named, many fail the job, a cancelled job stops",
            self.annotation.failures,
        )
        yield (
            "the killed worker's job is failed with a reason, and the task can be annotated again",
            self.annotation.lost_job,
        )
        yield "connections that were idle for longer than a minute are still there", self.idle_connections
        yield "a job that outlasts its worker's drain time is failed, not lost", self.drain
        yield "a password is reset by mail; a mail server that refuses is told", self.accounts.mail
        yield "users of a directory log in, with the roles of their groups", self.accounts.directory
        yield "SIGTERM stops every process", self.stop

    def refuse(self) -> str:
        code, output = self.fleet.once("refuse", "web", DJANGO_SECRET_KEY="", CVAT_BASE_URL="cvat.test")
        check(code == BAD_USE and "DJANGO_SECRET_KEY is not set" in output and "Traceback" not in output, output)
        return output.splitlines()[1]

    def _init(self, name: str, password: str) -> str:
        secrets = {"DJANGO_SUPERUSER_USERNAME": ADMIN, "DJANGO_SUPERUSER_PASSWORD": password}
        began = time.monotonic()
        code, output = self.fleet.once(name, "init", **secrets)
        check(code == 0, output[-2000:])
        check(password not in output, "init printed the password")
        check("makemigrations" not in output, "a patch changes a model without a migration")
        return f"{output.strip().splitlines()[-2].removeprefix('init: ')} ({time.monotonic() - began:.0f} s)"

    def init(self) -> str:
        if self.fleet.place.root is None:  # the image has done so when it was built
            code, output = self.fleet.python("collectstatic", COLLECT)
            check(code == 0, output)
        return self._init("init", "first-" + self.fleet.admin_password)

    def init_again(self) -> str:
        first = self._init("init-again", "first-" + self.fleet.admin_password)
        check("has not changed" in first, first)
        second = self._init("init-secret", self.fleet.admin_password)
        check("new value" in second, second)
        return f"{first}; {second}"

    def start(self) -> str:
        began = time.monotonic()
        for name, port in (("web-a", A), ("web-b", B)):
            self.fleet.start(
                name, "web", CVAT_WEB_PORT=str(port), CVAT_WEB_PROCESSES="1", CVAT_WEB_TIMEOUT_S=str(SILENCE_S)
            )
        for queue in ("default", "low"):
            self.fleet.start(f"worker-{queue}", "worker", queue, ECS_AGENT_URI=self.cloud.agent.url)
        self.fleet.start("scheduler", "scheduler")
        self.fleet.start("queue-metrics", "queue-metrics", **self.cloud.environment)
        for port in (A, B):
            self.a.until(partial(self._healthy, port))
        for connection in self.idle.values():
            connection.ask()
        code, _ = self.fleet.once("health", "health", CVAT_WEB_PORT=str(A))
        check(code == 0, "`cvat-aws health` does not find the web server healthy")
        return f"answering after {time.monotonic() - began:.0f} s"

    def _restart_web(self, variables: dict[str, str]) -> None:
        """The process at B, with more variables."""
        self.fleet.terminate("web-b")
        self.fleet.start("web-b", "web", CVAT_WEB_PORT=str(B), CVAT_WEB_PROCESSES="1", **variables)
        self.a.until(partial(self._healthy, B))

    @staticmethod
    def _healthy(port: int) -> bool | None:
        try:
            return requests.get(f"http://127.0.0.1:{port}{HEALTH}", timeout=5).status_code == requests.codes.ok or None
        except requests.RequestException:  # not listening yet, or still importing
            return None

    def health(self) -> str:
        codes = {requests.get(f"http://127.0.0.1:{A}{HEALTH}", timeout=5).status_code for _ in range(150)}
        check(codes == {200}, f"answers {codes}")
        return "150 x 200"

    def hosts(self) -> str:
        code = requests.get(f"http://127.0.0.1:{A}/api/v1/server/about", timeout=5).status_code
        check(code == requests.codes.bad, f"a foreign Host got {code}")
        return "400 for a foreign Host"

    def throttle(self) -> str:
        """The load balancer appends the address it saw; what stands before it, the caller made up."""
        codes = []
        for n in range(120):
            forwarded = {
                "Host": self.a.session.headers["Host"],
                "X-Forwarded-For": f"192.0.2.{n}, 198.51.100.7",
            }
            port = (A, B)[n % 2]
            codes.append(requests.get(f"http://127.0.0.1:{port}{HEALTH}", headers=forwarded, timeout=5).status_code)
        check(
            codes[:90] == [200] * 90 and codes[-1] == requests.codes.too_many,
            f"the last answers were {codes[85:]}",
        )
        return f"429 after {codes.index(429)}, counted over both processes"

    def registration(self) -> str:
        form = {
            "username": "eve",
            "email": "e@example.com",
            "password1": "s3cret-pw-x",
            "password2": "s3cret-pw-x",
        }
        return str(self.a.call("POST", "/auth/register", 403, json=form).json()["detail"])

    def log_in(self) -> str:
        self.a.log_in(ADMIN, self.fleet.admin_password)
        self.b = self.a.also(HTTPS_B)
        cookies_only = requests.get(
            f"{self.b.base}/users/self",
            cookies=self.a.session.cookies,
            timeout=30,
            headers={"Host": str(self.a.session.headers["Host"])},
            verify=str(self.a.ca),
        )
        check(
            cookies_only.status_code == requests.codes.ok,
            f"the session is unknown at B: {cookies_only.text[:200]}",
        )
        return f"user {cookies_only.json()['username']}, by session cookie alone"

    def offers(self) -> str:
        reset = self.a.call("OPTIONS", "/auth/password/reset", 404).json()["detail"]
        check(self.a.call("GET", "/server/plugins").json()["GIT_INTEGRATION"] is False, "git is offered")
        return str(reset)

    def begin_uploads(self) -> str:
        tasks = [self.a.create_task(f"slow {n}") for n in range(UPLOADS)]
        self.checks.start()
        self.uploads = SlowUploads(self.a.also(HTTPS_A), tasks, DEMO / "street-1.jpg", seconds=3.0 * SILENCE_S)
        self.uploads.start()
        return f"each takes {3 * SILENCE_S} s, and {SILENCE_S} s is what a client may be silent"

    def end_uploads(self) -> str:
        uploads = self.uploads
        check(uploads is not None, "no uploads were begun")
        assert uploads is not None  # noqa: S101 - for mypy
        uploads.join()
        self.checks.stop()
        check(uploads.statuses == [202] * UPLOADS, f"the uploads ended as {sorted(uploads.statuses)}")
        for task in uploads.tasks:
            self.a.await_data(task)
        statuses = {status for _, status in self.checks.answers}
        slowest = max(seconds for seconds, _ in self.checks.answers)
        check(statuses == {200}, f"health checks ended as {statuses}")
        check(slowest <= SLOWEST_HEALTH_CHECK_S, f"a health check took {slowest:.1f} s")
        return f"{UPLOADS} tasks; {len(self.checks.answers)} health checks, the slowest {slowest:.2f} s"

    def idle_connections(self) -> str:
        seconds = [connection.ask() for connection in self.idle.values()]
        check(min(seconds) > LONGEST_OF_OTHERS_S, f"idle for {min(seconds):.0f} s only")
        return f"used again after {min(seconds):.0f} s"

    def images(self) -> str:
        self.task = self.a.create_task("images")
        files = sorted(DEMO.glob("*.jpg"))
        began = time.monotonic()
        self.a.upload(self.task, files, use_cache="true")
        self.b.await_data(self.task)
        meta = self.b.call("GET", f"/tasks/{self.task}/data/meta").json()
        check(meta["size"] == len(files), f"{meta['size']} frames of {len(files)} files")
        chunk = self.b.call("GET", f"/tasks/{self.task}/data?type=chunk&number=0&quality=compressed")
        took = time.monotonic() - began
        return f"{meta['size']} frames in {took:.1f} s, first chunk {len(chunk.content)} bytes"

    def films(self) -> str:
        self.video = self.b.create_task("video")
        self.b.upload(self.video, sorted(DEMO.glob("*.mp4")))
        self.a.await_data(self.video)
        meta = self.a.call("GET", f"/tasks/{self.video}/data/meta").json()
        frame = self.a.call("GET", f"/tasks/{self.video}/data?type=frame&number=3&quality=original")
        check(frame.headers["Content-Type"].startswith("image/"), frame.headers["Content-Type"])
        chunk = self.b.call("GET", f"/tasks/{self.video}/data?type=chunk&number=0&quality=compressed")
        width = meta["frames"][0]["width"]
        return f"{meta['size']} frames of {width} px, first chunk {len(chunk.content)} bytes"

    def export(self) -> str:
        label = self.a.call("GET", f"/tasks/{self.task}").json()["labels"][0]["id"]
        box = {"type": "rectangle", "occluded": False, "z_order": 0, "points": [10, 12, 60, 48], "frame": 0}
        shape = {**box, "label_id": label, "group": 0, "source": "manual", "attributes": []}
        self.a.call(
            "PUT",
            f"/tasks/{self.task}/annotations",
            json={**NOTHING, "shapes": [shape]},
        )
        path = f"/tasks/{self.task}/annotations?format={FORMAT}"
        self.b.until_created("GET", path)
        answer = self.a.call("GET", f"{path}&action=download")
        check(
            answer.content[:2] == b"PK" and "X-Sendfile" not in answer.headers,
            f"not a zip: {answer.content[:40]!r}",
        )
        self.archive = answer.content
        return f"{len(answer.content)} bytes"

    def annotations(self) -> str:
        """What fails unpatched: one process writes the file, a worker reads it, another process is polled."""
        self.a.call("PUT", f"/tasks/{self.task}/annotations", json=NOTHING)
        path, name = f"/tasks/{self.task}/annotations?format={FORMAT}", "annotations.zip"
        self.b.call("PUT", path, 202, files={"annotation_file": (name, self.archive)})
        self.a.until_created("PUT", path)
        shapes = self.b.call("GET", f"/tasks/{self.task}/annotations").json()["shapes"]
        check(len(shapes) == 1, json.dumps(shapes))
        return "1 shape came back"

    def backup(self) -> str:
        self.a.until_created("GET", f"/tasks/{self.task}?action=export")
        archive = self.b.call("GET", f"/tasks/{self.task}?action=download").content
        sent = self.b.call("POST", "/tasks?action=import", 202, files={"task_file": ("task.zip", archive)})
        restored = self.a.until_created("POST", "/tasks?action=import", data={"rq_id": sent.json()["rq_id"]}).json()
        return f"{len(archive)} bytes; task {self.task} came back as task {restored['id']}"

    def static(self) -> str:
        host = {"Host": str(self.a.session.headers["Host"])}
        answer = requests.get(f"http://127.0.0.1:{A}/static/admin/css/base.css", headers=host, timeout=10)
        check(answer.ok and "css" in answer.headers["Content-Type"], f"{answer.status_code}")
        opencv = self.a.session.get(f"https://localhost:{HTTPS_B}/opencv/opencv.js", timeout=60)
        check(opencv.ok and len(opencv.content) > 1 << 20, f"opencv.js: {opencv.status_code}")
        return f"admin style sheet, and opencv.js of {len(opencv.content) >> 20} MiB by X-Sendfile"

    def protection(self) -> str:
        asked = self.cloud.agent.protected
        jobs = len(asked) // 2  # of one worker at a time: the other queue has had none
        check(jobs > 0 and asked == [True, False] * jobs, f"asked for {asked}")
        return f"for each of {jobs} jobs"

    def metrics(self) -> str:
        code, output = self.fleet.python("busy", BUSY)
        check(code == 0, output)
        highest = self.cloud.highest
        seen = ("QueueDepth", "RunningJobs", "OldestJobAge")
        self.a.until(lambda: all(highest(metric, "low") for metric in seen) or None)
        check(highest("IdleWorkers", "default") == 1, f"idle workers of default: {highest('IdleWorkers', 'default')}")
        check(highest("FailedJobs", "low") == 0, f"failed jobs of low: {highest('FailedJobs', 'low')}")
        self.a.until(lambda: self.cloud.agent.protected[-1] is False or None)
        return f"2 jobs: {highest('RunningJobs', 'low'):.0f} ran, {highest('QueueDepth', 'low'):.0f} waited"

    def kill(self) -> str:
        return self.annotation.kill(self.task)

    def drain(self) -> str:
        """Killed outright, it would stay "started" for a day, and its task could not be annotated again."""
        self.fleet.terminate("worker-low")
        self.fleet.start("worker-low", "worker", "low", CVAT_WORKER_DRAIN_S="3")
        code, output = self.fleet.python("enqueue", ENQUEUE)
        check(code == 0, output)
        _, took = self.fleet.terminate("worker-low")
        code, output = self.fleet.python("status", STATUS)
        check(output.strip().endswith("failed"), output)
        return f"the worker ended {took:.1f} s after SIGTERM, the job is 'failed'"

    def stop(self) -> str:
        names = list(self.fleet.running)
        memory = {name: self.fleet.memory(name) for name in names}
        ends = {name: self.fleet.terminate(name) for name in names}
        wrong = {name: code for name, (code, _) in ends.items() if code not in (0, -15)}
        check(not wrong, f"ended badly: {wrong}")
        return "; ".join(f"{name} {memory[name]} MiB, {ends[name][1]:.1f} s" for name in names)
