"""context.py: a stack's name must fit what it becomes part of, and its tags say which version its database has."""

from __future__ import annotations

import pulumi
import pytest

from components.context import StackContext
from region import Region
from settings.releases import RELEASES


@pytest.mark.parametrize("name", ["cn-northwest-1", "team2", "a"])
def test_a_name_of_letters_digits_and_single_hyphens_fits(name: str) -> None:
    assert StackContext(region=Region("cn-north-1"), account="1", stack=name).stack == name


@pytest.mark.parametrize("name", ["My-Stack", "my_stack", "a--b", "-a", "a-", "x" * 33, "org/dev"])
def test_any_other_name_is_refused_with_the_remedy(name: str) -> None:
    with pytest.raises(pulumi.RunError, match="pulumi stack rename"):
        StackContext(region=Region("cn-north-1"), account="1", stack=name)


@pytest.mark.parametrize(
    ("asleep", "running", "version"),
    [
        (False, "", RELEASES["v2"].version),
        (False, "v2.70.0", RELEASES["v2"].version),
        (True, "v2.70.0", "v2.70.0"),
        (True, "", None),
    ],
)
def test_services_are_tagged_with_the_version_that_the_database_has(
    asleep: bool, running: str, version: str | None
) -> None:
    context = StackContext(
        region=Region("cn-north-1"),
        account="1",
        stack="test",
        release=RELEASES["v2"],
        asleep=asleep,
        running_version=running,
    )
    assert context.service_tags == (version and {"cvat:version": version}), "a stack asleep is migrated as it wakes"
