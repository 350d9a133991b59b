"""`prices`: against a price list in the form of AWS's, with the products that must not be taken for ours."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from cvatctl.prices.price_list import first_tier
from cvatctl.prices.products import PRODUCTS
from rehearsal.report import cost
from tests.support.cvatctl_command import Run

NINGXIA = "cn-northwest-1"
PREFIX = {NINGXIA: "CNW1-", "us-east-1": "", "ap-northeast-1": "APN1-"}
INSTANCES = {
    "AmazonRDS": ("db.t4g.medium", "InstanceUsage:db.t4g.medium"),
    "AmazonElastiCache": ("cache.r6g.large", "NodeUsage:cache.r6g.large"),
    "AmazonSageMaker": ("ml.c5d.xlarge", "Host:ml.c5d.xlarge"),
}
LOOK_ALIKES = [
    ("AmazonECS", "Fargate-ARM-vCPU-Hours:perCPU", "Compute"),
    ("AmazonECS", "Fargate-Windows-vCPU-Hours:perCPU", "Compute"),
    ("AWSELB", "TS-LoadBalancerUsage", "Load Balancer-Application"),
    ("AmazonVPC", "VpcEndpoint-GWLBE-Hours", "VpcEndpoint"),
    ("AmazonSageMaker", "Train:ml.c5d.xlarge", "ML Instance"),
    ("AmazonEFS", "IATimedStorage-ByteHrs", "Storage"),
    ("AmazonCloudWatch", "CW:HighResAlarmMonitorUsage", "Alarm"),
    ("awswaf", "ShieldProtected-RuleV2", "Web Application Firewall"),
]
"""(service, usage type, family) of products beside ours in the same lists."""


def item(
    service: str, usage: str, family: str, price: float, *, region: str, code: str, **attributes: str
) -> dict[str, Any]:
    """A product as GetProducts gives it: a JSON text, here still an object."""
    dimension = {"beginRange": "0", "endRange": "Inf", "unit": "Hrs", "pricePerUnit": {code: f"{price:.10f}"}}
    return {
        "serviceCode": service,
        "product": {
            "productFamily": family,
            "sku": "SKU",
            "attributes": {"usagetype": usage, "regionCode": region, **attributes},
        },
        "terms": {"OnDemand": {"SKU.TERM": {"priceDimensions": {"SKU.TERM.RATE": dimension}}}},
    }


def price_list(region: str, code: str) -> Iterator[dict[str, Any]]:
    """All that a stack pays for, each at another price, and look-alikes at 99."""
    for number, product in enumerate(PRODUCTS, start=1):
        instance, usage = INSTANCES.get(product.service, ("", product.usage)) if "{}" in product.key else ("", "")
        usage = usage or ("AWSSecretsManager-Secrets" if product.usage == ".+" else product.usage)
        attributes = {**product.filters, **{name: values[0] for name, values in product.attributes.items()}}
        if product.instance:
            attributes[product.instance] = instance
            usage = usage.replace("medium", "med")  # RDS shortens the sizes in its usage types
        place = region if product.regional else ""
        yield item(
            product.service,
            PREFIX[region] + usage,
            product.family,
            number / 1000,
            region=place,
            code=code,
            **attributes,
        )
    for service, usage, family in LOOK_ALIKES:
        yield item(service, PREFIX[region] + usage, family, 99, region=region, code=code)


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let GetProducts answer from a list, as its filters say."""

    def start(items: list[dict[str, Any]]) -> list[tuple[str, str]]:
        asked: list[tuple[str, str]] = []

        def answer(client: Any, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
            assert operation == "GetProducts"
            asked.append((client.meta.region_name, client.meta.endpoint_url))
            return {"PriceList": [json.dumps(entry) for entry in items if matches(entry, request)]}

        monkeypatch.setattr("botocore.client.BaseClient._make_api_call", answer)
        return asked

    return start


def matches(entry: Mapping[str, Any], request: Mapping[str, Any]) -> bool:
    values = {**entry["product"]["attributes"], "productFamily": entry["product"]["productFamily"]}
    filters = request.get("Filters", [])
    return entry["serviceCode"] == request["ServiceCode"] and all(
        values.get(rule["Field"]) == rule["Value"] for rule in filters
    )


def test_chinas_list_is_read_in_ningxia_and_becomes_a_table_in_cny(run: Run, serve: Any, tmp_path: Path) -> None:
    asked = serve(list(price_list(NINGXIA, "CNY")))
    code, out, err = run("prices", "--region", NINGXIA, "--project", str(tmp_path))
    assert code == 0, out + err
    assert set(asked) == {(NINGXIA, "https://api.pricing.cn-northwest-1.amazonaws.com.cn")}
    content = yaml.safe_load((tmp_path / "rehearsal/report/prices" / f"{NINGXIA}.yaml").read_text(encoding="utf-8"))
    assert content["currency"] == "CNY"
    assert content["as_of"]
    assert {"db.t4g.medium", "cache.r6g.large", "ml.c5d.xlarge"} <= content["prices"].keys(), "by their whole names"
    assert all(0 < price < 1 for key, price in content["prices"].items() if key != "waf_million"), "no look-alike"
    (request_price,) = [n / 1000 for n, product in enumerate(PRODUCTS, start=1) if product.key == "waf_request"]
    assert content["prices"]["waf_million"] == pytest.approx(request_price * 1_000_000)


@pytest.mark.parametrize("region", ["us-east-1", "ap-northeast-1"])
def test_other_regions_are_read_in_virginia_in_usd(run: Run, serve: Any, tmp_path: Path, region: str) -> None:
    asked = serve(list(price_list(region, "USD")))
    file = tmp_path / "table.yaml"
    code, out, err = run("prices", "--region", region, "--output", str(file))
    assert code == 0, out + err
    assert {name for name, _ in asked} == {"us-east-1"}
    assert yaml.safe_load(file.read_text(encoding="utf-8"))["currency"] == "USD"


def test_the_table_has_every_price_that_the_report_asks_for(run: Run, serve: Any, tmp_path: Path) -> None:
    serve(list(price_list(NINGXIA, "CNY")))
    file = tmp_path / "table.yaml"
    run("prices", "--region", NINGXIA, "--output", str(file))
    written = yaml.safe_load(file.read_text(encoding="utf-8"))["prices"]
    named = {key for key in cost.reference().prices if not key.startswith(("db.", "cache.", "ml."))}
    assert named <= written.keys(), f"the report would not know {sorted(named - written.keys())}"


def test_what_the_list_lacks_or_prices_twice_is_named_and_left_out(run: Run, serve: Any, tmp_path: Path) -> None:
    items = [entry for entry in price_list(NINGXIA, "CNY") if "PublicIPv4" not in str(entry)]
    nat = next(entry for entry in items if "NatGateway-Hours" in str(entry))
    attributes = {"operation": "NatGateway"}
    items.append(
        item(
            "AmazonEC2",
            nat["product"]["attributes"]["usagetype"],
            "NAT Gateway",
            0.5,
            region=NINGXIA,
            code="CNY",
            **attributes,
        )
    )
    serve(items)
    code, out, _ = run("prices", "--region", NINGXIA, "--output", str(tmp_path / "table.yaml"))
    assert code == 1
    assert f"Not in the price list of {NINGXIA}, so left out: ipv4_hour." in out
    assert "With several prices in the list, so left out: nat_hour." in out
    assert not {"ipv4_hour", "nat_hour"} & yaml.safe_load((tmp_path / "table.yaml").read_text())["prices"].keys()


def test_a_region_without_products_and_a_folder_that_cannot_be_written_are_sentences(
    run: Run, serve: Any, tmp_path: Path
) -> None:
    serve(list(price_list(NINGXIA, "CNY")))
    code, _, err = run("prices", "--region", "cn-north-1", "--output", str(tmp_path / "table.yaml"))
    assert code == 2
    assert "has no product of cn-north-1" in err
    (tmp_path / "file").write_text("", encoding="utf-8")
    code, _, err = run("prices", "--region", NINGXIA, "--output", str(tmp_path / "file" / "table.yaml"))
    assert code == 2
    assert "cannot be written to" in err


def test_the_free_tier_is_no_price() -> None:
    tiers = {
        "a": {"beginRange": "10", "pricePerUnit": {"USD": "0.30"}},
        "b": {"beginRange": "0", "pricePerUnit": {"USD": "0.00"}},
        "c": {"beginRange": "10000", "pricePerUnit": {"USD": "0.10"}},
    }
    assert first_tier({"terms": {"OnDemand": {"t": {"priceDimensions": tiers}}}}, "USD") == 0.30
    assert first_tier({"terms": {"OnDemand": {"t": {"priceDimensions": tiers}}}}, "CNY") is None
    assert first_tier({"terms": {}}, "USD") is None
