"""`python -m rehearsal sweep`: what if the k-th API call fails?"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import click

import rehearsal
from rehearsal.defaults import HOME
from rehearsal.errors import UserInputError
from rehearsal.interrupt import worker_pool
from rehearsal.options import config_option, jobs_option, stack_argument
from rehearsal.placeholders import KEY, read_stack, stand_in

FAULTS: Mapping[str, tuple[str, str]] = {
    "throttled": ("ThrottlingException", "Rate exceeded"),
    "denied": ("AccessDeniedException", "User: deployer is not authorized to perform this operation"),
    "limit": ("LimitExceededException", "The maximum number of these in the account has been reached"),
}
"""Kinds of faults: code and message, as AWS answers."""

EPILOG = """\
\b
Exit codes:
  0  every position ended clearly and the next run completed
  1  the sweep itself could not be made
  2  a position left something that blocks the next run, or an error that does not say what failed
"""


@dataclass(frozen=True)
class Position:
    """One call that fails."""

    call: int
    """Its number in the run, from 1 on."""
    kind: str
    """Key of FAULTS."""


@dataclass(frozen=True)
class Outcome:
    """What came of it."""

    position: Position
    api: str
    """The call that failed, as service:Operation."""
    error: str
    """What the program said; empty if it rode the fault out."""
    problems: tuple[str, ...]
    """What is wrong with it: one sentence each."""
    seconds: float


def spread(calls: int, positions: int) -> list[Position]:
    """Positions over a run of so many calls: the first, the last, and evenly between; each kind of fault in turn."""
    count = min(positions, calls)
    kinds = list(FAULTS)
    places = [1 + round(index * (calls - 1) / max(count - 1, 1)) for index in range(count)]
    return [Position(call, kinds[index % len(kinds)]) for index, call in enumerate(dict.fromkeys(places))]


def with_archives(stack: str, config: Mapping[str, Any], project: Path, folder: Path) -> dict[str, Any]:
    """The configuration with stand-ins for model archives that are not there, filled into the folder once for all."""
    without_archive = stand_in(*read_stack(project, stack, config), folder)
    return {**config, KEY: str(folder)} if without_archive else dict(config)


def count_calls(stack: str, config: Mapping[str, Any], project: Path) -> int:
    """How many API calls the program makes when all goes well. Raises UserInputError if it does not go well."""
    with rehearsal.rehearse(stack, config=config, project=project, judge=False) as run:
        if run.error:
            raise UserInputError(f"Without any fault, the rehearsal of {stack} fails already: {run.error}")
        return len(run.account.calls)


def attempt(position: Position, stack: str, config: Mapping[str, Any], project: Path) -> Outcome:
    """Let one call fail, look at the error, and run again over what is there."""
    code, message = FAULTS[position.kind]
    began = time.perf_counter()
    with rehearsal.Account() as account:
        fault = rehearsal.Scenario(fault=rehearsal.Fault(position.call, code, message))
        first = rehearsal.rehearse(stack, config=config, project=project, account=account, scenario=fault, judge=False)
        api = account.calls[position.call - 1] if len(account.calls) >= position.call else "no call"
        error = str(first.error or "")
        problems = list(_unclear(first.error, code, message)) if first.error else []
        second = rehearsal.rehearse(stack, config=config, project=project, account=account)
        if second.error:
            problems.append(f"the next run fails: {second.error}")
        problems += [f"after the next run: {verdict.findings[0]}" for verdict in second.checks if not verdict.ok]
        if not second.error and not second.checks:
            problems.append("the next run was not checked")
    return Outcome(position, api, error, tuple(problems), time.perf_counter() - began)


def _unclear(failure: Any, code: str, message: str) -> Iterator[str]:
    """What an operator would miss in the error."""
    text = str(failure)
    if message not in text and code not in text:
        yield f"the error does not say what AWS said: {text}"
    name = failure.resource.rpartition("::")[2]
    if failure.resource and name not in text:
        yield f"the error does not name the resource '{name}': {text}"
    if not failure.resource and "aws:" not in text:
        yield f"the error names neither a resource nor a function: {text}"


def sweep(
    positions: Sequence[Position], stack: str, config: Mapping[str, Any], project: Path, jobs: int = 2
) -> Iterator[Outcome]:
    """All outcomes, in order; in processes, since one process holds one account."""
    work = partial(attempt, stack=stack, config=dict(config), project=project)
    if jobs <= 1:
        yield from map(work, positions)
        return
    with worker_pool(jobs) as pool:
        yield from pool.map(work, positions)


def line(outcome: Outcome) -> str:
    """One outcome for the terminal."""
    verdict = "BLOCKS" if outcome.problems else "fine"
    how = "rode it out" if not outcome.error else "ended, and the next run completed"
    text = f"{outcome.position.call:5d} {outcome.position.kind:9} {outcome.api:45} {verdict}: {how}"
    return "\n".join([text, *(f"      {problem}" for problem in outcome.problems)])


@click.command("sweep", epilog=EPILOG)
@stack_argument
@click.option(
    "--positions",
    type=click.IntRange(min=1),
    default=40,
    show_default=True,
    metavar="N",
    help="How many calls fail, one a run.",
)
@config_option
@jobs_option
def command(stack: str, positions: int, config: Mapping[str, str], jobs: int) -> int:
    """What if the k-th API call fails?

    For positions spread over the whole run, one call is throttled, denied or refused for a limit. Then the program must
    have ended with an error that names the resource and AWS's words (or have ridden it out), and a second run over what
    was left must complete with every check green.
    """
    began = time.perf_counter()
    outcomes = []
    with tempfile.TemporaryDirectory(prefix="rehearsal-") as archives:
        complete = with_archives(stack, config, HOME, Path(archives))
        calls = count_calls(stack, complete, HOME)
        for outcome in sweep(spread(calls, positions), stack, complete, HOME, jobs):
            outcomes.append(outcome)
            sys.stdout.write(line(outcome) + "\n")
            sys.stdout.flush()
    blocking = sum(bool(outcome.problems) for outcome in outcomes)
    ridden = sum(not outcome.error for outcome in outcomes)
    sys.stdout.write(
        f"{len(outcomes)} of {calls} calls failed, one a run: {len(outcomes) - ridden - blocking} ended clearly, "
        f"{ridden} were ridden out, {blocking} need work. {time.perf_counter() - began:.0f} s.\n"
    )
    return 2 if blocking else 0
