"""Instance types that SageMaker hosting, RDS PostgreSQL and ElastiCache for Redis offer, by region.

The table is settings/instance_types.json, taken from AWS's Price List by way of cfn-lint 1.58 (schemas of 2026-10-20);
settings/refresh_instance_types.py writes it. Where it has no region, AWS will say.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

TABLE = Path(__file__).with_suffix(".json")
PREFIXES = {"hosting": "ml", "database": "db", "cache": "cache"}
"""What the types of a service begin with."""


@cache
def _table() -> Any:
    return json.loads(TABLE.read_text(encoding="utf-8"))


def form_problem(service: str, instance_type: str) -> str | None:
    """What an instance type of a service must be anywhere, as the middle of a sentence; None where it is."""
    prefix, _, rest = instance_type.partition(".")
    family, _, size = rest.partition(".")
    sizes: dict[str, str] = _table()[service]["sizes"]
    if prefix != PREFIXES[service] or not size:
        return f"must be an instance type for {service}, which looks like {PREFIXES[service]}.m5.large"
    if family not in sizes:
        return f"must be of one of the families {', '.join(sizes)}, as in {PREFIXES[service]}.m5.large"
    if size not in sizes[family].split():
        return f"must be of one of the sizes of {prefix}.{family}: {', '.join(sizes[family].split())}"
    return None


def offer_problem(service: str, instance_type: str, region: str) -> str | None:
    """Why a region does not offer an instance type whose form is right, as the middle of a sentence.

    None where it does, or where the region's offers are not known.
    """
    families = _table()[service]["regions"].get(region, "").split()
    if not families or instance_type.split(".")[1] in families:
        return None
    return f"{region} offers only the families {', '.join(families)} for {service}"
