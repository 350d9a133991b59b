"""The command group. Each command is in the module that carries it out, and imported when it is used."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

import click

from rehearsal.errors import RehearsalError
from rehearsal.interrupt import InterruptError, exit_interrupted
from rehearsal.options import FAILED

DESCRIPTION = """\
Creates a whole stack in an in-memory AWS and checks what then exists there.

It runs the program (__main__.py) exactly as `pulumi up` would, but carries out every resource on an emulated account:
no AWS account, credentials, Docker or Pulumi CLI are needed, and nothing leaves this machine. Then it checks in that
account whether the system works together. Exit code 0: the program ran to its end, and every check holds."""

EXAMPLES = """\
\b
Examples:
  python -m rehearsal                          the default stack, cn-northwest-1
  python -m rehearsal cn-north-1               another stack (any Pulumi.<stack>.yaml)
  python -m rehearsal --config preset=team     with other settings than the stack's file has
  python -m rehearsal --preview                run the program as `pulumi preview` would: create nothing
  python -m rehearsal diff main .              what the checkout changes
  python -m rehearsal update --after main      what the checkout does to a running stack

\b
What it cannot show: quotas, capacity, how long things take, whether an image builds and starts, whether a region offers
an instance type that region.py believes it offers."""

DEFAULT = "rehearse"

COMMANDS = {
    DEFAULT: ("rehearsal.command", "Create a stack and check it (the default command)."),
    "diff": ("rehearsal.diff.command", "What the checkout, or one revision, changes against another."),
    "update": ("rehearsal.update", "What a change of program or settings does to a running stack."),
    "practice": ("rehearsal.server.practice", "Serve an account to practise on, with a stack for the Pulumi CLI."),
    "upgrade": ("rehearsal.upgrade.command", "What the checkout would do to a stack, from its exported state."),
    "sweep": ("rehearsal.sweep", "Let many API calls fail, one a run, and run again."),
    "serve": ("rehearsal.server.serve", "Serve the emulated account to the Pulumi CLI and every AWS client."),
    "scale": ("rehearsal.scale", "Time and memory of 200 functions and of 20 stacks."),
}
"""Command -> its module, which has it as `command`, and what `--help` says of it."""


class Commands(click.Group):
    """Imports a command when it is used; without the name of one it runs the default."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the default command before arguments that name none."""
        if not args or (args[0] not in COMMANDS and args[0] not in ctx.help_option_names):
            args = [DEFAULT, *args]
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of COMMANDS."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import it."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(COMMANDS[cmd_name][0]).command
        return command

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Also list the options of the default command."""
        default = self.get_command(ctx, DEFAULT)
        if default is not None:
            options = [option for option in default.get_params(ctx) if isinstance(option, click.Option)]
            with formatter.section("Options"):
                formatter.write_dl([record for option in options if (record := option.get_help_record(ctx))])
        self.format_commands(ctx, formatter)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands (each has --help)"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


group = Commands(
    "rehearsal",
    help=DESCRIPTION,
    epilog=EXAMPLES,
    options_metavar="",
    subcommand_metavar="[COMMAND] [STACK] [OPTIONS]",
    context_settings={"max_content_width": 120},
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; the exit code. Mistakes are sentences on the error stream."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        code = group.main(arguments, prog_name="python -m rehearsal", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return FAILED
    except RehearsalError as error:
        sys.stderr.write(f"{error}\n")
        return FAILED
    except (InterruptError, click.Abort):
        exit_interrupted()
    return int(code or 0)
