"""Reads the part of a function.yaml that a container needs."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from models.errors import ModelError

FILE_NAME = "function.yaml"
"""Name of the registry file's copy inside an archive."""

KINDS = ("detector", "interactor", "reid", "tracker")


@dataclass(frozen=True, kw_only=True)
class Function:
    """One auto-annotation function: what CVAT calls it, and which handler serves it with which options."""

    name: str
    kind: str
    """detector, interactor, reid or tracker, as CVAT spells it."""
    labels: Mapping[int, str]
    """Label names by the id that the network puts out; ids may have gaps."""
    sublabels: Mapping[str, tuple[str, ...]]
    """Of each label that is a skeleton, the names of its points in the spec's order."""
    handler: str
    options: Mapping[str, Any]
    """The registry's sagemaker.options: the declared input and output layout, checked by the handler."""


def read_function(path: Path) -> Function:
    """The function that a function.yaml describes; a ModelError says what is missing and where."""
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ModelError(
            f"{path} does not exist: an archive is made by `python -m models pack`, which puts it in"
        ) from None
    except yaml.YAMLError as error:
        raise ModelError(f"{path} is not YAML: {error}") from None
    metadata, annotations = (
        _block(path, document, "metadata"),
        _block(path, document, "metadata", "annotations"),
    )
    sagemaker = _block(path, document, "sagemaker")
    kind = _text(path, annotations, "metadata.annotations.type")
    if kind not in KINDS:
        raise ModelError(f"{path}: metadata.annotations.type is {kind!r}; served are {', '.join(KINDS)}")
    options = sagemaker.get("options") or {}
    if not isinstance(options, dict):
        raise ModelError(f"{path}: sagemaker.options must be a mapping, it is {options!r}")
    labels, sublabels = _labels(path, annotations.get("spec"))
    return Function(
        name=_text(path, metadata, "metadata.name"),
        kind=kind,
        labels=labels,
        sublabels=sublabels,
        handler=_text(path, sagemaker, "sagemaker.handler"),
        options=options,
    )


def _block(path: Path, document: Any, *keys: str) -> dict[str, Any]:
    for key in keys:
        document = document.get(key) if isinstance(document, dict) else None
    if not isinstance(document, dict):
        raise ModelError(f"{path}: the mapping {'.'.join(keys)} is missing; serverless/functions has examples")
    return document


def _text(path: Path, block: Mapping[str, Any], field: str) -> str:
    value = block.get(field.rpartition(".")[2])
    if not isinstance(value, str) or not value:
        raise ModelError(f"{path}: {field} must be a text, it is {value!r}")
    return value


def _labels(path: Path, spec: Any) -> tuple[dict[int, str], dict[str, tuple[str, ...]]]:
    """CVAT keeps the labels as JSON text, a list of {"id": 1, "name": "person"}, skeletons with "sublabels"."""
    try:
        items = json.loads(spec) if isinstance(spec, str) and spec.strip() else spec or []
        labels = {int(item["id"]): str(item["name"]) for item in items}
        points = {str(item["name"]): tuple(str(part["name"]) for part in item.get("sublabels") or ()) for item in items}
    except (ValueError, TypeError, KeyError) as error:
        raise ModelError(
            f'{path}: metadata.annotations.spec must be a JSON list of {{"id": 1, "name": "person"}}: {error!r}'
        ) from None
    return labels, {label: names for label, names in points.items() if names}
