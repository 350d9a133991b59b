"""SageMaker's runtime for another process: moto as a server in this one, so that both see the same account."""

from __future__ import annotations

import http.client
import json
import logging
from types import TracebackType
from typing import Any

from moto.server import ThreadedMotoServer

from rehearsal.aws.moto_patches import sagemaker_runtime
from rehearsal.aws.moto_patches.sagemaker_runtime import Invocation

SECONDS = 30.0


class RuntimeServer:
    """A context manager: inside the block it serves on a port of its own."""

    def __init__(self, account: str, region: str) -> None:
        self._account, self._region = account, region
        self._server: Any = None

    def __enter__(self) -> RuntimeServer:
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self._server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stop()

    @property
    def _address(self) -> tuple[str, int]:
        host, port = self._server.get_host_and_port()
        return str(host), int(port)

    @property
    def variables(self) -> dict[str, str]:
        """Variables with which an AWS SDK calls this server."""
        host, port = self._address
        services = ("SAGEMAKER_RUNTIME", "SAGEMAKER", "S3")
        return {f"AWS_ENDPOINT_URL_{service}": f"http://{host}:{port}" for service in services}

    def queue_answer(self, body: Any) -> None:
        """Queue the next call's answer; moto's own is not JSON."""
        result = {"Body": json.dumps(body), "ContentType": "application/json", "InvokedProductionVariant": "all"}
        order = {"account_id": self._account, "region": self._region, "results": [{**result, "CustomAttributes": ""}]}
        connection = http.client.HTTPConnection(*self._address, timeout=SECONDS)
        try:
            connection.request(
                "POST",
                "/moto-api/static/sagemaker/endpoint-results",
                json.dumps(order),
                {"Content-Type": "application/json"},
            )
            answer = connection.getresponse()
            answer.read()
            if answer.status >= http.client.BAD_REQUEST:
                raise RuntimeError(f"moto took no answer for its SageMaker runtime: {answer.status} {answer.reason}")
        finally:
            connection.close()

    def invocations(self) -> list[Invocation]:
        """The calls that were let through, in their order."""
        return sagemaker_runtime.invocations(self._account, self._region)
