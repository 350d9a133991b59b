"""Five containers' processes on one machine, as an endpoint of several containers runs them."""

import http.client
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson
import pytest
from models.examples import example_body
from models_demo.runtime_stand_in import ENDPOINT, endpoint

from patches.trial.serving import free_port
from tests.support.models.model_process import (
    FUNCTIONS,
    IOG,
    RCNN,
    REID,
    ROOT,
    SIAMMASK,
    TENSORFLOW,
    Answer,
    ModelProcess,
    start,
    wait_until_ready,
)

GATEWAY = ROOT / "serverless" / "gateway"
KINDS = {REID: "reid", RCNN: "detector", SIAMMASK: "tracker", IOG: "interactor", TENSORFLOW: "detector"}
OLD, NEW = "python-requests/2.24.0", "CVAT/2.14.4 python-requests/2.31.0"
PERSON = [{"label": "person", "type": "rectangle", "points": [80, 60, 161, 121], "confidence": 0.902}]
OUTLINE = [[80, 60], [80, 120], [160, 120], [160, 60]]


@pytest.fixture(scope="module")
def containers(unpacked: dict[str, Path]) -> Iterator[dict[str, ModelProcess]]:
    """All five at once; each is configured as one that shares the instance with four."""
    servers = {}
    try:
        for name, folder in unpacked.items():
            servers[name] = start(folder, {"FUNCTION": name, "MODEL_CONTAINERS": str(len(unpacked))})
        for server in servers.values():
            wait_until_ready(server)
        yield servers
    finally:
        for server in servers.values():
            server.end()


def expected(name: str) -> Any:
    """What a sample answers to the example request of its kind, in the newest form."""
    return {
        REID: [0],
        RCNN: PERSON,
        TENSORFLOW: PERSON,
        IOG: {"points": OUTLINE, "bounds": [80, 60, 160, 120], "mask": [[1] * 81] * 61},
    }[name]


def test_five_processes_side_by_side_each_serve_their_own_function(
    containers: dict[str, ModelProcess],
) -> None:
    assert len({server.port for server in containers.values()}) == 5
    for name, server in containers.items():
        assert server.send(b"", "/ping", "GET").body == {"function": name}
        answer = server.call(example_body(KINDS[name]))
        if name == SIAMMASK:
            assert answer["shapes"] == [[80, 60, 160, 120]]
        else:
            assert answer == expected(name)
        threads = max(1, len(os.sched_getaffinity(0)) // 5)
        assert f"threads={threads}" in server.logged(), "the cores are shared out"


def test_five_processes_together_are_small(containers: dict[str, ModelProcess]) -> None:
    sizes = []
    for server in containers.values():
        status = Path(f"/proc/{server.process.pid}/status").read_text()
        match = re.search(r"VmRSS:\s+(\d+) kB", status)
        assert match
        sizes.append(int(match.group(1)) // 1024)
    assert sum(sizes) < 2048, f"MB of the five: {sizes}; an ml.c5d.xlarge has 8 GiB for them and their networks"


@pytest.fixture(scope="module")
def gateway(containers: dict[str, ModelProcess]) -> Iterator[int]:
    """Port of the real gateway process in front of the five."""
    hosts = {name: re.sub(r"[^A-Za-z0-9]+", "-", name) for name in containers}
    port = free_port()
    with (
        endpoint({hosts[name]: server.port for name, server in containers.items()}) as address,
        tempfile.TemporaryFile() as output,
    ):
        targets = {name: {"endpoint": ENDPOINT, "container": host} for name, host in hosts.items()}
        variables = {
            "SERVERLESS_ENDPOINTS": orjson.dumps(targets).decode(),
            "FUNCTIONS_DIR": str(FUNCTIONS),
            "PORT": str(port),
            "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": address,
            "AWS_REGION": "cn-northwest-1",
            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "not-a-secret",
            "SHUTDOWN_DELAY_S": "0",
        }
        command = [sys.executable, "-m", "gateway"]
        with subprocess.Popen(  # noqa: S603
            command, cwd=GATEWAY, env={**os.environ, **variables}, stdout=output, stderr=subprocess.STDOUT
        ) as process:
            try:
                wait_for_gateway(port, process)
                yield port
            finally:
                process.terminate()


def wait_for_gateway(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if ask(port, "GET", "/readyz").status == 200:
                return
        except ConnectionError:
            pass
        time.sleep(0.05)
    raise AssertionError("the gateway is not ready")


def ask(port: int, method: str, path: str, body: Any = None, **headers: str) -> Answer:
    """One call as CVAT makes it."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request(method, path, None if body is None else orjson.dumps(body), sent)
        response = connection.getresponse()
        raw = response.read()
        return Answer(response.status, orjson.loads(raw) if raw[:1] in b"[{" and raw else raw)


def invoke(port: int, name: str, body: Any, agent: str) -> Answer:
    return ask(
        port,
        "POST",
        "/api/function_invocations",
        body,
        x_nuclio_function_name=name,
        x_nuclio_path="/",
        User_Agent=agent,
    )


def test_the_gateway_lists_the_five_and_reaches_each(gateway: int) -> None:
    assert set(ask(gateway, "GET", "/api/functions").body) == set(KINDS)
    for name in (REID, RCNN, TENSORFLOW, IOG):
        answer = invoke(gateway, name, example_body(KINDS[name]), NEW)
        assert (answer.status, answer.body) == (200, expected(name)), f"{name} through the gateway"


def test_an_old_cvat_gets_its_own_forms(gateway: int) -> None:
    assert invoke(gateway, IOG, example_body("interactor"), OLD).body == OUTLINE, "a bare polygon before v2.3"
    body = example_body("tracker")
    first = invoke(gateway, SIAMMASK, {"image": body["image"], "shape": body["shapes"][0], "state": None}, OLD)
    assert first.status == 200
    again = {"image": body["image"], "shape": None, "state": first.body["state"]}
    second = invoke(gateway, SIAMMASK, again, OLD)
    shape = second.body["shape"]
    extent = [min(shape[::2]), min(shape[1::2]), max(shape[::2]), max(shape[1::2])]
    assert extent == pytest.approx([80, 60, 161, 121], abs=4)


def test_what_a_container_refuses_arrives_as_the_callers_error(gateway: int) -> None:
    answer = invoke(gateway, RCNN, {"image": "bm8gaW1hZ2U="}, NEW)
    assert 400 <= answer.status < 500
    assert "no image of a known format" in str(answer.body)
