"""The part of the matrix that each run affords: all settings at once, and what is refused. tests/slow has the rest."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from settings.sections import SECTIONS
from tests.support.matrix.rows import CLAIMS, ROWS, Row, kept_together, nothing, row, settings_together
from tests.support.matrix.walk import RunningStack, problems

KEYS = {str(field.alias) for section in SECTIONS for field in section.model_fields.values()}
REFUSED = [key for key, entry in ROWS.items() if entry.refused and entry.base is nothing]


@pytest.fixture(scope="module", params=["cn-northwest-1", "ap-northeast-1"])
def running(request: pytest.FixtureRequest, archives: Path) -> Iterator[RunningStack]:
    with RunningStack(request.param, nothing, archives).running() as stack:
        yield stack


def test_every_key_of_the_configuration_has_a_row() -> None:
    assert set(CLAIMS) == KEYS, "the matrix changes each key to its claim's value: tests/support/every_setting"
    assert not set(ROWS) - KEYS, "a row of a key that there is not proves nothing"


def test_all_settings_at_once_are_changed_on_a_running_stack_and_changed_back(running: RunningStack) -> None:
    lines = list(problems(running, Row(change=settings_together, kept=kept_together())))
    assert not lines, "\n".join(lines)


@pytest.mark.parametrize("key", REFUSED)
def test_what_cannot_be_changed_is_refused_before_anything_happens(key: str, running: RunningStack) -> None:
    lines = list(problems(running, row(key)))
    assert not lines, "\n".join([f"cvat:{key}", *lines])
