"""Options that commands of `python -m rehearsal` have in common."""

from __future__ import annotations

import click

from rehearsal.defaults import DEFAULT_STACK

FAILED = 1
"""Exit code of whatever could not be done, a wrong command line included. 2 is a danger or a failed check."""

stack_argument = click.argument("stack", default=DEFAULT_STACK, metavar="[STACK]")


def key_values(_context: click.Context, option: click.Parameter, pairs: tuple[str, ...]) -> dict[str, str]:
    """KEY=VALUE options as a mapping."""
    values = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise click.BadParameter(f"{pair}: it must have the form key=value, such as preset=team.", param=option)
        values[key] = value
    return values


config_option = click.option(
    "--config",
    multiple=True,
    callback=key_values,
    metavar="KEY=VALUE",
    help="A setting over the stack's file, lists and objects as JSON; repeatable.",
)
jobs_option = click.option(
    "--jobs", type=click.IntRange(min=1), default=2, show_default=True, metavar="N", help="Rehearsals at a time."
)
