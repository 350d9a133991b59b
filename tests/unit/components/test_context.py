"""context.py: a stack's name must fit what it becomes part of."""

from __future__ import annotations

import pulumi
import pytest

from components.context import StackContext
from region import Region


@pytest.mark.parametrize("name", ["cn-northwest-1", "team2", "a"])
def test_a_name_of_letters_digits_and_single_hyphens_fits(name: str) -> None:
    assert StackContext(region=Region("cn-north-1"), account="1", stack=name).stack == name


@pytest.mark.parametrize("name", ["My-Stack", "my_stack", "a--b", "-a", "a-", "x" * 33, "org/dev"])
def test_any_other_name_is_refused_with_the_remedy(name: str) -> None:
    with pytest.raises(pulumi.RunError, match="pulumi stack rename"):
        StackContext(region=Region("cn-north-1"), account="1", stack=name)
