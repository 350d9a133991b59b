"""What an error of SageMaker's runtime means to the person in front of CVAT, and whether to try again."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import NamedTuple

import orjson

from .errors import GatewayError

EXPIRED = {"ExpiredTokenException", "ExpiredToken", "RequestExpired"}
THROTTLED = {"ThrottlingException", "Throttling", "TooManyRequestsException", "ModelNotReadyException"}
BUSY = {429, 503}  # statuses of a container that wants the call again later


class Problem(NamedTuple):
    """An error of SageMaker's, as AWS's REST-JSON protocol has it."""

    status: int
    code: str
    message: str
    original: int
    """The status that the model's container answered."""


def read(status: int, headers: Mapping[str, str], raw: bytes) -> Problem:
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        body = None
    body = body if isinstance(body, dict) else {}
    code = str(headers.get("x-amzn-errortype") or body.get("__type") or body.get("code") or status)
    message = str(body.get("OriginalMessage") or body.get("message") or body.get("Message") or "")
    original = body.get("OriginalStatusCode")
    short = re.sub(r"^.*#|:.*$", "", code)
    return Problem(status, short, message, original if isinstance(original, int) else 0)


def explain(problem: Problem, endpoint: str) -> GatewayError:
    status, code, message, _ = problem
    if code == "ModelError" or status == HTTPStatus.FAILED_DEPENDENCY:
        return _model_error(problem)
    if code in THROTTLED or status == HTTPStatus.TOO_MANY_REQUESTS:
        return GatewayError("busy", "Model is busy: SageMaker throttles the calls", retryable=True)
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return GatewayError("too_large", "Image too large for SageMaker")
    text, retryable = f"SageMaker refused the call ({code}): {message}", False
    if code in EXPIRED:
        text, retryable = "The gateway's AWS credentials have expired", True
    elif status == HTTPStatus.FORBIDDEN or code == "AccessDeniedException":
        text = f"The gateway may not call endpoint {endpoint} ({code})"
    elif "not found" in message.lower():
        text = f"Endpoint {endpoint} does not exist or is still being created"
    elif status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        text, retryable = f"SageMaker failed ({code})", True
    return GatewayError("endpoint", text, retryable=retryable)


def _model_error(problem: Problem) -> GatewayError:
    """A container's own answer: a 4xx is the request's fault, 429 and 503 ask to be called again."""
    busy = problem.original in BUSY
    refused = HTTPStatus.BAD_REQUEST <= problem.original < HTTPStatus.INTERNAL_SERVER_ERROR and not busy
    text = f"Model {'refused the request' if refused else 'failed'}: {problem.message or 'no reason given'}"
    return GatewayError("model", text, status=400 if refused else 502, retryable=busy)
