"""What a run leaves behind for whoever asks, or rehearses, afterwards in the same process."""

from __future__ import annotations

import asyncio
import gc
from pathlib import Path

import pytest

from rehearsal import Account, Fault, Scenario, rehearse
from rehearsal.aws.faults import NO_FAULTS

LATE = 10_000
"""A call that the small program never gets to."""


def pending() -> list[str]:
    """Tasks of any event loop that have not ended."""
    tasks = [candidate for candidate in gc.get_objects() if isinstance(candidate, asyncio.Task)]
    return [repr(task.get_coro()) for task in tasks if not task.done()]


def test_a_failed_program_leaves_no_task_that_would_end_in_the_next_rehearsal(tmp_path: Path, programs: Path) -> None:
    before = set(pending())
    with rehearse("cn-northwest-1", placeholders=tmp_path, scenario=Scenario(fault=Fault(40)), judge=False) as failed:
        assert failed.error is not None, "the 40th call failed, so the program must have"
        left = set(pending()) - before
    assert not left, f"{len(left)} tasks of a closed loop are pending"
    with rehearse("cn-northwest-1", project=programs / "small", judge=False) as good:
        gc.collect()
        assert good.error is None, str(good.error)


@pytest.mark.parametrize("fault", [Fault(5), Fault(LATE)], ids=["the program fails", "the program runs to its end"])
def test_a_scenario_ends_with_the_program(fault: Fault, programs: Path) -> None:
    with Account() as account:
        done = rehearse(
            "cn-northwest-1", project=programs / "small", account=account, scenario=Scenario(fault=fault), judge=False
        )
        assert (done.error is None) == (fault.call == LATE)
        assert account.scenario is NO_FAULTS, "a check that asks the account must not meet the program's fault"
        calls = account.calls
        calls += ["ec2:DescribeVpcs"] * max(fault.call - len(calls) - 1, 0)
        assert done.client("ec2").describe_vpcs()["Vpcs"], "this would be the call that fails"
