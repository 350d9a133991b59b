"""python -m cvatctl: the command line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from cvatctl import commands
from cvatctl.errors import ProblemError

PROBLEM, INTERRUPTED = 2, 130

DESCRIPTION = """\
Looks after a CVAT that this project deployed.

It knows the stack by its outputs: from the Pulumi CLI (in the project's folder), or from a file written elsewhere with
`pulumi stack output --json > outputs.json`. AWS credentials come from the environment, as for the AWS CLI."""

EXAMPLES = """\
a first day:
  python -m cvatctl doctor --stack cn-northwest-1      before the first `pulumi up`: what would fail, and what to do
  python -m cvatctl status                             is everything up? how far is a deployment?
  python -m cvatctl admin-password                     for the first login
  python -m cvatctl smoke                              does it work, from login to every auto-annotation function?

when something is wrong:
  python -m cvatctl logs worker --since 15m -f         what a kind of task writes
  python -m cvatctl shell server                       a shell in a running task (cvat:enableExec)

exit codes: 0 all is well; 1 something needs attention; 2 the command could not do its work, and says why.
Each command has its own --help."""

_COMMANDS = {
    "status": (
        commands.run_status,
        "everything at a glance: services and deployments, init, targets, stores, endpoints, alarms",
        "Lines that begin with ! need attention. A deployment in progress is shown task by task; run it again to see "
        "it move.",
    ),
    "logs": (
        commands.run_logs,
        "what the tasks of a service wrote",
        "SERVICE is a kind of task: server, worker, annotation-worker, scheduler, ui, gateway or init. Lines of all "
        "its tasks are merged by time, each with container and task.",
    ),
    "shell": (
        commands.run_shell,
        "a shell in a running task",
        "Opens a shell by ECS Exec. Needs cvat:enableExec, the AWS CLI and its session-manager-plugin; says what is "
        "missing. For Django: --command 'python3 /home/django/manage.py shell'.",
    ),
    "admin-password": (
        commands.run_password,
        "the administrator's password",
        "Prints the password alone, to a terminal only. It is made by the program and kept in Secrets Manager; who "
        "changes it in CVAT changes it there, too, or the smoke test cannot log in.",
    ),
    "smoke": (
        commands.run_smoke,
        "does it work, from the login to every auto-annotation function?",
        "Logs in as the administrator, makes a task of two demo pictures from the share, waits for a worker, reads a "
        "frame, calls every function on it, and deletes the task, whatever happens. Takes a minute; harmless at any "
        "time. Where an identity provider stands in front, the variable CVAT_TOKEN gives it a token of CVAT instead.",
    ),
    "doctor": (
        commands.run_doctor,
        "before the first `pulumi up`: what would fail, and what to do about it",
        "Checks the stack's configuration file, then (unless --offline) asks AWS about credentials, zones, instance "
        "types, quotas, certificate, images and the state backend. Changes nothing.",
    ),
    "kept": (
        commands.run_kept,
        "what AWS still holds of a stack that was destroyed",
        "Finds final snapshots, restore points, buckets and deleted secrets by the stack's name and tags, and says how "
        "to restore from each or to remove it. Works after `pulumi destroy`, and before it. Changes nothing.",
    ),
    "import-cfn": (
        commands.run_import,
        "take over a stack of the CloudFormation sample aws-samples/cvat-on-aws-china",
        "Writes import.json (for `pulumi import --file`), settings for the stack file, a template that keeps what is "
        "taken over, and STEPS.md with every step in order. Changes nothing.",
    ),
}


def parser() -> argparse.ArgumentParser:
    """The command line's grammar."""
    top = argparse.ArgumentParser(
        prog="python -m cvatctl",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    sub = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    made = {}
    for name, (run, brief, text) in _COMMANDS.items():
        made[name] = sub.add_parser(name, help=brief, description=text)
        made[name].set_defaults(run=run)
        _common(made[name], outputs=name not in ("doctor", "kept", "import-cfn"))
    _own(made)
    return top


def _common(one: argparse.ArgumentParser, *, outputs: bool) -> None:
    one.add_argument("--stack", metavar="NAME", help="the Pulumi stack (default: the selected one)")
    one.add_argument("--profile", metavar="NAME", help="AWS profile (default: the environment's)")
    one.add_argument("--project", type=Path, default=Path(), metavar="DIR", help="the project's folder (default: here)")
    if outputs:
        one.add_argument("--outputs", type=Path, metavar="FILE", help="the stack's outputs as JSON, instead of Pulumi")


def _own(made: dict[str, argparse.ArgumentParser]) -> None:
    made["logs"].add_argument("service", metavar="SERVICE", help="a kind of task, such as server or worker")
    made["logs"].add_argument("-f", "--follow", action="store_true", help="go on showing new lines (Ctrl-C ends)")
    made["logs"].add_argument("--since", default="15m", metavar="TIME", help="such as 90s, 15m, 1h, 2d (default: 15m)")
    made["logs"].add_argument("--filter", default="", metavar="PATTERN", help="a CloudWatch Logs filter pattern")
    made["shell"].add_argument("service", metavar="SERVICE", help="a kind of task, such as server or worker")
    made["shell"].add_argument("container", nargs="?", metavar="CONTAINER", help="default: the task's first")
    made["shell"].add_argument(
        "--command", dest="command_line", default="/bin/bash", metavar="COMMAND", help="default: /bin/bash"
    )
    made["admin-password"].add_argument("--reveal", action="store_true", help="print it even if not to a terminal")
    made["smoke"].add_argument("--url", metavar="URL", help="another way to the same CVAT, such as a tunnel")
    made["doctor"].add_argument("--offline", action="store_true", help="only what needs no credentials")
    made["doctor"].add_argument("--verbose", "-v", action="store_true", help="show what is in order, too")
    made["kept"].add_argument("--region", required=True, help="the stack's region")
    made["import-cfn"].add_argument("cfn_stack", metavar="CFN_STACK", help="name of the CloudFormation stack")
    made["import-cfn"].add_argument("--region", required=True, help="the region of both stacks")
    made["import-cfn"].add_argument(
        "--directory", type=Path, default=Path("build/import-cfn"), metavar="DIR", help="default: build/import-cfn"
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; the exit code."""
    given = parser().parse_args(argv)
    try:
        return int(given.run(given))
    except ProblemError as error:
        sys.stderr.write(f"cvatctl: {error}\n")
        return PROBLEM
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except KeyboardInterrupt:
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
