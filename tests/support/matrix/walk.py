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
from tests.support.sleep_helpers import DAY

_READS = ("BatchGet", "Describe", "Get", "Head", "List")
"""Beginnings of operations that change nothing."""


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
    changing: tuple[str, ...] = ()
    """API calls that do not only read, as service:Operation."""


class RunningStack:
    """A stack in an account of its own; changes are tried in copies of it."""

    def __init__(self, region: str, base: Values, archives: Path) -> None:
        self._region, self._base, self._archives = region, base, archives
        self._account = Account()

    @contextmanager
    def running(self) -> Iterator[RunningStack]:
        """Create it. Only one can run at a time."""
        with self._account as account:
            account.clock.show(DAY.timestamp())
            ground = prepare(account, self._region, self._archives)
            self.first = self._update(ground, self._base(ground))
            assert not self.first.error, self.first.error
            self._ground = ground
            yield self

    def there_and_back(self, row: Row) -> tuple[Step, Step, list[Step]]:
        """The update with the change, the one back, and a preview before each of them that is to be refused."""

        def steps() -> tuple[Step, Step, list[Step]]:
            ground, base = self._ground, self._base(self._ground)
            changed = {**base, **row.change(ground)}
            previews = [self._update(ground, changed, preview=True)] if row.refused else []
            there = self._update(ground, changed, judge=True)
            previews += [self._update(ground, base, preview=True)] if row.back_refused else []
            return there, self._update(ground, base), previews

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
                account.clock.show(DAY.timestamp())
                ground = prepare(account, self._region, self._archives)
                return self._update(ground, {**self._base(ground), **change(ground)})

        return branch(create)

    def _update(
        self, ground: Ground, settings: Mapping[str, Any], *, judge: bool = False, preview: bool = False
    ) -> Step:
        own = {"cvat:modelArchives": str(self._archives)} | {f"cvat:{key}": value for key, value in settings.items()}
        calls = len(ground.account.calls)
        done = rehearse(self._region, config=own, account=ground.account, judge=False, preview=preview)
        self._last = done
        changing = [call for call in ground.account.calls[calls:] if not call.partition(":")[2].startswith(_READS)]
        holds = {} if preview else dump(done)  # before the checks, which call what they check
        checks = catalogue.judge(done) if judge and done.error is None else ()
        return Step(
            error=str(done.error or ""),
            touched=tuple(sorted(done.outcome.touched())),
            lost=tuple(sentence for sentence in losses(done.outcome) if not sentence.startswith(tuple(NO_STORES))),
            failing=tuple(f"{check.name}: {finding}" for check in checks for finding in check.findings),
            dump=holds,
            changing=tuple(changing),
        )


def problems(stack: RunningStack, row: Row) -> Iterator[str]:
    """What is wrong with a row of the matrix on this running stack; nothing, if it holds."""
    there, back, previews = stack.there_and_back(row)
    for preview, sentence in zip(previews, filter(None, (row.refused, row.back_refused)), strict=True):
        yield from _not_refused(preview, sentence, "A preview")
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
    if step.touched or step.changing:
        yield f"{what} is refused only after it has touched {step.touched} by {step.changing}."


def _differing(expected: Dump, actual: Dump, kept: Mapping[str, str], what: str) -> Iterator[str]:
    for difference in differences(expected, actual):
        if not difference.startswith(tuple(kept)):
            yield f"{what}\n{difference}"
