"""The alarms on metrics, as a table. Pure: no Pulumi resources.

The name of each is also its section of docs/operations.md, as that of each event is (event_rules.py); a test holds
them together.
"""

from __future__ import annotations

from typing import Any

from components.monitoring.alarm_rule import Rule
from components.monitoring.database_limits import most_connections
from settings.releases.release import METRICS_NAMESPACE
from settings.values import DatabaseSize

_GB = 1024.0**3
_LEAST_FREE_STORAGE = 0.08
"""RDS grows the storage once less than 0.10 of it is free; that less stays free means it did not."""
_BUSY_CONNECTIONS = 0.8
_BUSY_PERCENT = 80.0
_BURST_CREDITS_LEFT = 192.0 * 1000**3
"""A twelfth of the 2.1 TiB that a file system starts with: half an hour of the burst rate."""
_SLOW_MODEL_MICROSECONDS = 30e6
"""Half of the 60 s after which SageMaker gives up."""
_SLOW_ANSWER_SECONDS = 10.0
_FULL_QUEUE = 100.0
_OLD_JOB_SECONDS = 1800.0
_GIVES_UP_SECONDS = 50.0
"""After which CVAT's server answers 429 instead of the picture."""
_OLD_CALL_SECONDS = 1500.0
"""What CVAT's annotation worker waits (settings/releases/release.py, BATCH_SECONDS)."""


def alarm_rules(database: DatabaseSize) -> tuple[Rule, ...]:
    """All alarms on metrics, in the order of the runbook."""
    stores = (*_database(database), *_cache(), *_media_cache(), *_files())
    return (*_requests(), *_services(), *stores, *_endpoints(), *_batch(), *_queues(), *_schedules())


def _requests() -> tuple[Rule, ...]:
    common: dict[str, Any] = {"namespace": "AWS/ApplicationELB", "minutes": 5, "periods": 1}
    return (
        Rule(
            name="balancer-errors",
            watches="balancer",
            metric="HTTPCode_ELB_5XX_Count",
            statistic="Sum",
            threshold=10,
            meaning="The load balancer itself answered more than 10 requests with an error in 5 minutes.",
            **common,
        ),
        Rule(
            name="server-errors",
            watches="balancer",
            metric="HTTPCode_Target_5XX_Count",
            statistic="Sum",
            threshold=10,
            meaning="CVAT answered more than 10 requests with an error in 5 minutes.",
            **common,
        ),
        Rule(
            name="slow-answers",
            watches="target group",
            metric="TargetResponseTime",
            statistic="p95",
            threshold=_SLOW_ANSWER_SECONDS,
            meaning="One request in twenty took longer than 10 s for 15 minutes.",
            **common | {"periods": 3},
        ),
        Rule(
            name="unhealthy-targets",
            watches="target group",
            metric="UnHealthyHostCount",
            statistic="Maximum",
            threshold=0,
            meaning="Tasks fail their health check for more than 5 minutes.",
            **common | {"minutes": 1, "periods": 5},
        ),
    )


def _services() -> tuple[Rule, ...]:
    return (
        Rule(
            name="missing-tasks",
            watches="service",
            namespace="ECS/ContainerInsights",
            metric="DesiredTaskCount",
            minus="RunningTaskCount",
            statistic="Average",
            threshold=0,
            minutes=5,
            periods=3,
            meaning="Fewer tasks of a service run than should, for 15 minutes.",
        ),
    )


def _database(size: DatabaseSize) -> tuple[Rule, ...]:
    common: dict[str, Any] = {"watches": "database", "namespace": "AWS/RDS", "minutes": 5, "periods": 3}
    connections = most_connections(size.instance_class)
    return (
        Rule(
            name="database-storage",
            metric="FreeStorageSpace",
            statistic="Minimum",
            when="below",
            threshold=size.storage_gb * _GB * _LEAST_FREE_STORAGE,
            missing="missing",
            meaning="The database is running out of storage and has not grown.",
            **common | {"periods": 6},
        ),
        Rule(
            name="database-cpu",
            metric="CPUUtilization",
            statistic="Average",
            threshold=_BUSY_PERCENT,
            missing="missing",
            meaning="The database's CPU is busy to more than 80 % for 15 minutes.",
            **common,
        ),
        Rule(
            name="database-connections",
            metric="DatabaseConnections",
            statistic="Maximum",
            threshold=float(int(connections * _BUSY_CONNECTIONS)),
            missing="missing",
            meaning=f"More than 80 % of the {connections} connections that the database takes are open.",
            **common,
        ),
    )


def _cache() -> tuple[Rule, ...]:
    common: dict[str, Any] = {"watches": "cache", "namespace": "AWS/ElastiCache", "minutes": 5}
    return (
        Rule(
            name="redis-memory",
            metric="DatabaseMemoryUsagePercentage",
            statistic="Maximum",
            threshold=_BUSY_PERCENT,
            periods=3,
            missing="missing",
            meaning="Redis uses more than 80 % of its memory; full, it refuses jobs.",
            **common,
        ),
        Rule(
            name="redis-evictions",
            metric="Evictions",
            statistic="Sum",
            threshold=0,
            periods=1,
            meaning="Redis has thrown keys away, which its policy forbids: jobs may be lost.",
            **common,
        ),
        Rule(
            name="redis-cpu",
            metric="EngineCPUUtilization",
            statistic="Average",
            threshold=_BUSY_PERCENT,
            periods=3,
            missing="missing",
            meaning="Redis's only thread is busy to more than 80 % for 15 minutes.",
            **common,
        ),
    )


def _media_cache() -> tuple[Rule, ...]:
    """No alarm on its memory: it is meant to be full, and forgets what was not used for the longest time."""
    return (
        Rule(
            name="media-cpu",
            watches="media cache",
            namespace="AWS/ElastiCache",
            metric="EngineCPUUtilization",
            statistic="Average",
            threshold=_BUSY_PERCENT,
            minutes=5,
            periods=3,
            missing="missing",
            meaning="The only thread of the Redis that keeps frames is busy to more than 80 % for 15 minutes.",
        ),
    )


def _files() -> tuple[Rule, ...]:
    common: dict[str, Any] = {"watches": "file system", "namespace": "AWS/EFS", "minutes": 5, "missing": "missing"}
    return (
        Rule(
            name="file-system-credits",
            metric="BurstCreditBalance",
            statistic="Minimum",
            when="below",
            threshold=_BURST_CREDITS_LEFT,
            periods=3,
            meaning="The file system's burst credits are nearly used up; then it slows down to its base rate.",
            **common,
        ),
        Rule(
            name="file-system-operations",
            metric="PercentIOLimit",
            statistic="Average",
            threshold=95,
            periods=3,
            meaning="The file system works at its limit of operations for 15 minutes.",
            **common,
        ),
    )


def _endpoints() -> tuple[Rule, ...]:
    common: dict[str, Any] = {"watches": "endpoint", "namespace": "AWS/SageMaker", "minutes": 5}
    return (
        Rule(
            name="endpoint-refusals",
            metric="Invocation4XXErrors",
            statistic="Sum",
            threshold=5,
            periods=1,
            meaning="A model endpoint refused more than 5 calls in 5 minutes.",
            **common,
        ),
        Rule(
            name="endpoint-errors",
            metric="Invocation5XXErrors",
            statistic="Sum",
            threshold=0,
            periods=2,
            meaning="A model endpoint failed calls for 10 minutes.",
            **common,
        ),
        Rule(
            name="endpoint-latency",
            metric="ModelLatency",
            statistic="p90",
            threshold=_SLOW_MODEL_MICROSECONDS,
            periods=3,
            meaning="One call of a model in ten took longer than 30 s for 15 minutes.",
            **common,
        ),
    )


def _batch() -> tuple[Rule, ...]:
    """On asynchronous endpoints (SageMaker developer guide, "Monitor asynchronous endpoint", read 2026-11). Silence is
    their rest."""
    common: dict[str, Any] = {"namespace": "AWS/SageMaker", "minutes": 5, "periods": 2}
    return (
        Rule(
            name="batch-waiting",
            watches="batch endpoint",
            metric="ApproximateAgeOfOldestRequest",
            statistic="Maximum",
            threshold=_OLD_CALL_SECONDS,
            meaning="Calls of a batch function wait for longer than CVAT does: its endpoint gets no instance.",
            **common,
        ),
        Rule(
            name="batch-errors",
            watches="batch variant",
            metric="Invocation5XXErrors",
            statistic="Sum",
            threshold=0,
            meaning="The model of a batch function failed calls for 10 minutes.",
            **common,
        ),
    )


def _queues() -> tuple[Rule, ...]:
    """On what `cvat-aws queue-metrics` says."""
    common: dict[str, Any] = {"watches": "queue", "namespace": METRICS_NAMESPACE, "minutes": 5, "statistic": "Maximum"}
    return (
        Rule(
            name="queue-depth",
            metric="QueueDepth",
            threshold=_FULL_QUEUE,
            periods=3,
            meaning="More than 100 jobs wait in a queue for 15 minutes.",
            **common,
        ),
        Rule(
            name="queue-age",
            metric="OldestJobAge",
            threshold=_OLD_JOB_SECONDS,
            periods=1,
            meaning="A job has waited for more than 30 minutes.",
            **common,
        ),
        Rule(
            name="failed-jobs",
            metric="FailedJobs",
            threshold=0,
            periods=1,
            meaning="Jobs of a queue have failed.",
            **common,
        ),
        Rule(
            name="lost-jobs",
            metric="LostJobs",
            threshold=0,
            periods=1,
            meaning="Workers were killed in the middle of jobs.",
            **common,
        ),
        Rule(
            name="people-wait",
            metric="OldestJobAge",
            threshold=_GIVES_UP_SECONDS,
            periods=2,
            meaning="People have waited for pictures for longer than CVAT does, for 10 minutes.",
            **common | {"watches": "awaited queue"},
        ),
        Rule(  # never below 0: what alarms is that there is no value
            name="queue-silence",
            metric="QueueDepth",
            when="below",
            threshold=0,
            periods=2,
            missing="breaching",
            meaning="For 10 minutes nobody has said how many jobs wait, so workers do not follow.",
            **common | {"statistic": "Minimum"},
        ),
    )


def _schedules() -> tuple[Rule, ...]:
    """On what happens by the clock; Scheduler drops a call when all its tries have failed."""
    return (
        Rule(
            name="schedule-failed",
            watches="schedules",
            namespace="AWS/Scheduler",
            metric="InvocationDroppedCount",
            statistic="Sum",
            threshold=0,
            minutes=5,
            periods=1,
            meaning="A call by the clock has failed for good, so something was not started or stopped.",
        ),
    )
