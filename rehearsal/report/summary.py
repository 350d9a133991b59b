"""The summary for a pull request, in Markdown."""

from __future__ import annotations

from collections import Counter

from rehearsal import listing
from rehearsal.result import Rehearsal


def text(rehearsal: Rehearsal) -> str:
    """The whole file."""
    lines = [f"# Rehearsal of {rehearsal.stack}", "", listing.ending(rehearsal), ""]
    if rehearsal.checks:
        lines += ["| check | verdict | looked at |", "|---|---|---|"]
        for verdict in rehearsal.checks:
            lines.append(f"| {verdict.name} | {'holds' if verdict.ok else '**fails**'} | {verdict.seen} |")
        lines.append("")
    for verdict in rehearsal.checks:
        lines += [f"- {finding}" for finding in verdict.findings]
    lines += _resources(rehearsal)
    if rehearsal.outputs:
        lines += ["", "## Outputs", "", "| name | value |", "|---|---|"]
        lines += [f"| {name} | `{listing.output(rehearsal, name)}` |" for name in rehearsal.outputs]
    return "\n".join(lines) + "\n"


def _resources(rehearsal: Rehearsal) -> list[str]:
    counts = Counter(listing.short(record.type) for record in rehearsal.resources if not listing.is_component(record))
    lines = ["", f"## {sum(counts.values())} resources", "", "| type | count |", "|---|---|"]
    return lines + [f"| {kind} | {count} |" for kind, count in sorted(counts.items())]
