"""What of AWS CVAT's processes talk to here: a CloudWatch in memory, and a stub of the ECS agent."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
from moto.server import ThreadedMotoServer

from patches.trial.agent import Agent, agent

STACK, REGION = "trial", "cn-northwest-1"
KEYS = {"aws_access_key_id": "trial", "aws_secret_access_key": "trial"}


@dataclass(frozen=True)
class Cloud:
    agent: Agent
    cloudwatch: Any
    s3: Any
    """boto3 clients."""

    @property
    def environment(self) -> dict[str, str]:
        """Further variables of `queue-metrics` and `copy-demo`."""
        keys = {name.upper(): value for name, value in KEYS.items()}
        url = self.cloudwatch.meta.endpoint_url
        return {"CVAT_STACK": STACK, "AWS_ENDPOINT_URL_CLOUDWATCH": url, "AWS_ENDPOINT_URL_S3": url, **keys}

    def highest(self, metric: str, queue: str) -> float | None:
        """The highest value that was published; None before there is any."""
        dimensions = [{"Name": "Stack", "Value": STACK}, {"Name": "Queue", "Value": queue}]
        datapoints = self.cloudwatch.get_metric_statistics(
            Namespace="CVAT",
            MetricName=metric,
            Dimensions=dimensions,
            Period=86400,
            Statistics=["Maximum"],
            StartTime=time.time() - 86400,
            EndTime=time.time() + 86400,
        )["Datapoints"]
        return max((float(datapoint["Maximum"]) for datapoint in datapoints), default=None)


@contextmanager
def cloud() -> Iterator[Cloud]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # not a line for every call, between the trial's own
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        url = "http://{}:{}".format(*server.get_host_and_port())
        clients = [boto3.client(name, region_name=REGION, endpoint_url=url, **KEYS) for name in ("cloudwatch", "s3")]
        with agent() as listening:
            yield Cloud(listening, *clients)
        for client in clients:
            client.close()
    finally:
        server.stop()
