"""What may come back from SageMaker's runtime instead of an answer."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
from gateway_bench.stub import DETECTION

Fault = Callable[[web.Request], Awaitable[web.StreamResponse]]


def error(status: int, code: str, **body: Any) -> Fault:
    """An error as SageMaker's runtime answers it."""

    async def answer(_: web.Request) -> web.Response:
        headers = {"x-amzn-errortype": f"{code}:http://internal.amazon.com/coral/"}
        return web.json_response(body, status=status, headers=headers)

    return answer


async def drop(request: web.Request) -> web.StreamResponse:
    assert request.transport
    request.transport.close()
    return web.Response()


def sleep(seconds: float) -> Fault:
    async def answer(_: web.Request) -> web.Response:
        await asyncio.sleep(seconds)
        return web.Response(body=DETECTION)

    return answer


def text(body: str) -> Fault:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(text=body)

    return answer


THROTTLED = error(400, "ThrottlingException", message="Rate exceeded")
FAILED = error(500, "InternalFailure", message="oops")
MISSING = error(400, "ValidationError", message="Endpoint detector of account 1 not found.")
DENIED = error(403, "AccessDeniedException", message="User is not authorized")
EXPIRED = error(403, "ExpiredTokenException", message="The security token included in the request is expired")


def model_error(status: int, message: str) -> Fault:
    return error(424, "ModelError", OriginalStatusCode=status, OriginalMessage=message, LogStreamArn="arn")
