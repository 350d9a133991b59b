"""What CVAT's user gets to see when something fails, over real HTTP against a stub of SageMaker's runtime."""

import json
import random
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from gateway import sagemaker
from gateway_bench.stub import DETECTION, Stub

from tests.support.gateway.cvat_clients import FIRST, V28, encoded
from tests.support.gateway.faults import (
    DENIED,
    EXPIRED,
    FAILED,
    MISSING,
    THROTTLED,
    Fault,
    drop,
    error,
    model_error,
    sleep,
    text,
)
from tests.support.gateway.serving import FUNCTIONS, picture

ALL = 0
"""Calls until the deadline."""
PAYLOAD = {"image": encoded(picture())}


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries without long waits."""
    monkeypatch.setattr(sagemaker, "BACKOFF_S", (0.005, 0.01))


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize(
    "faults",
    [
        [THROTTLED] * 3,
        [error(429, "ModelNotReadyException", message="later")],
        [FAILED, error(503, "ServiceUnavailable", message=""), error(530, "InternalDependencyException")],
        [drop, drop],
        [model_error(503, "starting"), model_error(429, "queue is full")],
        [EXPIRED],
    ],
)
def test_a_passing_fault_is_retried_without_the_caller_seeing_it(gateway: str, stub: Stub, faults: list[Fault]) -> None:
    stub.faults.extend(faults)
    assert FIRST.invoke(gateway, "detector", PAYLOAD) == json.loads(DETECTION)
    assert len(stub.received) == len(faults) + 1
    metrics = requests.get(f"{gateway}/metrics", timeout=5).text
    assert f'gateway_retries_total{{function="detector"}} {len(faults)}.0' in metrics


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize(
    ("fault", "calls", "status", "reason"),
    [
        (THROTTLED, ALL, 503, "Model is busy: SageMaker throttles the calls"),
        (FAILED, ALL, 502, "SageMaker failed (InternalFailure)"),
        (drop, ALL, 502, "Connection to SageMaker failed: ServerDisconnectedError"),
        (MISSING, 1, 502, "Endpoint detector does not exist or is still being created"),
        (DENIED, 1, 502, "The gateway may not call endpoint detector (AccessDeniedException)"),
        (EXPIRED, ALL, 502, "The gateway's AWS credentials have expired"),
        (model_error(500, "out of\r\nmemory \u4e2d"), 1, 502, "Model failed: out of memory"),
        (model_error(503, "queue is full"), ALL, 503, "Model is busy: queue is full"),
        (model_error(400, "no such point"), 1, 400, "Model refused the request: no such point"),
        (error(413, "PayloadTooLarge"), 1, 413, "Image too large for SageMaker"),
        (text("<html>"), 1, 502, "The model's answer is malformed: it is not JSON"),
        (text("[NaN]"), 1, 502, "The model's answer is malformed: it is not JSON"),
    ],
)
def test_a_lasting_fault_is_in_the_reason_phrase(
    start: Any, stub: Stub, fault: Fault, calls: int, status: int, reason: str
) -> None:
    gateway = start(REQUEST_TIMEOUT_S="0.6")
    stub.faults.extend([fault] * 1000)
    response = FIRST.post(gateway, "detector", PAYLOAD)
    assert (response.status_code, response.reason) == (status, reason)
    assert response.json() == {"error": reason}
    assert len(stub.received) == calls or (calls is ALL and len(stub.received) > 8), "tried until the deadline"
    assert ("Retry-After" in response.headers) is (status == 503)


@pytest.mark.parametrize(
    ("function", "answer"),
    [
        ("detector", {}),
        ("detector", [{"type": "rectangle", "points": [1, 2, 3, 4]}]),
        ("detector", [{"label": "car", "type": "rectangle", "points": [None, 2, 3, 4]}]),
        ("detector", [{"label": "car", "type": "rectangle"}]),
        ("detector", [{"label": "car", "type": "mask", "points": [1, 2]}]),
        ("interactor", [[1, 2], [3, 4]]),
        ("interactor", {"points": [1, 2]}),
        ("interactor", {"points": 5}),
        ("interactor", {"mask": [1]}),
        ("tracker", {"shape": [1], "state": 1}),
        ("tracker", {"shapes": [], "states": []}),
        ("tracker", {"shapes": [[1]], "states": 1}),
        ("reid", [0]),
        ("reid", [0, 1]),
        ("reid", [0, True]),
        ("reid", [0, -2]),
    ],
)
def test_an_answer_that_cvat_would_fail_on_is_502(gateway: str, stub: Stub, function: str, answer: Any) -> None:
    stub.answers[function] = json.dumps(answer).encode()
    payload = {
        "detector": PAYLOAD,
        "interactor": V28.interactor(picture()),
        "tracker": V28.tracker(picture(), [1, 2, 3, 4], None),
        "reid": V28.reid((picture(), picture()), ([{}, {}], [{}])),
    }[function]
    response = V28.post(gateway, function, payload)
    assert response.status_code == 502
    assert response.reason.startswith("The model's answer is malformed: "), response.reason


def test_a_model_that_hangs_is_504_before_cvat_gives_up(start: Any, stub: Stub) -> None:
    gateway = start(REQUEST_TIMEOUT_S="0.5")
    stub.faults.append(sleep(5))
    began = time.monotonic()
    response = FIRST.post(gateway, "detector", PAYLOAD)
    assert response.status_code == 504
    assert response.reason.endswith(("no answer within 0 s", "did not answer within 0 s")), response.reason
    assert time.monotonic() - began < 2, "no hang beyond the deadline"


def test_cvats_own_time_limit_is_the_deadline(gateway: str, stub: Stub) -> None:
    url, headers = f"{gateway}/api/function_invocations", {"x-nuclio-function-name": "detector"}
    for limit, fault, status in (("400ms", sleep(5), 504), ("0m30s", sleep(0.6), 200), ("soon", sleep(0), 400)):
        stub.faults = type(stub.faults)([fault])
        limited = headers | {"X-Nuclio-Invoke-Timeout": limit}
        assert FIRST.call("post", url, json=PAYLOAD, headers=limited).status_code == status, limit


def test_retries_end_with_the_deadline(start: Any, stub: Stub) -> None:
    gateway = start(REQUEST_TIMEOUT_S="0.6")
    stub.faults.extend([THROTTLED] * 100)
    began = time.monotonic()
    assert FIRST.post(gateway, "detector", PAYLOAD).status_code in {503, 504}
    assert time.monotonic() - began < 2


def test_an_unreachable_sagemaker_is_reported(start: Any) -> None:
    gateway = start(AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME="http://127.0.0.1:9", REQUEST_TIMEOUT_S="1")
    response = FIRST.post(gateway, "detector", PAYLOAD)
    assert response.status_code in {502, 504}
    assert response.reason.startswith(("Connection to SageMaker failed", "Timed out")), response.reason


def test_too_many_requests_wait_and_then_are_503(start: Any, stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.memory.WAIT_S", 0.3)
    gateway = start(MAX_IN_FLIGHT_BYTES=str(2 * 1024 * 1024))  # two requests of the least weight
    stub.faults.extend([sleep(0.1)] * 2 + [sleep(0.2)] * 2 + [sleep(1)] * 8)
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: FIRST.post(gateway, "detector", PAYLOAD), range(10)))
    statuses = sorted(answer.status_code for answer in answers)
    assert 3 <= statuses.count(200) <= 8 and statuses.count(503) == 10 - statuses.count(200), statuses
    busy = next(answer for answer in answers if answer.status_code == 503)
    assert (busy.reason, busy.headers["Retry-After"]) == ("The gateway is busy; try again later", "5")
    stub.faults.clear()
    assert FIRST.post(gateway, "detector", PAYLOAD).status_code == 200, "all places are free again"
    assert "gateway_in_flight_bytes 0.0" in requests.get(f"{gateway}/metrics", timeout=5).text


def test_a_request_larger_than_the_limit_is_413_before_it_is_read(start: Any) -> None:
    gateway = start(MAX_IN_FLIGHT_BYTES=str(2 * 1024 * 1024))
    response = FIRST.post(gateway, "detector", {"image": "A" * (1024 * 1024)})
    assert (response.status_code, response.reason) == (413, "Image too large: a request may have 1048576 bytes")


def test_an_unexpected_failure_is_a_sentence_too(gateway: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("the gateway's own fault")

    monkeypatch.setattr("gateway.contract.version_of", broken)
    response = FIRST.post(gateway, "detector", PAYLOAD)
    assert response.status_code == 500
    assert response.reason == f"The gateway failed: see its log for request {response.headers['X-Request-Id']}"


def fuzzed(chance: random.Random) -> Any:
    """A value that may stand anywhere in a request."""
    deep: Any = 0
    for _ in range(chance.choice([1, 5, 300])):
        deep = [deep]
    simple = [None, True, -1, 2**70, 1e308, "", "A" * 90_000, "\u4e2d", "NaN", [], {}, [[]], [[1, 2]], deep]
    return chance.choice([*simple, encoded(picture()), {"gateway_scale": 0.5, "state": 1}, {"points": ["x"]}])


def fuzzed_body(chance: random.Random) -> bytes:
    keys = ["image", "image0", "image1", "boxes0", "boxes1", "pos_points", "neg_points", "obj_bbox"]
    keys += ["shape", "shapes", "state", "states", "threshold", "max_distance"]
    chosen = chance.sample(keys, chance.randint(1, len(keys)))
    body = json.dumps({key: fuzzed(chance) for key in chosen}).encode()
    if chance.random() < 0.2:
        place = chance.randrange(len(body))
        body = body[:place] + chance.randbytes(3) + body[place + chance.randint(0, 9) :]
    return body if chance.random() < 0.95 else chance.randbytes(50)


def test_a_thousand_fuzzed_requests_do_no_harm(start: Any, stub: Stub) -> None:
    gateway = start(MAX_PAYLOAD_BYTES="60000", REQUEST_TIMEOUT_S="5")
    chance = random.Random(20211108)  # noqa: S311 - a fixed seed, so that a failure repeats
    answers: list[bytes] = [
        b"[]",
        b"{}",
        b'{"shapes":[[1]],"states":[1]}',
        b'{"points":[[1,2]],"mask":[[1]]}',
        DETECTION,
    ]
    for kind in FUNCTIONS:
        stub.answers[kind] = lambda _: chance.choice(answers)
    agents = ["python-requests/2.24.0", "CVAT/2.14.4 x", "CVAT/", "CVAT/999999.1"]
    seen = set()
    with requests.Session() as session:
        for _ in range(1000):
            headers = {"X-Nuclio-Function-Name": chance.choice([*FUNCTIONS]), "User-Agent": chance.choice(agents)}
            url = f"{gateway}/api/function_invocations"
            response = session.post(url, data=fuzzed_body(chance), headers=headers, timeout=10)
            seen.add(response.status_code)
            assert response.status_code in {200, 400, 413, 502}, f"{response.status_code} {response.reason}"
            assert response.json() is not None or response.status_code == 200, "always JSON"
    assert {200, 400, 502} <= seen, f"the fuzzer is too tame: {seen}"
    assert "gateway_in_flight_bytes 0.0" in requests.get(f"{gateway}/metrics", timeout=5).text
    assert len(stub.connections) < 20, "connections to SageMaker are kept and reused"


def test_connections_are_reused(gateway: str, stub: Stub) -> None:
    for _ in range(50):
        FIRST.invoke(gateway, "detector", PAYLOAD)
    assert len(stub.received) == 50, "one upstream call per request"
    assert len(stub.connections) == 1, "no new connection per request"
