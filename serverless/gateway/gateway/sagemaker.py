"""Calls of SageMaker endpoints: signed by botocore, sent over kept-alive connections, retried in time."""

import asyncio
import io
import random
import re
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import Any

import aiohttp
import botocore.session
import orjson
from aiohttp import web
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials, EnvProvider
from botocore.exceptions import BotoCoreError
from yarl import URL

from .errors import ConfigError, GatewayError
from .registry import Function
from .settings import Settings, Target
from .telemetry import Trace

CALL_TIMEOUT_S = 65.0  # SageMaker itself gives a model 60 s
CONNECT_TIMEOUT_S = 5.0
KEEP_ALIVE_S = 50.0
MAX_ATTEMPTS = 8
BACKOFF_S = (0.1, 5.0)  # doubled from the first to the second; in the mean, all waits sum up to 8 s
WRITE_WHOLE = 1024 * 1024  # bytes; aiohttp wants more in pieces, so that one body does not block the loop
EXPIRED = {"ExpiredTokenException", "ExpiredToken", "RequestExpired"}
THROTTLED = {"ThrottlingException", "Throttling", "TooManyRequestsException", "ModelNotReadyException", "429"}
BUSY = {429, 503}  # statuses of a container that wants the call again later


class SageMaker:
    """The backend that deployed functions run on."""

    def __init__(self, settings: Settings, environ: Mapping[str, str]) -> None:
        self._settings, self._environ = settings, environ
        self._session = botocore.session.Session()
        self._credentials: Credentials | None = None
        self._loading = asyncio.Lock()

    async def running(self, _: web.Application) -> AsyncIterator[None]:
        """Find region, host name and credentials, and keep a pool of connections until the end."""
        self._region, self._base = await asyncio.to_thread(self._locate)
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE_S)
        async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as self._client:
            await self.ready()
            yield

    async def ready(self) -> bool:
        """Whether credentials are found; looking for them blocks, so it is done in a thread."""
        async with self._loading:
            with suppress(BotoCoreError):
                self._credentials = self._credentials or await asyncio.to_thread(self._load)
        return self._credentials is not None

    async def invoke(self, function: Function, body: bytes, deadline: float, trace: Trace) -> bytes:
        """A container's answer to a request in its form; `deadline` is one of time.monotonic()."""
        target = function.target
        assert target  # noqa: S101 - others are not listed with this backend
        for attempt in range(1, MAX_ATTEMPTS + 1):
            trace.attempts, started = attempt, time.monotonic()
            try:
                timeout = min(CALL_TIMEOUT_S, deadline - started)
                return await self._attempt(target, body, timeout, trace.request_id)
            except GatewayError as error:
                pause = random.uniform(0, min(BACKOFF_S[0] * 2**attempt, BACKOFF_S[1]))  # noqa: S311 - jitter
                if not error.retryable or attempt == MAX_ATTEMPTS or time.monotonic() + pause >= deadline:
                    raise
            finally:
                trace.upstream += time.monotonic() - started
            await asyncio.sleep(pause)
        raise AssertionError("the last attempt returns or raises")

    async def _attempt(self, target: Target, body: bytes, timeout: float, request_id: str) -> bytes:
        limits = aiohttp.ClientTimeout(total=timeout, sock_connect=CONNECT_TIMEOUT_S)
        url, headers = await self._signed(target, body, request_id)
        data = body if len(body) <= WRITE_WHOLE else io.BytesIO(body)
        try:
            async with self._client.post(url, data=data, headers=headers, timeout=limits) as response:
                raw = await response.read()
        except aiohttp.ConnectionTimeoutError:
            raise GatewayError("endpoint", "SageMaker cannot be reached", retryable=True) from None
        except TimeoutError:
            raise GatewayError("timeout", f"Model did not answer within {timeout:.0f} s") from None
        except aiohttp.ClientError as fault:
            text = f"Connection to SageMaker failed: {type(fault).__name__}"
            raise GatewayError("endpoint", text, retryable=True) from None
        if response.status == HTTPStatus.OK:
            return raw
        error = explain(response.status, response.headers, raw, target.endpoint)
        if error.kind == "credentials":
            self._credentials = None  # look for new ones before the next attempt
        raise error

    async def _signed(self, target: Target, body: bytes, request_id: str) -> tuple[URL, dict[str, str]]:
        url = f"{self._base}/endpoints/{target.endpoint}/invocations"
        headers = {
            "Accept": "application/json",
            "Content-Type": "application/json",
            "X-Amzn-SageMaker-Inference-Id": request_id,
            "X-Amzn-SageMaker-Custom-Attributes": f"request-id={request_id}",
        }
        if target.container:
            headers["X-Amzn-SageMaker-Target-Container-Hostname"] = target.container
        request = AWSRequest("POST", url, headers=headers, data=body)
        SigV4Auth(await self._sign_with(), "sagemaker", self._region).add_auth(request)
        return URL(url, encoded=True), dict(request.headers.items())

    async def _sign_with(self) -> Any:
        """Frozen credentials, refreshed in a thread if they are about to expire."""
        if not await self.ready() or (credentials := self._credentials) is None:
            raise GatewayError("credentials", "The gateway has no AWS credentials")
        try:
            if getattr(credentials, "refresh_needed", bool)():  # those that never expire have no such method
                return await asyncio.to_thread(credentials.get_frozen_credentials)
            return credentials.get_frozen_credentials()
        except BotoCoreError as error:
            text = f"The gateway's AWS credentials cannot be refreshed: {error}"
            raise GatewayError("credentials", text, retryable=True) from None

    def _load(self) -> Credentials | None:
        """From the given environment, else as every AWS SDK does: profile, container role, instance role."""
        resolver = self._session.get_component("credential_provider")
        return EnvProvider(self._environ).load() or resolver.load_credentials()

    def _locate(self) -> tuple[str, str]:
        """Region, and address of its runtime."""
        region = self._settings.region or self._session.get_config_variable("region")
        if not region:
            raise ConfigError("environment variable AWS_REGION is not set: set it to the endpoints' region")
        if self._settings.endpoint_url:
            return region, self._settings.endpoint_url.rstrip("/")
        # This client only tells the host's name: with keys given, it does not go and look for any.
        unused = dict.fromkeys(("aws_access_key_id", "aws_secret_access_key"), "unused")
        return region, self._session.create_client("sagemaker-runtime", region, **unused).meta.endpoint_url.rstrip("/")


def explain(status: int, headers: Mapping[str, str], raw: bytes, endpoint: str) -> GatewayError:
    """What an error of SageMaker's runtime means to the person in front of CVAT, and whether to try again."""
    body: dict[str, Any] = {}
    with suppress(orjson.JSONDecodeError, TypeError, ValueError):
        body = dict(orjson.loads(raw))
    code = str(headers.get("x-amzn-errortype") or body.get("__type") or body.get("code") or status)
    code = re.sub(r"^.*#|:.*$", "", code)
    message = str(body.get("OriginalMessage") or body.get("message") or body.get("Message") or "")
    if code == "ModelError" or status == HTTPStatus.FAILED_DEPENDENCY:
        return _model_error(message, body.get("OriginalStatusCode"))
    if code in THROTTLED or status == HTTPStatus.TOO_MANY_REQUESTS:
        return GatewayError("busy", "Model is busy: SageMaker throttles the calls", retryable=True)
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return GatewayError("too_large", "Image too large for SageMaker")
    if code in EXPIRED:
        return GatewayError("credentials", "The gateway's AWS credentials have expired", retryable=True)
    text = f"SageMaker refused the call ({code}): {message}"
    if failed := status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        text = f"SageMaker failed ({code})"
    elif status == HTTPStatus.FORBIDDEN or code == "AccessDeniedException":
        text = f"The gateway may not call endpoint {endpoint} ({code})"
    elif "not found" in message.lower():
        text = f"Endpoint {endpoint} does not exist or is still being created"
    return GatewayError("endpoint", text, retryable=failed)


def _model_error(message: str, original: object) -> GatewayError:
    """A container's own answer: a 4xx is the request's fault, 429 and 503 ask to be called again."""
    busy = original in BUSY
    refused = isinstance(original, int) and 400 <= original < 500 and not busy  # noqa: PLR2004 - 4xx
    text = f"Model {'refused the request' if refused else 'failed'}: {message or 'no reason given'}"
    return GatewayError("model", text, status=400 if refused else 502, retryable=busy)
