"""Alarms and events as the rehearsal judges them: beside what CloudWatch and EventBridge document."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from rehearsal import RehearsalError
from rehearsal.aws import alarm_evaluator, event_patterns


def alarm(**own: Any) -> SimpleNamespace:
    usual = {"namespace": "N", "metric_name": "m", "dimensions": [], "statistic": "Maximum", "period": 60}
    usual |= {"extended_statistic": None, "metric_data_queries": [], "comparison_operator": "GreaterThanThreshold"}
    usual |= {"threshold": 5, "evaluation_periods": 3, "datapoints_to_alarm": None, "treat_missing_data": None}
    return SimpleNamespace(**usual | own)


def data(*values: float | None) -> list[SimpleNamespace]:
    """One value for each period, the newest last; None: nothing was put. The next period has what the newest has."""
    now = datetime.now(UTC)
    newest_first = list(reversed(values))
    placed = [(newest_first[0], -1), *((value, back) for back, value in enumerate(newest_first))]
    return [
        SimpleNamespace(namespace="N", name="m", dimensions=[], value=value, timestamp=now - timedelta(minutes=back))
        for value, back in placed
        if value is not None
    ]


@pytest.mark.parametrize(
    ("missing", "values", "state"),
    [
        (None, (9, 9, 9), "ALARM"),
        (None, (9, 9, 5), "OK"),  # reaching the threshold is not being above it
        (None, (1, 1, 1), "OK"),
        (None, (None, None, None), "INSUFFICIENT_DATA"),
        ("notBreaching", (None, None, None), "OK"),
        ("breaching", (None, None, None), "ALARM"),
        ("notBreaching", (9, None, 9), "OK"),
        ("missing", (9, None, 9), "ALARM"),
    ],
)
def test_an_alarm_goes_off_when_all_its_periods_are_beyond(
    missing: str | None, values: tuple[float | None, ...], state: str
) -> None:
    assert alarm_evaluator.state(alarm(treat_missing_data=missing), data(*values)) == state


def test_some_of_the_periods_are_enough_where_the_alarm_says_so() -> None:
    assert alarm_evaluator.state(alarm(datapoints_to_alarm=2), data(9, 1, 9)) == "ALARM"


def test_another_dimension_is_another_metric() -> None:
    assert alarm_evaluator.state(alarm(dimensions=[{"Name": "a", "Value": "b"}]), data(9, 9, 9)) == "INSUFFICIENT_DATA"


@pytest.mark.parametrize(
    ("name", "value"), [("Sum", 10), ("Average", 2.5), ("Minimum", 1), ("SampleCount", 4), ("p50", 2), ("p95", 4)]
)
def test_a_statistic_is_taken_over_the_period(name: str, value: float) -> None:
    assert alarm_evaluator.statistic(name, [4, 1, 3, 2]) == value


def test_a_formula_takes_values_by_their_names() -> None:
    assert alarm_evaluator.calculate("whole - less", {"whole": 3.0, "less": 1.0}) == 2
    assert alarm_evaluator.calculate("100 * a / b", {"a": 1.0, "b": None}) is None, "a value is missing"
    with pytest.raises(RehearsalError, match="is not rehearsed"):
        alarm_evaluator.calculate("FILL(a, 0)", {"a": 1.0})


EVENT = {"source": "aws.ecs", "resources": ["arn:1"], "detail": {"containers": [{"exitCode": 0}, {"exitCode": 137}]}}


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [
        ({"source": ["aws.ecs", "aws.ec2"]}, True),
        ({"source": ["aws.ec2"]}, False),
        ({"resources": [{"prefix": "arn:"}]}, True),
        ({"resources": [{"prefix": "x"}]}, False),
        ({"detail": {"containers": {"exitCode": [137]}}}, True),
        ({"detail": {"containers": {"exitCode": [{"anything-but": [0, 137]}]}}}, False),
        ({"detail": {"containers": {"reason": [{"anything-but": "x"}]}}}, False),
        ({"detail": {"absent": ["x"]}}, False),
    ],
)
def test_a_pattern_fits_if_a_value_that_its_path_reaches_does(pattern: dict[str, Any], fits: bool) -> None:
    assert event_patterns.matches(pattern, EVENT) is fits


def test_a_filter_that_is_not_carried_is_an_error_and_no_silent_match() -> None:
    with pytest.raises(RehearsalError, match="'numeric'"):
        event_patterns.matches({"source": [{"numeric": [">", 1]}]}, EVENT)
