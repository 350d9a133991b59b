"""What CloudWatch receives of the queues: names as the alarms have them, and no failure that ends the process."""

from __future__ import annotations

from typing import Any

import pytest
from cvat_aws import queue_metrics, queues, stores
from cvat_aws.environment import UnusableError
from cvat_aws.queues import Reading

from components.ecs.queue_scaling import step_policies
from components.monitoring.alarm_rules import alarm_rules
from rehearsal.checks import role_calls
from settings.releases import DEFAULT
from settings.releases.release import METRICS_NAMESPACE
from settings.values import DatabaseSize

ENV = {"CVAT_STACK": "prod", "AWS_REGION": "cn-north-1", "CVAT_REDIS_HOST": "redis", "CVAT_REDIS_PASSWORD": "s3cret&"}
READING = Reading(queue="low", waiting=3, oldest_s=61.5, running=2, idle=1, failed=4, lost=5)
DATABASE = DatabaseSize(
    instance_class="db.m6g.xlarge", storage_gb=50, max_storage_gb=50, multi_az=True, backup_days=1, engine_version="15"
)


class CloudWatch:
    def __init__(self) -> None:
        self.published: list[dict[str, Any]] = []

    def put_metric_data(self, **data: Any) -> None:
        self.published.append(data)


def test_metrics_have_the_names_that_alarms_and_scaling_look_for() -> None:
    published = {metric["MetricName"] for metric in queue_metrics.data("prod", READING)}
    watched = {rule.metric for rule in alarm_rules(DATABASE) if rule.watches == "queue"}
    scaled = {policy.metric for least in (0, 1) for policy in step_policies(least)}
    assert watched | scaled <= published, "an alarm would wait for ever"
    assert queue_metrics.NAMESPACE == METRICS_NAMESPACE == role_calls.METRICS_NAMESPACE
    assert tuple(stores.JOB_TIMEOUTS) == DEFAULT.queues


def test_a_reading_is_published_with_its_stack_and_queue() -> None:
    published = {metric["MetricName"]: metric for metric in queue_metrics.data("prod", READING)}
    assert {name: metric["Value"] for name, metric in published.items()} == {
        "QueueDepth": 3,
        "OldestJobAge": 61.5,
        "RunningJobs": 2,
        "IdleWorkers": 1,
        "FailedJobs": 4,
        "LostJobs": 5,
    }
    for metric in published.values():
        assert metric["Dimensions"] == [{"Name": "Stack", "Value": "prod"}, {"Name": "Queue", "Value": "low"}]


def test_all_queues_are_published_in_one_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue_metrics, "read", lambda _redis, queue: Reading(queue, 0, 0.0, 0, 0, 0, 0))
    cloudwatch = CloudWatch()
    queue_metrics.publish(queue_metrics.settings(ENV), None, cloudwatch)
    (call,) = cloudwatch.published
    assert {metric["Dimensions"][1]["Value"] for metric in call["MetricData"]} == set(DEFAULT.queues)
    assert len(call["MetricData"]) <= 20, "CloudWatch took no more in one call when CVAT's boto3 was made"


def test_it_needs_but_its_stack_its_region_and_redis() -> None:
    chosen = queue_metrics.settings(ENV)
    assert chosen.redis["password"] == "s3cret&"
    assert (chosen.redis["ssl"], chosen.redis["ssl_check_hostname"], chosen.redis["db"]) == (True, True, 0)
    assert chosen.redis["socket_timeout"], "a Redis that is gone never says so"
    assert chosen.cloudwatch == {"region_name": "cn-north-1", "endpoint_url": None}
    with pytest.raises(UnusableError) as caught:
        queue_metrics.settings({})
    assert {line.split()[0] for line in str(caught.value).splitlines()} == {
        "CVAT_STACK",
        "AWS_REGION",
        "CVAT_REDIS_HOST",
    }


def test_a_failure_is_said_and_tried_again(capsys: pytest.CaptureFixture[str]) -> None:
    def broken() -> None:
        raise ConnectionError("Redis is gone")

    assert queue_metrics.attempt(broken, worked=True) is False
    assert "ConnectionError: Redis is gone" in capsys.readouterr().out
    assert queue_metrics.attempt(lambda: None, worked=False) is True
    assert "published" in capsys.readouterr().out, "the log says when it is well again"
    assert queue_metrics.attempt(lambda: None, worked=True) is True
    assert not capsys.readouterr().out


def test_a_signal_to_stop_is_no_failure() -> None:
    def stopped() -> None:
        raise SystemExit(0)

    with pytest.raises(SystemExit):
        queue_metrics.attempt(stopped, worked=True)


def test_failures_are_shown_for_as_long_as_the_alarm_on_them_looks() -> None:
    (rule,) = [rule for rule in alarm_rules(DATABASE) if rule.name == "failed-jobs"]
    assert rule.minutes * rule.periods * 60 == queues.FAILURES_WINDOW_S
    assert queues.FAILURES_KEPT_S > queues.FAILURES_WINDOW_S
