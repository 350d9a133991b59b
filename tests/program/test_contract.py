"""Names that existing stacks' state files hold: none changes or goes without a word."""

from __future__ import annotations

from pathlib import Path

from tests.support import contract

COMMAND = "python -m tests.support.contract"


def recorded(path: Path) -> set[str]:
    return set(path.read_text(encoding="utf-8").splitlines())


def test_every_resource_keeps_its_type_its_name_and_its_parent(archives: Path) -> None:
    present, promised = contract.resources(archives), recorded(contract.RESOURCES)
    assert not promised - present, (
        "An update of an existing stack would delete these resources, because their type, name or parent has changed: "
        f"{sorted(promised - present)}. Keep the old ones, or give the new resource an alias (pulumi.Alias). If they "
        f"are to go, say so in CHANGELOG.md and run `{COMMAND}`."
    )
    assert present == promised, (
        f"These resources are new: {sorted(present - promised)}. Once released, their names stay: choose well, and "
        f"write them down with `{COMMAND}`."
    )


def test_every_dynamic_provider_stays_where_state_files_look_for_it() -> None:
    present, promised = contract.providers(), recorded(contract.PROVIDERS)
    assert present == promised, (
        "State files name modules and classes of dynamic providers, and Pulumi cannot load one that has moved. "
        f"Gone: {sorted(promised - present)}, new: {sorted(present - promised)}. Put them back, or, if they are new, "
        f"write them down with `{COMMAND}`."
    )
