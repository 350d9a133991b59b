"""`python -m rehearsal [STACK]`: rehearse, show, write the report."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from pathlib import Path

import click
from rich.text import Text

import rehearsal
from rehearsal.console import Progress, report, show
from rehearsal.errors import UserInputError
from rehearsal.options import FAILED, config_option, stack_argument


@click.command("rehearse")
@stack_argument
@config_option
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Where the report goes (build/rehearsal/<stack>).",
)
@click.option("--preview", is_flag=True, help="Create nothing; outputs are unknown, as in a preview.")
@click.option(
    "--only-real-archives",
    is_flag=True,
    help="Leave out functions without a model archive, as a deployment would, instead of using a stand-in.",
)
def command(stack: str, config: Mapping[str, str], output: Path | None, preview: bool, only_real_archives: bool) -> int:
    """Create a stack in an in-memory AWS, check it, and write the report."""
    folder = output or Path("build") / "rehearsal" / stack
    placeholders = None if only_real_archives else (folder / "archives").resolve()
    began = time.monotonic()
    try:
        with Progress() as progress:
            result = rehearsal.rehearse(
                stack, config=config, preview=preview, progress=progress, placeholders=placeholders
            )
        with result:
            if result.error and not result.registered:  # the settings are refused, before any resource
                sys.stderr.write(f"{result.error.message}\n{result.error.trace}".rstrip() + "\n")
                return FAILED
            lines = report(result, time.monotonic() - began - result.account.clock.slept)
            files = rehearsal.write_report(result, folder)
    except OSError as error:
        if error.filename is None or not Path(error.filename).resolve().is_relative_to(folder.resolve()):
            raise
        raise UserInputError(
            f"{error.filename} cannot be written ({error.strerror}): say where the report goes with --output DIR."
        ) from error
    written = "\n".join(f"  {file}" for file in files)
    show([*lines, Text(f"\nThe report:\n{written}")])
    return 0 if result.ok else FAILED
