"""report.html: one file that needs no network, works without scripts, and reads well on paper."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from rehearsal import listing
from rehearsal.report import (
    cost,
    description,
    diagram,
    edge_routing,
    functions,
    permissions,
    reach,
    schedule,
    shown,
    sizes,
)
from rehearsal.result import Rehearsal

TEMPLATES = Path(__file__).with_name("templates")

NOT_COUNTED = (
    "data out to the Internet and between zones",
    "log ingestion and Container Insights",
    "Secrets Manager, Cloud Map and its hosted zone",
    "backups and snapshots beyond what storage includes",
    "requests to S3 and ECR",
    "tax",
)
"""What the estimate leaves out, and says so."""


def text(rehearsal: Rehearsal) -> str:
    """The whole file."""
    outputs = {name: listing.output(rehearsal, name) for name in rehearsal.outputs}
    return render(description.gather(rehearsal, outputs))


def render(known: description.Description) -> str:
    """The page of these description."""
    redact = shown.Redactor(known.records)
    drawn = diagram.diagram(known)
    page = _environment().get_template("report.html.j2")
    return page.render(
        facts=known,
        redact=redact,
        tree=shown.Tree(known.records, redact).shown(),
        count=len(known.records),
        drawing=drawn[0] if drawn else None,
        legend=edge_routing.legend(drawn[1]) if drawn else [],
        words=reach.words,
        style=reach.style,
        functions=functions.functions(known),
        roles=permissions.roles(known),
        secrets=permissions.secrets(known),
        plan=schedule.plan(known.records),
        times=schedule.table(),
        **_money(known),
    )


def _money(known: description.Description) -> dict[str, Any]:
    """What the page's section on cost needs."""
    awake = sizes.awake_share(known.config.get("cvat:mode", ""), known.config.get("cvat:officeHours", ""))
    now = sizes.measured(known.records, awake)
    presets, modes = sizes.of_presets(known.config, now), sizes.of_modes(known.config, now)
    return {
        "here": cost.place(known.region),
        "reference": cost.reference(),
        "bill": cost.bill(now, known.records),
        "presets": {name: cost.bill(one, known.records) for name, one in presets.items()},
        "preset_sizes": presets,
        "modes": {name: (one, cost.bill(one, known.records)) for name, one in modes.items()},
        "sizes": now,
        "total": cost.total,
        "assumed": cost.table()["assumed"],
        "not_counted": NOT_COUNTED,
    }


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["file"] = lambda name: Markup((TEMPLATES / name).read_text(encoding="utf-8"))  # noqa: S704  (ours)
    environment.filters["minutes"] = lambda seconds: f"{int(seconds // 60)}:{int(seconds % 60):02d}"
    environment.filters["money"] = lambda amount: f"{amount:,.2f}"
    environment.filters["short"] = listing.short
    environment.filters["amount"] = lambda amount: f"{amount:g}"
    return environment
