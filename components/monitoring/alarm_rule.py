"""What one row of the table of alarms says (alarm_rules.py). Pure: no Pulumi resources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import pulumi

RUNBOOK = "docs/operations.md"

Subject = Literal[
    "balancer",
    "target group",
    "service",
    "database",
    "cache",
    "media cache",
    "file system",
    "endpoint",
    "batch endpoint",
    "batch variant",
    "queue",
    "awaited queue",
    "schedules",
]
QUIET_SUBJECTS: tuple[Subject, ...] = (
    "balancer",
    "target group",
    "service",
    "endpoint",
    "batch endpoint",
    "batch variant",
    "database",
    "queue",
    "awaited queue",
)
"""What sleeps with the stack: errors, missing tasks and silence are no news then. Redis and files do not sleep."""
Dimensions = Mapping[str, pulumi.Input[str]]
Monitored = Mapping[Subject, Mapping[str, Dimensions]]
"""Dimensions of the metrics of existing resources, by kind and by a short name ("" where there is only one)."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One alarm for each resource of a kind."""

    name: str
    watches: Subject
    namespace: str
    metric: str
    minus: str = ""
    """A metric of the same resource that is subtracted, minute by minute."""
    statistic: str
    """Sum, Average, Minimum, Maximum, or a percentile such as p95."""
    when: Literal["above", "below"] = "above"
    threshold: float
    """In the metric's own unit; reaching it is not enough."""
    minutes: int
    """Length of a period."""
    periods: int
    """Periods in a row that must be beyond the threshold."""
    missing: Literal["notBreaching", "breaching", "missing"] = "notBreaching"
    """What a period without a value counts as: most of these metrics are silent while nothing is wrong."""
    meaning: str
    """One sentence for the operator."""

    @property
    def runbook(self) -> str:
        return f"{RUNBOOK}#{self.name}"

    @property
    def comparison(self) -> str:
        return "GreaterThanThreshold" if self.when == "above" else "LessThanThreshold"
