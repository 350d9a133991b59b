"""The command `orphans`."""

from __future__ import annotations

from pathlib import Path

import click
from botocore.exceptions import ClientError

from cvatctl.aws_clients import Clients, clients, explain
from cvatctl.command import ATTENTION, OK, PROFILE, PROJECT, operator_command
from cvatctl.errors import CommandError
from cvatctl.orphans.delete import can_delete, delete
from cvatctl.orphans.find import Orphan, find_orphans, is_gone
from cvatctl.orphans.state import read_state
from cvatctl.terminal import print_line


@operator_command("orphans")
@click.option("--stack", metavar="NAME", required=True, help="the Pulumi stack")
@click.option("--region", metavar="REGION", required=True, help="the stack's region")
@click.option(
    "--state",
    "file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="the output of `pulumi stack export`, instead of asking the Pulumi CLI",
)
@click.option("--delete", "delete_each", is_flag=True, help="delete them, each after a question")
@PROFILE
@PROJECT
def command(stack: str, region: str, file: Path | None, delete_each: bool, profile: str | None, project: Path) -> int:
    """Lists resources that carry the stack's tags and are not in its state.

    An interrupted `pulumi up` leaves them: AWS created them, and Pulumi did not record it. They cost money, and a later
    `pulumi destroy` fails where they use something of the stack. Run it while no update of the stack is in progress.
    """
    state = read_state(stack, file, project)
    aws = clients(region, profile)
    orphans = find_orphans(stack, state, aws)
    for urn in state.pending:
        print_line(f"pending creation in the state: {urn}")
    if not orphans:
        print_line(f"Every resource of {region} with the tags of the stack {stack} is in its state.")
        if state.pending:
            print_line("Clear the pending creations: pulumi refresh --clear-pending-creates")
        return ATTENTION if state.pending else OK
    print_line(f"With the tags of the stack {stack}, and not in its state:")
    for orphan in orphans:
        print_line(f"  {orphan.arn}")
    if delete_each:
        left = sum(not _delete_after_question(orphan, aws) for orphan in orphans)
        print_line(f"{len(orphans) - left} deleted, {left} left.")
        return ATTENTION if left else OK
    print_line("Delete them with --delete, which asks before each.")
    return ATTENTION


def _delete_after_question(orphan: Orphan, aws: Clients) -> bool:
    """Whether the orphan was deleted, or is being deleted."""
    if not can_delete(orphan):
        print_line(f"{orphan.arn}: this command cannot delete {orphan.kind}. Delete it in the console.")
        return False
    if not click.confirm(f"Delete {orphan.arn}?", default=False):
        return False
    try:
        print_line(f"{orphan.name} {delete(orphan, aws)}")
    except ClientError as error:
        if is_gone(error):
            print_line(f"{orphan.name} was deleted already. AWS lists it for some hours more.")
            return True
        print_line(f"{orphan.name} stays: {explain(error)} Run this again when what uses it is gone.")
        return False
    except CommandError as error:
        print_line(str(error))
        return False
    return True
