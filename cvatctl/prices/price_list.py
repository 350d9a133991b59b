"""Prices from the answers of AWS's Price List API."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cvatctl.aws_clients import Clients, all_pages
from cvatctl.prices.products import PER_MILLION, Product
from region import Region

_MILLION = 1_000_000


def endpoint_region(region: Region) -> str:
    """The region of the partition's Price List API; in China, Ningxia only (botocore's endpoints, read 2026-11)."""
    return "cn-northwest-1" if region.is_china else "us-east-1"


def currency(region: Region) -> str:
    """The currency of the partition's price lists."""
    return "CNY" if region.is_china else "USD"


@dataclass(frozen=True)
class Prices:
    """A region's prices by key: for an hour, a GB-month or a month, as the products' units are."""

    by_key: Mapping[str, float]
    ambiguous: frozenset[str]
    """Keys for which the list has several prices, which are in no other field."""


def read_prices(clients: Clients, region: Region, products: Iterable[Product]) -> Prices:
    """The region's prices; a product that the list lacks has no key."""
    candidates: dict[str, set[float]] = {}
    for product in products:
        for key, price in _product_prices(clients, region, product):
            candidates.setdefault(key, set()).add(price)
    by_key = {key: next(iter(prices)) for key, prices in candidates.items() if len(prices) == 1}
    return Prices(by_key, frozenset(candidates.keys() - by_key.keys()))


def _product_prices(clients: Clients, region: Region, product: Product) -> Iterator[tuple[str, float]]:
    usage = re.compile(rf"(?:[A-Z]{{3}}\d-|EU-|{region.name}-)?{product.usage}")
    for item in _items(clients, region, product):
        attributes = item["product"]["attributes"]
        match = usage.fullmatch(str(attributes.get("usagetype", "")))
        price = first_tier(item, currency(region))
        if match is None or price is None or not _counts(attributes, product):
            continue
        key = product.key.format(attributes.get(product.instance) or (match.groups() or ("",))[0])
        yield (PER_MILLION[key], price * _MILLION) if key in PER_MILLION else (key, price)


def _items(clients: Clients, region: Region, product: Product) -> Iterator[dict[str, Any]]:
    values = dict(product.filters)
    if product.family:
        values["productFamily"] = product.family
    if product.regional:
        values["regionCode"] = region.name
    filters = [{"Type": "TERM_MATCH", "Field": name, "Value": value} for name, value in values.items()]
    texts = all_pages(clients("pricing"), "get_products", "PriceList", ServiceCode=product.service, Filters=filters)
    for text in texts:
        item: dict[str, Any] = json.loads(text) if isinstance(text, str) else text
        if product.regional or item["product"]["attributes"].get("regionCode", "") in ("", region.name):
            yield item


def _counts(attributes: Mapping[str, str], product: Product) -> bool:
    return all(attributes.get(name) in values for name, values in product.attributes.items())


def first_tier(item: Mapping[str, Any], code: str) -> float | None:
    """The on-demand price of the first unit that is not free, in a currency; None where the list has none."""
    dimensions = [
        dimension
        for term in item.get("terms", {}).get("OnDemand", {}).values()
        for dimension in term["priceDimensions"].values()
        if code in dimension["pricePerUnit"]
    ]
    dimensions.sort(key=lambda dimension: float(dimension.get("beginRange", 0)))
    prices = [float(dimension["pricePerUnit"][code]) for dimension in dimensions]
    return next((price for price in prices if price), prices[0] if prices else None)
