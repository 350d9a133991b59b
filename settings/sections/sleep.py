"""Section "Sleep": whether and when the stack stops what costs money."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator

from region import Region
from settings import office_hours
from settings.fields import Kind
from settings.office_hours import OfficeHours
from settings.sections.section import Section


@dataclass(frozen=True, kw_only=True)
class Hours(Kind):
    """Days and hours, as settings/office_hours.py reads them."""

    def problem(self, text: str, region: Region | None) -> str | None:
        del region
        try:
            office_hours.parse(text)
        except ValueError as error:
            return str(error)
        return None


@dataclass(frozen=True, kw_only=True)
class TimeZone(Kind):
    """An IANA time zone."""

    def problem(self, text: str, region: Region | None) -> str | None:
        del region
        if text in available_timezones():
            return None
        return "must be the IANA name of a time zone, such as Asia/Shanghai or Europe/Berlin"


WeeklyHours = Annotated[str, AfterValidator(Hours(example=office_hours.EXAMPLE))]
ZoneName = Annotated[str, AfterValidator(TimeZone(example="Europe/Berlin"))]


class Sleep(Section):
    """Sleep"""

    mode: Literal["awake", "asleep"] = "awake"
    """`asleep`: no task runs, the database is stopped, endpoints and the Redis that keeps frames are removed, and the
    load balancer answers with a page that says so. Nothing that counts is lost; `awake` brings it all back
    (docs/operations.md#sleep)."""
    office_hours: WeeklyHours = ""
    """Days and hours outside which the stack sleeps by itself, such as mon-fri 08:00-20:00. One that is created outside
    of them is awake until they have ended once. Empty: it never sleeps."""
    office_time_zone: ZoneName = ""
    """IANA name of the office hours' time zone, such as Europe/Berlin. Empty: Asia/Shanghai in China, Asia/Tokyo in
    ap-northeast-1, else UTC."""

    @property
    def asleep(self) -> bool:
        """Whether the stack sleeps until its operator sets `awake`."""
        return self.mode == "asleep"

    def hours(self, region: Region) -> OfficeHours | None:
        """Outside of which the stack sleeps by itself; None: it never does."""
        if not self.office_hours:
            return None
        return office_hours.parse(self.office_hours, self.office_time_zone or region.time_zone)


def time_zone(sleep: Sleep) -> Iterator[str]:
    if sleep.office_time_zone and not sleep.office_hours:
        yield (
            f"cvat:officeTimeZone = {sleep.office_time_zone}: there are no office hours that it could be for. "
            "Set cvat:officeHours too, or remove it."
        )


def mode(sleep: Sleep) -> Iterator[str]:
    if sleep.asleep and sleep.office_hours:
        yield (
            f"cvat:mode = asleep and cvat:officeHours = {sleep.office_hours}: the schedule would start what is to be "
            "stopped. Remove one."
        )
