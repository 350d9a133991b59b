"""Each check holds for the default stack, fails with the right words for each mutation, and holds again afterwards.

The mutations are in `tests/support/mutations`, one table for all checks.
"""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from policy.rules import RULES
from rehearsal import Rehearsal
from rehearsal.checks import cached_query
from rehearsal.checks.catalogue import CHECKS, judge
from rehearsal.defaults import HOME
from tests.support.mutations import access, invariants, network, references, variables
from tests.support.mutations.table import Mutation, of

MUTATIONS = of(network, references, variables, access, invariants)


def test_every_check_holds_for_the_default_stack(deployed: Rehearsal) -> None:
    assert len(deployed.checks) == len(CHECKS), "a check was left out"
    for one in deployed.checks:
        assert one.ok, f"{one.name}: {one.findings}"
        assert one.seen, f"{one.name} looked at nothing"


def test_the_documentation_says_of_every_check_what_it_proves(deployed: Rehearsal) -> None:
    rows = (HOME / "docs" / "rehearsal.md").read_text(encoding="utf-8")
    missing = [one.name for one in deployed.checks if f"| {one.name} |" not in rows]
    assert not missing, "add a row to docs/rehearsal.md: what it proves, how, and what it cannot prove"


def test_every_image_has_a_digest_of_its_own_in_its_repository(deployed: Rehearsal) -> None:
    images = [one.outputs["repoDigest"] for one in deployed.of_type("docker:index/image:Image")]
    digests = {one.partition("@")[2] for one in images}
    assert len(images) == len(digests) > 1, "a mix-up of two images could not be noticed"
    for one in images:
        name, _, digest = one.partition("/")[2].partition("@")
        (found,) = deployed.client("ecr").describe_images(repositoryName=name)["imageDetails"]
        assert found["imageDigest"] == digest, "the repository has what was built, and nothing else"


def test_every_check_has_a_mutation_that_it_must_notice() -> None:
    without = set(CHECKS) - {mutation.check for mutation in MUTATIONS}
    assert not without, f"these have never been seen to fail: {[check.__name__ for check in without]}"


def test_every_rule_of_the_policy_pack_is_broken_once() -> None:
    assert set(invariants.BROKEN) == {rule.name for rule in RULES}


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda one: f"{one.check.__name__}-{one}")
def test_a_check_notices(mutation: Mutation, deployed: Rehearsal) -> None:
    with ExitStack() as undo:
        mutation.do(deployed, undo)
        with cached_query.remembering():
            found = mutation.check(deployed)
    assert not found.ok, "nothing was noticed"
    assert any(all(part in finding for part in mutation.says) for finding in found.findings), found.findings


def test_every_check_holds_again_once_all_mutations_are_undone(deployed: Rehearsal) -> None:
    left = {one.name: one.findings for one in judge(deployed) if not one.ok}
    assert not left, "a mutation was not undone, so that the tests after it prove less than they say"
