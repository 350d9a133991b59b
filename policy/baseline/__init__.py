"""The security baseline: what scanners find in a stack, and the answer to each finding.

findings.yaml is the only table. `python -m policy.baseline` writes docs/security.md and .checkov.yaml from it; with
--check it only says whether they are current (exit code 1 if not).
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from policy.rules import RULES

DOCUMENT = Path("docs/security.md")
CHECKOV = Path(".checkov.yaml")
_FINDINGS = Path(__file__).with_name("findings.yaml")
_WIDTH = 118
_HEAD = """\
# Security baseline

Written by `make security` from `policy/baseline/findings.yaml`: what scanners find in a stack, and the answer to
each. Ids are those of [checkov](https://www.checkov.io) (`CKV...`) and of
[prowler](https://github.com/prowler-cloud/prowler). What protects a deployment as a whole is in
[SECURITY.md](../SECURITY.md).

`make checkov` runs checkov over the rehearsed stack (`STACK=`, `CONFIG="--config KEY=VALUE"`) with `.checkov.yaml`,
which skips what is left as it is. It finds nothing in a stack with the preset `production`, a key, a certificate, a
firewall with its log, and logs for a year; in others, what their settings leave open.
"""
_HELD = """\
## Held in every stack

The policy pack refuses what breaks these (`pulumi preview --policy-pack policy`), and so do the rehearsal and the
comparison of pull requests.
"""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that scanners ask for, and our answer: exactly one of rule, setting and reason, but that a reason may
    name the setting that does the rest."""

    ids: tuple[str, ...]
    kind: str
    """Kind of resource."""
    check: str
    """What the scanner asks for."""
    rule: str = ""
    """Rule of the policy pack that holds it."""
    setting: tuple[str, str] | None = None
    """Key of the configuration, and the value with which it holds."""
    reason: str = ""
    """Why it stays as it is."""
    text: str = ""
    """What else is to know."""

    @property
    def checkov_ids(self) -> tuple[str, ...]:
        return tuple(name for name in self.ids if name.startswith("CKV"))


def findings() -> tuple[Finding, ...]:
    """The table."""
    return tuple(_finding(entry) for entry in yaml.safe_load(_FINDINGS.read_text(encoding="utf-8")))


def _finding(entry: dict[str, Any]) -> Finding:
    setting = entry.pop("setting", None)
    pair = (setting["key"], setting["value"]) if setting else None
    return Finding(**{**entry, "ids": tuple(entry["ids"])}, setting=pair)


def document() -> str:
    """docs/security.md."""
    return "\n".join(_document(findings())) + "\n"


def _document(table: Sequence[Finding]) -> Iterator[str]:
    yield _HEAD
    yield _HELD
    rows = [_held(entry) for entry in table if entry.rule]
    yield from _rows(("what", "kind of resource", "rule", "remarks", "scanners' ids"), rows)
    held = {entry.rule for entry in table}
    others = [f"`{rule.name}` ({rule.description.removesuffix('.')})" for rule in RULES if rule.name not in held]
    yield f"Rules without a scanner's id: {', '.join(others)}.\n"
    yield "## Decided by a setting\n"
    rows = [_set(entry) for entry in table if entry.setting and not entry.reason]
    yield from _rows(("what", "kind of resource", "holds with", "remarks", "scanners' ids"), rows)
    yield "## Left as it is\n"
    rows = [_left(entry) for entry in table if entry.reason]
    yield from _rows(("what", "kind of resource", "why", "scanners' ids"), rows)


def _rows(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(headings)} |"
    yield f"|{' --- |' * len(headings)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
    yield ""


def _ids(entry: Finding) -> str:
    return "<br>".join(f"`{name}`" for name in entry.ids)


def _held(entry: Finding) -> tuple[str, ...]:
    return entry.check, entry.kind, f"`{entry.rule}`", entry.text, _ids(entry)


def _set(entry: Finding) -> tuple[str, ...]:
    key, value = entry.setting or ("", "")
    return entry.check, entry.kind, f"`{key}`: {value}", entry.text, _ids(entry)


def _left(entry: Finding) -> tuple[str, ...]:
    return entry.check, entry.kind, entry.reason, _ids(entry)


def checkov_configuration() -> str:
    """.checkov.yaml: the findings that stay, with the reason of each."""
    return "\n".join(_checkov(findings())) + "\n"


def _checkov(table: Sequence[Finding]) -> Iterator[str]:
    yield "# Written by `make security` from policy/baseline/findings.yaml, as docs/security.md is."
    yield "framework: [terraform_plan]"
    yield "compact: true"
    yield "quiet: true"
    yield "skip-check:"
    for entry in table:
        if entry.reason:
            yield from textwrap.wrap(entry.reason, _WIDTH, initial_indent="  # ", subsequent_indent="  # ")
            yield from (f"  - {name}" for name in entry.checkov_ids)


def contents() -> dict[Path, str]:
    """What the table decides, by file."""
    return {DOCUMENT: document(), CHECKOV: checkov_configuration()}
