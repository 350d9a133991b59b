"""report.html: one file that needs no network, works without scripts, and reads well on paper."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from rehearsal import listing
from rehearsal.report import (
    connections,
    cost,
    description,
    diagram,
    edge_routing,
    functions,
    permissions,
    schedule,
    shown,
    sizes,
)
from rehearsal.result import Rehearsal

TEMPLATES = Path(__file__).with_name("templates")

NOT_COUNTED = (
    "data out to the Internet and between zones",
    "log ingestion and Container Insights",
    "Cloud Map and its hosted zone",
    "backups and snapshots beyond what storage includes",
    "requests to S3, ECR, KMS, Secrets Manager and CloudWatch",
    "tax",
)
"""What the estimate leaves out, and says so."""


def text(rehearsal: Rehearsal) -> str:
    """The whole file."""
    outputs = {name: listing.output(rehearsal, name) for name in rehearsal.outputs}
    return render(description.gather(rehearsal, outputs))


def render(described: description.Description) -> str:
    """The page of this description."""
    redact = shown.Redactor(described.records)
    drawn = diagram.diagram(described)
    page = _environment().get_template("report.html.j2")
    return page.render(
        description=described,
        redact=redact,
        tree=shown.Tree(described.records, redact).shown(),
        count=len(described.records),
        drawing=drawn[0] if drawn else None,
        legend=edge_routing.legend(drawn[1]) if drawn else [],
        label=connections.label,
        style=connections.style,
        functions=functions.functions(described),
        roles=permissions.roles(described),
        secrets=permissions.secrets(described),
        plan=schedule.plan(described.records),
        times=schedule.table(),
        **_costs(described),
    )


def _costs(described: description.Description) -> dict[str, Any]:
    """What the page's section on cost needs."""
    folder, config, records = described.folder, described.config, described.records
    now = sizes.measured(records)
    presets, modes = sizes.of_presets(folder, config, now), sizes.of_modes(folder, config, now)
    return {
        "here": cost.price_list(described.region),
        "reference": cost.reference(),
        "bill": cost.bill(now, records),
        "presets": {name: cost.bill(size, records) for name, size in presets.items()},
        "preset_sizes": presets,
        "modes": {name: (size, cost.bill(size, records)) for name, size in modes.items()},
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
