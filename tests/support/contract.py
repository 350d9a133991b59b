"""What existing stacks' state files name: `python -m tests.support.contract` writes tests/contract/*.txt.

From release 0.2.0 on, these names are a contract. A resource with another type, name or parent is another resource to
Pulumi, which creates it and deletes the old one. A provider that has moved cannot be loaded from the state.
"""

from __future__ import annotations

import importlib
import inspect
import os
import pkgutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pulumi.dynamic import ResourceProvider

import components.dynamic
from rehearsal import Rehearsal, rehearse
from rehearsal.sample_archives import sample_archives
from tests.support.paths import ROOT

FOLDER = ROOT / "tests" / "contract"
RESOURCES, PROVIDERS = FOLDER / "resources.txt", FOLDER / "providers.txt"

HOURS = "mon-fri 08:00-20:00"
TOGETHER = {"cvat:batchFunctions": ["pth-faster-rcnn"], "cvat:inferenceBatchLayout": "shared"}
UPGRADE = {
    "cvat:upgradeFrom": "c48411ae",
    "cvat:restoreDatabaseSnapshot": "before",
    "cvat:fileSystemId": "fs-0123456789abcdef0",
}
CONFIGURATIONS: tuple[tuple[str, Mapping[str, Any]], ...] = (
    ("cn-northwest-1", {}),
    ("cn-north-1", {}),
    ("ap-northeast-1", {}),
    ("ap-northeast-1", {"cvat:preset": "team"}),
    ("ap-northeast-1", {"cvat:preset": "production"}),
    ("ap-northeast-1", {"cvat:inferenceLayout": "dedicated"}),
    ("ap-northeast-1", {"cvat:batchFunctions": ["pth-faster-rcnn"]}),
    ("ap-northeast-1", {"cvat:officeHours": HOURS, **TOGETHER}),
    ("ap-northeast-1", {"cvat:mode": "asleep"}),
    ("cn-northwest-1", {"cvat:release": "v2", "cvat:officeHours": HOURS}),
    ("ap-northeast-1", {"cvat:release": "v2", "cvat:preset": "production", **UPGRADE}),
)
"""Stacks, and what is set over their files."""


def resources(archives: Path) -> set[str]:
    """Type, name and parent of every resource of the configurations, from previews."""
    lines: set[str] = set()
    for stack, config in CONFIGURATIONS:
        values = {"cvat:modelArchives": str(archives), **config}
        with rehearse(stack, config=values, preview=True, placeholders=archives) as rehearsal:
            if rehearsal.error:
                raise RuntimeError(f"stack {stack} with {config}: {rehearsal.error}")
            lines |= set(_lines(rehearsal))
    return lines


def _lines(rehearsal: Rehearsal) -> Iterator[str]:
    names = {record.urn: f"{record.type} {record.name}" for record in rehearsal.resources}
    for record in rehearsal.resources:
        yield f"{record.type} {record.name} in {names.get(record.parent, 'the stack')}"


def providers() -> set[str]:
    """Module and class of every dynamic provider."""
    package = components.dynamic
    modules = [
        importlib.import_module(f"{package.__name__}.{module.name}")
        for module in pkgutil.iter_modules(package.__path__)
    ]
    return {
        f"{module.__name__}:{name}"
        for module in modules
        for name, provider in inspect.getmembers(module, inspect.isclass)
        if issubclass(provider, ResourceProvider) and provider.__module__ == module.__name__
    }


def text(lines: set[str]) -> str:
    return "".join(f"{line}\n" for line in sorted(lines))


def main() -> None:
    os.chdir(ROOT)
    RESOURCES.write_text(text(resources(sample_archives(ROOT))), encoding="utf-8")
    PROVIDERS.write_text(text(providers()), encoding="utf-8")
    sys.stdout.write(f"wrote {RESOURCES.relative_to(ROOT)} and {PROVIDERS.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()
