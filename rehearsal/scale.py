"""`python -m rehearsal scale`: many functions, and many stacks in one account."""

from __future__ import annotations

import resource
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import yaml

import rehearsal
from rehearsal.defaults import HOME
from rehearsal.diff.revisions import program, stand_in_archives
from rehearsal.interrupt import worker_pool
from rehearsal.options import stack_argument
from rehearsal.placeholders import read_stack
from rehearsal.sample_archives import REGISTRY

if TYPE_CHECKING:
    from rehearsal.result import Rehearsal

CONFIG = {"inferenceLayout": "dedicated"}
SLACK = 1.5
"""How many times as much a resource may cost at full scale: noise, and the longer lists that AWS itself answers."""

EPILOG = f"""\
\b
Exit codes:
  0  everything was created, all checks hold, and a resource costs at most {SLACK} times as much at full scale
  1  the measurement could not be made
  2  something failed, or the cost grows faster than the number of resources
"""


@dataclass(frozen=True)
class Figure:
    """One measurement."""

    what: str
    resources: int
    cpu_seconds: float
    wall_seconds: float
    megabytes: float
    """Peak of the whole process."""
    error: str = ""

    @property
    def each(self) -> float:
        """Milliseconds of processor time for one resource."""
        return 1000 * self.cpu_seconds / max(self.resources, 1)


def grow(folder: Path, functions: int) -> None:
    """Give the program in this folder so many functions, copies of the first, each with a stand-in archive."""
    files = sorted((folder / REGISTRY).glob("*.yaml"))
    model = yaml.safe_load(files[0].read_text(encoding="utf-8"))
    for file in files:
        file.unlink()
    shutil.rmtree(folder / "build", ignore_errors=True)
    for number in range(functions):
        name = f"scale-{number:03d}"
        model["metadata"]["name"] = name
        (folder / REGISTRY / f"{name}.yaml").write_text(yaml.safe_dump(model), encoding="utf-8")
    stand_in_archives(folder)


def multiply(folder: Path, stack: str, stacks: int) -> list[str]:
    """Copies of a stack's file; their names."""
    names = [f"scale-{number:02d}" for number in range(stacks)]
    for name in names:
        shutil.copyfile(folder / f"Pulumi.{stack}.yaml", folder / f"Pulumi.{name}.yaml")
    return names


def _measured(what: str, work: Callable[[], tuple[int, str]]) -> Figure:
    wall, cpu = time.perf_counter(), time.process_time()
    resources, error = work()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Figure(what, resources, time.process_time() - cpu, time.perf_counter() - wall, peak, error)


def _outcome(run: Rehearsal) -> tuple[int, str]:
    failed = [f"{verdict.name}: {verdict.findings[0]}" for verdict in run.checks if not verdict.ok]
    return len(run.resources), str(run.error or "; ".join(failed))


def many_functions(source: str, stack: str, functions: int) -> Figure:
    """One rehearsal with so many functions; in a process of its own, after a small one that loads the modules."""
    with program(source, Path(source)) as folder:
        with rehearsal.rehearse(stack, config={"inferenceLayout": "none"}, project=folder):
            pass
        grow(folder, functions)

        def work() -> tuple[int, str]:
            with rehearsal.rehearse(stack, config=CONFIG, project=folder) as run:
                return _outcome(run)

        return _measured(f"{functions} functions", work)


def many_stacks(source: str, stack: str, stacks: int) -> list[Figure]:
    """So many stacks, one after the other, in one account; in a process of its own."""
    figures = []
    with program(source, Path(source)) as folder:
        stand_in_archives(folder)
        names = multiply(folder, stack, stacks)
        with rehearsal.rehearse(stack, project=folder):
            pass
        with rehearsal.Account() as account:
            for name in names:

                def work(name: str = name) -> tuple[int, str]:
                    return _outcome(rehearsal.rehearse(name, project=folder, account=account))

                figures.append(_measured(f"stack {name}", work))
    return figures


def alone(function: Callable[..., Any], *arguments: Any) -> Any:
    """The result of a function run in a fresh process, whose peak of memory is its own."""
    with worker_pool(1) as pool:
        return pool.submit(function, *arguments).result()


def growth(figures: Sequence[Figure]) -> float:
    """How many times as much a resource costs at the end as at the beginning."""
    return figures[-1].each / figures[0].each


def row(figure: Figure) -> str:
    """One measurement for the terminal."""
    text = (
        f"{figure.what:16} {figure.resources:6d} resources {figure.cpu_seconds:7.1f} s CPU "
        f"{figure.wall_seconds:7.1f} s wall {figure.each:6.1f} ms each {figure.megabytes:7.0f} MB"
    )
    return f"{text}\n      FAILS: {figure.error}" if figure.error else text


@click.command("scale", epilog=EPILOG)
@stack_argument
@click.option(
    "--functions",
    type=click.IntRange(min=0),
    default=200,
    show_default=True,
    metavar="N",
    help="Functions at full scale (0: skip).",
)
@click.option(
    "--stacks",
    type=click.IntRange(min=0),
    default=20,
    show_default=True,
    metavar="N",
    help="Stacks in one account (0: skip).",
)
def command(stack: str, functions: int, stacks: int) -> int:
    """Many functions, and many stacks in one account.

    Rehearses the same stack with a quarter, a half and all of the functions on dedicated endpoints, and then many
    stacks side by side in one account, and shows time and memory. What counts is the cost of one more resource: it must
    not rise with their number. Processor time is compared, since it does not depend on what else the machine does.
    """
    read_stack(HOME, stack, {})  # raises for an unknown one
    figures: list[Figure] = []
    ratios: list[float] = []
    if functions:
        steps = sorted({max(functions // 4, 1), max(functions // 2, 1), functions})
        measured = [_show(alone(many_functions, str(HOME), stack, count)) for count in steps]
        figures += measured
        ratios.append(growth(measured))
    if stacks:
        measured = [_show(figure) for figure in alone(many_stacks, str(HOME), stack, stacks)]
        figures += measured
        ratios.append(growth(measured))
    ratio = ", ".join(f"{each:.2f}" for each in ratios) or "nothing measured:"
    sys.stdout.write(f"A resource costs {ratio} times as much at full scale (at most {SLACK}).\n")
    failed = any(figure.error for figure in figures) or max(ratios, default=0.0) > SLACK
    return 2 if failed else 0


def _show(figure: Figure) -> Figure:
    sys.stdout.write(row(figure) + "\n")
    sys.stdout.flush()
    return figure
