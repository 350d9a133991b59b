"""What the commands have in common: how they end, and the options by which they find the stack."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from cvatctl import stack_outputs
from cvatctl.aws_clients import Clients, aws_errors_as_sentences, clients
from cvatctl.stack_outputs import StackOutputs

OK, ATTENTION = 0, 1
"""Exit codes: all is well; something needs attention."""

PROFILE = click.option("--profile", metavar="NAME", help="AWS profile (default: the environment's)")
PROJECT = click.option(
    "--project",
    type=click.Path(path_type=Path),
    default=Path(),
    metavar="DIR",
    help="the project's folder (default: the current one)",
)


class OperatorCommand(click.Command):
    """A command that ends without a traceback when AWS refuses a call or the reader of its output has gone."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            with aws_errors_as_sentences():
                return super().invoke(ctx)
        except BrokenPipeError:
            # Python flushes standard output once more at exit, which would fail again.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise click.exceptions.Exit(OK) from None


operator_command = functools.partial(click.command, cls=OperatorCommand)
"""Decorator of every command."""


@dataclass(frozen=True)
class StackOptions:
    """The options by which a command finds a deployed stack."""

    stack: str | None
    profile: str | None
    project: Path
    outputs: Path | None

    def open(self) -> tuple[StackOutputs, Clients]:
        """The stack's outputs, and clients of its region. Raises CommandError."""
        outputs = stack_outputs.read(self.stack, self.outputs, self.project)
        return outputs, clients(outputs.region, self.profile)


def stack_options(function: Callable[..., int]) -> Callable[..., int]:
    """Decorator: adds --stack, --profile, --project and --outputs, and passes them as one StackOptions."""

    @click.option("--stack", metavar="NAME", help="the Pulumi stack (default: the selected one)")
    @PROFILE
    @PROJECT
    @click.option(
        "--outputs",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="the stack's outputs as JSON, instead of asking the Pulumi CLI",
    )
    @functools.wraps(function)
    def with_options(
        stack: str | None, profile: str | None, project: Path, outputs: Path | None, **arguments: Any
    ) -> int:
        return function(StackOptions(stack, profile, project, outputs), **arguments)

    return with_options
