"""What the command lines of `python -m rehearsal ...` have in common."""

from __future__ import annotations

import argparse
import sys
from typing import NoReturn

from rehearsal.run import DEFAULT_STACK

FAILED = 1
"""Exit code of whatever could not be done, a wrong command line included."""


class Parser(argparse.ArgumentParser):
    """argparse ends with 2, which means danger here, and breaks the lines of texts anew."""

    def __init__(self, name: str, description: str | None, epilog: str) -> None:
        """`name`: the word behind `python -m rehearsal`."""
        super().__init__(
            prog=f"python -m rehearsal {name}",
            description=description,
            epilog=epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )

    def error(self, message: str) -> NoReturn:
        """Show the usage and end as for any other mistake."""
        self.print_usage(sys.stderr)
        self.exit(FAILED, f"{self.prog}: {message}\n")


def add_stack(parser: argparse.ArgumentParser) -> None:
    """The stack that is rehearsed."""
    parser.add_argument("stack", nargs="?", default=DEFAULT_STACK, metavar="STACK", help="name of the stack")
