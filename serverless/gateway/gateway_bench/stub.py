"""A stub of SageMaker's runtime: takes calls, and answers what it is configured to.

As a process: `python -m gateway_bench.stub PORT MODEL_MS [CERTIFICATE]`, which checks the signature of each call that
has one, and speaks TLS with a certificate (a PEM file with its key).
"""

import asyncio
import ssl
import sys
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from aiohttp import web
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

DETECTION = b'[{"label":"car","type":"rectangle","points":[10.5,20.5,110.5,220.5],"confidence":"0.93"}]'

OUTLINE = b'{"points":[[10,10],[90,10],[90,60],[10,60]],"mask":[[1,0],[1,1]],"bounds":[10,10,11,11]}'
ANSWERS: dict[str, bytes | Callable[[bytes], bytes]] = {
    "detector": DETECTION,
    "interactor": OUTLINE,
    "reid": b"[0,1,2,3,4,5,6,7,8,9]",
    "tracker": b'{"shapes":[[1,2,3,4]],"states":[{"n":1}]}',
}
"""By endpoint, what the process answers."""

Fault = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Received(NamedTuple):
    endpoint: str
    headers: Mapping[str, str]
    body: bytes


class Stub:
    """Answers `answers[endpoint]`, unless a fault is due; keeps the calls that it got."""

    def __init__(self, delay: float = 0.0, *, keep: bool = True, check: Credentials | None = None) -> None:
        self.answers: dict[str, bytes | Callable[[bytes], bytes]] = {}
        self.faults: deque[Fault] = deque()
        self.received: list[Received] = []
        self.connections: set[object] = set()
        self._delay, self._keep, self._check = delay, keep, check

    def app(self) -> web.Application:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_post("/endpoints/{endpoint}/invocations", self.invoke)
        return app

    async def invoke(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        call = Received(request.match_info["endpoint"], request.headers.copy(), body)
        if self._check and "Authorization" in call.headers and not self._authentic(request, call):
            return web.json_response({"message": "wrong signature"}, status=403)
        if self._keep:
            self.received.append(call)
            self.connections.add(request.transport and request.transport.get_extra_info("peername"))
        if self._delay:
            await asyncio.sleep(self._delay)
        if self.faults:
            return await self.faults.popleft()(request)
        answer = self.answers.get(call.endpoint, DETECTION)
        raw = answer if isinstance(answer, bytes) else answer(body)
        return web.Response(body=raw, content_type="application/json")

    def _authentic(self, request: web.Request, call: Received) -> bool:
        """Whether the signature is right, computed again over body and headers as AWS does."""
        given = call.headers["Authorization"]
        return given.endswith(f"Signature={signature(str(request.url), call, self._check)}")


def signature(url: str, call: Received, credentials: Credentials | None) -> str:
    """The signature (version 4) of a call as it arrived; region and headers are those that it names."""
    given = call.headers["Authorization"]
    scope = given.split("Credential=")[1].split(",")[0].split("/")
    names = given.split("SignedHeaders=")[1].split(",")[0].split(";")
    headers: dict[str, Any] = {name: call.headers[name] for name in names}
    request = AWSRequest("POST", url, headers=headers, data=call.body)
    request.context["timestamp"] = call.headers["X-Amz-Date"]
    auth = SigV4Auth(credentials, "sagemaker", scope[2])
    return str(auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request))


def main() -> None:
    port, model_ms, *certificate = sys.argv[1:]
    stub = Stub(float(model_ms) / 1000, keep=False, check=Credentials("bench", "bench"))
    stub.answers = ANSWERS
    context = None
    if certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate[0])
    web.run_app(stub.app(), host="127.0.0.1", port=int(port), access_log=None, print=None, ssl_context=context)


if __name__ == "__main__":
    main()
