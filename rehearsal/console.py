"""What the person at the terminal sees: progress, the resources, the outputs, the verdicts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from rehearsal import listing

if TYPE_CHECKING:
    from rehearsal.result import Rehearsal

LINE_EVERY = 25
"""Without a terminal, progress is a line for so many resources."""


class Progress:
    """Shows each resource as it is created: one changing line on a terminal, now and then a line elsewhere."""

    def __init__(self, console: Console | None = None) -> None:
        """By default it goes to the error stream, so that the result can be piped."""
        self._console = console or Console(stderr=True, highlight=False, soft_wrap=True)
        self._status = self._console.status("Starting", spinner="dots")

    def __enter__(self) -> Progress:
        if self._console.is_terminal:
            self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._status.stop()

    def __call__(self, token: str, name: str, count: int) -> None:
        """A resource is about to be created."""
        text = f"{count:4d} resources  {listing.short(token)} {name}"
        if self._console.is_terminal:
            self._status.update(Text(text, no_wrap=True, overflow="ellipsis"))
        elif count % LINE_EVERY == 1:
            self._console.print(Text(text))


def show(lines: list[Text]) -> None:
    """Print lines as they are: a long one is not broken, and nothing in it is markup."""
    console = Console(highlight=False, soft_wrap=True)
    for line in lines:
        console.print(line)


def report(rehearsal: Rehearsal, seconds: float) -> list[Text]:
    """Everything after the progress, but for where the files are."""
    title = f"Stack {rehearsal.stack} in {rehearsal.region}, rehearsed in an in-memory AWS in {seconds:.1f} s"
    lines = [Text(title, style="bold"), Text()]
    lines += map(Text, listing.tree(rehearsal.resources))
    if rehearsal.messages:
        lines += [Text(), Text("The program says:", style="bold")]
        lines += [Text(f"  {message}") for message in rehearsal.messages]
    if rehearsal.outputs:
        lines += [Text(), Text("Outputs:", style="bold")]
        lines += [Text(f"  {name}: {listing.output(rehearsal, name)}") for name in rehearsal.outputs]
    if rehearsal.checks:
        lines += [Text(), Text("Checks:", style="bold")]
    for verdict in rehearsal.checks:
        word, style = ("holds ", "green") if verdict.ok else ("FAILS ", "bold red")
        lines.append(Text.assemble("  ", (word, style), f" {verdict.name}  ({verdict.seen} looked at)"))
        lines += [Text(f"           {finding}") for finding in verdict.findings]
    return [*lines, Text(), Text(listing.ending(rehearsal), style="" if rehearsal.ok else "bold")]
