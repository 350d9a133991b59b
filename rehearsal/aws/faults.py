"""What goes wrong with the tasks and calls of a rehearsal; by default nothing does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Ending:
    """How one container of a run-once task ends."""

    exit_code: int | None = 0
    """None: the container never started."""
    logs: tuple[str, ...] = ()
    """Lines that it writes to its awslogs stream."""
    reason: str = ""
    """ECS's reason of the container, e.g. 'CannotPullContainerError: ...'."""


@dataclass(frozen=True)
class Fault:
    """One API call that fails, by its number from 1 on."""

    call: int
    code: str = "ThrottlingException"
    message: str = "Rate exceeded"


@dataclass(frozen=True)
class Scenario:
    """What tasks and calls meet in a rehearsal."""

    containers: Mapping[str, Ending] = field(default_factory=dict)
    """By container name; those not named write one line and exit 0."""
    stopped_before_running: str = ""
    """If given, tasks stop with this reason before any container has started."""
    stop_code: str = ""
    """ECS's stopCode; by default what fits: EssentialContainerExited or TaskFailedToStart."""
    polls_until_running: int = 2
    """How often describe_tasks answers before the task runs."""
    polls_until_stopped: int = 4
    """How often describe_tasks answers before the task has stopped; a huge figure means never."""
    seconds_until_running: float = 0.0
    """Instead of polls, where this or the next is not 0: seconds of the account's time."""
    seconds_until_stopped: float = 0.0
    clock_speed: float = 1.0
    """Seconds that pass for each second that the program sleeps; to give up soon on what never ends."""
    fault: Fault | None = None


NO_FAULTS = Scenario()
"""Everything succeeds."""
