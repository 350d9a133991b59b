"""`python -m rehearsal update`: a running stack, then a change of it."""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import rehearsal
from rehearsal.defaults import HOME
from rehearsal.diff.revisions import program
from rehearsal.engine.outcome import ORDER, Outcome
from rehearsal.errors import UserInputError
from rehearsal.options import FAILED, config_option, key_values, stack_argument

if TYPE_CHECKING:
    from rehearsal.result import Rehearsal

FINE, REFUSED = 0, 2

PATHS_SHOWN = 6

EPILOG = """\
\b
Examples:
  python -m rehearsal update --after v1.2                    what does an upgrade from v1.2 do?
  python -m rehearsal update --then serverCount=3            what does one setting touch?
  python -m rehearsal update cn-north-1 --after main --then preset=team
  python -m rehearsal update --config disposable=true --destroy    is everything gone in the end?

\b
Exit codes:
  0  the update ran to its end, every check holds, and no store was lost
  1  the update could not be rehearsed: wrong command line or settings, or the stack fails without the change already
  2  the update fails, a check fails after it, or a data store of a stack that is not disposable was replaced or deleted
"""


@click.command("update", epilog=EPILOG)
@stack_argument
@click.option("--after", metavar="REVISION", help="Begin with the program and settings of this git revision.")
@click.option(
    "--then",
    multiple=True,
    callback=key_values,
    metavar="KEY=VALUE",
    help="A setting that the second run has and the first has not, lists and objects as JSON; repeatable.",
)
@config_option
@click.option("--destroy", is_flag=True, help="Delete all of it in the end, as `pulumi destroy` would.")
def command(stack: str, after: str | None, then: Mapping[str, str], config: Mapping[str, str], destroy: bool) -> int:
    """Create a stack in an in-memory AWS, change it, and show what the change does to each resource.

    The first run creates the stack as a git revision has it (--after), or as the checkout has it. The second is the
    checkout, with other settings (--then), over what the first has left in the account: as `pulumi up` on a running
    stack. Each resource stays the same, is updated in place by the calls that its provider would make, or is replaced
    and the old one deleted; what is no longer in the program is deleted in the end. Then all checks run.
    """
    if not (after or then or destroy):
        raise UserInputError("Nothing changes: give --after REVISION, --then KEY=VALUE or --destroy (see --help).")
    codes = [FINE]
    with ExitStack() as opened:
        base, head, archives = _programs(after, opened)
        account = opened.enter_context(rehearsal.Account())
        common: dict[str, Any] = {"account": account, "placeholders": archives}
        first = rehearsal.rehearse(stack, config=config, project=base, judge=False, **common)
        if first.error:
            raise UserInputError(f"Without the change, the rehearsal of {stack} fails already: {first.error}")
        say([f"Stack {stack}: {len(first.resources)} resources{f' of {after}' if after else ''}."])
        changed = {**config, **then}
        if after or then:
            second = rehearsal.rehearse(stack, config=changed, project=head, **common)
            settings = ", ".join(f"{key}={value}" for key, value in then.items())
            codes.append(_show(f"Update with {settings}:" if then else "Update:", second))
        if destroy and max(codes) == FINE:
            last = rehearsal.rehearse(stack, config=changed, project=head, account=account, destroy=True)
            codes.append(_show("Destroy:", last))
    return max(codes)


def _programs(after: str | None, opened: ExitStack) -> tuple[Path, Path, Path | None]:
    """The folders of both programs, and one to fill with stand-ins for model archives where they bring none."""
    if after:  # both sides copied, so that both have the same stand-ins
        try:
            base = opened.enter_context(program(after, HOME))
        except UserInputError as error:
            raise UserInputError(
                f"--after {after} must be a git revision with a program (a tag, main): {error}"
            ) from error
        return base, opened.enter_context(program(str(HOME), HOME)), None
    folder = opened.enter_context(tempfile.TemporaryDirectory(prefix="rehearsal-"))
    return HOME, HOME, Path(folder).resolve()


def _show(title: str, run: Rehearsal) -> int:
    lost = [] if is_disposable(run) else list(rehearsal.losses(run.outcome))
    failing = [verdict for verdict in run.checks if not verdict.ok]
    lines = ["", title, *(f"  {line}" for line in summary(run.outcome))]
    if run.checks:
        lines += ["", f"{len(run.checks) - len(failing)} of {len(run.checks)} checks hold."]
    lines += [f"  FAILS {verdict.name}: {finding}" for verdict in failing for finding in verdict.findings]
    lines += ["", "Stores are lost:", *(f"  {sentence}" for sentence in lost)] if lost else []
    lines += ["", f"It did not succeed. {run.error.message}", run.error.trace] if run.error else []
    say(lines)
    return REFUSED if lost or not run.ok else FINE


def say(lines: Sequence[str]) -> None:
    """Print lines."""
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def is_disposable(run: Rehearsal) -> bool:
    """Whether the stack may lose what it holds: its own setting."""
    return run.config.values.get(f"{run.project}:disposable", "false") == "true"


def summary(outcome: Outcome) -> Iterator[str]:
    """A line for each resource that was touched, and how many were not."""
    for verb in ORDER:
        for step in outcome.of(verb):
            yield f"{verb:9} {step.title}{_because(step.forced_by or step.paths)}"
    counts = Counter(step.verb for step in outcome.steps)
    numbers = ", ".join(f"{counts[verb]} {verb}" for verb in (*ORDER, "same") if counts[verb])
    yield f"{numbers or 'nothing was touched'}."


def _because(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - PATHS_SHOWN} more" if len(paths) > PATHS_SHOWN else ""
    return f": {', '.join(paths[:PATHS_SHOWN])}{more}" if paths else ""


__all__ = ["FAILED", "FINE", "REFUSED", "command", "is_disposable", "say", "summary"]
