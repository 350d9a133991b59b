"""`python -m rehearsal sweep`: what if the k-th API call fails?

For positions spread over the whole run, one call is throttled, denied or refused for a limit. Then the program must
have ended with an error that names the resource and AWS's words (or have ridden it out), and a second run over what
was left behind must complete with every check green.
"""

from __future__ import annotations

import multiprocessing
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from rehearsal.command_line import Parser, add_stack
from rehearsal.errors import UserInputError

FAULTS: Mapping[str, tuple[str, str]] = {
    "throttled": ("ThrottlingException", "Rate exceeded"),
    "denied": ("AccessDeniedException", "User: deployer is not authorized to perform this operation"),
    "limit": ("LimitExceededException", "The maximum number of these in the account has been reached"),
}
"""Ways to fail: code and message, as AWS answers."""

EPILOG = """\
exit codes:
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
    from rehearsal.placeholders import KEY, read_stack, stand_in  # noqa: PLC0415

    lacking = stand_in(*read_stack(project, stack, config), folder)
    return {**config, KEY: str(folder)} if lacking else dict(config)


def count_calls(stack: str, config: Mapping[str, Any], project: Path) -> int:
    """How many API calls the program makes when all goes well. Raises UserInputError if it does not go well."""
    from rehearsal.run import rehearse  # noqa: PLC0415  (--help need not wait for boto3)

    with rehearse(stack, config=config, project=project, judge=False) as calm:
        if calm.error:
            raise UserInputError(f"Without any fault, the rehearsal of {stack} fails already: {calm.error}")
        return len(calm.account.calls)


def attempt(position: Position, stack: str, config: Mapping[str, Any], project: Path) -> Outcome:
    """Let one call fail, look at the error, and run again over what is there."""
    from rehearsal import Account, Fault, Scenario, rehearse  # noqa: PLC0415

    code, message = FAULTS[position.kind]
    began = time.perf_counter()
    with Account() as account:
        fault = Scenario(fault=Fault(position.call, code, message))
        first = rehearse(stack, config=config, project=project, account=account, scenario=fault, judge=False)
        api = account.calls[position.call - 1] if len(account.calls) >= position.call else "no call"
        error = str(first.error or "")
        problems = list(_unclear(first.error, code, message)) if first.error else []
        second = rehearse(stack, config=config, project=project, account=account)
        if second.error:
            problems.append(f"the next run fails: {second.error}")
        problems += [f"after the next run: {one.findings[0]}" for one in second.checks if not one.ok]
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
    with ProcessPoolExecutor(max_workers=jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(work, positions)


def line(outcome: Outcome) -> str:
    """One outcome for the terminal."""
    verdict = "BLOCKS" if outcome.problems else "fine"
    how = "rode it out" if not outcome.error else "ended, and the next run completed"
    text = f"{outcome.position.call:5d} {outcome.position.kind:9} {outcome.api:45} {verdict}: {how}"
    return "\n".join([text, *(f"      {one}" for one in outcome.problems)])


def parser() -> Parser:
    """The command line."""
    made = Parser("sweep", __doc__, EPILOG)
    add_stack(made)
    made.add_argument("--positions", type=int, default=40, metavar="N", help="how many calls fail, one a run (40)")
    made.add_argument("--config", action="append", default=[], metavar="KEY=VALUE", help="a setting; repeatable")
    made.add_argument("--jobs", type=int, default=2, metavar="N", help="runs at a time (2)")
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Sweep, show, sum up; the exit code."""
    given = parser().parse_args(argv)
    from rehearsal.__main__ import overrides  # noqa: PLC0415
    from rehearsal.run import HOME  # noqa: PLC0415

    began = time.perf_counter()
    outcomes = []
    try:
        with tempfile.TemporaryDirectory(prefix="rehearsal-") as archives:
            config = with_archives(given.stack, overrides(given.config), HOME, Path(archives))
            calls = count_calls(given.stack, config, HOME)
            for outcome in sweep(spread(calls, given.positions), given.stack, config, HOME, given.jobs):
                outcomes.append(outcome)
                sys.stdout.write(line(outcome) + "\n")
                sys.stdout.flush()
    except UserInputError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    bad = [one for one in outcomes if one.problems]
    ridden = sum(not one.error for one in outcomes)
    sys.stdout.write(
        f"{len(outcomes)} of {calls} calls failed, one a run: {len(outcomes) - ridden - len(bad)} ended clearly, "
        f"{ridden} were ridden out, {len(bad)} need work. {time.perf_counter() - began:.0f} s.\n"
    )
    return 2 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
