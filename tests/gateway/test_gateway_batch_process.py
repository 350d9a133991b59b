"""Two hundred frames that wait in the real process, before an S3 and a SageMaker that speak HTTP."""

import hashlib
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import requests
from aiohttp import web

from patches.trial.serving import free_port
from tests.support.gateway.cvat_clients import FIRST
from tests.support.gateway.serving import CREDENTIALS, process, serve
from tests.support.gateway.sleeping_endpoints import DETECTION, endpoints

FRAMES = 200
FRAME_BYTES = 1024 * 1024
AT_ONCE = 16
"""Frames whose bodies are on their way, as four jobs with four frames in flight send them."""
MIB = 1024 * 1024


@dataclass
class Account:
    """Objects by path, of which requests are kept as their digest; an endpoint that is awake once `awake` says so."""

    awake: bool = False
    objects: dict[str, bytes] = field(default_factory=dict)
    queued: list[str] = field(default_factory=list)

    def app(self) -> web.Application:
        app = web.Application(client_max_size=64 * MIB)
        app.router.add_post("/", self.control)
        app.router.add_post("/endpoints/batch/async-invocations", self.queue)
        app.router.add_put("/{path:.+}", self.put)
        app.router.add_get("/{path:.+}", self.get)
        return app

    async def control(self, request: web.Request) -> web.Response:
        await request.read()
        variants = [{"CurrentInstanceCount": int(self.awake)}]
        return web.json_response({"EndpointStatus": "InService", "ProductionVariants": variants})

    async def queue(self, request: web.Request) -> web.Response:
        address = request.headers["X-Amzn-SageMaker-InputLocation"]
        self.queued.append(address)
        name = hashlib.sha256(address.encode()).hexdigest()
        headers = {"X-Amzn-SageMaker-OutputLocation": f"s3://bucket/out/{name}"}
        return web.json_response({}, status=202, headers=headers)

    async def put(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.objects[request.path] = body if len(body) < 1000 else hashlib.sha256(body).digest()
        return web.Response()

    async def get(self, request: web.Request) -> web.Response:
        if request.path.startswith("/bucket/out/") and self.awake:
            return web.Response(body=DETECTION)
        if request.path not in self.objects:
            return web.Response(status=404, text="<Code>NoSuchKey</Code>")
        return web.Response(body=self.objects[request.path])


@pytest.fixture
def account() -> Account:
    return Account()


@pytest.fixture
def gateway(registry: Path, account: Account) -> Iterator[tuple[str, str, int]]:
    """Addresses of both ports, and the process's id."""
    port = free_port()
    with serve(lambda: web.AppRunner(account.app(), access_log=None, shutdown_timeout=1)) as address:
        environ = {"AWS_ENDPOINT_URL": address, "SERVERLESS_ENDPOINTS": endpoints("asynchronous"), **CREDENTIALS}
        with process(FUNCTIONS_DIR=str(registry), BATCH_PORT=str(port), **environ) as (people, running):
            yield people, f"http://127.0.0.1:{port}", running.pid


def memory_mb(pid: int, line: str) -> float:
    """A line of the kernel's status of a process, such as VmHWM, the most that it has had."""
    status = Path(f"/proc/{pid}/status").read_text()
    return float(next(text.split()[1] for text in status.splitlines() if text.startswith(line))) / 1024


def test_two_hundred_waiting_frames_stay_below_200_mb_and_all_are_answered(
    gateway: tuple[str, str, int], account: Account
) -> None:
    people, worker, pid = gateway
    assert FIRST.post(people, "detector", {"image": "QQ=="}).status_code == 503, "nobody waits at the first port"
    texts = [f"{number:04}" + "A" * FRAME_BYTES for number in range(FRAMES)]
    with ThreadPoolExecutor(FRAMES) as frames:
        calls = []
        for text in texts:
            calls.append(frames.submit(FIRST.post, worker, "detector", {"image": text}))
            while len(calls) - (len(account.queued) - 1) >= AT_ONCE:
                assert not any(call.done() for call in calls), "all wait"
                time.sleep(0.01)
        while len(account.queued) < FRAMES + 1:
            time.sleep(0.01)
        assert requests.get(f"{people}/healthz", timeout=5).ok
        waiting = memory_mb(pid, "VmRSS:")
        account.awake = True
        answers = [call.result() for call in calls]
    assert {answer.status_code for answer in answers} == {200}
    assert {json.dumps(answer.json()) for answer in answers} == {json.dumps(json.loads(DETECTION))}
    assert len({*account.queued}) == len(account.queued), "no frame is queued twice"
    assert waiting < 200, f"{waiting:.0f} MB with {FRAMES} frames of 1 MiB"
    assert memory_mb(pid, "VmHWM:") < 300, "and a burst of them is bounded by MAX_IN_FLIGHT_BYTES"
