"""What batch functions need of SageMaker's control plane, of its asynchronous calls, and of S3."""

import asyncio
import random
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, NamedTuple, Protocol

import aiohttp
import orjson
from botocore.exceptions import BotoCoreError

from gateway.aws import Aws
from gateway.errors import GatewayError
from gateway.memory import Share
from gateway.sagemaker import custom_attributes, explain, read

JSON = "application/json"
TARGET = "X-Amz-Target"
DELETING = "Deleting"
FAILED = "Failed"
IN_SERVICE = "InService"
MESSAGE_BYTES = 2000
"""Of an error that are looked at."""
_MOMENTARY = re.compile(rb"(?s)(429|5\d\d) |.*(Throttling|SlowDown|ExpiredToken)")
_ADDRESS = re.compile(r"(?:s3|https)://([^/]+)/(.+)")


@dataclass(frozen=True, kw_only=True)
class EndpointView:
    """What SageMaker says of an endpoint."""

    status: str = ""
    """EndpointStatus, such as InService. Empty: there is no such endpoint."""
    instances: int = 0
    """CurrentInstanceCount of its variant."""
    reason: str = ""
    """FailureReason."""
    changed_at: datetime | None = None
    """LastModifiedTime: of an endpoint in service, when it came there or was updated."""


@dataclass(frozen=True)
class Locations:
    """Where the answer of an asynchronous call will be: S3 addresses."""

    output: str
    failure: str


class Cloud(Protocol):
    """All of it raises GatewayError; addresses are s3://bucket/key."""

    async def describe(self, endpoint: str) -> EndpointView:
        """An endpoint as it is now."""

    async def start_instance(self, endpoint: str, variant: str) -> None:
        """Asks for one instance of an asynchronous endpoint that has none."""

    async def create_endpoint(self, endpoint: str, config: str, tags: Mapping[str, str]) -> None:
        """Creates an endpoint; none of this name exists."""

    async def delete_endpoint(self, endpoint: str) -> None:
        """Deletes an endpoint; its configuration stays."""

    async def invoke_async(self, endpoint: str, address: str, function: str, request_id: str) -> Locations:
        """Queues a call whose request is at an address."""

    async def put(self, address: str, body: bytes, digest: str = "") -> None:
        """Writes an object; `digest` is its SHA-256 in hexadecimal, where that is known already."""

    async def get(self, address: str, share: Share | None = None) -> bytes | None:
        """An object's content, None if there is none. It is held by `share` as it comes."""

    async def written_at(self, address: str) -> datetime | None:
        """When an object was written last, None if there is none."""

    async def delete(self, address: str) -> None:
        """Deletes an object, if there is one."""


QUEUE_TTL_S = 3600
"""A call that has waited longer in SageMaker's queue is expired: whoever asked has gone (CVAT waits 1,500 s)."""
CALL_LIMIT_S = 900
"""What SageMaker gives a container for one asynchronous call."""
TRIES = 4
"""Of a call that fails for a moment: CVAT's batch jobs fail with their first failed frame."""
BACKOFF_S = 0.2
"""Doubled with each try; half of it is waited in the mean."""
ANSWER_LIMIT_S = 30.0
"""For one answer of S3 or of SageMaker's control plane. Tasks that wait for an endpoint have no other time limit."""


class AwsCloud:
    """The real one."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws

    async def describe(self, endpoint: str) -> EndpointView:
        try:
            answer = await self._control("DescribeEndpoint", endpoint, {})
        except GatewayError as error:
            if "does not exist" in error.reason:
                return EndpointView()
            raise
        variants = answer.get("ProductionVariants") or [{}]
        return EndpointView(
            status=answer["EndpointStatus"],
            instances=variants[0].get("CurrentInstanceCount", 0),
            reason=answer.get("FailureReason", ""),
            changed_at=datetime.fromtimestamp(answer.get("LastModifiedTime", 0), UTC),
        )

    async def start_instance(self, endpoint: str, variant: str) -> None:
        capacities = [{"VariantName": variant, "DesiredInstanceCount": 1}]
        await self._control("UpdateEndpointWeightsAndCapacities", endpoint, {"DesiredWeightsAndCapacities": capacities})

    async def create_endpoint(self, endpoint: str, config: str, tags: Mapping[str, str]) -> None:
        tag_list = [{"Key": key, "Value": value} for key, value in sorted(tags.items())]
        await self._control("CreateEndpoint", endpoint, {"EndpointConfigName": config, "Tags": tag_list})

    async def delete_endpoint(self, endpoint: str) -> None:
        await self._control("DeleteEndpoint", endpoint, {})

    async def _control(self, operation: str, endpoint: str, parameters: Mapping[str, Any]) -> Any:
        """A call of SageMaker's control plane (protocol "json 1.1")."""
        headers = {"Content-Type": "application/x-amz-json-1.1", TARGET: f"SageMaker.{operation}"}
        body = orjson.dumps({"EndpointName": endpoint, **parameters})
        answer = await self._answer(_Request("sagemaker", "POST", "/", headers, body))
        if not answer.ok:
            raise explain(answer.status, answer.headers, answer.body, endpoint)
        return orjson.loads(answer.body or b"{}")

    async def invoke_async(self, endpoint: str, address: str, function: str, request_id: str) -> Locations:
        own = {
            "Content-Type": JSON,
            "Accept": JSON,
            "InputLocation": address,
            "Inference-Id": request_id,
            "Custom-Attributes": custom_attributes(request_id, function),
            "RequestTTLSeconds": str(QUEUE_TTL_S),
            "InvocationTimeoutSeconds": str(CALL_LIMIT_S),
        }
        headers = {f"X-Amzn-SageMaker-{name}": value for name, value in own.items()}
        path = f"/endpoints/{endpoint}/async-invocations"
        answer = await self._answer(_Request("sagemaker-runtime", "POST", path, headers))
        if not answer.ok:
            raise explain(answer.status, answer.headers, answer.body, endpoint)
        output, failure = (
            answer.headers.get(f"X-Amzn-SageMaker-{name}", "") for name in ("OutputLocation", "FailureLocation")
        )
        return Locations(output, failure)

    async def put(self, address: str, body: bytes, digest: str = "") -> None:
        await self._object("PUT", address, body, digest)

    async def get(self, address: str, share: Share | None = None) -> bytes | None:
        answer = await self._object("GET", address, share=share)
        return answer and answer.body

    async def written_at(self, address: str) -> datetime | None:
        answer = await self._object("HEAD", address)
        return answer and parsedate_to_datetime(answer.headers["Last-Modified"])

    async def delete(self, address: str) -> None:
        await self._object("DELETE", address)

    async def _object(
        self, method: str, address: str, body: bytes = b"", digest: str = "", share: Share | None = None
    ) -> "_Answer | None":
        """S3's answer, None where there is no such object."""
        parts = _ADDRESS.fullmatch(address)
        if parts is None:
            raise GatewayError("internal", f"{address!r:.80} is no address in S3")
        headers = {"Content-Type": JSON} if body else {}
        answer = await self._answer(_Request("s3", method, f"/{parts[1]}/{parts[2]}", headers, body, digest, share))
        code = re.search(rb"<Code>(\w{1,60})</Code>", answer.body) if not answer.ok else None
        name = code[1].decode() if code else str(answer.status)
        if answer.status == HTTPStatus.NOT_FOUND and name != "NoSuchBucket":
            return None
        if not answer.ok:
            raise GatewayError("endpoint", f"S3 refused {method} of a batch call ({name})", retryable=True)
        return answer

    async def _answer(self, request: "_Request") -> "_Answer":
        """What a service answers, whatever that is; asked again where it fails for a moment.

        Raises GatewayError where it does not answer, or at too great length.
        """
        for attempt in range(1, TRIES):
            with _ignore_retryable():
                answer = await self._attempt(request)
                if answer.ok or not _MOMENTARY.match(f"{answer.status} ".encode() + answer.body[:MESSAGE_BYTES]):
                    return answer
                if b"ExpiredToken" in answer.body:
                    self._aws.forget_keys()
            await asyncio.sleep(random.uniform(0, BACKOFF_S * 2**attempt))  # noqa: S311 - jitter
        return await self._attempt(request)

    async def _attempt(self, request: "_Request") -> "_Answer":
        service, method, path, headers, body, digest, share = request
        try:
            async with (
                asyncio.timeout(ANSWER_LIMIT_S),
                self._aws.call(service, method, path, headers, body, digest) as response,
            ):
                content = await read(response, share if response.ok else None)
                return _Answer(response.ok, response.status, response.headers, content)
        except (aiohttp.ClientError, TimeoutError, BotoCoreError) as fault:
            name = "S3" if service == "s3" else "SageMaker"
            text = f"{name} cannot be reached ({type(fault).__name__})"
            raise GatewayError("endpoint", text, retryable=True) from None


@contextmanager
def _ignore_retryable() -> Iterator[None]:
    """Goes on after a failure that may be gone at the next try."""
    try:
        yield
    except GatewayError as error:
        if not error.retryable:
            raise


class _Request(NamedTuple):
    service: str
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""
    digest: str = ""
    """SHA-256 of the body, in hexadecimal, where that is known already."""
    share: Share | None = None
    """What holds the answer."""


class _Answer(NamedTuple):
    ok: bool
    status: int
    headers: Mapping[str, str]
    body: bytes
