"""The estimate: quantities from what exists, prices from a dated table, and nothing invented."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cvat_aws.queue_metrics import data
from cvat_aws.queues import Reading
from cvat_aws.stores import JOB_TIMEOUTS

from cvatctl.prices import command as prices
from region import Region
from rehearsal import Record, Rehearsal
from rehearsal.defaults import HOME
from rehearsal.report import cost, sizes
from rehearsal.report.sizes import Sizes, Task
from tests.support.material import Written, record

NINGXIA, TOKYO, VIRGINIA = "cn-northwest-1", "ap-northeast-1", "us-east-1"
HOURS = 730


def network() -> list[object]:
    """A component with two NAT gateways."""
    whole = record("cvat:index:Network", "network", custom=False, id="")
    return [whole, *(record("aws:ec2/natGateway:NatGateway", f"nat-{n}", parent=whole.urn) for n in (1, 2))]


def test_a_price_an_hour_counts_730_times_a_month() -> None:
    items = cost.bill(Sizes(nats=2), network())  # type: ignore[arg-type]
    gateways = next(item for item in items if item.price == "nat_hour")
    assert gateways.component == "Network", "the bill says which component a line belongs to"
    assert cost.price_list(NINGXIA).month(gateways) == pytest.approx(2 * 0.37 * HOURS)


def test_a_price_that_is_not_known_is_not_invented() -> None:
    item = cost.Item("DataTier", "PostgreSQL db.x9.huge", 1, "hour", "db.x9.huge")
    assert cost.price_list(NINGXIA).month(item) is None, "no price, no amount"
    summed = cost.total([item, cost.Item("Network", "NAT", 1, "hour", "nat_hour")], cost.price_list(NINGXIA))
    assert (summed.known, summed.of, summed.complete) == (1, 2, False), "the sum says how much of it is known"


def test_a_region_without_prices_has_none_of_another_region() -> None:
    assert not cost.price_list("cn-north-1").prices, "Beijing is not Ningxia"
    assert cost.price_list("cn-north-1").currency == "CNY"


def test_a_table_that_cvatctl_writes_is_the_regions_price_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = datetime(2026, 11, 30, tzinfo=UTC)
    table = prices.table(Region(NINGXIA), {"nat_hour": 0.4, "db.m6g.xlarge": 3.1}, now)
    (tmp_path / f"{NINGXIA}.yaml").write_text(table, encoding="utf-8")
    monkeypatch.setattr(cost, "PRICES", tmp_path)
    cost.table.cache_clear()
    try:
        price_list = cost.price_list(NINGXIA)
    finally:
        cost.table.cache_clear()
    assert (price_list.currency, price_list.as_of) == ("CNY", "2026-11-30")
    assert price_list.prices == {"nat_hour": 0.4, "db.m6g.xlarge": 3.1}
    assert "cn-northwest-1" in price_list.source


def test_alarms_dashboard_metrics_keys_and_secrets_are_priced(written: Written) -> None:
    items = cost.bill(sizes.measured(written.description.records), written.description.records)
    counted = {item.price: item.quantity for item in items}
    records = written.description.records
    assert counted["alarm_month"] == sum(record.type == cost.ALARM for record in records) > 5
    assert counted["secret_month"] == sum(record.type == cost.SECRET for record in records) >= 3
    assert counted["kms_key_month"] == sum(record.type == cost.KEY for record in records) >= 1
    assert counted["dashboard_month"] == 1
    assert counted["metric_month"] == len(JOB_TIMEOUTS) * len(data("", Reading("default", 0, 0, 0, 0, 0, 0)))


def test_every_region_of_the_table_is_dated_and_sourced() -> None:
    for name in cost.table()["regions"]:
        place = cost.price_list(name)
        assert place.as_of, f"{name}: a price without a date is worth nothing"
        assert place.source, f"{name}: a price without a source is worth nothing"
        assert place.low <= place.prices.keys(), f"{name}: a doubt about a price that is not there"


def test_the_reference_region_has_a_price_for_every_line_of_every_preset(written: Written) -> None:
    now = sizes.measured(written.description.records)
    for name, preset in sizes.of_presets(HOME, written.description.config, now).items():
        items = cost.bill(preset, written.description.records)
        lacking = [item.what for item in items if cost.reference().month(item) is None]
        assert not lacking, f"preset {name}: the comparison would be too low without {lacking}"


def test_what_the_preset_says_is_what_was_created(written: Written) -> None:
    now = sizes.measured(written.description.records)
    assert written.description.config["cvat:preset"] == "standard"
    assert sizes.of_presets(HOME, written.description.config, now)["standard"] == now, (
        "computed and rehearsed sizes must agree"
    )


def test_the_small_preset_costs_less(written: Written) -> None:
    now = sizes.measured(written.description.records)
    amounts = {
        name: cost.total(cost.bill(preset, written.description.records), cost.reference()).amount
        for name, preset in sizes.of_presets(HOME, written.description.config, now).items()
    }
    assert amounts["team"] < amounts["standard"] / 2, f"team is for five people: {amounts}"
    assert amounts["production"] > amounts["standard"], f"more of everything: {amounts}"


def test_asleep_costs_less_than_office_hours_and_those_less_than_awake(written: Written) -> None:
    now = sizes.measured(written.description.records)
    modes = sizes.of_modes(HOME, written.description.config, now)
    assert modes["awake"] == now, "the rehearsed stack is awake"
    bills = {name: cost.bill(mode, written.description.records) for name, mode in modes.items()}
    assert list(bills) == ["awake", "office hours, mon-fri 08:00-20:00", "asleep"]
    awake, office, asleep = (cost.total(items, cost.reference()).amount for items in bills.values())
    assert office == pytest.approx(asleep + (awake - asleep) * 5 * 12.5 / 168), "what sleeps costs its share of a week"
    left = {item.what.split(" ")[0] for item in bills["asleep"]}
    assert not left & {"Fargate", "inference"}
    assert {"NAT", "Redis", "load", "files"} <= left, "these never sleep"
    assert any(item.price == "db_gp3_gb_month" for item in bills["asleep"]), "nor does storage"


def scheduled(call: str, when: str) -> Record:
    target = {"arn": f"arn:aws-cn:scheduler:::aws-sdk:{call}"}
    return record(
        sizes.SCHEDULE, call, {"scheduleExpression": f"cron({when} ? * MON,TUE,WED,THU,FRI *)", "target": target}
    )


def service(count: int) -> Record:
    return record("aws:ecs/service:Service", "cvat-server", {"desiredCount": count})


def test_how_long_a_stack_is_awake_is_read_from_its_schedules_and_task_counts() -> None:
    assert sizes.awake_share([service(2)]) == 1.0
    assert sizes.awake_share([service(0)]) == 0.0
    calls = [scheduled("rds:startDBInstance", "40 7"), scheduled("rds:stopDBInstance", "10 20")]
    assert sizes.awake_share([service(2), *calls]) == pytest.approx(5 * 12.5 / 168)
    late = [scheduled("rds:startDBInstance", "40 7"), scheduled("rds:stopDBInstance", "10 0")]
    assert sizes.awake_share([service(2), *late]) == pytest.approx(5 * 16.5 / 168), "the end is on the next day"


def test_office_hours_of_a_stack_are_those_of_its_schedules(rehearsed: Callable[..., Rehearsal]) -> None:
    done = rehearsed(officeHours="mon-fri 08:00-20:00")
    assert sizes.awake_share(done.resources) == pytest.approx(5 * 12.5 / 168)
    assert sizes.awake_share(rehearsed(mode="asleep").resources) == 0.0


def test_the_report_shows_what_each_mode_costs(written: Written) -> None:
    text = (written.folder / "report.html").read_text(encoding="utf-8")
    assert '<th scope="row">asleep</th>' in text
    assert "37 % of the time" in text


def test_a_service_is_measured_by_its_task_definition() -> None:
    definition = record(
        "aws:ecs/taskDefinition:TaskDefinition",
        "server",
        {"cpu": "2048", "memory": "4096", "containerDefinitions": '[{"name": "server"}]'},
        outputs={"arn": "arn:definition"},
    )
    server = record("aws:ecs/service:Service", "cvat-server", {"taskDefinition": "arn:definition", "desiredCount": 3})
    measured = sizes.measured([definition, server])
    assert measured.tasks == {"server": Task(2048, 4096, 3)}
    lines = {item.price: item.quantity for item in cost.bill(measured, [definition, server])}
    assert lines == {"fargate_vcpu_hour": 6, "fargate_gb_hour": 12}, "three tasks of 2 vCPU and 4 GB"


def test_another_program_has_no_presets(tmp_path: Path) -> None:
    assert sizes.of_presets(tmp_path, {"aws:region": NINGXIA}, Sizes()) == {}


def test_tokyo_knows_its_own_prices() -> None:
    assert cost.price_list(TOKYO).prices["fargate_vcpu_hour"] > cost.price_list(VIRGINIA).prices["fargate_vcpu_hour"]
