"""There and back: a running stack is changed, compared with one that is created so, and changed back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rehearsal import Account, Rehearsal, rehearse
from rehearsal.checks import catalogue
from rehearsal.diff.stores import losses
from tests.support.every_setting.ground import Ground, prepare
from tests.support.matrix.account_dump import Dump, differences, dump
from tests.support.matrix.branch import branch
from tests.support.matrix.rows import NO_STORES, Row, Values


@dataclass(frozen=True)
class Step:
    """One update, as plain values."""

    error: str
    touched: tuple[str, ...]
    """What was not left as it was."""
    lost: tuple[str, ...]
    """Stores that were replaced or deleted."""
    failing: tuple[str, ...]
    """Checks that do not hold, with what they found; empty, too, where none were made."""
    dump: Dump


class RunningStack:
    """A stack in an account of its own; changes are tried in copies of it."""

    def __init__(self, region: str, base: Values, archives: Path) -> None:
        self._region, self._base, self._archives = region, base, archives
        self._account = Account()

    @contextmanager
    def running(self) -> Iterator[RunningStack]:
        """Create it. Only one can run at a time."""
        with self._account as account:
            ground = prepare(account, self._region, self._archives)
            self.first = self._update(ground, self._base(ground), judge=False)
            assert not self.first.error, self.first.error
            self._ground = ground
            yield self

    def there_and_back(self, change: Values) -> tuple[Step, Step]:
        """The update with the change, and the one back."""

        def steps() -> tuple[Step, Step]:
            base = self._base(self._ground)
            there = self._update(self._ground, {**base, **change(self._ground)}, judge=True)
            return there, self._update(self._ground, base, judge=False)

        return branch(steps)

    def path(self, *changes: Values, before_each: Callable[[Rehearsal], None] = lambda _: None) -> list[Step]:
        """One update after the other, each with the base and its own change only.

        `before_each` is called with the last update, such as to let the evening come.
        """

        def steps() -> list[Step]:
            base, done = self._base(self._ground), []
            for change in changes:
                before_each(self._last)
                done.append(self._update(self._ground, {**base, **change(self._ground)}, judge=True))
            return done

        return branch(steps)

    def created(self, change: Values) -> Step:
        """Another stack, which is created with the change."""

        def create() -> Step:
            self._account.__exit__(None, None, None)
            with Account() as account:
                ground = prepare(account, self._region, self._archives)
                return self._update(ground, {**self._base(ground), **change(ground)}, judge=False)

        return branch(create)

    def _update(self, ground: Ground, settings: Mapping[str, Any], *, judge: bool) -> Step:
        own = {"cvat:modelArchives": str(self._archives)} | {f"cvat:{key}": value for key, value in settings.items()}
        done = rehearse(self._region, config=own, account=ground.account, judge=False)
        self._last = done
        holds = dump(done)  # before the checks, which call what they check
        checks = catalogue.judge(done) if judge and done.error is None else ()
        return Step(
            error=str(done.error or ""),
            touched=tuple(sorted(done.outcome.touched())),
            lost=tuple(sentence for sentence in losses(done.outcome) if not sentence.startswith(tuple(NO_STORES))),
            failing=tuple(f"{check.name}: {finding}" for check in checks for finding in check.findings),
            dump=holds,
        )


def problems(stack: RunningStack, row: Row) -> Iterator[str]:
    """What is wrong with a row of the matrix on this running stack; nothing, if it holds."""
    there, back = stack.there_and_back(row.change)
    yield from (f"A store is lost. {sentence}" for sentence in (*there.lost, *back.lost))
    if row.refused:
        yield from _not_refused(there, row.refused, "The change")
        yield from _differing(stack.first.dump, back.dump, row.kept, "After a refused change and the old settings,")
        return
    if there.error:
        yield f"The change fails, after it has touched {there.touched}: {there.error}"
        return
    yield from (f"After the change, {finding}" for finding in there.failing)
    created = stack.created(row.change)
    if created.error:
        yield f"A stack cannot be created with these settings: {created.error}"
    yield from _differing(created.dump, there.dump, row.kept, "A changed stack is not as one that is created so:")
    if row.back_refused:
        yield from _not_refused(back, row.back_refused, "The way back")
    elif back.error:
        yield f"The way back fails, after it has touched {back.touched}: {back.error}"
    else:
        yield from _differing(stack.first.dump, back.dump, row.kept, "Changed back, the stack is not as before:")


def _not_refused(step: Step, sentence: str, what: str) -> Iterator[str]:
    if sentence not in step.error:
        yield f"{what} should be refused with '{sentence}', but: {step.error or 'it goes through'}"
    if step.touched:
        yield f"{what} is refused only after it has touched {step.touched}."


def _differing(expected: Dump, actual: Dump, kept: Mapping[str, str], what: str) -> Iterator[str]:
    for difference in differences(expected, actual):
        if not difference.startswith(tuple(kept)):
            yield f"{what}\n{difference}"
