"""A diff as text for a terminal, as Markdown for a pull request, as JSON for machines."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from rehearsal.diff.model import Change, Cost, Diff, Kind, Property

LONGEST = 100
"""Characters of a value that are shown."""
MOST = 65_000
"""GitHub takes comments of 65,536 characters."""
KINDS: tuple[Kind, ...] = ("removed", "replaced", "updated", "added")
SIGNS: dict[Kind, str] = {"added": "+", "removed": "-", "replaced": "±", "updated": "~"}


def shown(value: Any) -> str:
    """A value in one line."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
    text = " ".join(text.split())
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def title(diff: Diff) -> str:
    """The stack and its figures in one line."""
    counts = [f"{len(diff.of(kind))} {kind}" for kind in ("added", "updated", "replaced", "removed") if diff.of(kind)]
    return f"{diff.stack}: {', '.join(counts) or 'no change'}, {diff.unchanged} unchanged"


def cost(value: Cost | None) -> str:
    """A sentence about money."""
    if value is None:
        return ""
    change = value.after - value.before
    known = "" if value.complete else " Some prices are not known."
    return f"Estimated {value.after:,.0f} {value.currency} a month ({change:+,.0f}).{known}"


def _difference(difference: Property) -> str:
    mark = "  (replaces)" if difference.replaces else ""
    if difference.follows:
        return f"{difference.path}: follows {difference.follows}{mark}"
    if difference.old is None:
        return f"{difference.path}: {shown(difference.new)} (new){mark}"
    if difference.new is None:
        return f"{difference.path}: {shown(difference.old)} (gone){mark}"
    return f"{difference.path}: {shown(difference.old)} -> {shown(difference.new)}{mark}"


def text(diffs: Iterable[Diff]) -> str:
    """For a terminal."""
    lines: list[str] = []
    for diff in diffs:
        lines += [title(diff)]
        lines += [f"  DANGER ({danger.kind}): {danger.text}" for danger in diff.dangers]
        lines += [f"  note: {notice}" for notice in diff.notices]
        for change in diff.changes:
            lines.append(f"  {SIGNS[change.kind]} {change.resource.title}")
            lines += [f"      {_difference(difference)}" for difference in change.properties]
        lines += [f"  output {_difference(difference)}" for difference in diff.outputs]
        lines += [f"  {sentence}"] if (sentence := cost(diff.cost)) else []
        lines.append("")
    return "\n".join(lines)


def markdown(diffs: Sequence[Diff], base: str, head: str) -> str:
    """For a comment on a pull request: dangers first, the rest folded away, cut where GitHub would refuse it."""
    dangers = sum(len(diff.dangers) for diff in diffs)
    verdict = f"## ⚠️ {dangers} dangerous change{'s' * (dangers != 1)}" if dangers else "## No dangerous change"
    parts = [
        f"{verdict}\n\nRehearsed `{_plain(base)}` and `{_plain(head)}` in an in-memory AWS, without credentials.\n"
    ]
    for diff in diffs:
        parts.append(_stack(diff))
    whole = "\n".join(parts)
    if len(whole) > MOST:
        note = "\n\n… cut here: GitHub takes no longer comment. `make diff` shows all of it.\n"
        whole = whole[: MOST - len(note)].rsplit("\n", 1)[0] + note
        # an unclosed block would swallow the note
        whole += "</details>\n" * (whole.count("<details>") - whole.count("</details>"))
    return whole


def _stack(diff: Diff) -> str:
    lines = [f"### {_plain(title(diff))}", ""]
    lines += [f"- **{danger.kind}**: {_plain(danger.text)}" for danger in diff.dangers]
    lines += [f"- note: {_plain(notice)}" for notice in diff.notices]
    if sentence := cost(diff.cost):
        lines += ["", sentence]
    for kind in KINDS:
        changes = diff.of(kind)
        if changes:
            lines += ["", f"<details><summary>{len(changes)} {kind}</summary>", ""]
            lines += [line for change in changes for line in _change(change)]
            lines += ["", "</details>"]
    if diff.outputs:
        lines += ["", "<details><summary>outputs</summary>", ""]
        lines += [f"- `{_plain(_difference(difference))}`" for difference in diff.outputs]
        lines += ["", "</details>"]
    return "\n".join(lines) + "\n"


def _change(change: Change) -> list[str]:
    return [
        f"- `{_plain(change.resource.title)}`",
        *(f"  - `{_plain(_difference(difference))}`" for difference in change.properties),
    ]


def _plain(text: str) -> str:
    """Text that Markdown takes as it is: it may come from a stranger's pull request."""
    safe = text.replace("`", "'").replace("\n", " ").replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return safe.replace("@", "@\u200b")  # mentions nobody


def machine(diffs: Iterable[Diff]) -> str:
    """For other programs."""
    return json.dumps([asdict(diff) for diff in diffs], indent=1, ensure_ascii=False, default=str) + "\n"
