"""Signing, credentials, addresses and headers of the calls to SageMaker."""

import datetime
import json
from typing import Any

import pytest
import requests
from botocore.credentials import Credentials, RefreshableCredentials
from botocore.exceptions import CredentialRetrievalError
from gateway import sagemaker
from gateway.aws import Aws
from gateway_bench.stub import Stub, signature

from tests.support.gateway.cvat_clients import FIRST, encoded
from tests.support.gateway.faults import EXPIRED
from tests.support.gateway.serving import CREDENTIALS, picture

PAYLOAD = {"image": encoded(picture())}


def test_calls_are_signed_as_aws_checks_it(start: Any, stub: Stub) -> None:
    gateway = start(SERVERLESS_ENDPOINTS='{"detector":{"endpoint":"shared","container":"my-detector"}}')
    FIRST.invoke(gateway, "detector", PAYLOAD)
    received = stub.received[0]
    url = f"http://{received.headers['Host']}/endpoints/shared/invocations"
    keys = [CREDENTIALS[f"AWS_{name}"] for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN")]
    assert received.headers["Authorization"].endswith(signature(url, received, Credentials(*keys)))
    assert "/cn-northwest-1/sagemaker/aws4_request" in received.headers["Authorization"]


def test_shared_endpoints_get_a_target_container_and_dedicated_ones_none(start: Any, stub: Stub) -> None:
    own = json.dumps({"reid": {"endpoint": "own"}, "tracker": {"endpoint": "two", "container": "b-2"}})
    gateway = start(SERVERLESS_SAGEMAKER_ENDPOINT="shared", SERVERLESS_ENDPOINTS=own)
    stub.answers |= {"own": b"[]", "two": b'{"shapes":[[1,2]],"states":[0]}'}
    FIRST.invoke(gateway, "detector", PAYLOAD)
    FIRST.invoke(gateway, "reid", {"image0": "", "image1": "", "boxes0": [], "boxes1": []})
    FIRST.invoke(gateway, "tracker", FIRST.tracker(picture(), [1, 2], None))
    header = "X-Amzn-SageMaker-Target-Container-Hostname"
    called = [(call.endpoint, call.headers.get(header)) for call in stub.received]
    assert called == [("shared", "detector"), ("own", None), ("two", "b-2")]


def test_the_requests_id_goes_to_cvat_and_to_the_container(gateway: str, stub: Stub) -> None:
    response = FIRST.post(gateway, "detector", PAYLOAD)
    identity = response.headers["X-Request-Id"]
    headers = stub.received[0].headers
    assert headers["X-Amzn-SageMaker-Inference-Id"] == identity
    assert headers["X-Amzn-SageMaker-Custom-Attributes"] == f"request-id={identity},function=detector"


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("cn-northwest-1", "https://runtime.sagemaker.cn-northwest-1.amazonaws.com.cn"),
        ("ap-northeast-1", "https://runtime.sagemaker.ap-northeast-1.amazonaws.com"),
    ],
)
def test_the_host_is_the_regions(region: str, host: str) -> None:
    assert Aws(region).address("sagemaker-runtime") == host


def test_credentials_are_refreshed_before_they_expire(start: Any, stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    issued: list[str] = []

    def fresh() -> dict[str, str]:
        """As a container's role issues them: new keys each time; the first pair ends in a minute."""
        issued.append(f"AKID{len(issued)}")
        lasts = datetime.timedelta(minutes=1 if len(issued) == 1 else 60)
        expiry = (datetime.datetime.now(datetime.UTC) + lasts).isoformat()
        return {"access_key": issued[-1], "secret_key": "s", "token": "t", "expiry_time": expiry}

    role = RefreshableCredentials.create_from_metadata(fresh(), fresh, "container-role")
    monkeypatch.setattr(Aws, "load", lambda _: role)
    gateway = start()
    for _ in range(3):
        FIRST.invoke(gateway, "detector", PAYLOAD)
    used = {call.headers["Authorization"].split("Credential=")[1].split("/")[0] for call in stub.received}
    assert used == {"AKID1"}, "the pair that was about to expire signed nothing"
    assert len(issued) == 2, "one refresh, not one per call"


def test_expired_credentials_are_looked_for_again(start: Any, stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = [Credentials("OLD", "s"), Credentials("NEW", "s")]
    monkeypatch.setattr(Aws, "load", lambda _: pairs.pop(0))
    monkeypatch.setattr(sagemaker, "BACKOFF_S", (0.005, 0.01))
    gateway = start()
    stub.faults.append(EXPIRED)
    FIRST.invoke(gateway, "detector", PAYLOAD)
    used = [call.headers["Authorization"].split("Credential=")[1].split("/")[0] for call in stub.received]
    assert used == ["OLD", "NEW"]


def test_without_credentials_the_gateway_is_alive_but_not_ready(
    start: Any, stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Aws, "load", lambda _: None)
    gateway = start()
    assert requests.get(f"{gateway}/healthz", timeout=5).status_code == 200
    ready = requests.get(f"{gateway}/readyz", timeout=5)
    assert (ready.status_code, ready.reason) == (503, "The gateway has no AWS credentials")
    response = FIRST.post(gateway, "detector", PAYLOAD)
    assert (response.status_code, response.reason) == (502, "The gateway has no AWS credentials")
    assert not stub.received


def test_missing_credentials_are_requested_again_and_reported(
    start: Any, stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(_: Aws) -> None:
        raise CredentialRetrievalError(provider="container-role", error_msg="no route to host")

    monkeypatch.setattr(Aws, "load", unreachable)
    monkeypatch.setattr(sagemaker, "BACKOFF_S", (0.005, 0.01))
    gateway = start(REQUEST_TIMEOUT_S="0.6")
    assert requests.get(f"{gateway}/readyz", timeout=5).status_code == 503
    response = FIRST.post(gateway, "detector", PAYLOAD)
    assert response.status_code == 502
    assert response.reason.startswith("The gateway's AWS credentials cannot be refreshed: "), response.reason
    retries = requests.get(f"{gateway}/metrics", timeout=5).text
    assert 'gateway_retries_total{function="detector"} 0.0' not in retries
    assert not stub.received
