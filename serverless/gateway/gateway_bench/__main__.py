"""`python -m gateway_bench`: what the gateway costs, beside direct calls of a stub of SageMaker's runtime.

The gateway has one core for itself; client and stub share another. All figures are of one run; nothing is asserted.
"""

import argparse
import asyncio
import base64
import json
import os
import resource
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp

PAYLOADS = {
    "520 KB": 390_000,
    "2.1 MB": 1_600_000,
}  # base64 of a JPEG of CVAT's usual size, and of a large one
CONCURRENCY = (1, 8, 32)
FUNCTION = "pth-faster-rcnn"
TICKS = os.sysconf("SC_CLK_TCK")
MILLI = 1000


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def started(core: int, *command: str, **environ: str) -> Iterator[int]:
    """A process of its own core; its id."""
    process = subprocess.Popen(  # noqa: S603 - our own modules
        [sys.executable, "-m", *command],
        env=os.environ | environ,
        cwd=Path(__file__).parents[1],
        stdout=subprocess.DEVNULL,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),
    )
    try:
        yield process.pid
    finally:
        process.terminate()
        process.wait()


def cpu_seconds(pid: int) -> float:
    """User and system time of a process (fields 14 and 15 of proc(5))."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory_mb(pid: int, which: str) -> float:
    """Resident memory now (VmRSS) or at most (VmHWM)."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split(f"{which}:")[1].split()[0]) / 1024


class Load:
    """One client for both sides."""

    def __init__(self, client: aiohttp.ClientSession, body: bytes) -> None:
        self._client, self._body = client, body

    async def run(self, url: str, concurrency: int, seconds: float) -> tuple[float, float]:
        """Median latency (ms) and requests per second of `concurrency` callers that call again and again."""
        latencies: list[float] = []
        until = time.perf_counter() + seconds

        async def caller() -> None:
            while (began := time.perf_counter()) < until:
                await self.once(url)
                latencies.append(time.perf_counter() - began)

        began = time.perf_counter()
        await asyncio.gather(*(caller() for _ in range(concurrency)))
        return statistics.median(latencies) * MILLI, len(latencies) / (time.perf_counter() - began)

    async def once(self, url: str) -> None:
        headers = {"X-Nuclio-Function-Name": FUNCTION, "Content-Type": "application/json"}
        async with self._client.post(url, data=self._body, headers=headers) as response:
            answer = await response.read()
            if response.status != 200:  # noqa: PLR2004
                raise RuntimeError(f"{response.status} {response.reason}: {answer[:200]!r}")


async def ready(client: aiohttp.ClientSession, url: str) -> None:
    for _ in range(200):
        try:
            async with client.get(url):
                return
        except aiohttp.ClientConnectionError:
            await asyncio.sleep(0.05)
    raise RuntimeError(f"{url} does not answer")


def report(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


async def compare(direct: str, gateway: str, pid: int, seconds: float) -> None:
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as client:
        await ready(client, direct)
        await ready(client, gateway)
        report(f"gateway at rest: {memory_mb(pid, 'VmRSS'):.0f} MB\n")
        report(
            "| body | callers | direct ms | gateway ms | added ms | direct req/s | gateway req/s | ratio | CPU ms/req | peak MB |"
        )
        report("|---|---|---|---|---|---|---|---|---|---|")
        for name, size in PAYLOADS.items():
            image = base64.b64encode(os.urandom(size)).decode()
            load = Load(client, json.dumps({"image": image, "threshold": 0.5}).encode())
            for concurrency in CONCURRENCY:
                for url in (direct, gateway):  # warm both sides up
                    await load.run(url, concurrency, seconds / 10)
                direct_ms, direct_rate = await load.run(direct, concurrency, seconds)
                cpu, began = cpu_seconds(pid), time.perf_counter()
                gateway_ms, gateway_rate = await load.run(gateway, concurrency, seconds)
                used = (cpu_seconds(pid) - cpu) / (gateway_rate * (time.perf_counter() - began)) * MILLI
                report(
                    f"| {name} | {concurrency} | {direct_ms:.2f} | {gateway_ms:.2f} | {gateway_ms - direct_ms:.2f} "
                    f"| {direct_rate:.0f} | {gateway_rate:.0f} | {gateway_rate / direct_rate:.2f} | {used:.2f} "
                    f"| {memory_mb(pid, 'VmHWM'):.0f} |"
                )


async def soak(gateway: str, pid: int, requests: int) -> None:
    """Resident memory after each tenth of many requests, 32 at a time."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as client:
        await ready(client, gateway)
        load = Load(client, json.dumps({"image": base64.b64encode(os.urandom(390_000)).decode()}).encode())
        left = requests
        for _ in range(10):

            async def caller() -> None:
                for _ in range(requests // 320):
                    await load.once(gateway)

            await asyncio.gather(*(caller() for _ in range(32)))
            left -= requests // 320 * 32
            report(f"after {requests - left} requests: {memory_mb(pid, 'VmRSS'):.1f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m gateway_bench", description=__doc__)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each measurement")
    parser.add_argument("--model-ms", type=float, default=0.0, help="time that the stub takes to answer")
    parser.add_argument(
        "--soak", type=int, default=0, metavar="N", help="N requests instead, and the memory after them"
    )
    chosen = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[0]})
    stub, port = free_port(), free_port()
    environ = {
        "PORT": str(port),
        "SERVERLESS_SAGEMAKER_ENDPOINT": "bench",
        "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": f"http://127.0.0.1:{stub}",
        "AWS_REGION": "cn-northwest-1",
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench",
    }
    direct, gateway = (
        f"http://127.0.0.1:{stub}/endpoints/bench/invocations",
        f"http://127.0.0.1:{port}/api/function_invocations",
    )
    with started(cores[0], "gateway_bench.stub", str(stub), str(chosen.model_ms)):
        with started(cores[-1], "gateway", **environ) as pid:
            work = (
                soak(gateway, pid, chosen.soak)
                if chosen.soak
                else compare(direct, gateway, pid, chosen.seconds)
            )
            asyncio.run(work)


if __name__ == "__main__":
    main()
