"""python -m rehearsal: the command line."""

from __future__ import annotations

import argparse
import importlib
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from rehearsal.command_line import add_stack

DESCRIPTION = """\
Creates a whole stack in an in-memory AWS and checks what then exists there.

It runs the program (__main__.py) exactly as `pulumi up` would, but carries out every resource on an emulated account:
no AWS account, credentials, Docker or Pulumi CLI are needed, and nothing leaves this machine. Then it asks that account
whether the system hangs together. Exit code 0 means that the program ran to its end and that every check holds."""

EXAMPLES = """\
examples:
  python -m rehearsal                          the default stack, cn-northwest-1
  python -m rehearsal cn-north-1               another stack (any Pulumi.<stack>.yaml)
  python -m rehearsal --config preset=team     with other settings than the stack's file says
  python -m rehearsal diff main .              what the checkout changes (diff --help)
  python -m rehearsal update --after main      what the checkout does to a stack that runs (update --help)
  python -m rehearsal sweep                    fail at many API calls, run again (sweep --help)
  python -m rehearsal scale                    200 functions, 20 stacks (scale --help)
  python -m rehearsal --preview                run the program as `pulumi preview` would: create nothing

What it cannot show: quotas, capacity, how long things take, whether an image builds and starts, whether a region offers
an instance type that region.py believes it offers."""


COMMANDS = {
    "diff": "rehearsal.diff.command",
    "update": "rehearsal.update",
    "sweep": "rehearsal.sweep",
    "scale": "rehearsal.scale",
}
"""Words that are no stack, and the modules that carry them out (with a `main` and a --help of their own)."""


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(
        prog="python -m rehearsal",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_stack(parser)
    parser.add_argument(
        "--config",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a setting over the stack's file, lists and objects as JSON; repeatable",
    )
    parser.add_argument("--output", type=Path, metavar="DIR", help="where the report goes (build/rehearsal/<stack>)")
    parser.add_argument("--preview", action="store_true", help="create nothing; outputs are unknown, as in a preview")
    parser.add_argument(
        "--only-real-archives",
        action="store_true",
        help="leave out functions without a model archive, as a deployment would, instead of using a stand-in",
    )
    return parser.parse_args(argv)


def overrides(pairs: Sequence[str]) -> dict[str, str]:
    """--config as a mapping."""
    from rehearsal.errors import UserInputError  # noqa: PLC0415  (importing boto3 takes a moment, and --help need not wait)

    found = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise UserInputError(f"--config {pair}: it must have the form key=value, such as preset=team.")
        found[key] = value
    return found


def main(argv: Sequence[str] | None = None) -> int:
    """Rehearse, show, write the report; the exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    if words and words[0] in COMMANDS:
        return int(importlib.import_module(COMMANDS[words[0]]).main(words[1:]))
    given = arguments(words)
    from rehearsal import UserInputError, rehearse  # noqa: PLC0415  (see above)
    from rehearsal.console import Progress, report  # noqa: PLC0415
    from rehearsal.report import write  # noqa: PLC0415

    folder = given.output or Path("build") / "rehearsal" / given.stack
    progress = Progress()
    began = time.monotonic()
    try:
        config = overrides(given.config)
        stand_ins = None if given.only_real_archives else (folder / "archives").resolve()
        with rehearse(
            given.stack, config=config, preview=given.preview, progress=progress, placeholders=stand_ins
        ) as rehearsal:
            progress.done()
            lines = report(rehearsal, time.monotonic() - began - rehearsal.account.clock.slept)
            files = write(rehearsal, folder)
    except UserInputError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    written = "\n".join(f"  {file}" for file in files)
    sys.stdout.write("\n".join(lines) + f"\n\nThe report:\n{written}\n")
    return 0 if rehearsal.ok else 1


if __name__ == "__main__":
    sys.exit(main())
