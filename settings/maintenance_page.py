"""What the load balancer answers while the stack sleeps: a page in English and Chinese. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from settings.office_hours import OfficeHours

LONGEST = 1024
"""Bytes of a fixed response (ELB API reference, FixedResponseActionConfig, read 2026-11)."""
_HTML = """<!doctype html><title>CVAT</title><meta name=viewport content="width=device-width">
<body style="font:1.1em/1.6 sans-serif;max-width:34em;margin:15vh auto;padding:0 1em"><h1>Zzz</h1>
<p>CVAT is asleep; your work is kept. {}
<p lang=zh>CVAT 正在休眠。您的工作已保存。{}"""
_BY_HAND = (
    "It wakes when its operator sets <code>cvat:mode</code> to <code>awake</code>.",
    "管理员将 <code>cvat:mode</code> 设为 <code>awake</code> 后即可唤醒。",
)


@dataclass(frozen=True, kw_only=True)
class Page:
    """A page of the load balancer's own."""

    body: str
    """HTML, in ASCII."""
    shown: bool
    """Whether everyone sees it from the start; if not, somebody else switches it on."""


def page(hours: OfficeHours | None) -> Page:
    """The page for office hours, or for a stack that sleeps until it is woken."""
    told = (f"It is awake {hours}.", f"工作时间: {hours}。") if hours else _BY_HAND
    # A listener has no way to say in which encoding it answers, so what is not ASCII is spelt out.
    return Page(body=_HTML.format(*told).encode("ascii", "xmlcharrefreplace").decode(), shown=hours is None)
