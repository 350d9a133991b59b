"""A group of commands whose modules are imported when they run, so that --help does not wait for boto3."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import click


class CommandEntry(NamedTuple):
    """A command that is not imported yet."""

    module: str
    """Its module, which holds the click command under the name `command`."""
    summary: str
    """Its line in the group's --help."""


class LazyGroup(click.Group):
    """A click group over a table of commands (click's documentation, "Lazily Loading Subcommands")."""

    def __init__(self, *, entries: Mapping[str, CommandEntry], **options: Any) -> None:
        super().__init__(**options)
        self.entries = entries

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.entries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        entry = self.entries.get(cmd_name)
        if entry is None:
            return None
        command: click.Command = importlib.import_module(entry.module).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in self.entries.items()])
