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
    for check in deployed.checks:
        assert check.ok, f"{check.name}: {check.findings}"
        assert check.seen, f"{check.name} looked at nothing"


def test_the_documentation_says_of_every_check_what_it_proves(deployed: Rehearsal) -> None:
    rows = (HOME / "docs" / "rehearsal.md").read_text(encoding="utf-8")
    missing = [check.name for check in deployed.checks if f"| {check.name} |" not in rows]
    assert not missing, "add a row to docs/rehearsal.md: what it proves, how, and what it cannot prove"


def test_every_image_has_a_digest_of_its_own_in_its_repository(deployed: Rehearsal) -> None:
    images = [image.outputs["repoDigest"] for image in deployed.of_type("docker:index/image:Image")]
    digests = {image.partition("@")[2] for image in images}
    assert len(images) == len(digests) > 1, "a mix-up of two images could not be noticed"
    for reference in images:
        name, _, digest = reference.partition("/")[2].partition("@")
        (pushed,) = deployed.client("ecr").describe_images(repositoryName=name)["imageDetails"]
        assert pushed["imageDigest"] == digest, "the repository has what was built, and nothing else"


def test_every_check_has_a_mutation_that_it_must_notice() -> None:
    without = set(CHECKS) - {mutation.check for mutation in MUTATIONS}
    assert not without, f"these have never been seen to fail: {[check.__name__ for check in without]}"


def test_every_rule_of_the_policy_pack_is_broken_once() -> None:
    assert set(invariants.BROKEN) == {rule.name for rule in RULES}


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: f"{mutation.check.__name__}-{mutation}")
def test_a_check_notices(mutation: Mutation, deployed: Rehearsal) -> None:
    with ExitStack() as undo:
        mutation.do(deployed, undo)
        with cached_query.remembering():
            verdict = mutation.check(deployed)
    assert not verdict.ok, "nothing was noticed"
    assert any(all(part in finding for part in mutation.says) for finding in verdict.findings), verdict.findings


def test_every_check_holds_again_once_all_mutations_are_undone(deployed: Rehearsal) -> None:
    left = {verdict.name: verdict.findings for verdict in judge(deployed) if not verdict.ok}
    assert not left, "a mutation was not undone, so that the tests after it prove less than they say"
