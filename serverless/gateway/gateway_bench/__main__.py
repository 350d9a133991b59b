"""`python -m gateway_bench`: what the gateway costs, beside direct calls of a stub of SageMaker's runtime.

The gateway process has one core for itself, as it has in its task. Client and stub share another core in both
columns, so the budget of what is compared is the same: nothing but the gateway is added.

A direct call is what CVAT would have to do without a gateway: it is signed, and the stub checks the signature, as
SageMaker does. Through the gateway the client does not sign (CVAT does not), the gateway does, and the stub checks
the same. `unsigned` is the harder comparison with direct calls that are neither signed nor checked: an echo, which
nobody could use. Both sides of it hash nothing, while the gateway still has to: SageMaker takes no unsigned payload.

`ratio` is requests per second through the gateway by those of direct calls. On a machine that does other work it
says little; `CPU ms`, user and system time of the gateway process per request, says the same on any. `one core` is
the ratio if client, stub and gateway all shared a single core, from the CPU time of the three processes.
All figures are of one run; nothing is asserted.
"""

import argparse
import asyncio
import base64
import io
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import aiohttp
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from PIL import Image

BODIES = {"520 KB": 390_000, "2.1 MB": 1_600_000}  # base64 of JPEGs: one of CVAT's usual size, and a large one
CONCURRENCY = (1, 8, 32)
FUNCTION = "pth-faster-rcnn"
REGION = "cn-northwest-1"
MILLI = 1000
COLUMNS = ["body", "callers", "direct ms", "gateway ms", "added ms", "direct/s", "gateway/s"]
COLUMNS += ["ratio", "one core", "unsigned", "CPU ms", "peak MB"]
SOAK_STEPS, SOAK_CALLERS = 10, 32


class Measured(NamedTuple):
    """Of calls made for a while: median latency, requests per second, CPU time of each process per request."""

    ms: float
    rate: float
    cpu: dict[str, float]


class Load:
    """One client for both sides; `processes` are those whose CPU time counts, by name."""

    def __init__(self, client: aiohttp.ClientSession, body: bytes, processes: dict[str, "Process"]) -> None:
        self._client, self._body, self._processes = client, body, processes

    async def measure(self, url: str, callers: int, seconds: float, *, sign: bool = False) -> Measured:
        """What callers get that call again and again."""
        await self._repeat(url, callers, seconds / 5, sign=sign)  # warm up
        before, began = self._cpu_seconds(), time.perf_counter()
        latencies = await self._repeat(url, callers, seconds, sign=sign)
        count, passed = len(latencies), time.perf_counter() - began
        spent = {name: (after - before[name]) / count * MILLI for name, after in self._cpu_seconds().items()}
        return Measured(statistics.median(latencies) * MILLI, count / passed, spent)

    def _cpu_seconds(self) -> dict[str, float]:
        return {name: process.cpu_seconds() for name, process in self._processes.items()} | {
            "client": time.process_time()
        }

    async def _repeat(self, url: str, callers: int, seconds: float, *, sign: bool) -> list[float]:
        latencies: list[float] = []
        start = time.perf_counter()

        async def caller() -> None:
            while (began := time.perf_counter()) < start + seconds:
                await self.once(url, sign=sign)
                latencies.append(time.perf_counter() - began)

        await asyncio.gather(*(caller() for _ in range(callers)))
        return latencies

    async def once(self, url: str, *, sign: bool = False) -> None:
        headers = {"X-Nuclio-Function-Name": FUNCTION, "Content-Type": "application/json"}
        if sign:
            request = AWSRequest("POST", url, headers=headers, data=self._body)
            SigV4Auth(Credentials("bench", "bench"), "sagemaker", REGION).add_auth(request)
            headers = dict(request.headers.items())
        async with self._client.post(url, data=self._body, headers=headers) as response:
            answer = await response.read()
            if not response.ok:
                raise RuntimeError(f"{response.status} {response.reason}: {answer[:200]!r}")


class Process:
    """A module of ours on a core of its own."""

    def __init__(self, core: int, *command: str, **environ: str) -> None:
        pinned = ["taskset", "--cpu-list", str(core), sys.executable, "-m", *command]
        folder = Path(__file__).parents[1]
        self.running = subprocess.Popen(  # noqa: S603 - our own modules
            pinned, env=os.environ | environ, cwd=folder, stdout=subprocess.DEVNULL
        )

    def cpu_seconds(self) -> float:
        """User and system time so far (fields 14 and 15 of proc(5))."""
        fields = Path(f"/proc/{self.running.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_mb(self, which: str) -> float:
        """Resident memory now (VmRSS) or at most so far (VmHWM)."""
        status = Path(f"/proc/{self.running.pid}/status").read_text()
        return int(status.split(f"{which}:")[1].split()[0]) / 1024


@contextmanager
def started(*processes: Process) -> Iterator[None]:
    try:
        yield
    finally:
        for process in processes:
            process.running.terminate()
            process.running.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def ready(client: aiohttp.ClientSession, url: str) -> None:
    for _ in range(200):
        try:
            async with client.get(url):
                return
        except aiohttp.ClientConnectionError:
            await asyncio.sleep(0.05)
    raise RuntimeError(f"{url} does not answer")


def report(*cells: object) -> None:
    texts = [f"{cell:.2f}" if isinstance(cell, float) else str(cell) for cell in cells]
    sys.stdout.write(f"| {' | '.join(texts)} |\n")
    sys.stdout.flush()


def body_of(size: int) -> bytes:
    """A request with a JPEG of this many bytes: noise, at the quality that comes nearest, and a tail of zeros."""
    side = round((size * 0.8) ** 0.5)
    picture, best = Image.frombytes("RGB", (side, side), random.Random(1).randbytes(side * side * 3)), b""  # noqa: S311
    for quality in range(30, 96, 5):
        picture.save(out := io.BytesIO(), "JPEG", quality=quality)
        if out.tell() > size:
            break
        best = out.getvalue()
    return json.dumps({"image": base64.b64encode(best.ljust(size, b"\0")).decode(), "threshold": 0.5}).encode()


async def compare(direct: str, through: str, processes: dict[str, Process], seconds: float) -> None:
    """The table: both sides, one after the other, for each body and number of callers."""
    gateway = processes["gateway"]
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as client:
        for url in (direct, through):
            await ready(client, url)
        sys.stdout.write(f"gateway at rest: {gateway.memory_mb('VmRSS'):.0f} MB\n\n")
        report(*COLUMNS)
        report(*["---"] * len(COLUMNS))
        for name, size in BODIES.items():
            load = Load(client, body_of(size), processes)
            for callers in CONCURRENCY:
                echo = await load.measure(direct, callers, seconds)
                signed = await load.measure(direct, callers, seconds, sign=True)
                way = await load.measure(through, callers, seconds)
                latencies = signed.ms, way.ms, way.ms - signed.ms
                ratio, hard = way.rate / signed.rate, way.rate / echo.rate
                shared = sum(signed.cpu.values()) / sum(way.cpu.values())
                rates, peak = (round(signed.rate), round(way.rate)), round(gateway.memory_mb("VmHWM"))
                report(name, callers, *latencies, *rates, ratio, shared, hard, way.cpu["gateway"], peak)


async def soak(through: str, gateway: Process, requests: int) -> None:
    """Memory after each tenth of many requests."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as client:
        await ready(client, through)
        load = Load(client, body_of(BODIES["520 KB"]), {})
        each = max(1, requests // SOAK_STEPS // SOAK_CALLERS)

        async def caller() -> None:
            for _ in range(each):
                await load.once(through)

        report("requests", "MB")
        report("---", "---")
        for step in range(1, SOAK_STEPS + 1):
            await asyncio.gather(*(caller() for _ in range(SOAK_CALLERS)))
            report(step * each * SOAK_CALLERS, gateway.memory_mb("VmRSS"))


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m gateway_bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=3.0, help="of each measurement (3)")
    parser.add_argument("--model-ms", type=float, default=0.0, help="that the stub takes to answer (0)")
    parser.add_argument("--soak", type=int, default=0, metavar="N", help="instead: memory over N requests")
    return parser.parse_args()


def main() -> None:
    chosen = options()
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[0]})
    stub_port, port = free_port(), free_port()
    environ = {
        "PORT": str(port),
        "SERVERLESS_SAGEMAKER_ENDPOINT": "bench",
        "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": f"http://127.0.0.1:{stub_port}",
        "AWS_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench",
    }
    stub = Process(cores[0], "gateway_bench.stub", str(stub_port), str(chosen.model_ms))
    gateway = Process(cores[-1], "gateway", **environ)
    direct = f"http://127.0.0.1:{stub_port}/endpoints/bench/invocations"
    through = f"http://127.0.0.1:{port}/api/function_invocations"
    with started(stub, gateway):
        if chosen.soak:
            asyncio.run(soak(through, gateway, chosen.soak))
        else:
            asyncio.run(compare(direct, through, {"gateway": gateway, "stub": stub}, chosen.seconds))


if __name__ == "__main__":
    main()
