"""`python -m rehearsal diff BASE HEAD`."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import click

from rehearsal.diff import render
from rehearsal.diff.judge import Limits, appeared, judged, vanished
from rehearsal.diff.model import Diff, Document
from rehearsal.diff.price import price
from rehearsal.diff.revisions import Job, is_report, program, rehearsed, reports
from rehearsal.errors import UserInputError
from rehearsal.interrupt import worker_pool
from rehearsal.options import config_option, jobs_option

FINE, DANGEROUS = 0, 2

EPILOG = """\
\b
Exit codes:
  0  nothing dangerous
  1  the comparison could not be made: the message says why
  2  something dangerous, shown above all else
"""


@click.command("diff", epilog=EPILOG)
@click.argument("base")
@click.argument("head")
@click.option("--stack", "stacks", multiple=True, metavar="NAME", help="Only this stack; repeatable (default: all).")
@config_option
@click.option(
    "--cost-share",
    type=float,
    default=0.2,
    show_default=True,
    metavar="SHARE",
    help="Growth of the monthly cost that is no danger yet (0.2 is 20 %).",
)
@click.option(
    "--markdown", type=click.Path(path_type=Path), metavar="FILE", help="Also write a comment for the pull request."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
@jobs_option
def command(  # noqa: PLR0913  (click passes each option)
    *,
    base: str,
    head: str,
    stacks: Sequence[str],
    config: Mapping[str, str],
    cost_share: float,
    markdown: Path | None,
    as_json: bool,
    jobs: int,
) -> int:
    """Rehearse two states of the program and show what differs.

    Shows resources added, removed, changed and replaced, and loudly what a reviewer must see: a store that would be
    lost, a permission that widens, a port that opens, a broken invariant, a cost that rises. No cloud account and no
    credentials are needed.

    BASE is what is deployed, HEAD what shall be deployed: git revisions (main, HEAD~1, a digest), folders of reports
    (build/rehearsal/<stack>, or build/rehearsal for all stacks), or a folder with a Pulumi.yaml (. is the checkout as
    it is, uncommitted changes and all). Each side runs its own program; the engine is this checkout's. Model archives
    are no part of a revision: on both sides files stand in for them.
    """
    bases, heads = documents([base, head], stacks, config, jobs)
    names = sorted({*bases, *heads})
    if not names:
        asked = f" named {', '.join(stacks)}" if stacks else ""
        raise UserInputError(f"Neither side has a stack{asked}: nothing to compare.")
    limits = Limits(cost_share)
    diffs = [_diff(name, bases.get(name), heads.get(name), limits) for name in names]
    if markdown:
        markdown.parent.mkdir(parents=True, exist_ok=True)
        markdown.write_text(render.markdown(diffs, base, head), encoding="utf-8")
    sys.stdout.write(render.machine(diffs) if as_json else render.text(diffs))
    return DANGEROUS if any(diff.dangers for diff in diffs) else FINE


def _diff(name: str, base: Document | None, head: Document | None, limits: Limits) -> Diff:
    if base and head:
        return judged(base, head, limits, price)
    if head:
        return appeared(head, price)
    return vanished(name, base or {})


def documents(
    sides: Sequence[str], stacks: Sequence[str], config: Mapping[str, str], jobs: int
) -> list[dict[str, Document]]:
    """Each side's stacks by name."""
    by_side: list[dict[str, Document]] = [{} for _ in sides]
    with ExitStack() as opened:
        work: list[tuple[int, Job]] = []
        for index, side in enumerate(sides):
            if is_report(side):
                known = reports(side).items()
                by_side[index] = {name: document for name, document in known if not stacks or name in stacks}
                continue
            folder = opened.enter_context(program(side, Path.cwd()))
            names = sorted(path.name[len("Pulumi.") : -len(".yaml")] for path in folder.glob("Pulumi.*.yaml"))
            work += [(index, Job(side, folder, name, config)) for name in names if not stacks or name in stacks]
        rehearsals = _rehearse_all([job for _, job in work], jobs)
        for (index, job), document in zip(work, rehearsals, strict=True):
            by_side[index][job.stack] = document
    return by_side


def _rehearse_all(work: list[Job], jobs: int) -> list[Document]:
    """In processes, since one process can hold one emulated account at a time."""
    if jobs <= 1 or len(work) <= 1:
        return [rehearsed(job) for job in work]
    with worker_pool(min(jobs, len(work))) as pool:
        return list(pool.map(rehearsed, work))
