"""`python -m rehearsal scale`: many functions, and many stacks in one account.

Rehearses the same stack with a quarter, a half and all of the functions on dedicated endpoints, and then many stacks
side by side in one account, and shows time and memory. What counts is the cost of one more resource: it must not rise
with their number. Processor time is compared, since it does not depend on what else the machine does.
"""

from __future__ import annotations

import multiprocessing
import resource
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rehearsal.command_line import Parser, add_stack
from rehearsal.errors import UserInputError

CONFIG = {"inferenceLayout": "dedicated"}
SLACK = 1.5
"""How much dearer a resource may become at full scale: noise and the longer lists that AWS itself gives out."""

EPILOG = f"""\
exit codes:
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
    import yaml  # noqa: PLC0415  (--help need not wait)

    from rehearsal.diff.revisions import stand_in_archives  # noqa: PLC0415
    from rehearsal.sample_archives import REGISTRY  # noqa: PLC0415

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


def _outcome(rehearsal: Any) -> tuple[int, str]:
    failed = [f"{one.name}: {one.findings[0]}" for one in rehearsal.checks if not one.ok]
    return len(rehearsal.resources), str(rehearsal.error or "; ".join(failed))


def many_functions(source: str, stack: str, functions: int) -> Figure:
    """One rehearsal with so many functions; in a process of its own, after a small one that loads the modules."""
    from rehearsal import rehearse  # noqa: PLC0415
    from rehearsal.diff.revisions import program  # noqa: PLC0415

    with program(source, Path(source)) as folder:
        with rehearse(stack, config={"inferenceLayout": "none"}, project=folder):
            pass
        grow(folder, functions)

        def work() -> tuple[int, str]:
            with rehearse(stack, config=CONFIG, project=folder) as rehearsal:
                return _outcome(rehearsal)

        return _measured(f"{functions} functions", work)


def many_stacks(source: str, stack: str, stacks: int) -> list[Figure]:
    """So many stacks, one after the other, in one account; in a process of its own."""
    from rehearsal import Account, rehearse  # noqa: PLC0415
    from rehearsal.diff.revisions import program, stand_in_archives  # noqa: PLC0415

    figures = []
    with program(source, Path(source)) as folder:
        stand_in_archives(folder)
        names = multiply(folder, stack, stacks)
        with rehearse(stack, project=folder):
            pass
        with Account() as account:
            for name in names:

                def work(name: str = name) -> tuple[int, str]:
                    return _outcome(rehearse(name, project=folder, account=account))

                figures.append(_measured(f"stack {name}", work))
    return figures


def alone(function: Callable[..., Any], *arguments: Any) -> Any:
    """The result of a function run in a fresh process, whose peak of memory is its own."""
    with ProcessPoolExecutor(max_workers=1, mp_context=multiprocessing.get_context("spawn")) as pool:
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


def parser() -> Parser:
    """The command line."""
    made = Parser("scale", __doc__, EPILOG)
    add_stack(made)
    made.add_argument("--functions", type=int, default=200, metavar="N", help="functions at full scale (200)")
    made.add_argument("--stacks", type=int, default=20, metavar="N", help="stacks in one account (20; 0: skip)")
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and show; the exit code."""
    given = parser().parse_args(argv)
    from rehearsal.run import HOME  # noqa: PLC0415

    figures: list[Figure] = []
    ratios: list[float] = []
    try:
        if given.functions:
            steps = sorted({max(given.functions // 4, 1), max(given.functions // 2, 1), given.functions})
            some = [_show(alone(many_functions, str(HOME), given.stack, count)) for count in steps]
            figures += some
            ratios.append(growth(some))
        if given.stacks:
            some = [_show(one) for one in alone(many_stacks, str(HOME), given.stack, given.stacks)]
            figures += some
            ratios.append(growth(some))
    except UserInputError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    shown = ", ".join(f"{ratio:.2f}" for ratio in ratios)
    sys.stdout.write(f"A resource costs {shown} times as much at full scale (at most {SLACK}).\n")
    with suppress(ValueError):
        return 2 if any(one.error for one in figures) or max(ratios) > SLACK else 0
    return 0


def _show(figure: Figure) -> Figure:
    sys.stdout.write(row(figure) + "\n")
    sys.stdout.flush()
    return figure


if __name__ == "__main__":
    sys.exit(main())
