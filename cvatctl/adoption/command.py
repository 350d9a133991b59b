"""The command `import-cfn`."""

from __future__ import annotations

from pathlib import Path

import click

from cvatctl.adoption.plan import make_plan
from cvatctl.adoption.write import write
from cvatctl.aws_clients import clients
from cvatctl.command import OK, PROFILE, operator_command
from cvatctl.terminal import print_line


@operator_command("import-cfn")
@click.argument("cfn_stack")
@click.option("--region", metavar="REGION", required=True, help="the region of both stacks")
@click.option("--stack", metavar="NAME", default="STACK", help="the Pulumi stack")
@click.option(
    "--directory",
    type=click.Path(path_type=Path),
    default=Path("build/import-cfn"),
    metavar="DIR",
    show_default=True,
    help="where the files are written",
)
@PROFILE
def command(cfn_stack: str, region: str, stack: str, directory: Path, profile: str | None) -> int:
    """Prepares the adoption of CFN_STACK, a CloudFormation stack of aws-samples/cvat-on-aws-china.

    Writes import.json (for `pulumi import --file`), settings for the stack file, a template that retains what is
    adopted, and STEPS.md with every step in order. Changes nothing.
    """
    plan = make_plan(cfn_stack, clients(region, profile))
    for line in write(plan, directory, stack):
        print_line(line)
    return OK
