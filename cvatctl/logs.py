"""`logs`: log lines of all tasks of a service, merged by time."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from cvatctl.aws_clients import Clients, all_pages
from cvatctl.command import OK, StackOptions, operator_command, stack_options
from cvatctl.errors import CommandError
from cvatctl.terminal import from_milliseconds, print_line

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_POLL_S = 2.0
_OVERLAP = timedelta(seconds=30)
"""CloudWatch Logs delivers events late and out of order; each poll reads this far back and skips known events."""


def start_time(text: str) -> datetime:
    """The moment that `90s`, `15m`, `1h`, `2d` or an ISO time means. Raises CommandError."""
    duration = re.fullmatch(r"(\d+)([smhdw])", text)
    try:
        if duration:
            return datetime.now(UTC) - timedelta(**{_UNITS[duration.group(2)]: int(duration.group(1))})
        moment = datetime.fromisoformat(text)
        return moment if moment.tzinfo else moment.astimezone()
    except (ValueError, OverflowError):
        raise CommandError(
            f"--since {text}: it must be a length of time such as 90s, 15m, 1h or 2d, or a time such as "
            "2026-11-24T08:00. Correct it."
        ) from None


def read_lines(
    clients: Clients,
    group: str,
    start: datetime,
    pattern: str = "",
    *,
    follow: bool = False,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[str]:
    """The log group's lines since `start`; with `follow`, new ones without end."""
    seen: dict[str, int] = {}
    newest = _milliseconds(start)
    overlap = int(_OVERLAP.total_seconds() * 1000)
    while True:
        since = newest - overlap if seen else newest
        for event in _events(clients, group, max(since, _milliseconds(start)), pattern):
            if event["eventId"] not in seen:
                newest = max(newest, event["timestamp"])
                seen[event["eventId"]] = event["timestamp"]
                yield _line(event)
        if not follow:
            return
        seen = {event_id: timestamp for event_id, timestamp in seen.items() if timestamp >= newest - overlap}
        sleep(_POLL_S)


def _events(clients: Clients, group: str, start: int, pattern: str) -> list[Any]:
    optional = {"filterPattern": pattern} if pattern else {}
    events = all_pages(clients("logs"), "filter_log_events", "events", logGroupName=group, startTime=start, **optional)
    return sorted(events, key=lambda event: event["timestamp"])


def _line(event: Any) -> str:
    """Time, container, task and message. Log streams are named prefix/container/task."""
    container, _, task = str(event["logStreamName"]).rpartition("/")
    moment = from_milliseconds(event["timestamp"]).astimezone()
    return f"{moment:%Y-%m-%d %H:%M:%S} {container.rpartition('/')[2]}/{task[:8]} {event['message'].rstrip()}"


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


@operator_command("logs")
@click.argument("service")
@click.option("-f", "--follow", is_flag=True, help="go on with new lines (Ctrl-C ends)")
@click.option("--since", default="15m", metavar="TIME", show_default=True, help="such as 90s, 15m, 1h, 2d")
@click.option("--filter", "pattern", default="", metavar="PATTERN", help="a filter pattern of CloudWatch Logs")
@stack_options
def command(options: StackOptions, service: str, follow: bool, since: str, pattern: str) -> int:
    """Prints the log lines of all tasks of SERVICE, merged by time, each with its container and task.

    SERVICE: server, ui, gateway, scheduler or init; of release c48411ae also worker and annotation-worker, of v2
    chunks, import, export, annotation and rest.
    """
    start = start_time(since)
    outputs, clients = options.open()
    for line in read_lines(clients, outputs.log_group(service), start, pattern, follow=follow):
        print_line(line)
    return OK
