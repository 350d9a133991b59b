"""All rules over what the program really asks for."""

from __future__ import annotations

from collections.abc import Callable

from policy.rules import Context, Resource, violations
from policy.rules.tags import TAGGABLE
from region import Region
from rehearsal import Rehearsal

Rehearsed = Callable[..., Rehearsal]


def things(rehearsal: Rehearsal) -> list[Resource]:
    return [Resource(record.type, record.name, record.inputs) for record in rehearsal.resources]


def test_a_stack_of_one_partition_is_foreign_in_another(rehearsed: Rehearsed) -> None:
    rehearsal = rehearsed("ap-northeast-1")
    breaches = violations(things(rehearsal), Context(Region("cn-north-1"), rehearsal.project, "ap-northeast-1"))
    assert {"own-partition", "images-by-digest"} <= {violation.rule for violation in breaches}


def test_the_list_of_taggable_types_is_what_the_account_lets_be_tagged(rehearsed: Rehearsed) -> None:
    tagged = {record.type for record in rehearsed("ap-northeast-1").resources if record.tags is not None}
    assert {kind for kind in tagged if kind.startswith("aws:")} <= TAGGABLE
