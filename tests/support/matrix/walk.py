"""There and back: a running stack is changed, compared with one that is created so, and changed back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rehearsal import Account, Rehearsal, rehearse
from rehearsal.checks import catalogue
from rehearsal.diff.stores import losses
from tests.support.every_setting.ground import Ground, prepare
from tests.support.matrix.account_dump import Dump, dump
from tests.support.matrix.branch import branch

Settings = Mapping[str, Any]
"""By key, without the namespace."""


@dataclass(frozen=True)
class Step:
    """One update, as plain values."""

    error: str
    touched: frozenset[str]
    """What was not left as it was."""
    lost: tuple[str, ...]
    """Stores that were replaced or deleted."""
    failing: tuple[str, ...]
    """Checks that do not hold, with what they found; empty, too, where none were asked for."""
    dump: Dump


class RunningStack:
    """A stack in an account of its own that changes are tried on, each in a copy."""

    def __init__(self, ground: Ground, base: Settings, archives: Path) -> None:
        self._ground, self._base, self._archives = ground, base, archives
        self.first = self.update(base, judge=False)

    def update(self, settings: Settings, *, judge: bool = True) -> Step:
        """Run the program with these settings instead of the base's."""
        return step(self._ground, settings, self._archives, judge=judge)

    def try_change(self, change: Settings) -> tuple[Step, Step]:
        """The step to the base with the change, and that back to the base."""

        def there_and_back() -> tuple[Step, Step]:
            there = self.update({**self._base, **change})
            return there, self.update(self._base, judge=False)

        return branch(there_and_back)


@contextmanager
def running_stack(region: str, base: Settings, archives: Path) -> Iterator[RunningStack]:
    """Create a stack with these settings over the stack file's own. Only one can be open at a time."""
    with Account() as account:
        yield RunningStack(prepare(account, region, archives), base, archives)


def created(region: str, settings: Settings, archives: Path) -> Step:
    """A stack that is created with these settings, in a copy of this process, in which no account is open."""

    def create() -> Step:
        with Account() as account:
            return step(prepare(account, region, archives), settings, archives, judge=False)

    return branch(create)


def step(ground: Ground, settings: Settings, archives: Path, *, judge: bool) -> Step:
    """One run of the program over the ground's account."""
    own = {"cvat:modelArchives": str(archives)} | {f"cvat:{key}": value for key, value in settings.items()}
    done: Rehearsal = rehearse(ground.region, config=own, account=ground.account, judge=False)
    found = dump(done)
    checks = catalogue.judge(done) if judge and not done.error else ()
    return Step(
        error=str(done.error or ""),
        touched=frozenset(done.outcome.touched()),
        lost=tuple(losses(done.outcome)),
        failing=tuple(f"{check.name}: {finding}" for check in checks for finding in check.findings),
        dump=found,
    )
