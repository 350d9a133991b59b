"""`python -m rehearsal.server.bench`: requests per second of the served account, beside plain moto's own server.

Sixteen clients send a mixture of describing requests over connections that they keep open, to each server in turn, for
several rounds; the table has each server's median. The requests are recorded from boto3 once and sent again as bytes,
so that the clients, which share the machine, cost little. Both servers hold the same resources.
"""

from __future__ import annotations

import http.client
import os
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import click

REGION = "cn-northwest-1"
DESCRIBES: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("ec2", "describe_vpcs", {}),
    ("ec2", "describe_subnets", {}),
    ("ec2", "describe_security_groups", {}),
    ("ec2", "describe_route_tables", {}),
    ("rds", "describe_db_instances", {}),
    ("elbv2", "describe_load_balancers", {}),
    ("ecs", "list_clusters", {}),
    ("iam", "list_roles", {}),
    ("s3", "list_buckets", {}),
    ("s3", "list_objects_v2", {"Bucket": "bench"}),
    ("secretsmanager", "list_secrets", {}),
    ("cloudwatch", "describe_alarms", {}),
    ("logs", "describe_log_groups", {}),
    ("efs", "describe_file_systems", {}),
)
START_SECONDS = 60


@dataclass(frozen=True)
class Request:
    """One request, as bytes that can be sent again."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Server:
    """One of those that are compared."""

    name: str
    port: int
    process: subprocess.Popen[bytes]

    def client(self, service: str) -> Any:
        """A boto3 client."""
        url = f"http://127.0.0.1:{self.port}"
        keys = {"aws_access_key_id": "bench", "aws_secret_access_key": "bench"}
        return boto3.client(service, region_name=REGION, endpoint_url=url, **keys)

    def memory_mb(self) -> float:
        """Resident memory."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


@contextmanager
def started(name: str, command: Callable[[int], Sequence[str]]) -> Iterator[tuple[Server, float]]:
    """A server, and the seconds until it answered."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    began = time.monotonic()
    process = subprocess.Popen(command(port), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603
    try:
        while time.monotonic() - began < START_SECONDS:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.02)
        yield Server(name, port, process), time.monotonic() - began
    finally:
        process.kill()
        process.wait()


def fill(server: Server) -> None:
    """Put the same resources into each."""
    ec2 = server.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    for number in range(6):
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24")
    for number in range(11):
        ec2.create_security_group(GroupName=f"group-{number}", Description="d", VpcId=vpc)
        server.client("logs").create_log_group(logGroupName=f"/cvat/{number}")
        server.client("iam").create_role(RoleName=f"role-{number}", AssumeRolePolicyDocument="{}")
        server.client("secretsmanager").create_secret(Name=f"secret-{number}", SecretString="s")
    server.client("ecs").create_cluster(clusterName="cluster")
    server.client("efs").create_file_system(CreationToken="t")
    server.client("s3").create_bucket(Bucket="bench", CreateBucketConfiguration={"LocationConstraint": REGION})


def requests(server: Server) -> list[Request]:
    """What boto3 sends for each of the describing calls."""
    recorded: list[Request] = []

    def record(request: Any, **_: Any) -> None:
        url = urlsplit(request.url)
        target = url.path + (f"?{url.query}" if url.query else "")
        text = [
            (name, value.decode() if isinstance(value, bytes) else str(value))
            for name, value in request.headers.items()
        ]
        body = request.body.encode() if isinstance(request.body, str) else bytes(request.body or b"")
        headers = {name: value for name, value in text if name.lower() != "amz-sdk-invocation-id"}
        recorded.append(Request(request.method, target or "/", headers, body))

    for service, operation, parameters in DESCRIBES:
        client = server.client(service)
        client.meta.events.register("before-send", record)
        getattr(client, operation)(**parameters)
    return recorded


def measure(server: Server, mixture: Sequence[Request], clients: int, seconds: float) -> tuple[float, int]:
    """Requests per second, and how many were not answered with 200."""
    counts, failures = [0] * clients, [0] * clients
    end = time.monotonic() + seconds

    def work(index: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        position = index
        while time.monotonic() < end:
            request = mixture[position % len(mixture)]
            connection.request(request.method, request.target, request.body or None, request.headers)
            answer = connection.getresponse()
            answer.read()
            failures[index] += answer.status != HTTPStatus.OK
            counts[index] += 1
            position += 1
        connection.close()

    began = time.monotonic()
    threads = [threading.Thread(target=work, args=(index,)) for index in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.monotonic() - began), sum(failures)


def served(port: int) -> list[str]:
    """The account of this project."""
    return [sys.executable, "-m", "rehearsal", "serve", "--port", str(port)]


def plain(port: int) -> list[str]:
    """moto's own server."""
    return [sys.executable, "-m", "moto.server", "--host", "127.0.0.1", "--port", str(port)]


@click.command()
@click.option("--clients", type=click.IntRange(1), default=16, show_default=True)
@click.option("--seconds", type=click.FloatRange(0.5), default=5.0, show_default=True, help="Of each round.")
@click.option("--rounds", type=click.IntRange(1), default=3, show_default=True)
def main(clients: int, seconds: float, rounds: int) -> None:
    """Measure both servers in turn."""
    with ExitStack() as opened:
        lines = {}
        servers: list[Server] = []
        for name, command in (("served account", served), ("plain moto", plain)):
            server, ready = opened.enter_context(started(name, command))
            lines[name] = [f"ready in {ready:.1f} s", f"idle {server.memory_mb():.0f} MB"]
            fill(server)
            servers.append(server)
        mixtures = {server.name: requests(server) for server in servers}
        rates: dict[str, list[float]] = {server.name: [] for server in servers}
        for _ in range(rounds):
            for server in servers:
                rate, failed = measure(server, mixtures[server.name], clients, seconds)
                rates[server.name].append(rate)
                if failed:
                    raise click.ClickException(f"{server.name}: {failed} requests were not answered with 200.")
        for server in servers:
            median = statistics.median(rates[server.name])
            figures = [*lines[server.name], f"{median:.0f} requests/s", f"then {server.memory_mb():.0f} MB"]
            click.echo(f"{server.name:16} {clients} clients: {', '.join(figures)}")


if __name__ == "__main__":
    main()
