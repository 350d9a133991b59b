"""What batch functions need of SageMaker's control plane, of its asynchronous calls, and of S3."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, Protocol

import aiohttp
import orjson
from botocore.exceptions import BotoCoreError

from gateway.aws import Aws
from gateway.errors import GatewayError
from gateway.sagemaker import MAX_ANSWER_BYTES, explain

JSON = "application/json"
TARGET = "X-Amz-Target"
DELETING = "Deleting"
FAILED = "Failed"
IN_SERVICE = "InService"
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

    async def put(self, address: str, body: bytes) -> None:
        """Writes an object."""

    async def get(self, address: str) -> bytes | None:
        """An object's content, None if there is none."""

    async def written_at(self, address: str) -> datetime | None:
        """When an object was written last, None if there is none."""

    async def delete(self, address: str) -> None:
        """Deletes an object, if there is one."""


QUEUE_TTL_S = 3600
"""A call that has waited longer in SageMaker's queue is expired: whoever asked has gone (CVAT waits 1,500 s)."""
CALL_LIMIT_S = 900
"""What SageMaker gives a container for one asynchronous call."""


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
        try:
            async with self._aws.call("sagemaker", "POST", "/", headers, body) as response:
                raw = await response.read()
        except (aiohttp.ClientError, TimeoutError, BotoCoreError) as fault:
            raise _unreachable("SageMaker", fault) from None
        if not response.ok:
            raise explain(response.status, response.headers, raw, endpoint)
        return orjson.loads(raw or b"{}")

    async def invoke_async(self, endpoint: str, address: str, function: str, request_id: str) -> Locations:
        own = {
            "Content-Type": JSON,
            "Accept": JSON,
            "InputLocation": address,
            "Inference-Id": request_id,
            "Custom-Attributes": f"request-id={request_id},function={function}",
            "RequestTTLSeconds": str(QUEUE_TTL_S),
            "InvocationTimeoutSeconds": str(CALL_LIMIT_S),
        }
        headers = {f"X-Amzn-SageMaker-{name}": value for name, value in own.items()}
        path = f"/endpoints/{endpoint}/async-invocations"
        try:
            async with self._aws.call("sagemaker-runtime", "POST", path, headers) as response:
                raw = await response.read()
        except (aiohttp.ClientError, TimeoutError, BotoCoreError) as fault:
            raise _unreachable("SageMaker", fault) from None
        if not response.ok:
            raise explain(response.status, response.headers, raw, endpoint)
        where = {
            name: response.headers.get(f"X-Amzn-SageMaker-{name}", "") for name in ("OutputLocation", "FailureLocation")
        }
        return Locations(where["OutputLocation"], where["FailureLocation"])

    async def put(self, address: str, body: bytes) -> None:
        await self._object("PUT", address, body)

    async def get(self, address: str) -> bytes | None:
        answer = await self._object("GET", address)
        return answer and answer[1]

    async def written_at(self, address: str) -> datetime | None:
        answer = await self._object("HEAD", address)
        return answer and parsedate_to_datetime(answer[0]["Last-Modified"])

    async def delete(self, address: str) -> None:
        await self._object("DELETE", address)

    async def _object(self, method: str, address: str, body: bytes = b"") -> tuple[Mapping[str, str], bytes] | None:
        """Headers and content of S3's answer, None where there is no such object."""
        parts = _ADDRESS.fullmatch(address)
        if parts is None:
            raise GatewayError("internal", f"{address!r:.80} is no address in S3")
        headers = {"Content-Type": JSON} if body else {}
        try:
            async with self._aws.call("s3", method, f"/{parts[1]}/{parts[2]}", headers, body) as response:
                if int(response.headers.get("Content-Length", 0)) > MAX_ANSWER_BYTES:
                    raise GatewayError("model", f"Model failed: its answer is larger than {MAX_ANSWER_BYTES} bytes")
                raw = await response.read()
        except (aiohttp.ClientError, TimeoutError, BotoCoreError) as fault:
            raise _unreachable("S3", fault) from None
        code = re.search(rb"<Code>(\w{1,60})</Code>", raw) if not response.ok else None
        name = code[1].decode() if code else str(response.status)
        if response.status == HTTPStatus.NOT_FOUND and name != "NoSuchBucket":
            return None
        if not response.ok:
            raise GatewayError("endpoint", f"S3 refused {method} of a batch call ({name})", retryable=True)
        return response.headers, raw


def _unreachable(service: str, fault: Exception) -> GatewayError:
    return GatewayError("endpoint", f"{service} cannot be reached ({type(fault).__name__})", retryable=True)
