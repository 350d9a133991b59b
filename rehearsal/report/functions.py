"""The auto-annotation functions as they are deployed: what runs where, from which archive."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rehearsal.report.description import Description, definitions

VARIABLE = "SERVERLESS_ENDPOINTS"
"""Environment variable of the gateway: which function is served where."""


@dataclass(frozen=True)
class Function:
    """One auto-annotation function."""

    name: str
    endpoint: str
    """Its name, and its instances."""
    container: str
    """Host name within a shared endpoint; empty for an endpoint of its own."""
    image: str
    archive: str


def functions(facts: Description) -> tuple[Function, ...]:
    """Every function that the gateway offers."""
    return tuple(_function(name, where, facts) for name, where in sorted(served(facts).items()))


def served(facts: Description) -> dict[str, Mapping[str, str]]:
    """What the gateway's environment says: endpoint and container by function."""
    for record in facts.of_type("aws:ecs/taskDefinition:TaskDefinition"):
        for container in definitions(record):
            for variable in container.get("environment") or []:
                if variable["name"] == VARIABLE:
                    return dict(json.loads(variable["value"]))
    return {}


def containers(facts: Description, endpoint: str) -> tuple[str, list[Mapping[str, Any]]]:
    """Instances of an endpoint as text, and the containers of its model."""
    by_name = {str(one.outputs.get("name") or one.id): one for one in facts.records if "sagemaker/" in one.type}
    made = next((one for one in facts.of_type("aws:sagemaker/endpoint:Endpoint") if one.id == endpoint), None)
    config = by_name.get(made.inputs.get("endpointConfigName", "")) if made else None
    if config is None:
        return "", []
    variant = config.inputs["productionVariants"][0]
    model = by_name.get(variant["modelName"])
    size = f"{variant.get('instanceType', '')} x {variant.get('initialInstanceCount', 1)}"
    if model is None:
        return size, []
    return size, model.inputs.get("containers") or [model.inputs["primaryContainer"]]


def _function(name: str, where: Mapping[str, str], facts: Description) -> Function:
    size, found = containers(facts, where["endpoint"])
    host = where.get("container", "")
    one = next((item for item in found if not host or item.get("containerHostname") == host), {})
    return Function(
        name=name,
        endpoint=f"{where['endpoint']} ({size})" if size else where["endpoint"],
        container=host,
        image=str(one.get("image", "not found")),
        archive=str(one.get("modelDataUrl", "not found")),
    )
