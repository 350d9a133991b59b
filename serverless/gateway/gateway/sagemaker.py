"""The backend that deployed functions run on: SageMaker endpoints, called over kept-alive connections."""

import asyncio
import random
import re
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from hashlib import sha256
from http import HTTPStatus
from typing import Any

import aiohttp
import orjson
from botocore.exceptions import BotoCoreError, NoCredentialsError
from yarl import URL

from gateway.aws import TIMEOUT, Aws, SignedRequest, pieces, proxy_for
from gateway.contract import Payload
from gateway.errors import ErrorKind, GatewayError
from gateway.memory import Share
from gateway.settings import Target
from gateway.telemetry import Trace

CALL_TIMEOUT_S = 65.0
"""SageMaker itself gives a model 60 s."""
LAST_WORD_S = 0.05
"""Before CVAT's deadline, the reason for the failure is sent."""
BACKOFF_S = (0.1, 5.0)
"""Doubled from the first to the second; half of it is waited in the mean."""
REACHED_S = 10.0
"""How long one answer of SageMaker shows that it can be reached."""
PROBE_TIMEOUT_S = 3.0
MAX_ANSWER_BYTES = 16 * 1024 * 1024
"""SageMaker passes 6 MB; larger ones with an option that an endpoint may have one day."""
MESSAGE_LENGTH = 2000
"""Characters of a container's message that are looked at."""
JSON = {"Accept": "application/json", "Content-Type": "application/json"}

FAULTS: dict[type[Exception], tuple[ErrorKind, str, bool]] = {
    NoCredentialsError: ("credentials", "The gateway has no AWS credentials", False),
    BotoCoreError: ("credentials", "The gateway's AWS credentials cannot be refreshed: {fault}", True),
    aiohttp.ConnectionTimeoutError: ("endpoint", "SageMaker cannot be reached", True),
    TimeoutError: ("timeout", "Model did not answer within {seconds:.0f} s", True),
    aiohttp.ClientError: ("endpoint", "Connection to SageMaker failed: {fault.__class__.__name__}", True),
}
"""Why there is no answer: what CVAT's user is shown, and whether to try again. The first that fits counts."""

ERRORS: list[tuple[str, ErrorKind, str]] = [
    (r"\d+ ModelError (429|503)", "busy", "Model is busy: {message}"),
    (r"\d+ ModelError 4", "refused", "Model refused the request: {message}"),
    (r"\d+ ModelError|424", "model", "Model failed: {message}"),
    (r"429|\d+ (Throttling|TooManyRequests|ModelNotReady)", "busy", "Model is busy: SageMaker throttles the calls"),
    (r"413", "too_large", "Image too large for SageMaker"),
    (r"\d+ (ExpiredToken|RequestExpired)", "credentials", "The gateway's AWS credentials have expired"),
    (r"5", "endpoint", "SageMaker failed ({code})"),
    (r"403|\d+ AccessDenied", "endpoint", "The gateway may not call endpoint {endpoint} ({code})"),
    (r"(?is).*(not found|could not find)", "endpoint", "Endpoint {endpoint} does not exist or is still being created"),
    (r"", "endpoint", "SageMaker refused the call ({code}): {message}"),
]
"""What an error of SageMaker means, by the first pattern that its status, code, the container's status and its message
begin with."""


def custom_attributes(request_id: str, function: str) -> str:
    """What a container learns of a call beside its body: one that serves several functions chooses by it."""
    return f"request-id={request_id},function={function}"


class SageMaker:
    """Calls endpoints, again and again where that may help, until CVAT stops waiting."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws
        self._reached = float("-inf")

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Finds the address before the first call, and keeps a pool of connections until the end."""
        self._base = await asyncio.to_thread(self._aws.address, "sagemaker-runtime")
        async with self._aws.connected():
            yield

    async def problem(self) -> str | None:
        """Why calls cannot be answered, if so: no credentials, or SageMaker is out of reach."""
        try:
            if await self._aws.keys() is None:
                return "The gateway has no AWS credentials"
        except BotoCoreError:
            return "The gateway's AWS credentials cannot be refreshed"
        if time.monotonic() - self._reached < REACHED_S:
            return None
        try:
            timeout = aiohttp.ClientTimeout(total=PROBE_TIMEOUT_S)
            async with self._aws.client.get(
                self._base, timeout=timeout, proxy=proxy_for(self._base)
            ):  # any answer will do
                self._reached = time.monotonic()
        except (aiohttp.ClientError, TimeoutError) as fault:
            return f"SageMaker cannot be reached ({fault.__class__.__name__})"
        return None

    async def invoke(self, target: Target, body: bytes, deadline: float, share: Share, trace: Trace) -> bytes:
        """A container's answer to a request in its form; `deadline` is one of time.monotonic().

        Raises GatewayError, before the deadline: the failure of the last attempt that was not cut short by it.
        """
        digest, error = sha256(body).hexdigest(), None
        while True:
            started = time.monotonic()
            seconds = min(CALL_TIMEOUT_S, deadline - started - LAST_WORD_S)
            trace.attempts += 1
            try:
                async with asyncio.timeout(seconds):
                    request = self._signed(target, digest, trace, await self._aws.keys())
                    return await self._attempt(request, body, target.endpoint, share)
            except tuple(FAULTS) as fault:
                if error is None or seconds == CALL_TIMEOUT_S or not isinstance(fault, TimeoutError):
                    kind, text, retryable = next(known for form, known in FAULTS.items() if isinstance(fault, form))
                    error = GatewayError(kind, text.format(fault=fault, seconds=seconds), retryable=retryable)
            except GatewayError as failure:
                error = failure
            finally:
                trace.upstream_ms += round((time.monotonic() - started) * 1000, 1)
            if error.kind == "credentials":
                self._aws.forget_keys()
            pause = random.uniform(0, min(BACKOFF_S[0] * 2 ** min(trace.attempts, 10), BACKOFF_S[1]))  # noqa: S311 - jitter
            if not error.retryable or time.monotonic() + pause >= deadline - LAST_WORD_S:
                raise error
            await asyncio.sleep(pause)

    def _signed(self, target: Target, digest: str, trace: Trace, keys: Any) -> SignedRequest:
        names = {"Inference-Id": trace.request_id}
        names["Custom-Attributes"] = custom_attributes(trace.request_id, trace.function)
        names |= {"Target-Container-Hostname": target.container} if target.container else {}
        headers = JSON | {f"X-Amzn-SageMaker-{name}": value for name, value in names.items()}
        request = SignedRequest(f"{self._base}/endpoints/{target.endpoint}/invocations", headers)
        return self._aws.signed("sagemaker-runtime", request, digest, keys)

    async def _attempt(self, request: SignedRequest, body: bytes, endpoint: str, share: Share) -> bytes:
        address = URL(request.url, encoded=True)  # parsing it would cost more
        headers = request.headers | {"Content-Length": str(len(body))}
        proxy = proxy_for(self._base)
        async with self._aws.client.post(
            address, data=pieces(body), headers=headers, timeout=TIMEOUT, proxy=proxy
        ) as response:
            raw = await read(response, share)
        self._reached = time.monotonic()
        if response.ok:
            return raw
        raise explain(response.status, response.headers, raw, endpoint)


async def read(response: aiohttp.ClientResponse, share: Share | None) -> bytes:
    """The body of an answer, which is held by a request's share as it comes. Raises GatewayError."""
    pieces, size = [], 0
    async for piece in response.content.iter_any():
        pieces.append(piece)
        size += len(piece)
        if size > MAX_ANSWER_BYTES:
            raise GatewayError("model", f"Model failed: its answer is larger than {MAX_ANSWER_BYTES} bytes")
        if share and size > share.held:
            await share.hold(size)
    return b"".join(pieces)


def explain(status: int, headers: Mapping[str, str], raw: bytes, endpoint: str) -> GatewayError:
    """What an error of SageMaker's runtime means to the person in front of CVAT, and whether to try again."""
    body: Payload = {}
    with suppress(TypeError, ValueError):
        body = dict(orjson.loads(raw))
    code = str(headers.get("x-amzn-errortype") or body.get("__type") or body.get("code") or status)
    code = code[:MESSAGE_LENGTH].rpartition("#")[2].partition(":")[0]
    message = body.get("OriginalMessage") or body.get("message") or body.get("Message") or "no reason given"
    message = str(message)[:MESSAGE_LENGTH]
    line = f"{status} {code} {body.get('OriginalStatusCode')} {message}"
    kind, text = next((kind, text) for pattern, kind, text in ERRORS if re.match(pattern, line))
    retryable = kind in {"busy", "credentials"} or status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return GatewayError(kind, text.format(code=code, message=message, endpoint=endpoint), retryable=retryable)
