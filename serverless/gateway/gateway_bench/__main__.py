"""`python -m gateway_bench`: what a call costs the gateway, beside other servers that get the same calls.

One client calls, in turn: a stub of SageMaker's runtime itself, with signed requests, as CVAT would have to without a
gateway; a bare socket server and a bare aiohttp server, which read requests and answer (no gateway in Python can use
less); the gateway of another checkout, if --against names its folder serverless/gateway; and this gateway. All
gateways call the stub over TLS, as they call SageMaker (--plain: without). The stub checks every signature, which is
half of its time.

Each server has one core, client and stub share another. Rounds alternate between the servers, and the table has the
medians of the rounds: on a busy machine, requests per second say little, and CPU time, user and system of the server's
process by call, says the same as on an idle one. Peak memory is of the server's process over all rounds.
"""

import argparse
import asyncio
import os
import random
import ssl
import statistics
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import aiohttp
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from gateway_bench.processes import Process, ended_at_last, free_port, write_certificate
from gateway_bench.workloads import Workload, hostile, mixed, workloads

REGION = "cn-northwest-1"
MILLI = 1000
COLUMNS = ["request", "callers", "server", "CPU ms", "requests/s", "median ms", "p99 ms", "peak MB"]
SOAK_STEPS, SOAK_CALLERS = 10, 32
SOAK_GROWTH_MB = 20
SOAK_COLUMNS = ["requests", "MB", "statuses"]
HOSTILE_SHARE = 0.05
DELIBERATE = {200, 400, 404, 408, 411, 413, 415}
"""Statuses of a soak, with a stub that never fails."""


class Server(NamedTuple):
    """What is called, and how."""

    name: str
    process: Process
    url: str
    """With {function}."""
    signs: bool = False


class Measured(NamedTuple):
    """Of one round: CPU seconds and requests of the server, and how long each call took."""

    cpu_s: float
    passed_s: float
    latencies_s: list[float]


class Client:
    """Calls servers and measures them."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def ready(self, url: str) -> None:
        for _ in range(400):
            try:
                async with self._session.get(url):
                    return
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(0.05)
        raise RuntimeError(f"{url} does not answer")

    async def measure(self, server: Server, workload: Workload, seconds: float) -> Measured:
        """What callers get that call again and again."""
        await self._repeat(server, workload, seconds / 5)  # warm up
        cpu_s, began = server.process.cpu_seconds(), time.perf_counter()
        latencies = await self._repeat(server, workload, seconds)
        return Measured(server.process.cpu_seconds() - cpu_s, time.perf_counter() - began, latencies)

    async def _repeat(self, server: Server, workload: Workload, seconds: float) -> list[float]:
        latencies: list[float] = []
        end = time.perf_counter() + seconds

        async def caller() -> None:
            while (began := time.perf_counter()) < end:
                await self._call(server, workload)
                latencies.append(time.perf_counter() - began)

        await asyncio.gather(*(caller() for _ in range(workload.callers)))
        return latencies

    async def _call(self, server: Server, workload: Workload) -> None:
        url = server.url.format(function=workload.function)
        headers = {"X-Nuclio-Function-Name": workload.function, "Content-Type": "application/json"}
        if server.signs:
            request = AWSRequest("POST", url, headers=headers, data=workload.body)
            SigV4Auth(Credentials("bench", "bench"), "sagemaker", REGION).add_auth(request)
            headers = dict(request.headers.items())
        status, answer = await self.post(url, workload.body, headers)
        if status != 200:  # noqa: PLR2004
            raise RuntimeError(f"{server.name}: {status} {answer[:200]!r}")

    async def post(self, url: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        async with self._session.post(url, data=body, headers=headers) as response:
            return response.status, await response.read()


async def compare(servers: list[Server], context: ssl.SSLContext, rounds: int, seconds: float) -> None:
    """The table."""
    connector = aiohttp.TCPConnector(limit=0, ssl=context)
    async with aiohttp.ClientSession(connector=connector) as session:
        client = Client(session)
        for server in servers:
            await client.ready(server.url.format(function="detector"))
        report(*COLUMNS)
        report(*["---"] * len(COLUMNS))
        for workload in workloads():
            measured: dict[str, list[Measured]] = {server.name: [] for server in servers}
            for _ in range(rounds):
                for server in servers:
                    measured[server.name].append(await client.measure(server, workload, seconds))
            for server in servers:
                report(workload.name, workload.callers, server.name, *figures(server, measured[server.name]))


def figures(server: Server, measured: list[Measured]) -> list[object]:
    """Medians of the rounds, and the memory of all."""
    calls = [len(each.latencies_s) for each in measured]
    cpu_ms = statistics.median(each.cpu_s / count * MILLI for each, count in zip(measured, calls, strict=True))
    rate = statistics.median(count / each.passed_s for each, count in zip(measured, calls, strict=True))
    latencies = sorted(latency for each in measured for latency in each.latencies_s)
    median, late = statistics.median(latencies) * MILLI, latencies[len(latencies) * 99 // 100] * MILLI
    return [cpu_ms, round(rate), round(median), round(late), round(server.process.memory_mb("VmHWM"))]


async def soak(gateway: Server, requests: int) -> int:
    """Memory and statuses after each tenth of many requests, some of them hostile; 1 if either is out of bounds."""
    chance = random.Random(15)  # noqa: S311 - the same requests in every run
    statuses: Counter[int] = Counter()
    each = max(1, requests // SOAK_STEPS // SOAK_CALLERS)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        client = Client(session)
        await client.ready(gateway.url)

        async def caller() -> None:
            for _ in range(each):
                function, body, headers = hostile(chance) if chance.random() < HOSTILE_SHARE else mixed(chance)
                headers = {"X-Nuclio-Function-Name": function, **headers}
                status, _ = await client.post(gateway.url, body, headers)
                statuses[status] += 1

        report(*SOAK_COLUMNS)
        report(*["---"] * len(SOAK_COLUMNS))
        sizes = []
        for step in range(1, SOAK_STEPS + 1):
            await asyncio.gather(*(caller() for _ in range(SOAK_CALLERS)))
            sizes.append(gateway.process.memory_mb("VmRSS"))
            counts = ", ".join(f"{status}: {count}" for status, count in sorted(statuses.items()))
            report(step * each * SOAK_CALLERS, sizes[-1], counts)
    peak, grown = gateway.process.memory_mb("VmHWM"), sizes[-1] - sizes[0]
    sys.stdout.write(f"\npeak {peak:.0f} MB; {grown:+.1f} MB since the first tenth\n")
    return int(grown > SOAK_GROWTH_MB or not statuses.keys() <= DELIBERATE)


def report(*cells: object) -> None:
    texts = [f"{cell:.2f}" if isinstance(cell, float) else str(cell) for cell in cells]
    sys.stdout.write(f"| {' | '.join(texts)} |\n")
    sys.stdout.flush()


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m gateway_bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=2.0, help="of each round (2)")
    parser.add_argument("--rounds", type=int, default=3, help="for each request and server (3)")
    parser.add_argument("--against", type=Path, metavar="DIR", help="serverless/gateway of another checkout")
    parser.add_argument("--plain", action="store_true", help="the stub speaks no TLS")
    parser.add_argument("--model-ms", type=float, default=0.0, help="that the stub takes to answer (0)")
    parser.add_argument("--soak", type=int, default=0, metavar="N", help="instead: N requests, 5 %% of them hostile")
    return parser.parse_args()


def main() -> int:
    chosen = options()
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[0]})
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        certificate = Path(folder) / "certificate.pem"
        write_certificate(certificate)
        scheme, tls = ("http", []) if chosen.plain else ("https", [str(certificate)])
        runtime = free_port()
        stub = Process(cores[0], "gateway_bench.stub", str(runtime), str(chosen.model_ms), *tls)
        stack.enter_context(ended_at_last(stub))
        environ = {
            "SERVERLESS_ENDPOINTS": ENDPOINTS,
            "FUNCTIONS_DIR": str(write_functions(Path(folder))),
            "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": f"{scheme}://127.0.0.1:{runtime}",
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "bench",
            "AWS_SECRET_ACCESS_KEY": "bench",
            "LOG_LEVEL": "INFO",
            "SSL_CERT_FILE": str(certificate),
        }

        def started(name: str, *command: str, **more: object) -> Server:
            port = free_port()
            process = Process(cores[-1], *(part.format(port=port) for part in command), PORT=str(port), **more)  # type: ignore[arg-type]
            stack.enter_context(ended_at_last(process))
            return Server(name, process, f"http://127.0.0.1:{port}/api/function_invocations")

        gateway = started("this gateway", "gateway", **environ)
        if chosen.soak:
            return asyncio.run(soak(gateway, chosen.soak))
        direct = f"{scheme}://127.0.0.1:{runtime}/endpoints/{{function}}/invocations"
        servers = [
            Server("SageMaker's stub, directly", stub, direct, signs=True),
            started("null: sockets", "gateway_bench.null", "{port}", "socket"),
            started("null: aiohttp", "gateway_bench.null", "{port}", "aiohttp"),
        ]
        if chosen.against:
            servers.append(started("the gateway before", "gateway", folder=chosen.against, **environ))
        context = ssl.create_default_context(cafile=str(certificate))
        asyncio.run(compare([*servers, gateway], context, chosen.rounds, chosen.seconds))
    return 0


ENDPOINTS = (
    '{"detector": {"endpoint": "detector"}, "interactor": {"endpoint": "interactor"}, '
    '"reid": {"endpoint": "reid"}, "tracker": {"endpoint": "tracker"}}'
)


def write_functions(folder: Path) -> Path:
    """A function of each kind, named after it."""
    for kind in ("detector", "interactor", "reid", "tracker"):
        text = f"metadata: {{name: {kind}, annotations: {{type: {kind}}}}}\n"
        (folder / f"{kind}.yaml").write_text(text)
    return folder


if __name__ == "__main__":
    sys.exit(main())
