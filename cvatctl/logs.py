"""`logs`: what the tasks of a kind wrote, and what they go on writing."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from cvatctl.clients import Clients, pages
from cvatctl.errors import ProblemError
from cvatctl.show import from_millis

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_POLL_S = 2.0
_OVERLAP = timedelta(seconds=30)
"""CloudWatch Logs shows lines late and out of order; a follower looks back this far and skips what it has shown."""


def since(text: str) -> datetime:
    """The moment that `90s`, `15m`, `1h`, `2d` or an ISO time means."""
    found = re.fullmatch(r"(\d+)([smhdw])", text)
    if found:
        return datetime.now(UTC) - timedelta(**{_UNITS[found.group(2)]: int(found.group(1))})
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ProblemError(
            f"--since {text}: it must be a length of time such as 90s, 15m, 1h or 2d, or a time such as "
            "2026-11-24T08:00. Correct it."
        ) from None
    return moment if moment.tzinfo else moment.astimezone()


def lines(
    clients: Clients,
    group: str,
    start: datetime,
    pattern: str = "",
    *,
    follow: bool = False,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[str]:
    """The log's lines from `start` on; with `follow`, without an end."""
    seen: dict[str, int] = {}
    newest = _millis(start)
    while True:
        back = newest - _millis_of(_OVERLAP) if seen else newest
        for event in _events(clients, group, max(back, _millis(start)), pattern):
            if event["eventId"] not in seen:
                newest = max(newest, event["timestamp"])
                seen[event["eventId"]] = event["timestamp"]
                yield _line(event)
        if not follow:
            return
        seen = {key: moment for key, moment in seen.items() if moment >= newest - _millis_of(_OVERLAP)}
        sleep(_POLL_S)


def _events(clients: Clients, group: str, start: int, pattern: str) -> list[Any]:
    more = {"filterPattern": pattern} if pattern else {}
    found = pages(clients("logs"), "filter_log_events", "events", logGroupName=group, startTime=start, **more)
    return sorted(found, key=lambda event: event["timestamp"])


def _line(event: Any) -> str:
    """Time, task and message. Streams are named prefix/container/task."""
    container, _, task = str(event["logStreamName"]).rpartition("/")
    moment = from_millis(event["timestamp"]).astimezone()
    return f"{moment:%Y-%m-%d %H:%M:%S} {container.rpartition('/')[2]}/{task[:8]} {event['message'].rstrip()}"


def _millis(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _millis_of(span: timedelta) -> int:
    return int(span.total_seconds() * 1000)
