"""What an error of SageMaker's runtime means to the person in front of CVAT, and whether to try again."""

import re
from collections.abc import Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import Any

import orjson

from .errors import GatewayError

EXPIRED = {"ExpiredTokenException", "ExpiredToken", "RequestExpired"}
THROTTLED = {"ThrottlingException", "Throttling", "TooManyRequestsException", "ModelNotReadyException"}
BUSY = {429, 503}  # statuses of a container that wants the call again later


def explain(status: int, headers: Mapping[str, str], raw: bytes, endpoint: str) -> GatewayError:
    """An error as AWS's REST-JSON protocol has it, explained."""
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
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        text = f"SageMaker failed ({code})"
    elif status == HTTPStatus.FORBIDDEN or code == "AccessDeniedException":
        text = f"The gateway may not call endpoint {endpoint} ({code})"
    elif "not found" in message.lower():
        text = f"Endpoint {endpoint} does not exist or is still being created"
    return GatewayError("endpoint", text, retryable=status >= HTTPStatus.INTERNAL_SERVER_ERROR)


def _model_error(message: str, original: object) -> GatewayError:
    """A container's own answer: a 4xx is the request's fault, 429 and 503 ask to be called again."""
    busy = original in BUSY
    refused = isinstance(original, int) and 400 <= original < 500 and not busy  # noqa: PLR2004 - 4xx
    text = f"Model {'refused the request' if refused else 'failed'}: {message or 'no reason given'}"
    return GatewayError("model", text, status=400 if refused else 502, retryable=busy)
