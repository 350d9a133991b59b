"""Alarms, notices and dashboard, asked of the rehearsed account: put data or events, and read the notifications."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from components.monitoring.alarm_rules import alarm_rules
from rehearsal import Rehearsal
from settings.presets import STANDARD
from settings.releases import DEFAULT
from tests.support.notifications import Inbox

Rehearse = Callable[..., Rehearsal]
STACKS = ["cn-northwest-1", "ap-northeast-1"]

ELSEWHERE = {"batch endpoint", "batch variant", "media cache", "awaited queue"}
"""Of functions that sleep (test_batch_functions.py) and of CVAT's current line (tests/support/every_setting)."""


@pytest.fixture(scope="module", params=STACKS)
def stack(request: pytest.FixtureRequest, rehearsed: Rehearse) -> Rehearsal:
    done = rehearsed(request.param, alarmEmail="ops@example.com", canary="hourly")
    assert done.error is None, done.error
    assert all(verdict.ok for verdict in done.checks), done.checks
    return done


@pytest.fixture
def inbox(stack: Rehearsal) -> Inbox:
    """A subscriber of the topic."""
    return Inbox(stack, stack.outputs["alarms"]["topic_arn"])


def alarms(done: Rehearsal) -> list[dict[str, Any]]:
    """Those that tell somebody; others call a scaling policy."""
    pages = done.client("cloudwatch").get_paginator("describe_alarms").paginate()
    listed = [alarm for page in pages for alarm in page["MetricAlarms"]]
    return [alarm for alarm in listed if ":scalingPolicy:" not in "".join(alarm["AlarmActions"])]


def series(alarm: dict[str, Any]) -> list[dict[str, Any]]:
    """The metrics of an alarm: namespace, name, dimensions, period."""
    if alarm.get("MetricName"):
        return [{key: alarm[key] for key in ("Namespace", "MetricName", "Dimensions", "Period")}]
    return [
        {**metric["MetricStat"]["Metric"], "Period": metric["MetricStat"]["Period"]}
        for metric in alarm["Metrics"]
        if "MetricStat" in metric
    ]


def test_there_is_an_alarm_for_everything_that_can_go_wrong(stack: Rehearsal) -> None:
    names = [alarm["AlarmName"] for alarm in alarms(stack)]
    counts = {
        "missing-tasks": len(DEFAULT.services),
        "unhealthy-targets": 2,
        "redis-memory": 1 + int(STANDARD["redis_replicas"]),
    }
    counts |= {"endpoint-latency": 1, "database-storage": 1, "file-system-credits": 1, "queue-depth": 2}
    for name, count in counts.items():
        assert sum(name in alarm_name for alarm_name in names) == count, name


def test_every_alarm_names_its_stack_and_a_section_of_the_runbook(stack: Rehearsal) -> None:
    for alarm in alarms(stack):
        assert alarm["AlarmDescription"].startswith(f"CVAT {stack.stack}: "), "an account may hold several stacks"
        assert "docs/operations.md#" in alarm["AlarmDescription"]
        assert alarm["AlarmActions"] == alarm["OKActions"] == [stack.outputs["alarms"]["topic_arn"]]


def test_every_alarm_watches_something_that_the_account_has(stack: Rehearsal) -> None:
    known = {record.outputs.get("arnSuffix") for record in stack.of_type("aws:lb/loadBalancer:LoadBalancer")}
    known |= {record.outputs.get("arnSuffix") for record in stack.of_type("aws:lb/targetGroup:TargetGroup")}
    known |= {
        instance["DBInstanceIdentifier"] for instance in stack.client("rds").describe_db_instances()["DBInstances"]
    }
    groups = stack.client("elasticache").describe_replication_groups()["ReplicationGroups"]
    known |= {member for group in groups for member in group["MemberClusters"]}
    known |= {system["FileSystemId"] for system in stack.client("efs").describe_file_systems()["FileSystems"]}
    known |= {endpoint["EndpointName"] for endpoint in stack.client("sagemaker").list_endpoints()["Endpoints"]} | {
        "all"
    }
    known |= {stack.outputs["cluster"], *stack.outputs["services"].values()}
    known |= {stack.stack, *DEFAULT.queues}
    known |= {group["Name"] for group in stack.client("scheduler").list_schedule_groups()["ScheduleGroups"]}
    for alarm in alarms(stack):
        for metric in series(alarm):
            values = {dimension["Value"] for dimension in metric["Dimensions"]}
            assert values <= known, f"{alarm['AlarmName']} would wait for ever"


def put(done: Rehearsal, alarm: dict[str, Any], value: float) -> None:
    """Five values in every period that the alarm looks at, and in the next, lest that begins meanwhile."""
    now = datetime.now(UTC)
    first, *others = series(alarm)
    for measured, each in [(first, value), *((other, 0.0) for other in others)]:
        data = [
            {
                "MetricName": measured["MetricName"],
                "Dimensions": measured["Dimensions"],
                "Timestamp": now - timedelta(seconds=back * measured["Period"]),
                "Values": [each],
                "Counts": [5],
            }
            for back in range(-1, alarm["EvaluationPeriods"])
        ]
        done.client("cloudwatch").put_metric_data(Namespace=measured["Namespace"], MetricData=data)


def state(done: Rehearsal, name: str) -> str:
    (alarm,) = done.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
    return str(alarm["StateValue"])


def test_every_alarm_can_be_tried_by_putting_metric_data(stack: Rehearsal, inbox: Inbox) -> None:
    for alarm in alarms(stack):
        name, threshold = alarm["AlarmName"], alarm["Threshold"]
        below = alarm["ComparisonOperator"] == "LessThanThreshold"
        put(stack, alarm, threshold if alarm.get("Statistic") != "Sum" else 0)
        assert state(stack, name) == "OK", f"{name} wakes somebody for nothing"
        put(stack, alarm, -1e15 if below else 1e15)
        assert state(stack, name) == "ALARM", f"{name} wakes nobody"
        messages = [json.loads(text) for text in inbox.read()]
        expected = {"AlarmName": name, "NewStateValue": "ALARM"}.items()
        assert any(expected <= message.items() for message in messages), f"{name} notifies no one"


def test_tasks_are_missing_if_fewer_run_than_should_and_not_the_other_way_round(stack: Rehearsal) -> None:
    (alarm,) = [alarm for alarm in alarms(stack) if "alarms-missing-tasks-worker" in alarm["AlarmName"]]
    parts = {
        metric["Id"]: metric.get("Expression") or metric["MetricStat"]["Metric"]["MetricName"]
        for metric in alarm["Metrics"]
    }
    assert parts == {"whole": "DesiredTaskCount", "less": "RunningTaskCount", "rest": "whole - less"}
    assert [metric["Id"] for metric in alarm["Metrics"] if metric.get("ReturnData")] == ["rest"]


def test_an_alarm_that_is_set_by_hand_tells_the_topic_too(stack: Rehearsal, inbox: Inbox) -> None:
    name = next(alarm["AlarmName"] for alarm in alarms(stack) if "database-cpu" in alarm["AlarmName"])
    for value in ("OK", "ALARM"):
        stack.client("cloudwatch").set_alarm_state(AlarmName=name, StateValue=value, StateReason="a trial")
    assert json.loads(inbox.read()[-1])["NewStateValue"] == "ALARM"


def test_the_topic_is_encrypted_by_a_key_that_lets_those_publish_who_must(stack: Rehearsal) -> None:
    sns, arn = stack.client("sns"), stack.outputs["alarms"]["topic_arn"]
    attributes = sns.get_topic_attributes(TopicArn=arn)["Attributes"]
    key = attributes["KmsMasterKeyId"]
    policies = [attributes["Policy"], stack.client("kms").get_key_policy(KeyId=key, PolicyName="default")["Policy"]]
    for policy in policies:
        for service in ("cloudwatch.amazonaws.com", "events.amazonaws.com"):
            assert service in policy, "in China, too, these principals have no .cn"
    (subscription,) = [
        subscription
        for subscription in sns.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]
        if subscription["Protocol"] == "email"
    ]
    assert subscription["Endpoint"] == "ops@example.com"


def event(done: Rehearsal, kind: str, detail: dict[str, Any], resource: str, source: str = "aws.ecs") -> None:
    entry = {"Source": source, "DetailType": kind, "Detail": json.dumps(detail), "Resources": [resource]}
    done.client("events").put_events(Entries=[entry])


def arns(done: Rehearsal) -> tuple[str, str]:
    """ARN of the cluster, and of one of its services."""
    (cluster,) = done.of_type("aws:ecs/cluster:Cluster")
    service = str(cluster.outputs["arn"]).replace(":cluster/", ":service/")
    return str(cluster.outputs["arn"]), f"{service}/{done.outputs['services']['server']}"


def test_a_deployment_that_is_rolled_back_is_notified_and_a_good_one_is_not(stack: Rehearsal, inbox: Inbox) -> None:
    _, service = arns(stack)
    event(stack, "ECS Deployment State Change", {"eventName": "SERVICE_DEPLOYMENT_COMPLETED"}, service)
    other = service.replace(":service/", ":service/another-")
    event(stack, "ECS Deployment State Change", {"eventName": "SERVICE_DEPLOYMENT_FAILED"}, other)
    assert not inbox.read()
    event(stack, "ECS Deployment State Change", {"eventName": "SERVICE_DEPLOYMENT_FAILED"}, service)
    (text,) = inbox.read()
    assert "docs/operations.md#deployment-failed" in text
    assert service in text


@pytest.mark.parametrize(
    ("detail", "section"),
    [
        ({"containers": [{"exitCode": 0}, {"exitCode": 1}]}, "init-failed"),
        ({"containers": [{"exitCode": 0}, {"exitCode": 0}]}, None),
        ({"containers": [{}], "stopCode": "TaskFailedToStart"}, "init-not-started"),
        ({"containers": [{"exitCode": 1}], "lastStatus": "RUNNING"}, None),
        ({"containers": [{"exitCode": 1}], "group": "service:server"}, None),
    ],
)
def test_an_initialisation_that_fails_is_notified(
    stack: Rehearsal, inbox: Inbox, detail: dict[str, Any], section: str | None
) -> None:
    cluster, _ = arns(stack)
    usual = {"clusterArn": cluster, "group": f"family:cvat-{stack.stack}-init", "lastStatus": "STOPPED"}
    event(stack, "ECS Task State Change", usual | detail, f"{cluster}/task")
    assert [f"#{section}" in text for text in inbox.read()] == ([True] if section else [])


def test_a_backup_that_fails_is_notified(stack: Rehearsal, inbox: Inbox) -> None:
    vault = stack.outputs["backups"]["vault"]
    for state_, where in (("COMPLETED", vault), ("FAILED", "another"), ("EXPIRED", vault)):
        detail = {"state": state_, "backupVaultName": where}
        event(stack, "Backup Job State Change", detail, "arn:store", source="aws.backup")
    (text,) = inbox.read()
    assert "docs/operations.md#backup-failed" in text


def test_the_dashboard_shows_this_stack_in_its_region(stack: Rehearsal) -> None:
    name = stack.outputs["alarms"]["dashboard"]
    body = json.loads(stack.client("cloudwatch").get_dashboard(DashboardName=name)["DashboardBody"])
    (listed,) = [widget for widget in body["widgets"] if widget["type"] == "alarm"]
    assert set(listed["properties"]["alarms"]) == {alarm["AlarmArn"] for alarm in alarms(stack)}
    assert {widget["properties"]["region"] for widget in body["widgets"] if widget["type"] in ("metric", "log")} == {
        stack.region
    }
    titles = [widget["properties"].get("markdown") for widget in body["widgets"]]
    expected = [
        "Requests and errors",
        "Services",
        "Queues",
        "Database",
        "Redis",
        "File system",
        "Auto-annotation",
        "What costs",
    ]
    assert [title for title in titles if title] == [f"## {title}" for title in expected]


def test_a_stack_without_auto_annotation_has_no_alarms_on_endpoints(rehearsed: Rehearse) -> None:
    done = rehearsed("ap-northeast-1", inferenceLayout="none")
    assert done.error is None, done.error
    assert not [alarm["AlarmName"] for alarm in alarms(done) if "endpoint" in alarm["AlarmName"]]


def test_the_table_has_no_rule_that_the_stack_does_not_apply(stack: Rehearsal) -> None:
    sizes = [record.inputs for record in stack.of_type("aws:rds/instance:Instance")]
    assert sizes, "the rules depend on the database"
    applied = {alarm["AlarmDescription"].rpartition("#")[2].rstrip(".") for alarm in alarms(stack)}
    from settings.values import DatabaseSize  # noqa: PLC0415

    size = DatabaseSize(
        instance_class="db.m6g.xlarge",
        storage_gb=50,
        max_storage_gb=50,
        multi_az=True,
        backup_days=1,
        engine_version="15",
    )
    unused = {rule.name for rule in alarm_rules(size) if rule.watches not in ELSEWHERE} - applied
    assert not unused
