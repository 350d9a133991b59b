"""status, logs, shell and admin-password against a rehearsed account."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from botocore.exceptions import ClientError
from moto.backends import get_backend

from cvatctl import logs
from cvatctl.status.services import _service, _target_group
from rehearsal import Rehearsal
from rehearsal.aws.moto_patches import ecs

Run = Callable[..., tuple[int, str, str]]


def backend(deployed: Rehearsal, service: str) -> Any:
    """moto's own objects, to put the account into states that no call leads to."""
    return get_backend(service)[deployed.account.id][deployed.region]  # type: ignore[call-overload]


@pytest.fixture
def healthy(deployed: Rehearsal) -> None:
    """Let all tasks run and be healthy, as ECS would; moto starts none by itself."""
    ecs, elb = deployed.client("ecs"), deployed.client("elbv2")
    for service in backend(deployed, "ecs").services.values():
        service.running_count, service.pending_count = service.desired_count, 0
        for deployment in service.deployments if hasattr(service, "deployments") else []:
            deployment["rolloutState"] = "COMPLETED"
    for name in deployed.outputs["services"].values():
        (description,) = ecs.describe_services(cluster=deployed.outputs["cluster"], services=[name])["services"]
        for group in description["loadBalancers"]:
            elb.register_targets(TargetGroupArn=group["targetGroupArn"], Targets=[{"Id": "10.192.64.10"}])


def _start(service: Any) -> None:
    """No task of a service runs yet."""
    service.running_count, service.pending_count = 0, service.desired_count
    for deployment in service.deployments:
        deployment |= {"rolloutState": "IN_PROGRESS", "runningCount": 0, "pendingCount": service.desired_count}


def test_status_of_a_deployment_under_way_shows_each_part_and_what_is_missing(
    run: Run, outputs_file: Path, deployed: Rehearsal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ecs, "_settle", _start)
    code, out, _ = run("status", "--outputs", str(outputs_file))
    assert code == 1, "no task runs yet, and a script must notice"
    for title in ("Services", "Initialisation", "Load balancer", "Database", "Redis", "File system", "Alarms"):
        assert f"\n{title}\n" in out
    assert re.search(
        r"! +server +0 of 1 running, 1 pending, deployment of cvat-cn-northwest-1-server:1 in progress", out
    )
    assert deployed.outputs["stores"]["database"] in out
    assert re.search(r"  +init +ended with 0", out), "the run-once task's containers and their exit codes"
    assert "3 of 3 mount targets available" in out
    assert "serves openvino-person-reidentification-retail, pth-faster-rcnn" in out


def test_status_says_that_all_is_well_only_when_it_is(run: Run, outputs_file: Path, healthy: None) -> None:
    code, out, _ = run("status", "--outputs", str(outputs_file))
    assert code == 0, out
    assert "All is well." in out
    assert "!" not in out.replace("with !", "")


def test_a_service_that_is_scaled_to_zero_needs_no_healthy_target() -> None:
    assert _target_group("server", [], expected=False).ok
    assert not _target_group("server", [], expected=True).ok
    sick = {"Target": {"Id": "10.0.0.1"}, "TargetHealth": {"State": "unhealthy", "Description": "answers 502"}}
    line = _target_group("server", [sick], expected=True)
    assert not line.ok
    assert line.details == ["10.0.0.1: unhealthy, answers 502"]


def test_an_alarm_of_this_stack_is_shown_and_one_of_another_is_not(
    run: Run, outputs_file: Path, deployed: Rehearsal, healthy: None
) -> None:
    watch = deployed.client("cloudwatch")
    for stack, name in ((deployed.stack, "queue is old"), ("another", "not ours")):
        watch.put_metric_alarm(
            AlarmName=name,
            Namespace="CVAT",
            MetricName="Age",
            Statistic="Maximum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanThreshold",
            Tags=[{"Key": "project", "Value": "cvat"}, {"Key": "stack", "Value": stack}],
        )
        watch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a job waits for an hour")
    code, out, _ = run("status", "--outputs", str(outputs_file))
    watch.delete_alarms(AlarmNames=["queue is old", "not ours"])
    assert code == 1
    assert re.search(r"! +queue is old +a job waits for an hour", out)
    assert "not ours" not in out


def test_a_part_that_may_not_be_asked_does_not_hide_the_others(
    run: Run, outputs_file: Path, deployed: Rehearsal
) -> None:
    refusal = ClientError({"Error": {"Code": "AccessDenied", "Message": "not you"}}, "DescribeDBInstances")
    with mock.patch("moto.rds.models.RDSBackend.describe_db_instances", side_effect=refusal):
        code, out, _ = run("status", "--outputs", str(outputs_file))
    assert code == 1
    assert "These credentials may not call DescribeDBInstances (not you)" in out
    assert deployed.outputs["stores"]["cache"] in out


def test_a_failed_deployment_shows_its_reason_and_the_last_events() -> None:
    now = datetime.now(UTC)
    failed = {
        "taskDefinition": "arn:x:task-definition/cvat-server:7",
        "rolloutState": "FAILED",
        "failedTasks": 3,
        "runningCount": 0,
        "desiredCount": 2,
        "rolloutStateReason": "circuit breaker",
    }
    events = [{"createdAt": now, "message": f"event {number}"} for number in range(9)]
    service = {"status": "ACTIVE", "desiredCount": 2, "runningCount": 2, "deployments": [failed], "events": events}
    line = _service("server", service)
    assert not line.ok, "the old tasks still run, but the deployment failed"
    assert "deployment of cvat-server:7 failed: 0 of 2, 3 tasks failed" in line.state
    assert "circuit breaker" in line.state
    assert [detail.partition(": ")[2] for detail in line.details] == ["event 0", "event 1", "event 2"]


def test_logs_merges_the_tasks_of_a_service_by_time(run: Run, outputs_file: Path, deployed: Rehearsal) -> None:
    group, client = deployed.outputs["log_groups"]["worker"], deployed.client("logs")
    now = int(datetime.now(UTC).timestamp() * 1000)
    for task, offset in (("aaaaaaaa11", 0), ("bbbbbbbb22", 500)):
        stream = f"worker/worker/{task}"
        client.create_log_stream(logGroupName=group, logStreamName=stream)
        events = [{"timestamp": now - 9000 + offset + n * 1000, "message": f"line {n}"} for n in range(2)]
        client.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)
    code, out, _ = run("logs", "worker", "--since", "1h", "--outputs", str(outputs_file))
    assert code == 0
    messages = [line.split(" ", 2)[2] for line in out.splitlines()]
    assert messages == [
        "worker/aaaaaaaa line 0",
        "worker/bbbbbbbb line 0",
        "worker/aaaaaaaa line 1",
        "worker/bbbbbbbb line 1",
    ]


def test_following_shows_new_lines_once_even_if_they_come_late(deployed: Rehearsal) -> None:
    group, client = deployed.outputs["log_groups"]["scheduler"], deployed.client("logs")
    client.create_log_stream(logGroupName=group, logStreamName="scheduler/scheduler/cccc")
    now = int(datetime.now(UTC).timestamp() * 1000)
    waits = 0

    def put(moment: int, message: str) -> None:
        events = [{"timestamp": moment, "message": message}]
        client.put_log_events(logGroupName=group, logStreamName="scheduler/scheduler/cccc", logEvents=events)

    def sleep(_: float) -> None:
        nonlocal waits
        waits += 1
        if waits == 1:
            put(now - 1000, "second")
            put(now - 4000, "late")
        if waits == 3:
            raise KeyboardInterrupt

    put(now - 2000, "first")
    seen = []
    with pytest.raises(KeyboardInterrupt):
        for line in logs.read_lines(deployed.client, group, logs.start_time("1m"), follow=True, sleep=sleep):
            seen.append(line.rpartition(" ")[2])
    assert sorted(seen) == ["first", "late", "second"]


@pytest.mark.parametrize("text", ["yesterday", "1y", "-5m", ""])
def test_a_time_that_is_none_is_a_sentence_with_examples(run: Run, outputs_file: Path, text: str) -> None:
    code, _, err = run("logs", "server", f"--since={text}", "--outputs", str(outputs_file))
    assert code == 2
    assert "such as 90s, 15m, 1h or 2d" in err


def test_an_unknown_service_is_answered_with_those_there_are(run: Run, outputs_file: Path) -> None:
    code, _, err = run("logs", "servr", "--outputs", str(outputs_file))
    assert code == 2
    assert "no log group 'servr'" in err
    assert "annotation-worker, gateway, init" in err


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Put (only) these programs on the path."""

    def install(*names: str) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        for name in names:
            (tmp_path / name).write_text("#!/bin/sh\n", encoding="utf-8")
            (tmp_path / name).chmod(0o755)

    return install


def test_shell_names_each_missing_tool(run: Run, outputs_file: Path, tools: Callable[..., None]) -> None:
    tools()
    assert "The AWS CLI was not found" in run("shell", "server", "--outputs", str(outputs_file))[2]
    tools("aws")
    assert "session-manager-plugin was not found" in run("shell", "server", "--outputs", str(outputs_file))[2]


def test_shell_says_how_to_switch_exec_on(run: Run, outputs_file: Path, tools: Callable[..., None]) -> None:
    tools("aws", "session-manager-plugin")
    code, _, err = run("shell", "server", "--outputs", str(outputs_file))
    assert code == 2
    assert "pulumi config set cvat:enableExec true" in err


def test_shell_becomes_the_aws_cli_in_the_newest_running_task(
    run: Run, outputs_file: Path, deployed: Rehearsal, tools: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    tools("aws", "session-manager-plugin")
    became: list[tuple[str, list[str], dict[str, str]]] = []
    monkeypatch.setattr(os, "execvpe", lambda *call: became.append(call))
    containers = [{"name": "server", "managedAgents": [{"name": "ExecuteCommandAgent", "lastStatus": "RUNNING"}]}]
    tasks = [
        {
            "taskArn": f"arn:aws-cn:ecs:x:1:task/c/{day}",
            "lastStatus": "RUNNING",
            "containers": containers,
            "startedAt": datetime(2026, 11, day, tzinfo=UTC),
        }
        for day in (1, 3, 2)
    ]
    answers = {
        "DescribeServices": {"services": [{"enableExecuteCommand": True}]},
        "ListTasks": {"taskArns": [task["taskArn"] for task in tasks]},
        "DescribeTasks": {"tasks": tasks},
    }
    with mock.patch("botocore.client.BaseClient._make_api_call", lambda _, name, __: answers[name]):
        code, _, err = run("shell", "server", "--outputs", str(outputs_file), "--command", "id")
        assert code == 0, err
        assert run("shell", "server", "sever", "--outputs", str(outputs_file))[2].count("no container 'sever'") == 1
        containers[0]["managedAgents"] = [
            {"name": "ExecuteCommandAgent", "lastStatus": "STOPPED", "reason": "no route"}
        ]
        assert "ssmmessages" in run("shell", "server", "--outputs", str(outputs_file))[2]
        answers["ListTasks"] = {"taskArns": []}
        assert "No task of server is running" in run("shell", "server", "--outputs", str(outputs_file))[2]
    ((program, words, environment),) = became
    assert program == "aws"
    assert words[:6] == ["aws", "ecs", "execute-command", "--region", deployed.region, "--cluster"]
    assert words[words.index("--task") + 1].endswith("/3"), "the newest"
    assert words[-1] == "id"
    assert "PATH" in environment


def test_the_password_goes_to_a_terminal_or_where_it_is_asked_for_and_nowhere_else(
    run: Run, outputs_file: Path, deployed: Rehearsal, caplog: pytest.LogCaptureFixture
) -> None:
    secret = deployed.client("secretsmanager").get_secret_value(SecretId=deployed.outputs["admin_secret_arn"])
    password = json.loads(secret["SecretString"])["password"]
    caplog.set_level("INFO")
    code, out, err = run("admin-password", "--outputs", str(outputs_file))
    assert (code, out) == (2, "")
    assert "--reveal" in err
    code, out, err = run("admin-password", "--reveal", "--outputs", str(outputs_file))
    assert (code, out, err) == (0, f"{password}\n", "")
    assert password not in caplog.text
    with mock.patch("sys.stdout.isatty", return_value=True):
        assert run("admin-password", "--outputs", str(outputs_file))[1] == f"{password}\n"


def test_a_secret_of_another_shape_is_refused_without_being_shown(
    run: Run, outputs_file: Path, deployed: Rehearsal
) -> None:
    answer = {"SecretString": "hunter2-not-json"}
    with mock.patch("botocore.client.BaseClient._make_api_call", lambda *_: answer):
        code, out, err = run("admin-password", "--reveal", "--outputs", str(outputs_file))
    assert code == 2
    assert "hunter2" not in out + err
