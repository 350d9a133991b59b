"""python -m cvatctl: the table of commands, and how each of them ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from cvatctl.errors import CommandError
from cvatctl.lazy_group import CommandEntry, LazyGroup

PROGRAM = "python -m cvatctl"
FAILED, INTERRUPTED = 2, 130
TRACEBACK = "CVATCTL_TRACEBACK"
"""Environment variable: if set, an unexpected error shows its traceback."""

ENTRIES = {
    "doctor": CommandEntry("cvatctl.doctor.command", "before the first `pulumi up`: what would fail, and the remedy"),
    "status": CommandEntry("cvatctl.status.command", "services, deployments, init, targets, stores, endpoints, alarms"),
    "logs": CommandEntry("cvatctl.logs", "log lines of a service's tasks"),
    "shell": CommandEntry("cvatctl.shell", "a shell in a running task (ECS Exec)"),
    "admin-password": CommandEntry("cvatctl.admin_password", "the administrator's password"),
    "smoke": CommandEntry("cvatctl.smoke", "end-to-end test: login, task, frames, every auto-annotation function"),
    "wake": CommandEntry("cvatctl.wake", "start a batch function's endpoint before it is needed"),
    "kept": CommandEntry("cvatctl.kept.command", "what AWS still holds of a destroyed stack"),
    "orphans": CommandEntry("cvatctl.orphans.command", "resources that an interrupted update left outside the state"),
    "prices": CommandEntry("cvatctl.prices.command", "write a region's price table from AWS's Price List"),
    "import-cfn": CommandEntry("cvatctl.adoption.command", "adopt a stack of aws-samples/cvat-on-aws-china"),
}

DESCRIPTION = """\
Operates a CVAT that this project deployed.

The stack is known by its outputs: from the Pulumi CLI (in the project's folder), or from a file written elsewhere with
`pulumi stack output --json > outputs.json`. AWS credentials come from the environment, as for the AWS CLI."""

EXAMPLES = """\
\b
The first day:
  python -m cvatctl doctor --stack cn-northwest-1      before the first `pulumi up`
  python -m cvatctl status                             state of every part, progress of a deployment
  python -m cvatctl admin-password                     for the first login
  python -m cvatctl smoke                              does it work?

\b
When something is wrong:
  python -m cvatctl logs worker --since 15m -f         log lines of all workers
  python -m cvatctl shell server                       a shell in a running task (cvat:enableExec)

Exit codes: 0 all is well; 1 something needs attention; 2 the command could not do its work, and says why; 130
interrupted. Each command has its own --help."""

cli = LazyGroup(
    entries=ENTRIES,
    help=DESCRIPTION,
    epilog=EXAMPLES,
    context_settings={"max_content_width": 120},
    no_args_is_help=False,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; the exit code."""
    try:
        return int(cli.main(args=arguments, prog_name=PROGRAM, standalone_mode=False) or 0)
    except CommandError as error:
        sys.stderr.write(f"cvatctl: {error}\n")
    except click.ClickException as error:
        error.show()
    except (click.Abort, KeyboardInterrupt):
        sys.stderr.write("cvatctl: interrupted.\n")
        return INTERRUPTED
    except Exception as error:
        if os.environ.get(TRACEBACK):
            raise
        sys.stderr.write(
            f"cvatctl: unexpected {type(error).__name__}: {error}. This is a fault of cvatctl: please report it, with "
            f"what it shows when {TRACEBACK}=1 is set.\n"
        )
    return FAILED


if __name__ == "__main__":
    sys.exit(main())
