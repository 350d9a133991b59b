"""Faults: the k-th call fails, the error is clear, and the next run completes."""

from __future__ import annotations

from pathlib import Path

import pytest

from rehearsal import sweep
from rehearsal.aws.journal import Journal
from rehearsal.engine.state import Failure
from tests.support.paths import PROGRAMS, ROOT


def test_positions_are_spread_from_the_first_call_to_the_last_with_every_kind_of_fault() -> None:
    positions = sweep.spread(281, 40)
    assert [positions[0].call, positions[-1].call, len(positions)] == [1, 281, 40]
    assert {position.kind for position in positions} == set(sweep.FAULTS)
    assert len(sweep.spread(5, 40)) == 5, "there are no more positions than calls"


def test_calls_all_over_a_small_program_may_fail() -> None:
    calls = sweep.count_calls("cn-northwest-1", {}, PROGRAMS / "small")
    outcomes = [
        sweep.attempt(position, "cn-northwest-1", {}, PROGRAMS / "small") for position in sweep.spread(calls, 7)
    ]
    assert calls > 5
    # the small program is no CVAT: what the checks say of it does not matter here
    left = [text for outcome in outcomes for text in outcome.problems if not text.startswith("after the next run")]
    assert left == []


@pytest.mark.parametrize(("call", "kind"), [(60, "limit"), (150, "throttled"), (275, "denied")])
def test_a_fault_in_the_real_program_leaves_nothing_that_blocks_the_next_run(
    archives: Path, call: int, kind: str
) -> None:
    config = {"cvat:modelArchives": str(archives)}
    outcome = sweep.attempt(sweep.Position(call, kind), "cn-northwest-1", config, ROOT)
    assert outcome.error, "the fault must have been felt"
    assert outcome.problems == ()


def test_an_error_that_does_not_say_what_failed_is_found() -> None:
    urn = "urn:pulumi:team::cvat::aws:ec2/vpc:Vpc::network"
    assert list(sweep._unclear(Failure("something went wrong", urn), "Code", "Rate exceeded"))
    assert not list(sweep._unclear(Failure("Vpc 'network': Rate exceeded", urn), "Code", "Rate exceeded"))
    assert list(sweep._unclear(Failure("Rate exceeded"), "Code", "Rate exceeded")), "no resource, no function"


def test_a_half_made_resource_is_completed_and_reads_are_made_again() -> None:
    journal = Journal()
    with pytest.raises(RuntimeError), journal.of("urn"):
        journal.note("s3", "CreateBucket", {"Bucket": "b"}, {"Location": "/b"})
        journal.note("s3", "GetBucketLocation", {"Bucket": "b"}, {})
        raise RuntimeError
    with journal.of("other"):
        assert journal.answer("s3", "CreateBucket", {"Bucket": "b"}) is None, "another resource's calls are its own"
    with journal.of("urn"):
        assert journal.answer("s3", "GetBucketLocation", {"Bucket": "b"}) is None
        assert journal.answer("s3", "CreateBucket", {"Bucket": "b"}) == {"Location": "/b"}
        assert journal.answer("s3", "PutBucketTagging", {"Bucket": "b"}) is None, "this is where it had failed"
    with journal.of("urn"):
        assert journal.answer("s3", "CreateBucket", {"Bucket": "b"}) is None, "it was completed: nothing is left over"
