"""What answers: SageMaker endpoints, called over kept-alive connections and retried in time; or an echo of theirs."""

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
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError, NoCredentialsError

from .contract import NOT_CVATS, Payload
from .errors import ConfigError, GatewayError, Kind, blamed
from .images import opened
from .settings import Function, Settings
from .telemetry import Trace

CALL_TIMEOUT_S = 65.0  # SageMaker itself gives a model 60 s
MAX_ATTEMPTS = 8
BACKOFF_S = (0.1, 5.0)  # doubled from the first to the second; in the mean, all waits sum up to 8 s
WRITE_WHOLE = 1024 * 1024  # bytes; aiohttp wants more in pieces, so that one body does not block the loop
AWS = botocore.session.Session()
JSON = {"Accept": "application/json", "Content-Type": "application/json"}
# Why there is no answer: what CVAT's user is told, and whether to try again. The first that fits counts.
FAULTS: dict[type[Exception], tuple[Kind, str, bool]] = {
    NoCredentialsError: ("credentials", "The gateway has no AWS credentials", False),
    BotoCoreError: ("credentials", "The gateway's AWS credentials cannot be refreshed: {fault}", True),
    aiohttp.ConnectionTimeoutError: ("endpoint", "SageMaker cannot be reached", True),
    TimeoutError: ("timeout", "Model did not answer within {seconds:.0f} s", False),
    aiohttp.ClientError: ("endpoint", "Connection to SageMaker failed: {fault.__class__.__name__}", True),
}
# What an error of SageMaker means, by the first pattern in its status, code, the container's status, message.
ERRORS: list[tuple[str, Kind, str]] = [
    (r"^\d+ ModelError (429|503)", "busy", "Model is busy: {message}"),
    (r"^\d+ ModelError 4", "refused", "Model refused the request: {message}"),
    (r"^\d+ ModelError|^424", "model", "Model failed: {message}"),
    (r"^429|^\d+ (Throttling|TooManyRequests|ModelNotReady)", "busy", "Model is busy: SageMaker throttles the calls"),
    (r"^413", "too_large", "Image too large for SageMaker"),
    (r"^\d+ (ExpiredToken|RequestExpired)", "credentials", "The gateway's AWS credentials have expired"),
    (r"^5", "endpoint", "SageMaker failed ({code})"),
    (r"^403|^\d+ AccessDenied", "endpoint", "The gateway may not call endpoint {endpoint} ({code})"),
    (r"(?i)not found", "endpoint", "Endpoint {endpoint} does not exist or is still being created"),
    (r"", "endpoint", "SageMaker refused the call ({code}): {message}"),
]


class Echo:
    """Plausible, deterministic answers with no model and no account, to try a CVAT with."""

    async def running(self, _: web.Application) -> AsyncIterator[None]:
        yield

    async def ready(self) -> bool:
        return True

    async def invoke(self, function: Function, body: bytes, deadline: float, trace: Trace) -> bytes:
        trace.attempts = 1
        with blamed("request", NOT_CVATS):
            return orjson.dumps(echoed(function, orjson.loads(body)))


def echoed(function: Function, payload: Payload) -> Any:
    """A box of a detector's first label; objects stay where they were; boxes match in their order."""
    if function.kind == "detector":
        width, height = opened(payload["image"], decode=False).size
        item = {
            "type": "rectangle",
            "confidence": "0.9",
            "points": [width / 4, height / 4, width * 0.75, height * 0.75],
        }
        return [item | {"label": label.name} for label in (function.labels or [])[:1]]
    if function.kind == "interactor":  # the box that was drawn, or one around the first point
        x, y = (payload["pos_points"] or [[0, 0]])[0]
        (x0, y0), (x1, y1) = payload.get("obj_bbox") or [[max(0, x - 20), max(0, y - 20)], [x + 20, y + 20]]
        return {"points": [[x0, y0], [x1, y0], [x1, y1], [x0, y1]]}
    if function.kind == "tracker":
        return {"shapes": (shapes := payload["states"] or payload["shapes"]), "states": shapes}
    return [row if row < len(payload["boxes1"]) else -1 for row in range(len(payload["boxes0"]))]


class SageMaker:
    """The backend that deployed functions run on."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._credentials: Credentials | None = None
        self._loading = asyncio.Lock()

    async def running(self, _: web.Application) -> AsyncIterator[None]:
        """Find region and host name, and keep a pool of connections until the end."""
        self._region, self._base = await asyncio.to_thread(self._locate)
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=50)
        async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as self._client:
            yield

    async def ready(self) -> bool:
        with suppress(BotoCoreError):
            return await self._keys() is not None
        return False

    async def invoke(self, function: Function, body: bytes, deadline: float, trace: Trace) -> bytes:
        """A container's answer to a request in its form; `deadline` is one of time.monotonic()."""
        while True:
            trace.attempts, started = trace.attempts + 1, time.monotonic()
            try:
                return await self._attempt(function, body, min(CALL_TIMEOUT_S, deadline - started), trace.request_id)
            except GatewayError as error:
                pause = random.uniform(0, min(BACKOFF_S[0] * 2**trace.attempts, BACKOFF_S[1]))  # noqa: S311 - jitter
                if not error.retryable or trace.attempts == MAX_ATTEMPTS or time.monotonic() + pause >= deadline:
                    raise
            finally:
                trace.upstream_ms += round((time.monotonic() - started) * 1000, 1)
            await asyncio.sleep(pause)

    async def _attempt(self, function: Function, body: bytes, seconds: float, request_id: str) -> bytes:
        target = self._settings.target(function.name)
        assert target  # noqa: S101 - others are not listed with this backend
        limits = aiohttp.ClientTimeout(total=seconds, sock_connect=5)
        data = body if len(body) <= WRITE_WHOLE else io.BytesIO(body)
        names = {"Inference-Id": request_id, "Custom-Attributes": f"request-id={request_id}"}
        names |= {"Target-Container-Hostname": target.container} if target.container else {}
        headers = JSON | {f"X-Amzn-SageMaker-{name}": value for name, value in names.items()}
        signed = AWSRequest("POST", f"{self._base}/endpoints/{target.endpoint}/invocations", headers, data=body)
        try:
            SigV4Auth(await self._keys(), "sagemaker", self._region).add_auth(signed)
            headers = dict(signed.headers.items())
            async with self._client.post(signed.url, data=data, headers=headers, timeout=limits) as response:
                raw = await response.read()
        except tuple(FAULTS) as fault:
            kind, text, retryable = next(told for form, told in FAULTS.items() if isinstance(fault, form))
            raise GatewayError(kind, text.format(fault=fault, seconds=seconds), retryable=retryable) from None
        if response.ok:
            return raw
        error = explain(response.status, response.headers, raw, target.endpoint)
        if error.kind == "credentials":
            self._credentials = None  # look for new ones before the next attempt
        raise error

    async def _keys(self) -> Any:
        """Credentials, None if there are none. Where finding or refreshing them blocks, it is done in a thread."""
        async with self._loading:
            found: Any = self._credentials or await asyncio.to_thread(self._load)
            self._credentials = found
        if getattr(found, "refresh_needed", bool)():  # those that never expire have no such method
            return await asyncio.to_thread(found.get_frozen_credentials)
        return found and found.get_frozen_credentials()

    def _load(self) -> Credentials | None:
        """As every AWS SDK finds them: environment, profile, container role, instance role."""
        return AWS.get_component("credential_provider").load_credentials()

    def _locate(self) -> tuple[str, str]:
        """Region, and address of its runtime; with keys given, this client does not go and look for any."""
        region = self._settings.aws_region or AWS.get_config_variable("region")
        if not region:
            raise ConfigError("environment variable AWS_REGION is not set: set it to the endpoints' region")
        keys = dict.fromkeys(("aws_access_key_id", "aws_secret_access_key"), "unused")
        return region, AWS.create_client("sagemaker-runtime", region, **keys).meta.endpoint_url.rstrip("/")


def explain(status: int, headers: Mapping[str, str], raw: bytes, endpoint: str) -> GatewayError:
    """What an error of SageMaker's runtime means to the person in front of CVAT, and whether to try again."""
    body: Payload = {}
    with suppress(TypeError, ValueError):
        body = dict(orjson.loads(raw))
    code = str(headers.get("x-amzn-errortype") or body.get("__type") or body.get("code") or status)
    code = re.sub(r"^.*#|:.*$", "", code)
    message = body.get("OriginalMessage") or body.get("message") or body.get("Message") or "no reason given"
    told = f"{status} {code} {body.get('OriginalStatusCode')} {message}"
    kind, text = next((kind, text) for pattern, kind, text in ERRORS if re.search(pattern, told))
    again = kind in {"busy", "credentials"} or status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return GatewayError(kind, text.format(code=code, message=message, endpoint=endpoint), retryable=again)
