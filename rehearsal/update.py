"""`python -m rehearsal update`: a stack that runs, then a change of it."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rehearsal.command_line import Parser, add_stack
from rehearsal.diff.stores import losses
from rehearsal.errors import UserInputError

if TYPE_CHECKING:
    from rehearsal.engine.outcome import Outcome
    from rehearsal.result import Rehearsal

FINE, FAILED, REFUSED = 0, 1, 2

PATHS_SHOWN = 6

DESCRIPTION = """\
Creates a stack in an in-memory AWS, changes it, and shows what the change does to each resource.

The first run makes the stack as a git revision has it (--after), or as the checkout has it. The second is the checkout,
with other settings (--then), over what the first has left in the account: as `pulumi up` on a running stack. Each
resource stays the same, is changed in place by the calls that its provider would make, or is replaced and the old one
deleted; what is no longer in the program is deleted in the end. Then all checks look at the account."""

EPILOG = """\
examples:
  python -m rehearsal update --after v1.2                    what does an upgrade from v1.2 do?
  python -m rehearsal update --then serverCount=3            what does one setting touch?
  python -m rehearsal update cn-north-1 --after main --then preset=team
  python -m rehearsal update --config disposable=true --destroy    is everything gone in the end?

exit codes:
  0  the update ran to its end, every check holds, and no store was lost
  1  the update could not be rehearsed: wrong command line or settings, or the stack fails without the change already
  2  the update fails, a check fails after it, or a data store of a stack that is not disposable was replaced or deleted
"""


def parser() -> Parser:
    """The command line."""
    made = Parser("update", DESCRIPTION, EPILOG)
    add_stack(made)
    made.add_argument("--after", metavar="REVISION", help="begin with the program and settings of this git revision")
    made.add_argument(
        "--then",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a setting that the second run has and the first has not, lists and objects as JSON; repeatable",
    )
    made.add_argument("--config", action="append", default=[], metavar="KEY=VALUE", help="a setting of both runs")
    made.add_argument("--destroy", action="store_true", help="delete all of it in the end, as `pulumi destroy` would")
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Rehearse both runs and show the second; the exit code."""
    given = parser().parse_args(argv)
    try:
        if not (given.after or given.then or given.destroy):
            raise UserInputError("Nothing changes: give --after REVISION, --then KEY=VALUE or --destroy (see --help).")
        return rehearsed(given)
    except UserInputError as error:
        sys.stderr.write(f"{error}\n")
        return FAILED


def rehearsed(given: argparse.Namespace) -> int:
    """One account, and all runs in it."""
    from rehearsal.__main__ import overrides  # noqa: PLC0415  (--help need not wait for boto3)
    from rehearsal.aws.account import Account  # noqa: PLC0415
    from rehearsal.run import rehearse  # noqa: PLC0415

    config, then, codes = overrides(given.config), overrides(given.then), [FINE]
    with ExitStack() as opened:
        base, head, archives = _programs(given.after, opened)
        account = opened.enter_context(Account())
        where: dict[str, Any] = {"account": account, "placeholders": archives}
        first = rehearse(given.stack, config=config, project=base, judge=False, **where)
        if first.error:
            raise UserInputError(f"Without the change, the rehearsal of {given.stack} fails already: {first.error}")
        _say([f"Stack {given.stack}: {len(first.resources)} resources{f' of {given.after}' if given.after else ''}."])
        if given.after or given.then:
            second = rehearse(given.stack, config={**config, **then}, project=head, **where)
            codes.append(
                _show(" with ".join(["Update", *([", ".join(given.then)] if given.then else [])]) + ":", second)
            )
        if given.destroy and max(codes) == FINE:
            last = rehearse(given.stack, config={**config, **then}, project=head, account=account, destroy=True)
            codes.append(_show("Destroy:", last))
    return max(codes)


def _programs(after: str | None, opened: ExitStack) -> tuple[Path, Path, Path | None]:
    """The folders of both programs, and one to fill with stand-ins for model archives where they bring none."""
    from rehearsal.diff.revisions import program  # noqa: PLC0415
    from rehearsal.run import HOME  # noqa: PLC0415

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


def _show(title: str, done: Rehearsal) -> int:
    lost = [] if is_disposable(done) else list(losses(done.outcome))
    failing = [one for one in done.checks if not one.ok]
    lines = ["", title, *(f"  {line}" for line in summary(done.outcome))]
    if done.checks:
        lines += ["", f"{len(done.checks) - len(failing)} of {len(done.checks)} checks hold."]
    lines += [f"  FAILS {one.name}: {finding}" for one in failing for finding in one.findings]
    lines += ["", "Stores are lost:", *(f"  {one}" for one in lost)] if lost else []
    lines += ["", f"It did not succeed. {done.error.message}", done.error.trace] if done.error else []
    _say(lines)
    return REFUSED if lost or not done.ok else FINE


def _say(lines: Sequence[str]) -> None:
    sys.stdout.write("\n".join(lines) + "\n")


def is_disposable(done: Rehearsal) -> bool:
    """Whether the stack may lose what it holds: its own setting."""
    return done.config.values.get(f"{done.project}:disposable", "false") == "true"


def summary(outcome: Outcome) -> Iterator[str]:
    """A line for each resource that was touched, and how many were not."""
    from rehearsal.engine.outcome import ORDER  # noqa: PLC0415

    for verb in ORDER:
        for one in outcome.of(verb):
            yield f"{verb:9} {one.title}{_because(one.paths, one.forced_by)}"
    counts = Counter(one.verb for one in outcome.steps)
    yield ", ".join(f"{counts[verb]} {verb}" for verb in (*ORDER, "same") if counts[verb]) + "."


def _because(paths: Sequence[str], reasons: Sequence[str]) -> str:
    shown = list(reasons or paths)
    more = f" and {len(shown) - PATHS_SHOWN} more" if len(shown) > PATHS_SHOWN else ""
    return f": {', '.join(shown[:PATHS_SHOWN])}{more}" if shown else ""


if __name__ == "__main__":
    sys.exit(main())
