"""Whatever is sent, and however slowly: time and memory are bounded, and other callers do not notice."""

import asyncio
import gzip
import io
import json
import socket
import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from gateway import app, memory, sagemaker, server
from gateway.contract import cut_images
from gateway.errors import GatewayError
from gateway.memory import LEAST_BYTES, MemoryBudget
from gateway_bench.stub import DETECTION, Stub
from PIL import Image

from tests.support.gateway.cvat_clients import FIRST, V214, encoded
from tests.support.gateway.faults import FAILED, THROTTLED, sleep
from tests.support.gateway.serving import CREDENTIALS, picture, process, serve_stub

PAYLOAD = {"image": encoded(picture())}
MIB = 1024 * 1024


def connect(gateway: str) -> socket.socket:
    address = urlsplit(gateway)
    return socket.create_connection((address.hostname, address.port), timeout=20)


def head(length: int) -> bytes:
    return (
        "POST /api/function_invocations HTTP/1.1\r\nHost: gateway\r\n"
        f"X-Nuclio-Function-Name: detector\r\nContent-Length: {length}\r\n\r\n"
    ).encode()


def status_line(connection: socket.socket) -> bytes:
    return connection.makefile("rb").readline()


def metrics(gateway: str) -> str:
    return requests.get(f"{gateway}/metrics", timeout=5).text


@pytest.mark.parametrize("limit", ["1" * 38 + "x", "1s" * 4000, "9" * 8000, "1" * 3000 + "s", "1.1" * 2000, "s" * 8000])
def test_a_time_limit_of_any_form_is_read_in_linear_time(gateway: str, limit: str) -> None:
    began = time.monotonic()
    headers = {"x-nuclio-function-name": "detector", "X-Nuclio-Invoke-Timeout": limit}
    response = FIRST.call("post", f"{gateway}/api/function_invocations", json=PAYLOAD, headers=headers)
    assert response.status_code in {200, 400}
    assert time.monotonic() - began < 1, "one header must not freeze the process"


@pytest.mark.parametrize("agent", ["CVAT/" + "2" * 5000 + ".1", "CVAT/2." + "1" * 5000, "CVAT/" + "2." * 2500])
def test_a_version_of_any_length_is_read(gateway: str, agent: str) -> None:
    url, headers = f"{gateway}/api/function_invocations", {"x-nuclio-function-name": "detector", "User-Agent": agent}
    assert requests.post(url, json=PAYLOAD, headers=headers, timeout=5).status_code == 200


def test_a_long_message_of_a_container_is_read_in_linear_time() -> None:
    began = time.monotonic()
    for message in ("a:" * 500_000, "x\n" * 500_000, "not found" * 100_000):
        error = sagemaker.explain(400, {}, json.dumps({"__type": message, "message": message}).encode(), "e")
        assert len(error.reason) <= 160
    assert time.monotonic() - began < 1


def test_a_compressed_body_is_refused_unread(gateway: str, stub: Stub) -> None:
    bomb = gzip.compress(b'{"image": "' + bytes(64 * MIB) + b'"}')
    headers = {"x-nuclio-function-name": "detector", "Content-Encoding": "gzip"}
    began = time.process_time()
    response = FIRST.call("post", f"{gateway}/api/function_invocations", data=bomb, headers=headers)
    assert (response.status_code, response.reason) == (415, "Content-Encoding is 'gzip': send the body as it is")
    assert time.process_time() - began < 0.1, "nothing was unpacked"
    assert not stub.received


def test_callers_that_send_one_byte_and_wait_hold_one_byte(gateway: str) -> None:
    connections = [connect(gateway) for _ in range(140)]
    try:
        for connection in connections:
            connection.sendall(head(MIB) + b"{")
        began = time.monotonic()
        assert FIRST.invoke(gateway, "detector", PAYLOAD) == json.loads(DETECTION)
        assert time.monotonic() - began < 1, "other callers do not wait for them"
        assert "gateway_in_flight_bytes 140.0" in metrics(gateway)
    finally:
        for connection in connections:
            connection.close()


def test_a_body_that_does_not_go_on_is_408(gateway: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "BODY_TIMEOUT_S", 0.2)
    with connect(gateway) as connection:
        connection.sendall(head(1000) + b"{")
        assert status_line(connection) == b"HTTP/1.1 408 The request's body came too slowly\r\n"


def test_a_body_that_trickles_is_408(gateway: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "BODY_TIMEOUT_S", 0.5)
    with connect(gateway) as connection:
        connection.sendall(head(1000))
        for _ in range(20):
            connection.sendall(b" ")
            time.sleep(0.05)
        assert status_line(connection).startswith(b"HTTP/1.1 408 ")


def test_headers_that_do_not_come_end_the_connection(start: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "IDLE_TIMEOUT_S", 0.3)
    with connect(start()) as connection:
        for character in "GET / HTTP/1.1":
            connection.sendall(character.encode())
            time.sleep(0.01)
        assert connection.recv(1) == b"", "closed"


def test_a_caller_that_goes_away_is_counted_and_no_error(
    gateway: str, stub: Stub, caplog: pytest.LogCaptureFixture
) -> None:
    stub.faults.append(sleep(30))
    with connect(gateway) as connection:  # while its body comes in
        connection.sendall(head(1000) + b"{")
        time.sleep(0.1)
    body = json.dumps(PAYLOAD).encode()
    with connect(gateway) as connection:  # while the model works
        connection.sendall(head(len(body)) + body)
        while not stub.received:
            time.sleep(0.01)
    until = time.monotonic() + 5
    while 'function="detector",status="499"} 2.0' not in metrics(gateway) and time.monotonic() < until:
        time.sleep(0.05)
    assert 'gateway_requests_total{function="detector",status="499"} 2.0' in metrics(gateway)
    assert 'status="500"' not in metrics(gateway)
    assert "gateway_in_flight_bytes 0.0" in metrics(gateway), "a call is not continued without its caller"
    assert not [record for record in caplog.records if record.exc_info], "no traceback"


def test_of_many_half_requests_one_can_always_be_completed() -> None:
    async def run() -> None:
        budget = MemoryBudget(8 * MIB)
        with budget.share() as first, budget.share() as second, budget.share() as third:
            await second.grow(2 * MIB)
            await third.grow(2 * MIB)  # half of the capacity is taken: only the oldest may grow
            growing = asyncio.create_task(third.grow(MIB))
            await asyncio.sleep(0)
            await asyncio.wait_for(first.grow(4 * MIB), 1)
            assert not growing.done()
            first.complete()
            second.complete()
            await first.hold(LEAST_BYTES)
            await asyncio.wait_for(growing, 1)
        assert budget.used == 0

    asyncio.run(run())


def test_who_waits_for_memory_is_refused_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "WAIT_S", 0.05)

    async def run() -> None:
        budget = MemoryBudget(2 * MIB)
        with budget.share() as first, budget.share() as second:
            await first.grow(2 * MIB)
            with pytest.raises(GatewayError, match="busy"):
                await second.grow(1)
        assert budget.used == 0

    asyncio.run(run())


def test_an_answer_that_is_too_large_is_not_read_to_its_end(
    gateway: str, stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sagemaker, "MAX_ANSWER_BYTES", 100_000)
    stub.answers["detector"] = b" " * 2_000_000
    response = FIRST.post(gateway, "detector", PAYLOAD)
    assert (response.status_code, response.reason) == (502, "Model failed: its answer is larger than 100000 bytes")


def test_an_outage_of_any_number_of_attempts_kills_no_call(
    gateway: str, stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sagemaker, "BACKOFF_S", (0.001, 0.002))
    stub.faults.extend([FAILED, THROTTLED] * 40)
    assert FIRST.invoke(gateway, "detector", PAYLOAD) == json.loads(DETECTION)
    assert len(stub.received) == 81


def test_a_call_that_hangs_is_tried_again_while_there_is_time(
    gateway: str, stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sagemaker, "CALL_TIMEOUT_S", 0.3)
    monkeypatch.setattr(sagemaker, "BACKOFF_S", (0.001, 0.002))
    stub.faults.append(sleep(30))
    assert FIRST.invoke(gateway, "detector", PAYLOAD) == json.loads(DETECTION)
    assert len(stub.received) == 2


def test_a_gateway_that_cannot_reach_sagemaker_is_not_ready(start: Any) -> None:
    assert requests.get(f"{start()}/readyz", timeout=5).status_code == 200
    away = start(AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME="http://127.0.0.1:9")
    ready = requests.get(f"{away}/readyz", timeout=5)
    assert (ready.status_code, ready.reason[:27]) == (503, "SageMaker cannot be reached")
    assert requests.get(f"{away}/healthz", timeout=5).status_code == 200


def test_a_call_that_arrives_after_sigterm_is_answered(registry: Path) -> None:
    stub = Stub()
    endpoints = json.dumps({"detector": {"endpoint": "detector"}})
    environ = {
        "SERVERLESS_ENDPOINTS": endpoints,
        "FUNCTIONS_DIR": str(registry),
        "SHUTDOWN_DELAY_S": "1",
        **CREDENTIALS,
    }
    with (
        serve_stub(stub) as runtime,
        process(AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME=runtime, **environ) as (address, running),
    ):
        running.terminate()
        time.sleep(0.2)
        response = FIRST.post(address, "detector", PAYLOAD)
        assert response.status_code == 200, "CVAT may have the address for as long as DNS gives it"
        assert response.headers["Connection"] == "close"
        ready = requests.get(f"{address}/readyz", timeout=5)
        assert (ready.status_code, ready.reason) == (503, "The gateway is being stopped")
        assert running.wait(10) == 0


def png(mode: str, size: tuple[int, int]) -> bytes:
    out = io.BytesIO()
    Image.new(mode, size).save(out, "PNG", compress_level=1)
    return out.getvalue()


def test_a_frame_of_64_megapixels_takes_less_than_500_mb_and_gives_them_back(registry: Path) -> None:
    stub = Stub()
    environ = {
        "SERVERLESS_SAGEMAKER_ENDPOINT": "e",
        "FUNCTIONS_DIR": str(registry),
        "SHUTDOWN_DELAY_S": "0",
        **CREDENTIALS,
    }
    frame = {"image": encoded(png("RGBA", (8000, 8000)))}
    with (
        serve_stub(stub) as runtime,
        process(AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME=runtime, **environ) as (address, running),
    ):
        V214.invoke(address, "detector", PAYLOAD)
        before = memory_mb(running.pid, "VmRSS")
        calls = [threading.Thread(target=V214.post, args=(address, "detector", frame)) for _ in range(2)]
        for call in calls:
            call.start()
        for call in calls:
            call.join()
        assert len(stub.received) == 3, "both were sent"
        assert memory_mb(running.pid, "VmHWM") < 500
        assert memory_mb(running.pid, "VmRSS") < before + 30, "the memory comes back"


def memory_mb(pid: int, which: str) -> int:
    return int(Path(f"/proc/{pid}/status").read_text().split(f"{which}:")[1].split()[0]) // 1024


@pytest.mark.parametrize(
    "text",
    [
        b'{"image": "' + b"A" * 50_000 + b'", "threshold": 0.5}',
        b'{"threshold": 0.5, "image" :\n"' + b"A" * 50_000 + b'"}',
        b'{"image0": "' + b"A" * 50_000 + b'", "image1": "' + b"B" * 50_000 + b'", "boxes0": [], "boxes1": []}',
        b'{"image": "' + b"A" * 50_000 + b'", "image": "short"}',
        b'{"image": "short", "image": "' + b"A" * 50_000 + b'"}',
        b'{"x": "\\"image\\": \\"", "image": "' + b"A" * 50_000 + b'"}',
        b'{"image": "' + b"A" * 50_000 + b'\\"", "y": 1}',
        b'{"\\"image": "' + b"A" * 50_000 + b'", "z": [1]}',
        b'{"image": {"image": "' + b"A" * 50_000 + b'"}}',
    ],
)
def test_a_request_whose_images_are_cut_has_the_structure_of_the_whole(text: bytes) -> None:
    def shortened(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: shortened(part) for name, part in value.items()}
        return value[:100] if isinstance(value, str) else value

    assert shortened(json.loads(cut_images(text))) == shortened(json.loads(text))
    if b"\\" not in text[-100:]:
        assert len(cut_images(text)) < 40_000, "the text is cut"


@pytest.mark.parametrize("text", [b'{"image": "' + b"A" * 50_000, b'"image": "' * 50_000, b'{"image": "A"' * 9999])
def test_broken_json_is_cut_in_linear_time_and_stays_broken(text: bytes) -> None:
    began = time.monotonic()
    with pytest.raises(json.JSONDecodeError):
        json.loads(cut_images(text))
    assert time.monotonic() - began < 1
