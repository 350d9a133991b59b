"""The process as a container runs it: start, logs, echo, SIGTERM; and moto's SageMaker runtime behind it."""

import json
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests
from gateway_bench.stub import DETECTION, Stub
from moto.server import ThreadedMotoServer

from tests.support.gateway.cvat_clients import CLIENTS, FIRST, V214, box, encoded
from tests.support.gateway.serving import CREDENTIALS, FOLDER, REGISTRY, picture, process, serve_stub
from tests.support.read_only_root import read_only_root

ANSWERS = {
    "detector": DETECTION.decode(),
    "interactor": '{"points":[[1,1],[9,1],[9,9]],"mask":[[1]],"bounds":[1,1,1,1]}',
    "tracker": '{"shapes":[[1,2,3,4]],"states":[{"n":1}]}',
    "reid": "[0]",
}


def test_echo_answers_every_kind_with_no_model_and_no_account() -> None:
    with process("--backend", "echo") as (address, _):
        assert requests.get(f"{address}/readyz", timeout=5).json() == {"status": "ok", "functions": 5}
        for client in CLIENTS:
            names = {item["kind"]: name for name, item in client.functions(address).items()}
            image = picture(200, 100)
            boxes = client.invoke(address, "pth-faster-rcnn", client.detector(image))
            assert boxes[0]["points"] == [50, 25, 150, 75], "deterministic, and inside the image"
            shape = client.invoke(address, names["interactor"], client.interactor(image, [[5, 5], [8, 9]]))
            points = shape if client.version < (2, 3) else shape["points"]
            assert points == [[5, 5], [8, 5], [8, 9], [5, 9]]
            tracked = client.invoke(address, names["tracker"], client.tracker(image, [1, 2, 3, 4], None))
            assert client.tracked(tracked)[0] == [1, 2, 3, 4]
            boxes = [box(1, 1, 2, 3, 4), box(2, 1, 2, 3, 4)], [box(3, 1, 2, 3, 4)]
            assert client.invoke(address, names["reid"], client.reid((image, image), boxes)) == [0, -1]


def test_sigterm_finishes_what_is_in_flight_and_each_request_has_one_line_without_secrets(registry: Path) -> None:
    stub = Stub(delay=1.0)
    endpoints = json.dumps({"detector": {"endpoint": "detector"}})
    with serve_stub(stub) as runtime:
        environ = {"AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": runtime, "SERVERLESS_ENDPOINTS": endpoints, **CREDENTIALS}
        environ |= {"SHUTDOWN_DELAY_S": "0"}
        with process(FUNCTIONS_DIR=str(registry), **environ) as (address, running):
            answers = []
            image = encoded(picture())
            call = threading.Thread(target=lambda: answers.append(FIRST.post(address, "detector", {"image": image})))
            call.start()
            while not stub.received:
                time.sleep(0.01)
            running.send_signal(signal.SIGTERM)
            call.join()
            assert answers[0].status_code == 200, "the request in flight is finished"
            assert running.wait(10) == 0
            assert running.stdout
            output = running.stdout.read()
    lines = [json.loads(line) for line in output.splitlines()]
    line = next(line for line in lines if line["message"] == "invocation")
    assert line["request_id"] == answers[0].headers["X-Request-Id"]
    assert (line["function"], line["status"], line["attempts"]) == ("detector", 200, 1)
    assert line["bytes_in"] == line["bytes_sent"] > len(image)
    assert line["ms"] >= line["upstream_ms"] >= 1000
    assert image not in output, "no image in the log"
    assert not any(secret in output for name, secret in CREDENTIALS.items() if name != "AWS_REGION")


def test_it_writes_no_file_so_that_its_root_can_be_read_only(registry: Path, tmp_path: Path) -> None:
    endpoints = json.dumps({"detector": {"endpoint": "detector"}})
    with serve_stub(Stub()) as runtime:
        environ = {"AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": runtime, "SERVERLESS_ENDPOINTS": endpoints, **CREDENTIALS}
        with process(FUNCTIONS_DIR=str(registry), **environ, **read_only_root(tmp_path)) as (address, _):
            for size in ((64, 48), (3000, 3000)):
                answer = FIRST.post(address, "detector", {"image": encoded(picture(*size, "PNG"))})
                assert answer.status_code == 200, answer.text


def test_the_stand_in_for_a_read_only_root_refuses_what_is_written(tmp_path: Path) -> None:
    for code in ("open('x', 'w')", "import tempfile; tempfile.mkdtemp()", "import os; os.open('x', os.O_CREAT)"):
        run = subprocess.run(  # noqa: S603 - our own code
            [sys.executable, "-c", code],
            cwd=tmp_path,
            env=read_only_root(tmp_path),
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 1, code
        assert "Read-only file system" in run.stderr or "No usable temporary directory" in run.stderr, run.stderr


def test_a_bad_setting_ends_the_start_with_a_sentence(tmp_path: Path) -> None:
    for environ, sentence in (
        ({"PORT": "x"}, "environment variable PORT is 'x': "),
        ({"FUNCTIONS_DIR": str(tmp_path)}, "FUNCTIONS_DIR is "),
        ({"HOME": str(tmp_path)}, "environment variable AWS_REGION is not set"),
    ):
        run = subprocess.run(
            [sys.executable, "-m", "gateway"], cwd=FOLDER, env=environ, capture_output=True, text=True, check=False
        )
        assert (run.returncode, run.stderr.startswith(sentence)) == (2, True), run.stderr
        assert "Traceback" not in run.stderr


def test_metrics_name_registered_functions_only(gateway: str) -> None:
    FIRST.post(gateway, "invented", {})
    FIRST.post(gateway, "detector", {"image": ""})
    metrics = requests.get(f"{gateway}/metrics", timeout=5).text
    assert 'gateway_requests_total{function="detector",status="200"} 1.0' in metrics
    assert "invented" not in metrics, "a caller cannot make the number of series grow"


def test_motos_sagemaker_answers_through_the_gateway(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a role of the account and the environment of a task, as the rehearsal does it."""
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    moto = f"http://{host}:{port}"
    try:
        requests.post(f"{moto}/moto-api/reset", timeout=5)
        role = {"region_name": "cn-northwest-1", "endpoint_url": moto}
        root = {"aws_access_key_id": "root", "aws_secret_access_key": "root"}
        sts = boto3.client("sts", **role, **root)
        assumed = sts.assume_role(RoleArn="arn:aws-cn:iam::123456789012:role/gateway", RoleSessionName="task")
        keys = assumed["Credentials"]
        names = {path.stem: path for path in REGISTRY.glob("*.yaml")}
        endpoints = {name: {"endpoint": "shared", "container": name.replace(".", "-")} for name in names}
        environ = {
            "SERVERLESS_ENDPOINTS": json.dumps(endpoints),
            "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": moto,
            "AWS_REGION": "cn-northwest-1",
            "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
            "AWS_SESSION_TOKEN": keys["SessionToken"],
        }
        with process(**environ) as (address, _):
            for name, item in V214.functions(address).items():
                result = {"Body": ANSWERS[item["kind"]], "ContentType": "application/json"}
                queue: dict[str, Any] = {"region": "cn-northwest-1", "account_id": "123456789012", "results": [result]}
                answer = requests.post(f"{moto}/moto-api/static/sagemaker/endpoint-results", json=queue, timeout=5)
                assert answer.status_code == 201
                payload = {
                    "detector": V214.detector(picture()),
                    "interactor": V214.interactor(picture()),
                    "tracker": V214.tracker(picture(), [1, 2, 3, 4], None),
                    "reid": V214.reid((picture(), picture()), ([box(1, 1, 2, 3, 4)], [box(2, 1, 2, 3, 4)])),
                }[item["kind"]]
                assert V214.invoke(address, name, payload) == json.loads(ANSWERS[item["kind"]]), name
    finally:
        server.stop()
