"""The tables of alarms and events, and the dashboard: decided without any resource, each with its runbook section."""

from __future__ import annotations

import dataclasses
import json
import re
from typing import Any

import pytest

from components.monitoring import dashboard
from components.monitoring.alarm_rule import QUIET_SUBJECTS, Monitored
from components.monitoring.alarm_rules import alarm_rules
from components.monitoring.database_limits import memory_gb, most_connections
from components.monitoring.event_rules import Origin, event_rules
from settings.values import DatabaseSize
from tests.support.paths import ROOT

OPERATIONS = ROOT / "docs" / "operations.md"

DATABASE = DatabaseSize(
    instance_class="db.m6g.large", storage_gb=50, max_storage_gb=200, multi_az=True, backup_days=7, engine_version="15"
)
ORIGIN = Origin(
    cluster_arn="arn:cluster",
    services_arn="arn:service/",
    init_family="cvat-x-init",
    vault="vault",
    canary_family="cvat-x-canary",
)
MONITORED: Monitored = {
    "balancer": {"": {"LoadBalancer": "app/x/1"}},
    "target group": {"server": {"LoadBalancer": "app/x/1", "TargetGroup": "targetgroup/s/2"}},
    "service": {"server": {"ClusterName": "c", "ServiceName": "s"}},
    "database": {"": {"DBInstanceIdentifier": "db"}},
    "cache": {"001": {"CacheClusterId": "redis-001"}, "002": {"CacheClusterId": "redis-002"}},
    "file system": {"": {"FileSystemId": "fs-1"}},
}


def sections() -> set[str]:
    """Anchors of the headings below "Alarms", as GitHub makes them."""
    text = OPERATIONS.read_text(encoding="utf-8").partition("\n## Alarms\n")[2].partition("\n## ")[0]
    return {heading.lower().replace(" ", "-") for heading in re.findall(r"^### (.+)$", text, re.M)}


def test_every_alarm_has_its_section_of_the_runbook_and_every_section_an_alarm() -> None:
    names = [rule.name for rule in alarm_rules(DATABASE)] + [rule.name for rule in event_rules(ORIGIN)]
    assert len(names) == len(set(names)), "two alarms of one name cannot be distinguished"
    assert set(names) == sections()


def test_every_notice_is_tried_with_an_event_of_its_kind() -> None:
    tests = "".join(
        path.read_text(encoding="utf-8") for path in (OPERATIONS.parent.parent / "tests/program").glob("*.py")
    )
    untried = [
        rule.name for rule in event_rules(ORIGIN) if f'#{rule.name}"' not in tests and f'"{rule.name}"' not in tests
    ]
    assert not untried, "put such an event on the rehearsed account's bus, and look for the notification"


def test_every_section_says_more_than_the_alarm() -> None:
    text = OPERATIONS.read_text(encoding="utf-8").partition("\n## Alarms\n")[2].partition("\n## ")[0]
    parts = re.split(r"^### .+$", text, flags=re.M)[1:]
    assert min(len(part.split()) for part in parts) > 25, "what it means, where to look, what to do"


@pytest.mark.parametrize(
    ("instance_class", "gigabytes", "connections"),
    [
        ("db.t4g.micro", 1, 112),
        ("db.t4g.medium", 4, 450),
        ("db.m6g.large", 8, 901),
        ("db.m6g.xlarge", 16, 1802),
        ("db.r6g.large", 16, 1802),
        ("db.r7g.2xlarge", 64, 5000),
        ("db.m6g.16xlarge", 256, 5000),
        ("db.x2g.large", None, 112),
    ],
)
def test_the_database_takes_as_many_connections_as_its_memory_allows(
    instance_class: str, gigabytes: int | None, connections: int
) -> None:
    assert memory_gb(instance_class) == gigabytes
    assert most_connections(instance_class) == connections


def test_thresholds_follow_the_size_of_the_database() -> None:
    small = {rule.name: rule for rule in alarm_rules(DATABASE)}
    large = {rule.name: rule for rule in alarm_rules(dataclasses.replace(DATABASE, storage_gb=500))}
    assert small["database-storage"].threshold == 4 * 1024**3
    assert large["database-storage"].threshold == 40 * 1024**3
    assert small["database-connections"].threshold == 720


def test_silence_is_no_alarm_where_it_means_that_nothing_is_wrong() -> None:
    silent = [rule for rule in alarm_rules(DATABASE) if rule.missing == "breaching"]
    assert [rule.name for rule in silent] == ["queue-silence"], "a stack that nobody uses must wake nobody"
    assert {rule.watches for rule in silent} <= set(QUIET_SUBJECTS), "nor one that sleeps"


def test_percentiles_are_asked_for_by_a_name_that_cloudwatch_knows() -> None:
    known = re.compile(r"Sum|Average|Minimum|Maximum|p\d\d")
    assert all(known.fullmatch(rule.statistic) for rule in alarm_rules(DATABASE))


def test_without_a_vault_there_is_no_notice_of_backups() -> None:
    names = [rule.name for rule in event_rules(dataclasses.replace(ORIGIN, vault=None))]
    assert "backup-failed" not in names
    assert "init-failed" in names


def view(things: Monitored) -> dashboard.View:
    return dashboard.View(stack="x", region="cn-north-1", monitored=things, alarm_arns=["arn:alarm"], log_groups={})


def widgets(things: Monitored) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = json.loads(json.dumps(dashboard.body(view(things))))["widgets"]
    return made


def test_a_metric_is_drawn_with_all_its_dimensions_and_a_name() -> None:
    (graph,) = [
        widget for widget in widgets(MONITORED) if widget["properties"].get("title") == "Response time, p95 (s)"
    ]
    assert graph["properties"]["region"] == "cn-north-1"
    assert graph["properties"]["metrics"] == [
        [
            "AWS/ApplicationELB",
            "TargetResponseTime",
            "LoadBalancer",
            "app/x/1",
            "TargetGroup",
            "targetgroup/s/2",
            {"stat": "p95", "label": "server"},
        ]
    ]


def test_what_a_stack_lacks_is_not_drawn() -> None:
    titles = [widget["properties"].get("markdown") for widget in widgets(MONITORED)]
    assert "## Redis" in titles
    assert "## Queues" not in titles, "nobody publishes them"
    assert "## Auto-annotation" not in titles


def test_widgets_lie_side_by_side_without_overlap_inside_24_columns() -> None:
    taken: set[tuple[int, int]] = set()
    for widget in widgets(MONITORED):
        cells = {
            (x, y)
            for x in range(widget["x"], widget["x"] + widget["width"])
            for y in range(widget["y"], widget["y"] + widget["height"])
        }
        assert not cells & taken
        assert max(x for x, _ in cells) < 24
        taken |= cells


def test_every_alarm_that_notifies_is_on_the_dashboard() -> None:
    drawn = {(line.namespace, line.metric) for _, graphs in dashboard.SECTIONS for _, lines in graphs for line in lines}
    unseen = [rule.name for rule in alarm_rules(DATABASE) if (rule.namespace, rule.minus or rule.metric) not in drawn]
    assert not unseen, "who is woken looks at the dashboard first"
