"""A proxy between the gateway, as a process of its own, and SageMaker."""

from pathlib import Path

from gateway_bench.stub import Stub

from tests.support.gateway.cvat_clients import FIRST, encoded
from tests.support.gateway.serving import CREDENTIALS, picture, process, serve_stub
from tests.support.http_proxy import http_proxy

HOST = "http://runtime.sagemaker.example.test"
"""A name that no DNS knows: only a proxy leads there."""
VARIABLES = {**CREDENTIALS, "SERVERLESS_SAGEMAKER_ENDPOINT": "shared"}
PAYLOAD = {"image": encoded(picture())}


def test_calls_of_sagemaker_go_by_the_proxy(registry: Path, stub: Stub) -> None:
    with serve_stub(stub) as address, http_proxy(address) as proxy:
        own = {"FUNCTIONS_DIR": str(registry), "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": HOST, "HTTP_PROXY": proxy.url}
        with process(**VARIABLES, **own) as (gateway, _):
            FIRST.invoke(gateway, "detector", PAYLOAD)
    assert [call.endpoint for call in stub.received] == ["shared"], "the call must arrive as it was sent"
    assert f"POST {HOST}/endpoints/shared/invocations" in proxy.asked, proxy.asked


def test_tls_goes_through_the_proxy_as_a_tunnel(registry: Path, stub: Stub) -> None:
    with serve_stub(stub) as address, http_proxy(address) as proxy:
        https = {"AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": HOST.replace("http:", "https:")}
        own = {"FUNCTIONS_DIR": str(registry), "HTTPS_PROXY": proxy.url, "REQUEST_TIMEOUT_S": "2"}
        with process(**VARIABLES, **https, **own) as (gateway, _):
            FIRST.post(gateway, "detector", PAYLOAD)  # fails: the stub speaks no TLS
    assert "CONNECT runtime.sagemaker.example.test:443" in proxy.asked, "the proxy sees the host, and no request"


def test_exceptions_are_called_directly(registry: Path, stub: Stub) -> None:
    with serve_stub(stub) as address, http_proxy(address) as proxy:
        own = {"AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": address, "NO_PROXY": "localhost,127.0.0.1"}
        with process(FUNCTIONS_DIR=str(registry), HTTP_PROXY=proxy.url, **VARIABLES, **own) as (gateway, _):
            FIRST.invoke(gateway, "detector", PAYLOAD)
    assert [call.endpoint for call in stub.received] == ["shared"]
    assert not proxy.asked, "an endpoint in the VPC needs no proxy, which may not even lead there"
