"""What is tried with CVAT v2, step by step: all that goes wrong when its containers do not share what they must."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial

import requests

from patches.trial.accounts import Accounts, Roles
from patches.trial.client import check
from patches.trial.cloud import Cloud
from patches.trial.frames import FramesInFlight
from patches.trial.models import Models
from patches.trial.processes import ADMIN
from patches.trial.services import HTTPS_A, HTTPS_B, A, B
from patches.trial.v2.client import ClientV2
from patches.trial.v2.data_steps import BUCKET, DataSteps
from patches.trial.v2.fleet import API_OFFSET, FleetV2
from patches.trial.v2.function_steps import FunctionSteps, Hook
from patches.trial.v2.invitation_steps import InvitationSteps

Step = tuple[str, Callable[[], str]]
BAD_USE = 2
HEALTH, RULES, ABOUT = "/cvat-aws/health", "/api/auth/rules", "/api/server/about"
WORKERS = {
    "chunks": ["chunks"],
    "import": ["import"],
    "export": ["export"],
    "annotation": ["annotation"],
    "rest": ["webhooks", "notifications", "quality_reports", "consensus", "cleaning"],
}
SETUP = "import django; django.setup(); import django_rq, time; "
KILLED = {"export": "repeated: its queue is safe", "annotation": "failed: it may be half done"}
"""Queues whose worker is killed in the middle of a job."""
BUSY_S = 90
"""Three times the pause between two readings of the queues: a busy machine reads late."""
ROLES = Roles(guest=["user"], annotator="worker")
USER, PASSWORD = "annotator", "s3cret-pw-x1"


def enqueue(queue: str, job: str, seconds: int) -> str:
    return f"{SETUP}\nqueue = django_rq.get_queue({queue!r}); queue.enqueue(time.sleep, {seconds}, job_id={job!r})\n"


def running(queue: str, job: str, seconds: int) -> str:
    """Enqueue a job and wait until it runs: another process would be told too late on a busy machine."""
    wait = f"job = queue.fetch_job({job!r})\nwhile job.get_status() != 'started':\n    time.sleep(0.1)\n"
    return enqueue(queue, job, seconds) + wait


def started(queue: str, job: str, marker: str) -> str:
    """Enqueue a job that waits the first time and ends at once the second, and wait until it runs."""
    return f"""{SETUP}
import subprocess, sys
queue = django_rq.get_queue({queue!r})
command = ["sh", "-c", "test -e $0 || {{ touch $0; sleep 600; }}", {marker!r}]
job = queue.enqueue(subprocess.call, command, job_id={job!r})
while job.get_status() != "started" or not __import__("os").path.exists({marker!r}):
    time.sleep(0.2)
"""


def status(queue: str, job: str) -> str:
    return f"{SETUP}\njob = django_rq.get_queue({queue!r}).fetch_job({job!r}); print(job.get_status(), job.exc_info)\n"


class TrialV2:
    """Two servers (A and B), a worker for each kind of task, a scheduler. Steps build on the ones before."""

    def __init__(self, fleet: FleetV2, cloud: Cloud, models: Models, hook: Hook) -> None:
        self.fleet = fleet
        self.cloud = cloud
        self.models = models
        self.hook = hook
        self.a = ClientV2(HTTPS_A, fleet.services.folder / "ca.pem", fleet.ended)
        self.b = self.a.also(HTTPS_B)
        self.data = DataSteps(fleet, cloud, self.a, self.b)
        self.functions = FunctionSteps(self.data, models, hook)
        self.frames = FramesInFlight(models, self.b, self._restart_annotation)
        self.accounts = Accounts(fleet, self._restart_web, partial(ClientV2, HTTPS_B, self.a.ca, fleet.ended), ROLES)
        self.invitations = InvitationSteps(self.accounts, self.a, self.b)
        self.killed_at = 0.0

    def steps(self) -> Iterator[Step]:
        yield "an empty environment is refused with sentences", self.refuse
        yield "init migrates PostgreSQL and Redis, and makes the administrator", self.init
        yield "two inits at a time: one waits; a new secret changes the password", self.init_again
        yield "two servers with OPA, five workers, a scheduler and queue-metrics start", self.start
        yield "150 health checks, and 150 calls of OPA, are answered", self.health
        yield "other requests need the public host name, and believe no X-Forwarded-Host", self.hosts
        yield "a public caller is throttled, and cannot hide behind X-Forwarded-For; OPA is not", self.throttle
        yield "registration is closed, and not offered; nor is a password reset without mail", self.registration
        yield "log in at A, be known at B, by cookie and by access token", self.log_in
        yield "upload images at A; frames and chunks from A and B", self.data.images
        yield "upload a video in pieces, to B and A in turn (TUS)", self.data.films
        yield (
            "a function begins that takes longer than CVAT's own nginx waits",
            self.functions.begin_slow,
        )
        yield "workers are killed in the middle of a job", self.kill
        yield "a task of files of the share", self.data.share
        yield "a task of a bucket, by the task's role", self.data.bucket
        yield "which buckets are opened by the role, and where", self.data.signatures
        yield "policies: another user sees and does only what OPA's policies allow", self.policies
        yield "export with images, by X-Accel", self.data.dataset
        yield "back up at A, restore at B", self.data.backup
        yield "functions of every kind, through the gateway", self.functions.interactive
        yield "automatic annotation and reidentification of a task", self.functions.batches
        yield "webhooks arrive; what users name does not reach ECS's credentials", self.functions.webhooks
        yield "static files are served; private files are not", self.static
        yield "OPA is killed: its server answers 500 and stays healthy; a new OPA heals it", self.kill_opa
        yield "the state of the queues is published in CloudWatch; workers asked ECS for protection", self.metrics
        yield "jobs of killed workers are repeated or failed, and counted", self.lost
        yield "the slow function has answered", self.functions.end_slow
        yield "six formats: export at B, import at A", self.data.formats
        yield (
            "four frames in flight take a quarter of the time and give the same annotations",
            lambda: self.frames.compare(self.fleet.folder / "pictures"),
        )
        yield "a frame that fails is left out; many of them fail the job; a cancelled job stops", self.frames.failures
        yield "a job that outlasts its worker's drain time is failed, not lost", self.drain
        yield "a password is reset by mail; a mail server that refuses is told", self.invitations.mail
        yield "users of a directory log in, with the roles of their groups", self.accounts.directory
        yield "an export in flight survives the SIGTERM of its worker; a request that of its server", self.graceful
        yield "SIGTERM stops every process", self.stop

    def refuse(self) -> str:
        code, output = self.fleet.once("refuse", "web", DJANGO_SECRET_KEY="", CVAT_BASE_URL="cvat.test")
        check(code == BAD_USE and "DJANGO_SECRET_KEY is not set" in output and "Traceback" not in output, output)
        return output.splitlines()[1]

    def _secrets(self, password: str) -> dict[str, str]:
        return {"DJANGO_SUPERUSER_USERNAME": ADMIN, "DJANGO_SUPERUSER_PASSWORD": password}

    def _init(self, name: str, password: str) -> str:
        began = time.monotonic()
        code, output = self.fleet.once(name, "init", **self._secrets(password))
        check(code == 0, output[-2000:])
        check(password not in output, "init printed the password")
        check("makemigrations" not in output, "a patch changes a model without a migration")
        lines = [line for line in output.splitlines() if line.startswith("init: ")]
        return f"{lines[-2].removeprefix('init: ')} ({time.monotonic() - began:.0f} s)"

    def init(self) -> str:
        collect = "import django; django.setup(); from django.core.management import call_command as call"
        code, output = self.fleet.python(
            "collectstatic", f"{collect}; call('collectstatic', interactive=False, verbosity=0)"
        )
        check(code == 0, output)
        return self._init("init", "first-" + self.fleet.admin_password)

    def init_again(self) -> str:
        other = threading.Thread(target=self._init, args=("init-other", self.fleet.admin_password))
        other.start()
        second = self._init("init-secret", self.fleet.admin_password)
        other.join()
        logs = "".join((self.fleet.folder / f"{name}.log").read_text() for name in ("init-other", "init-secret"))
        check(logs.count("new value") == 1 and logs.count("has not changed") == 1, second)
        return second

    def start(self) -> str:
        began = time.monotonic()
        fleet, agent = self.fleet, {"ECS_AGENT_URI": self.cloud.agent.url}
        s3 = self._s3()
        (port,) = [int(url.rpartition(":")[2]) for url in [str(self.cloud.s3.meta.endpoint_url)]]
        fleet.smokescreen(f"--allow-address=127.0.0.1:{port} --allow-address=127.0.0.1:{self.hook.server_port}")
        fleet.server("a", A, **s3)
        fleet.server("b", B, CVAT_NUCLIO_PORT=str(self.models.server_port), **s3)
        for name, queues in WORKERS.items():
            fleet.start(f"worker-{name}", "worker", *queues, **agent, **s3)
        fleet.start("scheduler", "scheduler")
        fleet.start("queue-metrics", "queue-metrics", **self.cloud.environment)
        for port in (A, B):
            self.a.until(partial(self._answers, port, HEALTH))
        healthy = time.monotonic() - began
        for port in (A, B):
            self.a.until(partial(self._answers, port, "/api/server/health/?format=json"))
        code, _ = fleet.once("health", "health", CVAT_FRONT_PORT=str(A))
        check(code == 0, "`cvat-aws health` does not find the server healthy")
        return f"answering after {healthy:.0f} s, with policies after {time.monotonic() - began:.0f} s"

    def _s3(self) -> dict[str, str]:
        return self.cloud.environment | {"CVAT_S3_ROLE_BUCKETS": BUCKET}

    def _restart_web(self, variables: dict[str, str]) -> None:
        """B's uvicorn, with more variables."""
        self.fleet.terminate("web-b")
        self.fleet.web("b", B, CVAT_NUCLIO_PORT=str(self.models.server_port), **self._s3(), **variables)
        self.a.until(partial(self._answers, B, HEALTH))
        self.a.until(partial(self._answers, B, "/api/server/health/?format=json"))

    def _public(self, address: str) -> dict[str, str]:
        host = str(self.a.session.headers["Host"])
        return {"Host": host, "X-Forwarded-For": address, "X-Forwarded-Proto": "https"}

    def _answers(self, port: int, path: str) -> bool | None:
        try:
            url = f"http://127.0.0.1:{port}{path}"
            return requests.get(url, headers=self._public("192.0.2.1"), timeout=10).ok or None
        except requests.RequestException:  # not listening yet, or still importing
            return None

    def health(self) -> str:
        for port, path in ((A, HEALTH), (A + API_OFFSET, RULES)):
            codes = {requests.get(f"http://127.0.0.1:{port}{path}", timeout=5).status_code for _ in range(150)}
            check(codes == {200}, f"{path} answers {codes}")
        return "150 x 200 each"

    def hosts(self) -> str:
        code = requests.get(f"http://127.0.0.1:{A}{ABOUT}", timeout=5).status_code
        check(code == requests.codes.bad, f"a foreign Host got {code}")
        headers = self._public("192.0.2.2") | {"X-Forwarded-Host": "evil.example"}
        logo = requests.get(f"http://127.0.0.1:{A}{ABOUT}", headers=headers, timeout=5).json()["logo_url"]
        check("evil" not in logo and logo.startswith("https://cvat.test:8443/"), logo)
        return f"400 for a foreign Host; links go to {logo}"

    def throttle(self) -> str:
        codes = []
        for n in range(120):
            headers = self._public(f"192.0.2.{n}, 198.51.100.7")
            codes.append(
                requests.get(f"http://127.0.0.1:{(A, B)[n % 2]}{ABOUT}", headers=headers, timeout=5).status_code
            )
        check(codes[:90] == [200] * 90 and codes[-1] == requests.codes.too_many, f"the last answers were {codes[85:]}")
        public = requests.get(f"http://127.0.0.1:{A}{RULES}", headers=self._public("198.51.100.7"), timeout=5)
        check(public.status_code == requests.codes.too_many, "from outside, the policies are not throttled")
        return f"429 after {codes.index(429)}, counted over both servers"

    def registration(self) -> str:
        form = {"username": "mallory", "email": "m@example.com", "password1": PASSWORD, "password2": PASSWORD}
        detail = self.a.call("POST", "/auth/register", 403, json=form).json()["detail"]
        reset = self.a.call("POST", "/auth/password/reset", 404, json={"email": "m@example.com"}).json()["detail"]
        paths = self.a.call("GET", "/schema/?scheme=json").json()["paths"]
        offered = [path for path in ("/api/auth/register", "/api/auth/password/reset") if path in paths]
        check(not offered and "/api/auth/login" in paths, f"the interface offers {offered}")
        return f"{detail} {reset}"

    def log_in(self) -> str:
        self.a.log_in(ADMIN, self.fleet.admin_password)
        host = {"Host": str(self.a.session.headers["Host"])}
        cookies, ca = self.a.session.cookies, str(self.a.ca)
        known = requests.get(f"{self.b.base}/users/self", cookies=cookies, headers=host, verify=ca, timeout=30)
        check(known.ok, f"the session is unknown at B: {known.text[:200]}")
        check(all(cookie.secure for cookie in cookies), f"cookies without Secure: {cookies}")
        token = self.a.call("POST", "/auth/access_tokens", json={"name": "script", "read_only": False}).json()["value"]
        bearer = host | {"Authorization": f"Bearer {token}"}
        made = requests.post(
            f"{self.b.base}/tasks", json={"name": "t", "labels": []}, headers=bearer, verify=ca, timeout=30
        )
        check(made.ok, f"an access token may not write: {made.text[:200]}")
        return f"user {known.json()['username']}; task {made.json()['id']} by access token"

    def policies(self) -> str:
        code, output = self.fleet.python(
            "user",
            "import django; django.setup(); from django.contrib.auth import get_user_model\n"
            f"get_user_model().objects.create_user({USER!r}, password={PASSWORD!r})",
        )
        check(code == 0, output)
        other = ClientV2(HTTPS_B, self.a.ca, self.a.ended)
        other.log_in(USER, PASSWORD)
        task = self.data.task
        check(other.call("GET", "/tasks").json()["count"] == 0, "the other user sees tasks of the administrator")
        for method, path in (
            ("GET", f"/tasks/{task}"),
            ("DELETE", f"/tasks/{task}"),
            ("GET", f"/tasks/{task}/annotations"),
        ):
            other.call(method, path, 403)
        job = self.a.call("GET", "/jobs", params={"task_id": str(task)}).json()["results"][0]["id"]
        user = other.call("GET", "/users/self").json()["id"]
        self.a.call("PATCH", f"/jobs/{job}", json={"assignee": user})
        check(other.call("GET", "/jobs").json()["count"] == 1, "an assigned job is not shown")
        other.call("GET", f"/jobs/{job}/annotations", 200)
        other.call("DELETE", f"/tasks/{task}", 403)
        return f"0 tasks; 403 for the task; {USER} sees just the job that is assigned, and cannot delete its task"

    def static(self) -> str:
        host = {"Host": str(self.a.session.headers["Host"])}
        answer = requests.get(f"http://127.0.0.1:{A}/static/admin/css/base.css", headers=host, timeout=10)
        check(answer.ok and "css" in answer.headers["Content-Type"], f"{answer.status_code}")
        private = requests.get(f"http://127.0.0.1:{A}/data/cache/", headers=host, timeout=10).status_code
        check(private == requests.codes.not_found, f"/data/ answers {private}")
        return "admin style sheet; /data/ is 404"

    def kill_opa(self) -> str:
        self.fleet.kill("opa-a")
        self.a.call("GET", "/tasks", 500)
        check(self._answers(A, HEALTH) is True, "the target would be taken out, and its OPA with it")
        self.b.call("GET", "/tasks", 200)
        began = time.monotonic()
        self.fleet.opa("a", A + 20_000, A + API_OFFSET)
        self.a.until(lambda: self.a.call("GET", "/tasks", 200, 500).status_code == requests.codes.ok or None)
        return f"policies again {time.monotonic() - began:.1f} s after its start"

    def kill(self) -> str:
        agent = {"ECS_AGENT_URI": self.cloud.agent.url}
        for queue in KILLED:
            code, output = self.fleet.python(
                f"start-{queue}", started(queue, f"trial-{queue}", f"{self.fleet.folder}/{queue}")
            )
            check(code == 0, output)
            self.fleet.kill(f"worker-{queue}")
            self.killed_at = time.monotonic()
            self.fleet.start(f"worker-{queue}", "worker", *WORKERS[queue], **agent)
        return f"of {' and '.join(KILLED)}, with SIGKILL"

    def lost(self) -> str:
        ends = {}
        for queue, outcome in (("export", "finished"), ("annotation", "failed")):

            def ask(queue: str = queue) -> str | None:
                _, output = self.fleet.python("status", status(queue, f"trial-{queue}"))
                last = output.strip().splitlines()[-1]
                return None if last.startswith(("started", "queued")) else last

            ends[queue] = str(self.a.until(ask))
            (self.fleet.folder / "status.log").unlink()
            check(ends[queue].startswith(outcome), f"{queue}: {ends[queue]}")
        check("was killed" in ends["annotation"], ends["annotation"])
        for queue in KILLED:
            self.a.until(partial(self._lost, queue))
        return f"{time.monotonic() - self.killed_at:.0f} s later: {ends}"

    def _lost(self, queue: str) -> float | None:
        return self.cloud.highest("LostJobs", queue) or None

    def metrics(self) -> str:
        for seconds in (BUSY_S, 0):
            code, output = self.fleet.python("busy", enqueue("consensus", f"busy-{seconds}", seconds))
            check(code == 0, output)
        highest = self.cloud.highest
        seen = ("QueueDepth", "RunningJobs", "OldestJobAge")
        self.a.until(lambda: all(highest(metric, "consensus") for metric in seen) or None)
        check(highest("IdleWorkers", "chunks") == 1, f"idle workers of chunks: {highest('IdleWorkers', 'chunks')}")
        asked = self.cloud.agent.protected
        check(asked.count(True) > 0 and asked.count(False) > 0, f"asked for {asked}")
        return f"{highest('QueueDepth', 'consensus'):.0f} waited; {asked.count(True)} jobs were protected"

    def _restart_annotation(self, **more: str) -> None:
        """With the stand-in of the functions, whose calls are counted, in our gateway's place."""
        self.fleet.terminate("worker-annotation")
        port = {"CVAT_NUCLIO_PORT": str(self.models.server_port)}
        self.fleet.start("worker-annotation", "worker", "annotation", **port, **more)

    def drain(self) -> str:
        self._restart_annotation(CVAT_WORKER_DRAIN_S="3")
        code, output = self.fleet.python("enqueue", started("annotation", "trial-drain", f"{self.fleet.folder}/drain"))
        check(code == 0, output)
        _, took = self.fleet.terminate("worker-annotation")
        code, output = self.fleet.python("drained", status("annotation", "trial-drain"))
        check(output.strip().splitlines()[-1].startswith("failed The worker of this job had to stop"), output)
        return f"the worker ended {took:.1f} s after SIGTERM, the job is 'failed'"

    def graceful(self) -> str:
        code, output = self.fleet.python("running", running("export", "trial-graceful", 12))
        check(code == 0, output)
        ended, took = self.fleet.terminate("worker-export")
        code, output = self.fleet.python("finished", status("export", "trial-graceful"))
        check("finished" in output, output)
        self.models.reset(delay_s=6)
        answers: list[str] = []
        task = self.data.task
        call = threading.Thread(target=lambda: answers.append(self._detect(task)))
        call.start()
        time.sleep(3)
        self.fleet.terminate("web-b")
        call.join()
        check(answers == ["200"], f"the request was answered with {answers}")
        return f"the worker ended {took:.1f} s after SIGTERM with exit code {ended}; the request got 200"

    def _detect(self, task: int) -> str:
        try:
            body = {"task": task, "frame": 0}
            return str(self.b.call("POST", "/lambda/functions/trial-detector", json=body).status_code)
        except Exception as error:
            return str(error)

    def stop(self) -> str:
        names = list(self.fleet.running)
        memory = {name: self.fleet.memory(name) for name in names}
        ends = {name: self.fleet.terminate(name) for name in names}
        wrong = {name: code for name, (code, _) in ends.items() if code not in (0, -15, 143)}
        check(not wrong, f"ended badly: {json.dumps(wrong)}")
        return "; ".join(f"{name} {memory[name]} MiB, {ends[name][1]:.1f} s" for name in names)
