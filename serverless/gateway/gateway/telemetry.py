"""What an operator sees: Prometheus metrics, and one JSON line per invocation. No image, no secret."""

import logging
import sys
import time
from dataclasses import dataclass, field
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from pythonjsonlogger.orjson import OrjsonFormatter

from gateway.errors import GatewayError

BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)

log = logging.getLogger("gateway")


def configure_logging(level: str) -> None:
    """A JSON object per line; what `extra` has becomes part of it."""
    handler = logging.StreamHandler(sys.stdout)
    names = {"levelname": "level", "exc_info": "exception"}
    handler.setFormatter(OrjsonFormatter("{levelname}{message}", style="{", timestamp="time", rename_fields=names))
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    log.setLevel(level)


@dataclass
class Trace:
    """What is known of one invocation, filled in on its way: the fields of its log line."""

    function: str
    request_id: str
    bytes_in: int
    bytes_sent: int = 0
    bytes_out: int = 0
    scale: float | None = None
    """Of the image that was re-encoded. None: it was sent as it came."""
    attempts: int = 0
    upstream_ms: float = 0.0
    """Time spent waiting for the backend."""
    ms: float = 0.0
    status: int = 500
    kind: str | None = None
    """Of the failure."""
    reason: str | None = None
    started: float = field(default_factory=time.monotonic)

    def fail(self, error: GatewayError) -> None:
        """Notes why there is no answer."""
        self.status, self.kind, self.reason = error.status, error.kind, error.reason


class Metrics:
    """Counters of one gateway; only registered functions' names are labels, so that their number is bounded."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        own: dict[str, Any] = {"registry": self.registry, "namespace": "gateway"}
        timed: dict[str, Any] = own | {"labelnames": ["function"], "buckets": BUCKETS_S}
        self._requests = Counter("requests", "Invocations", ["function", "status"], **own)
        self._errors = Counter("errors", "Failed invocations", ["function", "kind"], **own)
        self._retries = Counter("retries", "Repeated calls of SageMaker", ["function"], **own)
        self._latency = Histogram("request_seconds", "Time in the gateway", **timed)
        self._upstream = Histogram("upstream_seconds", "Time in SageMaker", **timed)
        self._reencoded = Counter("reencoded", "Requests too large as they came", ["function"], **own)
        self.in_flight = Gauge("in_flight_bytes", "Bytes of requests being worked on", **own)

    def record(self, trace: Trace) -> None:
        """Counts an invocation that has ended, and logs its line."""
        trace.ms = round((time.monotonic() - trace.started) * 1000, 1)
        name = trace.function
        self._requests.labels(name, trace.status).inc()
        self._latency.labels(name).observe(trace.ms / 1000)
        self._retries.labels(name).inc(max(0, trace.attempts - 1))
        self._reencoded.labels(name).inc(trace.scale is not None)
        if trace.attempts:
            self._upstream.labels(name).observe(trace.upstream_ms / 1000)
        if trace.kind:
            self._errors.labels(name, trace.kind).inc()
        log.info("invocation", extra={name: value for name, value in vars(trace).items() if name != "started"})
