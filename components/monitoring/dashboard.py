"""The dashboard's body, in the order in which an operator asks: is it up, is it fast, is it full. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from components.monitoring.alarm_rule import Dimensions, Monitored, Subject
from settings.releases.release import METRICS_NAMESPACE

_WIDTH = 24
"""Columns of a dashboard (CloudWatch's dashboard body)."""
_HEIGHT = 6
_PERIOD_SECONDS = 300

Widget = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class View:
    """What is shown, and where."""

    stack: str
    region: str
    monitored: Monitored
    alarm_arns: Sequence[pulumi.Input[str]]
    log_groups: Mapping[str, pulumi.Input[str]]
    """Names by kind of task."""


@dataclass(frozen=True)
class Line:
    """A metric of every resource of a kind, one line each."""

    subject: Subject
    namespace: str
    metric: str
    statistic: str = "Average"
    label: str = ""
    """What it is called where several metrics share a graph."""


def _elb(subject: Subject, metric: str, statistic: str = "Sum", label: str = "") -> Line:
    return Line(subject, "AWS/ApplicationELB", metric, statistic, label)


def _rds(metric: str, statistic: str = "Average", label: str = "") -> Line:
    return Line("database", "AWS/RDS", metric, statistic, label)


def _redis(metric: str, statistic: str = "Average", label: str = "") -> Line:
    return Line("cache", "AWS/ElastiCache", metric, statistic, label)


def _media(metric: str, statistic: str = "Average", label: str = "") -> Line:
    return Line("media cache", "AWS/ElastiCache", metric, statistic, label)


def _efs(metric: str, statistic: str = "Average", label: str = "") -> Line:
    return Line("file system", "AWS/EFS", metric, statistic, label)


def _model(metric: str, statistic: str = "Sum", label: str = "") -> Line:
    return Line("endpoint", "AWS/SageMaker", metric, statistic, label)


def _batch(metric: str, statistic: str = "Sum") -> Line:
    return Line("batch endpoint", "AWS/SageMaker", metric, statistic)


def _tasks(metric: str, label: str = "") -> Line:
    return Line("service", "ECS/ContainerInsights", metric, "Average", label)


def _clock(metric: str) -> Line:
    return Line("schedules", "AWS/Scheduler", metric, "Sum")


def _queue(metric: str, label: str = "") -> Line:
    return Line("queue", METRICS_NAMESPACE, metric, "Maximum", label)


SECTIONS: tuple[tuple[str, tuple[tuple[str, tuple[Line, ...]], ...]], ...] = (
    (
        "Requests and errors",
        (
            ("Requests", (_elb("balancer", "RequestCount"),)),
            (
                "Errors",
                (
                    _elb("balancer", "HTTPCode_ELB_5XX_Count", label="balancer 5xx"),
                    _elb("balancer", "HTTPCode_Target_5XX_Count", label="CVAT 5xx"),
                    _elb("balancer", "HTTPCode_Target_4XX_Count", label="CVAT 4xx"),
                ),
            ),
            ("Response time, p95 (s)", (_elb("target group", "TargetResponseTime", "p95"),)),
            ("Unhealthy targets", (_elb("target group", "UnHealthyHostCount", "Maximum"),)),
        ),
    ),
    (
        "Services",
        (
            ("Tasks that run", (_tasks("RunningTaskCount"),)),
            ("CPU (units)", (_tasks("CpuUtilized"),)),
            ("Memory (MiB)", (_tasks("MemoryUtilized"),)),
            ("Failed calls by the clock", (_clock("InvocationDroppedCount"),)),
        ),
    ),
    (
        "Queues",
        (
            ("Jobs", (_queue("QueueDepth", "waiting"), _queue("RunningJobs", "running"))),
            ("Age of the oldest job (s)", (_queue("OldestJobAge"),)),
            ("Idle workers", (_queue("IdleWorkers"),)),
            ("Failed jobs", (_queue("FailedJobs", "failed"), _queue("LostJobs", "worker killed"))),
        ),
    ),
    (
        "Database",
        (
            ("CPU (%)", (_rds("CPUUtilization"),)),
            ("Connections", (_rds("DatabaseConnections", "Maximum"),)),
            ("Free storage (bytes)", (_rds("FreeStorageSpace", "Minimum"),)),
            ("Latency (s)", (_rds("ReadLatency", label="read"), _rds("WriteLatency", label="write"))),
        ),
    ),
    (
        "Redis",
        (
            ("Engine CPU (%)", (_redis("EngineCPUUtilization"),)),
            ("Memory (%)", (_redis("DatabaseMemoryUsagePercentage", "Maximum"),)),
            ("Evictions", (_redis("Evictions", "Sum"),)),
            ("Connections", (_redis("CurrConnections"),)),
        ),
    ),
    (
        "Frames in Redis",
        (
            ("Engine CPU (%)", (_media("EngineCPUUtilization"),)),
            ("Memory (%)", (_media("DatabaseMemoryUsagePercentage", "Maximum"),)),
            ("Evictions", (_media("Evictions", "Sum"),)),
            ("Hits and misses", (_media("CacheHits", "Sum", "hits"), _media("CacheMisses", "Sum", "misses"))),
        ),
    ),
    (
        "File system",
        (
            ("Burst credits (bytes)", (_efs("BurstCreditBalance", "Minimum"),)),
            ("Limit of operations (%)", (_efs("PercentIOLimit"),)),
            ("Traffic (bytes)", (_efs("DataReadIOBytes", "Sum", "read"), _efs("DataWriteIOBytes", "Sum", "written"))),
        ),
    ),
    (
        "Auto-annotation",
        (
            ("Calls", (_model("Invocations"),)),
            ("Errors", (_model("Invocation4XXErrors", label="refused"), _model("Invocation5XXErrors", label="failed"))),
            ("Model latency, p90 (us)", (_model("ModelLatency", "p90"),)),
            ("Oldest call of a batch function (s)", (_batch("ApproximateAgeOfOldestRequest", "Maximum"),)),
        ),
    ),
    (
        "What costs",
        (
            ("Fargate tasks", (_tasks("RunningTaskCount"),)),
            ("Calls per instance of an endpoint", (_model("InvocationsPerInstance"),)),
            ("Load balancer (LCU)", (_elb("balancer", "ConsumedLCUs"),)),
            ("Bytes in and out of the load balancer", (_elb("balancer", "ProcessedBytes"),)),
        ),
    ),
)
"""Title, then graphs: title and lines."""


def body(view: View) -> dict[str, Any]:
    """The dashboard; leaves may be outputs. Sections without anything to show are left out."""
    widgets: list[Widget] = [_alarms(view)]
    top = _HEIGHT
    for title, graphs in SECTIONS:
        shown = [(name, metrics) for name, lines in graphs if (metrics := list(_metrics(view.monitored, lines)))]
        if not shown:
            continue
        widgets.append(_text(f"## {title}", top))
        width = _WIDTH // len(shown)
        for index, (name, metrics) in enumerate(shown):
            widgets.append(_at(_graph(name, metrics, view.region), index * width, top + 1, width, _HEIGHT))
        top += 1 + _HEIGHT
    return {"widgets": [*widgets, *_logs(view, top)]}


def _metrics(monitored: Monitored, lines: Sequence[Line]) -> Iterator[list[Any]]:
    for line in lines:
        for name, dimensions in monitored.get(line.subject, {}).items():
            options = {"stat": line.statistic, "label": " ".join(filter(None, (name, line.label))) or line.metric}
            yield [line.namespace, line.metric, *_flat(dimensions), options]


def _flat(dimensions: Dimensions) -> Iterator[pulumi.Input[str]]:
    for name, value in dimensions.items():
        yield name
        yield value


def _at(widget: Widget, x: int, y: int, width: int, height: int) -> Widget:
    return {**widget, "x": x, "y": y, "width": width, "height": height}


def _text(markdown: str, y: int) -> Widget:
    return _at({"type": "text", "properties": {"markdown": markdown, "background": "transparent"}}, 0, y, _WIDTH, 1)


def _graph(title: str, metrics: list[list[Any]], region: str) -> Widget:
    properties = {
        "title": title,
        "metrics": metrics,
        "region": region,
        "period": _PERIOD_SECONDS,
        "view": "timeSeries",
        "stacked": False,
    }
    return {"type": "metric", "properties": properties}


def _alarms(view: View) -> Widget:
    properties = {
        "title": f"CVAT, stack {view.stack}: alarms",
        "alarms": list(view.alarm_arns),
        "sortBy": "stateUpdatedTimestamp",
    }
    return _at({"type": "alarm", "properties": properties}, 0, 0, _WIDTH, _HEIGHT)


def _logs(view: View, top: int) -> Iterator[Widget]:
    """The last lines of the initialisation, and errors of the server."""
    queries = (
        ("init", "Initialisation", ""),
        ("server", "Errors of the server", "| filter @message like /(?i)error/ "),
    )
    shown = [query for query in queries if query[0] in view.log_groups]
    for index, (kind, title, condition) in enumerate(shown):
        query = pulumi.Output.concat(
            "SOURCE '",
            view.log_groups[kind],
            f"' | fields @timestamp, @message {condition}| sort @timestamp desc | limit 50",
        )
        properties = {"title": title, "query": query, "region": view.region, "view": "table"}
        width = _WIDTH // len(shown)
        yield _at({"type": "log", "properties": properties}, index * width, top, width, _HEIGHT)
