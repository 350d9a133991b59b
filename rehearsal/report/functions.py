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


def functions(description: Description) -> tuple[Function, ...]:
    """Every function that the gateway offers."""
    return tuple(_function(name, where, description) for name, where in sorted(served(description).items()))


def served(description: Description) -> dict[str, Mapping[str, str]]:
    """What the gateway's environment says: endpoint and container by function."""
    for record in description.of_type("aws:ecs/taskDefinition:TaskDefinition"):
        for container in definitions(record):
            for variable in container.get("environment") or []:
                if variable["name"] == VARIABLE:
                    return dict(json.loads(variable["value"]))
    return {}


def containers(description: Description, endpoint: str) -> tuple[str, list[Mapping[str, Any]]]:
    """Instances of an endpoint as text, and the containers of its model."""
    sagemaker = [record for record in description.records if "sagemaker/" in record.type]
    by_name = {str(record.outputs.get("name") or record.id): record for record in sagemaker}
    endpoints = description.of_type("aws:sagemaker/endpoint:Endpoint")
    record = next((record for record in endpoints if record.id == endpoint), None)
    config = by_name.get(record.inputs.get("endpointConfigName", "")) if record else None
    if config is None:
        return "", []
    variant = config.inputs["productionVariants"][0]
    model = by_name.get(variant["modelName"])
    size = f"{variant.get('instanceType', '')} x {variant.get('initialInstanceCount', 1)}"
    if model is None:
        return size, []
    return size, model.inputs.get("containers") or [model.inputs["primaryContainer"]]


def _function(name: str, where: Mapping[str, str], description: Description) -> Function:
    size, candidates = containers(description, where["endpoint"])
    host = where.get("container", "")
    fitting = [container for container in candidates if not host or container.get("containerHostname") == host]
    container = fitting[0] if fitting else {}
    return Function(
        name=name,
        endpoint=f"{where['endpoint']} ({size})" if size else where["endpoint"],
        container=host,
        image=str(container.get("image", "not found")),
        archive=str(container.get("modelDataUrl", "not found")),
    )
