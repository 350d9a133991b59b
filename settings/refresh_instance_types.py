"""Writes settings/instance_types.json anew, from the schemas of cfn-lint.

pip download cfn-lint --no-deps && unzip cfn_lint-*.whl -d cfn-lint
python -m settings.refresh_instance_types cfn-lint
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from settings.instance_types import TABLE

_SCHEMAS = Path("cfnlint/data/schemas/extensions")
_NOT_OURS = ("us-iso", "eu-iso", "eusc")
"""Regions of other partitions than region.py knows."""
_LEFT_OUT = {
    "hosting": frozenset[str](),
    "database": frozenset("m1 m2 m3 m4 r3 r4 t1 t2".split()),
    "cache": frozenset("m4 r4 t2 c8gn m8g r8g".split()),
}
"""Previous generations, which new stores do not get, and the families that ElastiCache has for Valkey only."""
_SIZES = ("nano", "micro", "small", "medium", "large", "xlarge")


def _types(service: str, schema: Mapping[str, Any]) -> Iterator[str]:
    """The instance types of a region's schema."""
    if service != "database":
        yield from schema["enum"]
        return
    for case in schema["allOf"]:
        condition = case["if"]["properties"].get("Engine", {})
        if "postgres" in (condition.get("const"), *condition.get("enum", ())):
            yield from case["then"]["properties"]["DBInstanceClass"].get("enum", ())


def _size_order(size: str) -> tuple[int, int]:
    number = size.removesuffix("xlarge")
    return (len(_SIZES), int(number)) if number.isdigit() else (_SIZES.index(size), 0)


def table(folder: Path) -> dict[str, dict[str, dict[str, str]]]:
    """For each service, sizes by family and families by region, each as words."""
    files = {
        "hosting": "aws_sagemaker_hosting/instancetype_enum.json",
        "database": "aws_rds_dbinstance/dbinstanceclass_enum.json",
        "cache": "aws_elasticache_cachecluster/cachenodetype_enum.json",
    }
    return {service: _service(service, folder / _SCHEMAS / file) for service, file in files.items()}


def _service(service: str, file: Path) -> dict[str, dict[str, str]]:
    sizes: dict[str, set[str]] = {}
    regions: dict[str, set[str]] = {}
    for region, schema in json.loads(file.read_text(encoding="utf-8")).items():
        if not isinstance(schema, dict) or region.startswith(_NOT_OURS):
            continue
        for instance_type in _types(service, schema):
            _, family, size = instance_type.split(".", 2)
            if family not in _LEFT_OUT[service]:
                sizes.setdefault(family, set()).add(size)
                regions.setdefault(region, set()).add(family)
    return {
        "sizes": {family: " ".join(sorted(named, key=_size_order)) for family, named in sorted(sizes.items())},
        "regions": {region: " ".join(sorted(families)) for region, families in sorted(regions.items())},
    }


def main() -> int:
    if len(sys.argv) != 2:  # noqa: PLR2004
        sys.stderr.write(f"{__doc__}\n")
        return 2
    TABLE.write_text(json.dumps(table(Path(sys.argv[1])), indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
