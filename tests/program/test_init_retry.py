"""An initialisation that fails, or whose update is interrupted: what the next `pulumi up` does with it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rehearsal import Account, Ending, Fault, Rehearsal, Scenario, rehearse
from rehearsal.aws.faults import NO_FAULTS
from tests.support.matrix.branch import branch

BUILTIN, NONE = "builtin", "none"


def ends_with(code: int, line: str) -> Scenario:
    return Scenario(containers={"init": Ending(exit_code=code, logs=(line,))})


class Story:
    """One stack: fails, fails otherwise, succeeds; then a change that fails, is interrupted, and succeeds."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self.first, self.first_runs = self._up(BUILTIN, ends_with(1, "no such table"))
        self.second, self.second_runs = self._up(BUILTIN, ends_with(3, "no such column"))
        self.third, self.third_runs = self._up(BUILTIN)
        self.settled, _ = self._up(BUILTIN)
        self.change, self.change_runs = self._up(NONE, ends_with(1, "no such file"))
        fault = Fault(branch(self._first_look), "AccessDeniedException", "not you")
        self.interrupted, self.interrupted_runs = self._up(NONE, Scenario(fault=fault))
        self.last, self.last_runs = self._up(NONE)

    def _up(self, demo_data: str, scenario: Scenario = NO_FAULTS) -> tuple[Rehearsal, int]:
        """An update, and how many tasks it ran."""
        before = len(self._account.calls)
        config = {"cvat:demoData": demo_data}
        done = rehearse("cn-northwest-1", config=config, account=self._account, scenario=scenario, judge=False)
        return done, self._account.calls[before:].count("ecs:RunTask")

    def _first_look(self) -> int:
        """Number of the call that looks at the running task."""
        before = len(self._account.calls)
        self._up(NONE)
        return self._account.calls.index("ecs:DescribeTasks", before) + 1

    def tasks(self) -> list[str]:
        """Those that were ever run, by ARN."""
        return list(self._account.tasks.runs)


@pytest.fixture(scope="module")
def story() -> Iterator[Story]:
    with Account() as account:
        yield Story(account)


def test_a_failed_initialisation_ends_the_update_with_a_sentence_and_the_log(story: Story) -> None:
    assert story.first_runs == 1
    message = str(story.first.error)
    assert "Container init ended with exit code 1. Fix what its log says and run `pulumi up` again." in message
    assert "no such table" in message


def test_the_next_update_runs_it_again_and_tells_the_new_end(story: Story) -> None:
    assert story.second_runs == 1, "the task that has failed must not be taken for one that still runs"
    assert "exit code 3" in str(story.second.error)
    assert "no such column" in str(story.second.error)
    assert story.third.error is None, story.third.error
    assert story.third_runs == 1
    assert story.settled.outcome.touched() == set(), "and then it is settled"


def test_a_change_whose_initialisation_failed_runs_it_again_too(story: Story) -> None:
    assert "no such file" in str(story.change.error)
    assert (story.change_runs, story.interrupted_runs) == (1, 1)


def test_a_task_that_still_runs_since_an_interrupted_update_is_waited_for(story: Story) -> None:
    assert "The task was started, but may not be watched" in str(story.interrupted.error)
    assert story.last.error is None, story.last.error
    assert story.last_runs == 0, "two migrations at once"
    (initialisation,) = story.last.of_type("pulumi-python:dynamic/cvat:RunOnce")
    assert initialisation.outputs["task_arn"] == story.tasks()[-1], "the task that the interrupted update had started"
