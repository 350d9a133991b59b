"""What the engine refuses, by name, and how an operator is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from rehearsal import Account, UserInputError, rehearse

WRONG = {
    "a type without handler": ["aws:dynamodb/table:Table 'table'", "no handler"],
    "an unknown function": ["getIpRanges", "rehearsal/providers/functions"],
    "an input nobody carries": ["aws:sns/topic:Topic 'topic'", "fifoTopic"],
    "a mistyped value": ["aws:sns/topic:Topic 'topic'", "Invalid type", "DisplayName"],
    "a missing context": ["'nowhere' does not exist"],
    "an output as text": ["Calling __str__ on an Output"],
    "a message": ["cvat:size is 'huge'"],
    "one name twice": ["registered twice"],
    "a name too long": ["32", "shorten"],
    "a lookup by id": ["by id"],
}


@pytest.mark.parametrize("what", list(WRONG))
def test_a_mistake_ends_the_rehearsal_with_a_sentence_that_names_it(what: str, programs: Path) -> None:
    with rehearse("tokyo", project=programs / "wrong", config={"what": what}, judge=False) as rehearsal:
        assert rehearsal.error is not None, "nothing may be dropped in silence"
        for part in WRONG[what]:
            assert part in rehearsal.error.message
        assert "Traceback" not in rehearsal.error.message


def test_a_bug_of_the_program_is_reported_with_its_place(programs: Path) -> None:
    with rehearse("tokyo", project=programs / "wrong", config={"what": "a bug"}, judge=False) as rehearsal:
        assert rehearsal.error is not None
        assert rehearsal.error.message.startswith("KeyError")
        assert "__main__.py" in rehearsal.error.trace
        assert "in stumble" in rehearsal.error.trace


@pytest.mark.parametrize("kind", ["log group", "cluster"])
def test_a_fixed_physical_name_met_twice_is_refused_with_its_remedy(kind: str, programs: Path) -> None:
    with Account() as account:
        first = rehearse("one", project=programs / "fixed_name", account=account, config={"kind": kind}, judge=False)
        second = rehearse("two", project=programs / "fixed_name", account=account, config={"kind": kind}, judge=False)
        assert first.error is None
        assert second.error is not None, "two stacks cannot have the same name"
        assert "its physical name is taken" in second.error.message
        assert "Remedy" in second.error.message


@pytest.mark.parametrize(
    ("stack", "config", "says"),
    [
        ("mars", {}, ["no stack 'mars'", "nowhere, tokyo"]),
        ("tokyo", {}, ["missing configuration value 'wrong:what'"]),
        ("tokyo", {"what": "x", "port": "many"}, ["wrong:port", "integer"]),
        ("nowhere", {}, ["aws:region is not set"]),
    ],
)
def test_a_wrong_stack_file_is_refused_as_the_cli_would(
    stack: str, config: dict[str, str], says: list[str], programs: Path
) -> None:
    with pytest.raises(UserInputError) as caught:
        rehearse(stack, project=programs / "wrong", config=config)
    for part in says:
        assert part in str(caught.value)
