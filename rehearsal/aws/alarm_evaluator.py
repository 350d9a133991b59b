"""Evaluates CloudWatch alarms over the metric data that was put, as CloudWatch does every period.

Carried: single metrics, sums or differences of metrics, SUM, MAX and MIN of several, all statistics and percentiles,
consecutive periods, how a missing value counts, and the actions to topics. Not carried: data that arrives late, low
sample counts, anomaly bands, composite alarms.
"""

from __future__ import annotations

import ast
import json
import math
import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from rehearsal.errors import RehearsalError

COMPARISONS = {
    "GreaterThanThreshold": operator.gt,
    "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
MISSING = {"breaching": True, "notBreaching": False}
"""What a period without data counts as; with any other setting it does not count."""
SIGNS: Mapping[type[ast.operator], Any] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
OVER_SERIES: Mapping[str, Any] = {"SUM": sum, "MAX": max, "MIN": min}
"""Functions of an array of series."""


@dataclass(frozen=True)
class Series:
    """One metric, as an alarm asks for it."""

    namespace: str
    metric: str
    dimensions: frozenset[tuple[str, str]]
    statistic: str
    seconds: int

    def value(self, data: Sequence[Any], back: int, now: float) -> float | None:
        """The statistic over the period `back` periods ago (0: the one that `now` lies in), or None without data."""
        start = (now // self.seconds - back) * self.seconds
        values = [
            datum.value
            for datum in data
            if (datum.namespace, datum.name) == (self.namespace, self.metric)
            and _pairs(datum.dimensions) == self.dimensions
            and start <= _seconds(datum.timestamp) < start + self.seconds
        ]
        return statistic(self.statistic, values) if values else None


def statistic(name: str, values: Sequence[float]) -> float:
    """A statistic of values, of which there is one at least; percentiles by nearest rank."""
    simple = {"Sum": sum, "Minimum": min, "Maximum": max, "SampleCount": len}
    if name in simple:
        return float(simple[name](values))  # type: ignore[operator]  # builtins of several shapes
    if name == "Average":
        return sum(values) / len(values)
    rank = math.ceil(float(name.removeprefix("p")) / 100 * len(values))
    return sorted(values)[max(rank, 1) - 1]


def namespaces(alarm: Any) -> set[str]:
    """Namespaces of an alarm's metrics."""
    queries = alarm.metric_data_queries or []
    return {alarm.namespace, *(query.metric_stat.metric.namespace for query in queries if query.metric_stat)}


def state(alarm: Any, data: Sequence[Any]) -> str:
    """OK, ALARM or INSUFFICIENT_DATA: one of moto's alarms over its metric data, now."""
    now = datetime.now(UTC).timestamp()
    periods = int(alarm.evaluation_periods)
    values = [_value(alarm, data, back, now) for back in range(periods)]
    missing = MISSING.get(alarm.treat_missing_data or "missing")
    breaches = [missing if value is None else _breaches(alarm, value) for value in values]
    counted = [breach for breach in breaches if breach is not None]
    if not counted:
        return "INSUFFICIENT_DATA"
    needed = min(int(alarm.datapoints_to_alarm or periods), len(counted))
    return "ALARM" if sum(counted) >= needed else "OK"


def excess(alarm: Any, data: Sequence[Any]) -> float | None:
    """By how much the newest value is above the threshold; None without one."""
    value = _value(alarm, data, 0, datetime.now(UTC).timestamp())
    return None if value is None else value - float(alarm.threshold)


def _breaches(alarm: Any, value: float) -> bool:
    return bool(COMPARISONS[alarm.comparison_operator](value, float(alarm.threshold)))


def _value(alarm: Any, data: Sequence[Any], back: int, now: float) -> float | None:
    if not alarm.metric_data_queries:
        dimensions = _pairs(alarm.dimensions)
        name = alarm.statistic or alarm.extended_statistic
        series = Series(alarm.namespace, alarm.metric_name, dimensions, name, int(alarm.period))
        return series.value(data, back, now)
    values: dict[str, float | None] = {}
    for query in alarm.metric_data_queries:
        if query.metric_stat:
            metric, stat = query.metric_stat.metric, query.metric_stat
            dimensions = _pairs(metric.dimensions)
            series = Series(metric.namespace, metric.metric_name, dimensions, stat.stat, int(stat.period))
            values[query.id] = series.value(data, back, now)
    (expression,) = [query.expression for query in alarm.metric_data_queries if query.expression]
    return calculate(expression, values)


def calculate(expression: str, values: Mapping[str, float | None]) -> float | None:
    """An expression of names, numbers and + - * /; None where one of the values is missing.

    Functions of several series leave missing values out (CloudWatch user guide, "Using math expressions", 2026-11).
    """

    def of(node: ast.expr) -> float | None:
        if isinstance(node, ast.Constant):
            return float(str(node.value))
        if isinstance(node, ast.Name) and node.id in values:
            return values[node.id]
        if isinstance(node, ast.BinOp) and type(node.op) in SIGNS:
            left, right = of(node.left), of(node.right)
            return None if left is None or right is None else float(SIGNS[type(node.op)](left, right))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in OVER_SERIES:
            (series,) = node.args
            known = [value for item in getattr(series, "elts", ()) if (value := of(item)) is not None]
            return float(OVER_SERIES[node.func.id](known)) if known else None
        raise RehearsalError(
            f"The expression '{expression}' of an alarm is not rehearsed: see rehearsal/aws/alarm_evaluator.py."
        )

    return of(ast.parse(expression, mode="eval").body)


def message(alarm: Any, before: str) -> str:
    """What CloudWatch sends to a topic, reduced to the keys that subscribers of this project read."""
    content = {
        "AlarmName": alarm.name,
        "AlarmDescription": alarm.description,
        "NewStateValue": alarm.state_value,
        "OldStateValue": before,
    }
    return json.dumps(content)


def _pairs(dimensions: Any) -> frozenset[tuple[str, str]]:
    """Dimensions as moto's objects or the API's pairs."""
    return frozenset(
        (dimension["Name"], dimension["Value"]) if isinstance(dimension, dict) else (dimension.name, dimension.value)
        for dimension in dimensions or []
    )


def _seconds(moment: datetime) -> float:
    """moto's moments are in UTC but do not always say so."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
