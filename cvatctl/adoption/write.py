"""The files of `import-cfn`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import yaml

from cvatctl.adoption.plan import Plan
from cvatctl.adoption.steps import steps
from cvatctl.errors import CommandError

IMPORT, SETTINGS, STEPS = "import.json", "settings.yaml", "STEPS.md"


def write(plan: Plan, folder: Path, stack: str) -> Iterator[str]:
    """Writes all files into the folder; yields lines for the operator. Raises CommandError."""
    body = plan.template
    name = "template.yaml" if isinstance(body, str) else "template.json"
    settings = yaml.safe_dump({"config": dict(plan.settings)}, sort_keys=False, allow_unicode=True)
    files = {
        IMPORT: json.dumps({"resources": list(plan.imports)}, indent=2) + "\n",
        SETTINGS: f"# For Pulumi.{stack}.yaml: the network of CloudFormation stack {plan.sample.name}.\n{settings}",
        name: body if isinstance(body, str) else json.dumps(body, indent=2) + "\n",
        STEPS: steps(plan, stack, folder, name),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file, content in files.items():
            (folder / file).write_text(content, encoding="utf-8")
    except OSError as error:
        raise CommandError(f"--directory {folder}: cannot be written to ({error.strerror}). Choose another.") from None
    adopted = [entry["id"] for entry in plan.imports if "id" in entry]
    yield f"Used as it is, by settings: VPC {plan.settings['cvat:vpcId']} with its six subnets."
    yield f"Adopted: {', '.join(adopted)} (files, mount targets, access points)."
    yield f"Migrated: database {plan.database['DBInstanceIdentifier']}, because {'; '.join(plan.migration_reasons)}."
    yield "Created again: Redis, load balancer, services, endpoint, roles. Nothing has been changed yet."
    yield f"Written to {folder}: {', '.join(files)}. Begin with {folder / STEPS}."
