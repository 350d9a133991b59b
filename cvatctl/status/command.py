"""The command `status`."""

from __future__ import annotations

import functools
from collections.abc import Callable

from botocore.exceptions import BotoCoreError, ClientError

from cvatctl.aws_clients import Clients, concerns_every_call
from cvatctl.command import ATTENTION, OK, StackOptions, operator_command, stack_options
from cvatctl.resource_state import ResourceState, sections
from cvatctl.stack_outputs import StackOutputs
from cvatctl.status import services, stores
from cvatctl.terminal import print_line, print_sections

_SECTIONS: tuple[tuple[str, Callable[[StackOutputs, Clients], list[ResourceState]]], ...] = (
    ("Services", services.services),
    ("Initialisation", services.initialisation),
    ("Load balancer", services.targets),
    ("Database", stores.database),
    ("Redis", stores.cache),
    ("File system", stores.files),
    ("Auto-annotation endpoints", stores.endpoints),
    ("Alarms", services.alarms),
)


@operator_command("status")
@stack_options
def command(options: StackOptions) -> int:
    """Shows the state of every part of the stack.

    A line that begins with ! needs attention. A deployment in progress is shown with its counts of tasks.
    """
    outputs, clients = options.open()
    print_line(f"CVAT at {outputs.url} ({outputs.region})")
    if _is_asleep(outputs, clients):
        print_line(sleep_sentence(outputs))
    shown = sections((title, functools.partial(read, outputs, clients)) for title, read in _SECTIONS)
    print_sections(shown)
    print_line()
    if all(resource.ok for part in shown for resource in part.resources):
        print_line("All is well.")
        return OK
    print_line("Lines with ! need attention; docs/cvatctl.md says where to look next.")
    return ATTENTION


def _is_asleep(outputs: StackOutputs, clients: Clients) -> bool:
    try:
        return services.is_asleep(outputs, clients)
    except (BotoCoreError, ClientError) as error:
        if concerns_every_call(error):
            raise
        return False  # the section "Services" shows the error


def sleep_sentence(outputs: StackOutputs) -> str:
    """Why the stack sleeps, and how it starts again."""
    hours = outputs.sleep.get("office_hours")
    if hours:
        return f"asleep: outside its office hours, {hours}"
    if outputs.sleep.get("mode") == "asleep":
        return "asleep: `pulumi config set cvat:mode awake` and `pulumi up` start it"
    return "asleep, though cvat:mode is awake: every service was scaled to zero by hand"
