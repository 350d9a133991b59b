"""`smoke`: the end-to-end test of cvatctl.canary, against the stack's CVAT, as its administrator."""

from __future__ import annotations

import os

import click

from cvatctl import canary
from cvatctl.admin_password import read_administrator
from cvatctl.command import ATTENTION, OK, StackOptions, operator_command, stack_options
from cvatctl.terminal import print_line


def print_step(step: canary.Step) -> None:
    """One line for a step."""
    print_line(f"{'ok     ' if step.ok else 'FAILED '} {step.name}  ({step.seconds:.1f} s)  {step.detail}")


@operator_command("smoke")
@click.option("--url", metavar="URL", help="another address of the same CVAT, such as a tunnel")
@stack_options
def command(options: StackOptions, url: str | None) -> int:
    """Tests CVAT from the login to every auto-annotation function.

    Logs in as the administrator, creates a task of two demo pictures from the share, waits for a worker, reads a frame,
    calls every function on it, and deletes the task, also after a failure. It takes a minute, and does no harm at any
    time. Where an identity provider guards CVAT, the environment variable CVAT_TOKEN holds a token of CVAT instead.
    """
    outputs, clients = options.open()
    token, user, password = os.environ.get("CVAT_TOKEN", ""), "", ""
    if not token:
        user, password = read_administrator(outputs, clients)
    steps = canary.smoke(
        url or outputs.url, user, password, outputs.endpoints, print_step, token=token, release=outputs.release
    )
    worked = sum(step.ok for step in steps)
    print_line(f"All {len(steps)} steps worked." if worked == len(steps) else f"{worked} of {len(steps)} steps worked.")
    return OK if worked == len(steps) else ATTENTION
