"""The command `kept`."""

from __future__ import annotations

import click

from cvatctl.aws_clients import clients
from cvatctl.command import ATTENTION, OK, PROFILE, operator_command
from cvatctl.kept.leftovers import find_leftovers
from cvatctl.terminal import print_line, print_sections


@operator_command("kept")
@click.option("--stack", metavar="NAME", required=True, help="the destroyed stack: it is found by its name")
@click.option("--region", metavar="REGION", required=True, help="the stack's region")
@PROFILE
def command(stack: str, region: str, profile: str | None) -> int:
    """Lists what AWS still holds of a stack after `pulumi destroy`, or before it.

    Finds final snapshots, restore points, buckets, image repositories and deleted secrets by the stack's name and tags,
    and says how to restore from each or to remove it. Changes nothing.
    """
    print_line(f"What this account holds of the stack {stack} in {region}:")
    sections = find_leftovers(stack, clients(region, profile))
    print_sections(sections)
    return OK if all(resource.ok for section in sections for resource in section.resources) else ATTENTION
