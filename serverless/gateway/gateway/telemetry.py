"""What an operator sees: Prometheus metrics, and one JSON line per request. Never an image, never a secret."""

import json
import logging
import sys
import time
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
log = logging.getLogger("gateway")


class JsonLines(logging.Formatter):
    """A record as one JSON object; `extra={"fields": {...}}` adds to it."""

    def format(self, record: logging.LogRecord) -> str:
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line: dict[str, Any] = {
            "time": f"{moment}.{int(record.msecs):03d}Z",
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)


def configure_logging(level: str) -> None:
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    log.setLevel(level)


class Metrics:
    """Counters of one gateway; labels are names of registered functions only, so their number is bounded."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        own: dict[str, Any] = {"registry": self._registry, "namespace": "gateway"}
        by_function = ["function"]
        self.requests = Counter("requests", "Invocations", [*by_function, "status"], **own)
        self.errors = Counter("errors", "Failed invocations", [*by_function, "kind"], **own)
        self.retries = Counter("retries", "Repeated calls of endpoints", by_function, **own)
        self.latency = Histogram(
            "request_seconds", "Time in the gateway", by_function, buckets=SECONDS, **own
        )
        self.upstream = Histogram(
            "upstream_seconds", "Time in SageMaker", by_function, buckets=SECONDS, **own
        )
        self.scaled = Counter("reencoded_images", "Requests too large as they came", by_function, **own)
        self.in_flight = Gauge("in_flight_bytes", "Bytes of requests being worked on", **own)

    def text(self) -> bytes:
        return generate_latest(self._registry)
