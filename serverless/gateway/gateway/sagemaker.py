"""Calls of SageMaker endpoints: signed by botocore, sent over kept-alive connections, retried in time."""

import asyncio
import io
import random
import time
from collections.abc import Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import Any

import aiohttp
import botocore.session
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials, EnvProvider
from botocore.exceptions import BotoCoreError
from yarl import URL

from . import problems
from .backend import Backend, Trace
from .errors import ConfigError, GatewayError
from .registry import Function
from .settings import Settings, Target

CALL_TIMEOUT_S = 65.0  # SageMaker itself gives a model 60 s
CONNECT_TIMEOUT_S = 5.0
KEEP_ALIVE_S = 50.0
MAX_ATTEMPTS = 8
BACKOFF_S = (0.1, 5.0)  # doubled from the first to the second; in the mean, all waits sum up to 8 s
WRITE_WHOLE = 1024 * 1024  # bytes; aiohttp wants more in pieces, so that one body does not block the loop


class SageMaker(Backend):
    """The backend that deployed functions run on."""

    def __init__(self, settings: Settings, environ: Mapping[str, str]) -> None:
        self._settings = settings
        self._session = botocore.session.Session()
        self._environ = environ
        self._credentials: Credentials | None = None
        self._loading = asyncio.Lock()

    async def start(self) -> None:
        """Find region, host name and credentials, and open the pool of connections."""
        self._region, self._base = await asyncio.to_thread(self._locate)
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE_S)
        self._client = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())
        await self.ready()

    async def stop(self) -> None:
        await self._client.close()

    async def ready(self) -> bool:
        """Whether credentials are found; looking for them blocks, so it is done in a thread."""
        async with self._loading:
            with suppress(BotoCoreError):
                self._credentials = self._credentials or await asyncio.to_thread(self._load)
        return self._credentials is not None

    async def invoke(self, function: Function, body: bytes, deadline: float, trace: Trace) -> bytes:
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
        error = problems.explain(response.status, response.headers, raw, target.endpoint)
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
        region = self._settings.region or self._session.get_config_variable("region")
        if not region:
            raise ConfigError("environment variable AWS_REGION is not set: set it to the endpoints' region")
        # This client only tells the host's name: with keys given, it does not go and look for any.
        unused = dict.fromkeys(("aws_access_key_id", "aws_secret_access_key"), "unused")
        url = self._settings.endpoint_url
        client = self._session.create_client("sagemaker-runtime", region, endpoint_url=url, **unused)
        return region, client.meta.endpoint_url.rstrip("/")
