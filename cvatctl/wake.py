"""The command `wake`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import click
from botocore.exceptions import ClientError

from cvatctl.aws_clients import Clients
from cvatctl.command import OK, StackOptions, operator_command, stack_options
from cvatctl.errors import CommandError
from cvatctl.stack_outputs import StackOutputs
from cvatctl.status.services import is_asleep
from cvatctl.status.stores import NO_SUCH_ENDPOINT
from cvatctl.terminal import print_line

_MINUTES = "five to ten minutes"


@operator_command("wake")
@click.argument("functions", metavar="FUNCTION...", nargs=-1, required=True)
@stack_options
def command(options: StackOptions, functions: tuple[str, ...]) -> int:
    """Starts the endpoints of batch functions before they are needed, for example before a meeting.

    An endpoint that nobody calls goes back to sleep after 15 to 25 minutes.
    """
    outputs, clients = options.open()
    _check(outputs, functions)
    if is_asleep(outputs, clients):
        raise CommandError(
            "The stack is asleep, so nothing calls its functions, and an endpoint made now would be in the way of the "
            "one that `pulumi up` makes. Wake the stack first (docs/operations.md)."
        )
    for names in _by_endpoint(outputs, functions):
        print_line(f"{', '.join(names)}: {_wake(names[0], outputs, clients)}")
    return OK


def _by_endpoint(outputs: StackOutputs, functions: Iterable[str]) -> list[list[str]]:
    """The functions, those together that one endpoint serves: it is woken once."""
    groups: dict[str, list[str]] = {}
    for function in dict.fromkeys(functions):
        groups.setdefault(outputs.endpoints[function], []).append(function)
    return list(groups.values())


def _check(outputs: StackOutputs, functions: tuple[str, ...]) -> None:
    """Raises CommandError for what cannot be woken, before anything is."""
    unknown = [function for function in functions if function not in outputs.endpoints]
    if unknown:
        known = ", ".join(sorted(outputs.batch_configs)) or "none"
        raise CommandError(f"The stack has no function {', '.join(unknown)}. Batch functions: {known}.")
    always = [function for function in functions if function not in outputs.batch_configs]
    if always:
        raise CommandError(
            f"{', '.join(always)} never sleeps: its endpoint is there while the stack is awake. "
            "`python -m cvatctl status` shows it."
        )


def _wake(function: str, outputs: StackOutputs, clients: Clients) -> str:
    sagemaker, name = clients("sagemaker"), outputs.endpoints[function]
    try:
        endpoint = sagemaker.describe_endpoint(EndpointName=name)
    except ClientError as error:
        if error.response["Error"]["Code"] != NO_SUCH_ENDPOINT:
            raise
        return _create(sagemaker, name, outputs.batch_configs[function])
    variant = endpoint["ProductionVariants"][0]
    if endpoint["EndpointStatus"] != "InService":
        return f"{endpoint['EndpointStatus']}; see `python -m cvatctl status`"
    if variant.get("CurrentInstanceCount", 0):
        return "awake already"
    capacity = {"VariantName": variant["VariantName"], "DesiredInstanceCount": 1}
    sagemaker.update_endpoint_weights_and_capacities(EndpointName=name, DesiredWeightsAndCapacities=[capacity])
    return f"waking; it answers in {_MINUTES}"


def _create(sagemaker: Any, name: str, config: str) -> str:
    """The endpoint of a region without asynchronous inference, with the tags that its configuration has."""
    arn = sagemaker.describe_endpoint_config(EndpointConfigName=config)["EndpointConfigArn"]
    tags = [tag for tag in sagemaker.list_tags(ResourceArn=arn)["Tags"] if not tag["Key"].startswith("aws:")]
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=config, Tags=tags)
    return f"waking; it answers in {_MINUTES}"
