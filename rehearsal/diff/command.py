"""`python -m rehearsal diff BASE HEAD`."""

from __future__ import annotations

import argparse
import multiprocessing
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from rehearsal.command_line import FAILED, Parser
from rehearsal.diff import render
from rehearsal.diff.model import Diff, Document
from rehearsal.diff.revisions import Job, is_report, program, rehearsed, reports
from rehearsal.errors import UserInputError

FINE, DANGEROUS = 0, 2

DESCRIPTION = """\
Rehearse two states of the program and show what differs: resources added, removed, changed and replaced, and loudly
what a reviewer must see: a store that would be lost, a permission that widens, a port that opens, a broken invariant,
a cost that rises. No cloud account and no credentials are needed.

BASE and HEAD are git revisions (main, HEAD~1, a digest), folders of reports (build/rehearsal/<stack>, or
build/rehearsal for all stacks), or a folder with a Pulumi.yaml (. is the checkout as it is, uncommitted changes and
all). Each side runs its own program; the engine is this checkout's. Model archives are no part of a revision: on both
sides files stand in for them.
"""

EPILOG = """\
exit codes:
  0  nothing dangerous
  1  the comparison could not be made: the message says why
  2  something dangerous, shown above all else
"""


def parser() -> Parser:
    """The command line."""
    made = Parser("diff", DESCRIPTION, EPILOG)
    made.add_argument("base", metavar="BASE", help="what is deployed: a revision or a folder")
    made.add_argument("head", metavar="HEAD", help="what shall be deployed: a revision or a folder")
    made.add_argument("--stack", action="append", metavar="NAME", help="only this stack; repeatable (default: all)")
    made.add_argument(
        "--config", action="append", default=[], metavar="KEY=VALUE", help="a setting over both sides' stack files"
    )
    made.add_argument(
        "--cost-share",
        type=float,
        default=0.2,
        metavar="SHARE",
        help="growth of the monthly cost that is no danger yet (0.2 is 20 %%)",
    )
    made.add_argument("--markdown", type=Path, metavar="FILE", help="also write a comment for the pull request")
    made.add_argument("--json", action="store_true", help="print JSON instead of text")
    made.add_argument("--jobs", type=int, default=2, metavar="N", help="rehearsals at a time (default: 2)")
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Compare, show, write; the exit code."""
    given = parser().parse_args(argv)
    try:
        diffs = differences(given)
    except UserInputError as error:
        sys.stderr.write(f"{error}\n")
        return FAILED
    if given.markdown:
        given.markdown.parent.mkdir(parents=True, exist_ok=True)
        given.markdown.write_text(render.markdown(diffs, given.base, given.head), encoding="utf-8")
    sys.stdout.write(render.machine(diffs) if given.json else render.text(diffs))
    return DANGEROUS if any(diff.dangers for diff in diffs) else FINE


def differences(given: argparse.Namespace) -> list[Diff]:
    """One diff for each stack of either side."""
    from rehearsal.__main__ import overrides  # noqa: PLC0415  (--help need not wait for it)
    from rehearsal.diff.judge import Limits, appeared, judged, vanished  # noqa: PLC0415
    from rehearsal.diff.price import price  # noqa: PLC0415

    bases, heads = documents([given.base, given.head], given.stack, overrides(given.config), given.jobs)
    names = sorted({*bases, *heads})
    if not names:
        wanted = ", ".join(given.stack or ())
        raise UserInputError(f"Neither side has a stack{f' named {wanted}' if wanted else ''}: nothing to compare.")
    found = []
    for name in names:
        if name not in heads:
            found.append(vanished(name, bases[name]))
        elif name not in bases:
            found.append(appeared(heads[name], price))
        else:
            found.append(judged(bases[name], heads[name], Limits(given.cost_share), price))
    return found


def documents(
    sides: Sequence[str], stacks: Sequence[str] | None, config: dict[str, str], jobs: int
) -> list[dict[str, Document]]:
    """Each side's stacks by name."""
    found: list[dict[str, Document]] = [{} for _ in sides]
    with ExitStack() as opened:
        work: list[tuple[int, Job]] = []
        for index, side in enumerate(sides):
            if is_report(side):
                found[index] = {name: one for name, one in reports(side).items() if not stacks or name in stacks}
                continue
            folder = opened.enter_context(program(side, Path.cwd()))
            names = sorted(path.name[len("Pulumi.") : -len(".yaml")] for path in folder.glob("Pulumi.*.yaml"))
            work += [(index, Job(side, folder, name, config)) for name in names if not stacks or name in stacks]
        for (index, job), document in zip(work, _all([job for _, job in work], jobs), strict=True):
            found[index][job.stack] = document
    return found


def _all(work: list[Job], jobs: int) -> list[Document]:
    """Rehearse everything: in processes, since one process can hold one emulated account at a time."""
    if jobs <= 1 or len(work) <= 1:
        return [rehearsed(job) for job in work]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=min(jobs, len(work)), mp_context=context) as pool:
        return list(pool.map(rehearsed, work))
