"""The matrix in ap-northeast-1: each key alone is changed on a running stack, and changed back."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.matrix.rows import Values, keys_by_base, row
from tests.support.matrix.walk import RunningStack, problems

pytestmark = pytest.mark.matrix


@pytest.mark.parametrize("key", keys_by_base())
def test_a_key_can_be_changed_and_changed_back_or_is_refused_with_the_way_to_do_it(
    key: str, running: Callable[[str, Values], RunningStack]
) -> None:
    lines = list(problems(running("ap-northeast-1", row(key).base), row(key)))
    assert not lines, "\n".join([f"cvat:{key}", *lines])
