"""The estimate: quantities from what exists, prices from a dated table, and nothing invented."""

from __future__ import annotations

import pytest

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
    assert cost.place(NINGXIA).month(gateways) == pytest.approx(2 * 0.37 * HOURS)


def test_a_price_that_is_not_known_is_not_invented() -> None:
    item = cost.Item("DataTier", "PostgreSQL db.x9.huge", 1, "hour", "db.x9.huge")
    assert cost.place(NINGXIA).month(item) is None, "no price, no amount"
    summed = cost.total([item, cost.Item("Network", "NAT", 1, "hour", "nat_hour")], cost.place(NINGXIA))
    assert (summed.known, summed.of, summed.complete) == (1, 2, False), "the sum says how much of it is known"


def test_a_region_without_prices_has_none_of_another_region() -> None:
    assert not cost.place("cn-north-1").prices, "Beijing is not Ningxia"
    assert cost.place("cn-north-1").currency == "CNY"


def test_every_region_of_the_table_is_dated_and_sourced() -> None:
    for name in cost.table()["regions"]:
        place = cost.place(name)
        assert place.as_of, f"{name}: a price without a date is worth nothing"
        assert place.source, f"{name}: a price without a source is worth nothing"
        assert place.low <= place.prices.keys(), f"{name}: a doubt about a price that is not there"


def test_the_reference_region_has_a_price_for_every_line_of_every_preset(written: Written) -> None:
    now = sizes.measured(written.facts.records, awake=1.0)
    for name, size in sizes.of_presets(written.facts.config, now).items():
        lacking = [item.what for item in cost.bill(size, written.facts.records) if cost.reference().month(item) is None]
        assert not lacking, f"preset {name}: the comparison would be too low without {lacking}"


def test_what_the_preset_says_is_what_was_created(written: Written) -> None:
    now = sizes.measured(written.facts.records, awake=1.0)
    assert written.facts.config["cvat:preset"] == "standard"
    assert sizes.of_presets(written.facts.config, now)["standard"] == now, "computed and rehearsed sizes must agree"


def test_the_small_preset_costs_less(written: Written) -> None:
    now = sizes.measured(written.facts.records, awake=1.0)
    amounts = {
        name: cost.total(cost.bill(size, written.facts.records), cost.reference()).amount
        for name, size in sizes.of_presets(written.facts.config, now).items()
    }
    assert amounts["team"] < amounts["standard"] / 2, f"team is for five people: {amounts}"
    assert amounts["production"] > amounts["standard"], f"more of everything: {amounts}"


def test_asleep_costs_less_than_office_hours_and_those_less_than_awake(written: Written) -> None:
    now = sizes.measured(written.facts.records, awake=1.0)
    modes = sizes.of_modes(written.facts.config, now)
    assert modes["awake"] == now, "the rehearsed stack is awake"
    bills = {name: cost.bill(size, written.facts.records) for name, size in modes.items()}
    assert list(bills) == ["awake", "office hours, mon-fri 08:00-20:00", "asleep"]
    awake, office, asleep = (cost.total(items, cost.reference()).amount for items in bills.values())
    assert office == pytest.approx(asleep + (awake - asleep) * 5 * 12.5 / 168), "what sleeps costs its share of a week"
    left = {item.what.split(" ")[0] for item in bills["asleep"]}
    assert not left & {"Fargate", "inference"}
    assert {"NAT", "Redis", "load", "files"} <= left, "these never sleep"
    assert any(item.price == "db_gp3_gb_month" for item in bills["asleep"]), "nor does storage"


def test_how_long_a_stack_is_awake_is_read_from_its_mode_and_hours() -> None:
    assert sizes.awake_share("awake", "") == 1.0
    assert sizes.awake_share("asleep", "mon-fri 08:00-20:00") == 0.0
    assert sizes.awake_share("awake", "mon-fri 08:00-20:00") == pytest.approx(5 * 12.5 / 168)
    assert sizes.awake_share("awake", "mon-fri 08:00-20:00 (Asia/Tokyo)") == pytest.approx(5 * 12.5 / 168)


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
    service = record("aws:ecs/service:Service", "cvat-server", {"taskDefinition": "arn:definition", "desiredCount": 3})
    measured = sizes.measured([definition, service], awake=1.0)
    assert measured.tasks == {"server": Task(2048, 4096, 3)}
    lines = {item.price: item.quantity for item in cost.bill(measured, [definition, service])}
    assert lines == {"fargate_vcpu_hour": 6, "fargate_gb_hour": 12}, "three tasks of 2 vCPU and 4 GB"


def test_the_configuration_of_another_program_has_no_presets() -> None:
    assert sizes.of_presets({"cvat:nonsense": "1", "aws:region": NINGXIA}, Sizes()) == {}


def test_tokyo_knows_its_own_prices() -> None:
    assert cost.place(TOKYO).prices["fargate_vcpu_hour"] > cost.place(VIRGINIA).prices["fargate_vcpu_hour"]
