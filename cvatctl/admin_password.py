"""`admin-password`: the administrator's password, from Secrets Manager."""

from __future__ import annotations

import json
import sys

import click

from cvatctl.aws_clients import Clients
from cvatctl.command import OK, StackOptions, operator_command, stack_options
from cvatctl.errors import CommandError
from cvatctl.stack_outputs import StackOutputs
from cvatctl.terminal import print_line


def read_administrator(outputs: StackOutputs, clients: Clients) -> tuple[str, str]:
    """Name and password of CVAT's administrator. Raises CommandError."""
    answer = clients("secretsmanager").get_secret_value(SecretId=outputs.admin_secret_arn)
    try:
        content = json.loads(answer["SecretString"])
        return str(content["username"]), str(content["password"])
    except (KeyError, TypeError, ValueError):
        # Without `from`: the error's text would show the secret.
        raise CommandError(
            f"The secret {outputs.admin_secret_arn} is not a JSON object with username and password. It was changed by "
            "hand: restore its earlier version in Secrets Manager."
        ) from None


@operator_command("admin-password")
@click.option("--reveal", is_flag=True, help="print it even if standard output is not a terminal")
@stack_options
def command(options: StackOptions, reveal: bool) -> int:
    """Prints the administrator's password, and nothing else.

    The program generates it and stores it in Secrets Manager. Whoever changes it in CVAT must change it there, too,
    because the smoke test logs in with it.
    """
    if not reveal and not sys.stdout.isatty():
        raise CommandError(
            "Standard output is not a terminal, so the password would end up in a file or a log. Add --reveal to print "
            "it all the same, for example into a password manager."
        )
    outputs, clients = options.open()
    print_line(read_administrator(outputs, clients)[1])
    return OK
