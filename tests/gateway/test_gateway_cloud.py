"""The calls that batch functions make of SageMaker and S3, against moto's server, and their signatures."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, TypeVar

import boto3
import pytest
import requests
from aiohttp import web
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from gateway.aws import Aws, SignedRequest
from gateway.batch.cloud import AwsCloud, EndpointView
from gateway.errors import GatewayError
from gateway.memory import LEAST_BYTES, MemoryBudget
from moto.server import ThreadedMotoServer

from tests.support.gateway.serving import CREDENTIALS, serve

Result = TypeVar("Result")
REGION = CREDENTIALS["AWS_REGION"]


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Address of an account with one endpoint, `batch`, and a bucket."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    for name, value in (CREDENTIALS | {"AWS_ENDPOINT_URL": address}).items():
        monkeypatch.setenv(name, value)
    boto3.client("s3", REGION).create_bucket(Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": REGION})
    sagemaker = boto3.client("sagemaker", REGION)
    role = "arn:aws-cn:iam::123456789012:role/models"
    sagemaker.create_model(ModelName="model", ExecutionRoleArn=role, PrimaryContainer={"Image": "image"})
    variant = {"VariantName": "all", "ModelName": "model", "InstanceType": "ml.c5d.xlarge", "InitialInstanceCount": 1}
    sagemaker.create_endpoint_config(EndpointConfigName="config", ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName="batch", EndpointConfigName="config")
    yield sagemaker
    requests.post(f"{address}/moto-api/reset", timeout=5)  # its accounts are the process's
    server.stop()


def with_cloud(scene: Callable[[AwsCloud], Awaitable[Result]]) -> Result:
    async def main() -> Result:
        aws = Aws(REGION)
        async with aws.connected():
            return await scene(AwsCloud(aws))

    return asyncio.run(main())


@pytest.mark.usefixtures("account")
def test_objects_are_written_read_dated_and_deleted() -> None:
    address = "s3://bucket/batch/in/my-function/config-1/0123abcd"

    async def scene(cloud: AwsCloud) -> None:
        assert await cloud.get(address) is None, "there is no such object yet"
        assert await cloud.written_at(address) is None
        await cloud.put(address, b"frame" * 100_000)
        assert await cloud.get(address) == b"frame" * 100_000
        written = await cloud.written_at(address)
        assert written
        assert abs((datetime.now(UTC) - written).total_seconds()) < 60
        await cloud.delete(address)
        await cloud.delete(address)
        assert await cloud.get(address) is None

    with_cloud(scene)


@pytest.mark.usefixtures("account")
def test_an_answer_that_is_too_large_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.sagemaker.MAX_ANSWER_BYTES", 1000)

    async def scene(cloud: AwsCloud) -> None:
        await cloud.put("s3://bucket/out", b"x" * 1001)
        with pytest.raises(GatewayError, match="its answer is larger than 1000 bytes"):
            await cloud.get("s3://bucket/out")

    with_cloud(scene)


@pytest.mark.usefixtures("account")
def test_an_answer_is_held_while_it_comes_and_refused_where_there_is_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.memory.WAIT_S", 0.01)
    budget = MemoryBudget(4 * LEAST_BYTES)

    async def scene(cloud: AwsCloud) -> None:
        await cloud.put("s3://bucket/small", b"x" * LEAST_BYTES)
        await cloud.put("s3://bucket/large", b"x" * 5 * LEAST_BYTES)
        with budget.share() as share:
            assert await cloud.get("s3://bucket/none", share) is None
            assert share.held == 0, "what waits for an answer holds nothing"
            assert await cloud.get("s3://bucket/small", share)
            assert share.held == LEAST_BYTES
            with pytest.raises(GatewayError, match="The gateway is busy"):
                await cloud.get("s3://bucket/large", share)
        assert budget.used == 0

    with_cloud(scene)


@pytest.mark.usefixtures("account")
def test_the_size_of_an_object_does_not_matter_where_its_date_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.sagemaker.MAX_ANSWER_BYTES", 1000)

    async def scene(cloud: AwsCloud) -> None:
        await cloud.put("s3://bucket/in", b"x" * 1001)
        assert await cloud.written_at("s3://bucket/in")

    with_cloud(scene)


@pytest.mark.usefixtures("account")
def test_what_s3_refuses_is_named() -> None:
    async def scene(cloud: AwsCloud) -> None:
        with pytest.raises(GatewayError, match=r"S3 refused PUT of a batch call \(NoSuchBucket\)"):
            await cloud.put("s3://nowhere/key", b"x")

    with_cloud(scene)


def test_endpoints_are_described_scaled_deleted_and_created_again(account: Any) -> None:
    async def scene(cloud: AwsCloud) -> None:
        view = await cloud.describe("batch")
        assert (view.status, view.instances) == ("InService", 1)
        assert view.changed_at
        assert abs((datetime.now(UTC) - view.changed_at).total_seconds()) < 60
        await cloud.start_instance("batch", "all")
        await cloud.delete_endpoint("batch")
        assert await cloud.describe("batch") == EndpointView(), "there is none: it is asleep"
        await cloud.create_endpoint("batch", "config", {"Project": "cvat"})
        assert (await cloud.describe("batch")).status == "InService"

    with_cloud(scene)
    arn = account.describe_endpoint(EndpointName="batch")["EndpointArn"]
    assert account.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "Project", "Value": "cvat"}]


class Flaky:
    """An HTTP server that gives these answers first, then an empty object."""

    def __init__(self, *answers: tuple[int, str]) -> None:
        self._answers, self.calls, self.delay_s = list(answers), 0, 0.0

    async def answer(self, request: web.Request) -> web.Response:
        await request.read()
        self.calls += 1
        await asyncio.sleep(self.delay_s)
        status, body = self._answers.pop(0) if self._answers else (200, "{}")
        return web.Response(status=status, text=body)


@pytest.fixture
def flaky(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Flaky]]:
    """Puts such a server in the place of AWS."""
    monkeypatch.setattr("gateway.batch.cloud.BACKOFF_S", 0.001)
    with ExitStack() as servers:

        def start(*answers: tuple[int, str]) -> Flaky:
            server, app = Flaky(*answers), web.Application()
            app.router.add_route("*", "/{path:.*}", server.answer)
            address = servers.enter_context(serve(lambda: web.AppRunner(app)))
            for name, value in (CREDENTIALS | {"AWS_ENDPOINT_URL": address}).items():
                monkeypatch.setenv(name, value)
            return server

        yield start


@pytest.mark.parametrize(
    "failure",
    [
        (503, "<Error><Code>SlowDown</Code></Error>"),
        (500, "<Error><Code>InternalError</Code></Error>"),
        (400, '{"__type":"ThrottlingException","message":"Rate exceeded"}'),
        (400, "<Error><Code>ExpiredToken</Code></Error>"),
    ],
)
def test_what_fails_for_a_moment_is_asked_again(flaky: Callable[..., Flaky], failure: tuple[int, str]) -> None:
    server = flaky(failure, failure)

    async def scene(cloud: AwsCloud) -> None:
        assert await cloud.get("s3://bucket/key") == b"{}"

    with_cloud(scene)
    assert server.calls == 3


def test_what_fails_for_good_is_asked_once(flaky: Callable[..., Flaky]) -> None:
    server = flaky((403, "<Error><Code>AccessDenied</Code></Error>"))

    async def scene(cloud: AwsCloud) -> None:
        with pytest.raises(GatewayError, match="AccessDenied"):
            await cloud.get("s3://bucket/key")

    with_cloud(scene)
    assert server.calls == 1


def test_a_service_that_does_not_answer_is_left_after_a_while(
    flaky: Callable[..., Flaky], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.batch.cloud.ANSWER_LIMIT_S", 0.05)
    flaky().delay_s = 0.5

    async def scene(cloud: AwsCloud) -> None:
        with pytest.raises(GatewayError, match=r"SageMaker cannot be reached \(TimeoutError\)"):
            await cloud.describe("batch")

    with_cloud(scene)


@pytest.mark.usefixtures("account")
def test_a_queued_call_names_where_its_answer_will_be() -> None:
    async def scene(cloud: AwsCloud) -> None:
        where = await cloud.invoke_async("batch", "s3://bucket/in", "detector", "0" * 32)
        assert where.output.startswith("s3://")

    with_cloud(scene)


@pytest.mark.parametrize(
    ("service", "method", "url", "signer"),
    [
        ("s3", "PUT", "https://s3.cn-northwest-1.amazonaws.com.cn/bucket/batch/in/a.b_c-d/0f", S3SigV4Auth),
        ("s3", "GET", "https://s3.cn-northwest-1.amazonaws.com.cn/bucket/batch/out/a", S3SigV4Auth),
        ("sagemaker", "POST", "https://api.sagemaker.cn-northwest-1.amazonaws.com.cn/", SigV4Auth),
    ],
)
def test_calls_are_signed_as_botocore_signs_them(service: str, method: str, url: str, signer: Any) -> None:
    keys, body = Credentials("AKID", "secret", "token"), b"frame"
    digest = sha256(body).hexdigest()
    headers = {"Content-Type": "application/json"} | ({"X-Amz-Content-SHA256": digest} if service == "s3" else {})
    own = Aws(REGION).signed(service, SignedRequest(url, dict(headers), method=method), digest, keys).headers
    theirs = AWSRequest(method, url, headers=headers, data=body)
    theirs.context["timestamp"] = own["X-Amz-Date"]
    theirs.headers["X-Amz-Date"], theirs.headers["X-Amz-Security-Token"] = own["X-Amz-Date"], "token"
    auth = signer(keys, service, REGION)
    expected = auth.signature(auth.string_to_sign(theirs, auth.canonical_request(theirs)), theirs)
    assert own["Authorization"].endswith(f"Signature={expected}")
