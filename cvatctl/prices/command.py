"""The command `prices`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import click
import yaml

from cvatctl.aws_clients import clients
from cvatctl.command import ATTENTION, OK, PROFILE, PROJECT, operator_command
from cvatctl.errors import CommandError
from cvatctl.prices.price_list import currency, endpoint_region, read_prices
from cvatctl.prices.products import PER_MILLION, PRODUCTS
from cvatctl.terminal import print_line
from region import Region

FOLDER = Path("rehearsal/report/prices")
"""Where the rehearsal's report reads price tables."""


@operator_command("prices")
@click.option("--region", "name", metavar="REGION", required=True, help="the region whose prices are read")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help=f"the table's file (default: {FOLDER}/REGION.yaml in the project's folder)",
)
@PROFILE
@PROJECT
def command(name: str, output: Path | None, profile: str | None, project: Path) -> int:
    """Reads a region's on-demand prices from AWS's Price List and writes the table that the rehearsal's report uses.

    Prices in China are in CNY, and need credentials of AWS China (its API is in Ningxia); all others are in USD. Needs
    the permission pricing:GetProducts.
    """
    region = Region(name)
    place = endpoint_region(region)
    prices = read_prices(clients(place, profile), region, PRODUCTS)
    if prices.by_key.keys() <= {product.key for product in PRODUCTS if not product.regional}:
        raise CommandError(f"AWS's price list in {place} has no product of {name}. Check the region's name.")
    file = output or project / FOLDER / f"{name}.yaml"
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(table(region, prices.by_key, datetime.now(UTC)), encoding="utf-8")
    except OSError as error:
        raise CommandError(f"{file} cannot be written to ({error.strerror}). Name another with --output.") from None
    print_line(f"{len(prices.by_key)} prices in {currency(region)} written to {file}.")
    missing = [key for key in missing_keys(prices.by_key) if key not in prices.ambiguous]
    if missing:
        print_line(f"Not in the price list of {name}, so left out: {', '.join(missing)}.")
    if prices.ambiguous:
        print_line(f"With several prices in the list, so left out: {', '.join(sorted(prices.ambiguous))}.")
    return ATTENTION if missing or prices.ambiguous else OK


def missing_keys(prices: Mapping[str, float]) -> list[str]:
    """Keys of products that the list lacks; instance types come as they are offered."""
    keys = [PER_MILLION.get(product.key, product.key) for product in PRODUCTS if "{" not in product.key]
    return [key for key in keys if key not in prices]


def table(region: Region, prices: Mapping[str, float], now: datetime) -> str:
    """The file's text."""
    content = {
        "currency": currency(region),
        "as_of": f"{now:%Y-%m-%d}",
        "source": f"AWS Price List API ({endpoint_region(region)})",
        "prices": {key: prices[key] for key in sorted(prices)},
    }
    header = f"# On-demand prices of {region.name}, written by `python -m cvatctl prices --region {region.name}`.\n"
    return header + yaml.safe_dump(content, sort_keys=False)
