"""The functions that CVAT is offered: one YAML file each, in the form of CVAT's own `function.yaml`."""

import re
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import yaml
from pydantic import AfterValidator, BaseModel, Field, TypeAdapter, ValidationError

from .errors import ConfigError
from .settings import Settings, Target, sentences

Kind = Literal["detector", "interactor", "tracker", "reid"]
FALSE = {"", "0", "false", "no", "off", "none"}


class Function(NamedTuple):
    """A function, what CVAT is told of it, and where it runs (None: nowhere, an echo answers)."""

    name: str
    kind: Kind
    item: dict[str, Any]
    target: Target | None


def _unique(items: list[Any]) -> list[Any]:
    """CVAT answers 404 for the whole list of functions when one of them names a label twice."""
    names = [item.name for item in items]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"names must be unique, and these are not: {', '.join(twice)}")
    return items


class Attribute(BaseModel):
    name: str
    input_type: Literal["checkbox", "radio", "number", "text", "select"]
    values: list[str]


class Label(BaseModel):
    name: str
    attributes: Annotated[list[Attribute], AfterValidator(_unique)] = []
    sublabels: "Annotated[list[Label], AfterValidator(_unique)]" = []


LABELS = TypeAdapter(Annotated[list[Label], AfterValidator(_unique)])


def _spec(text: str | None) -> str | None:
    """Annotation `spec`, checked; without labels there is none."""
    try:
        return text if LABELS.validate_json(text or "[]") else None
    except ValidationError as error:
        raise ValueError(f"must be the JSON text of a list of labels: {sentences(error, 'label ')}") from None


class Annotations(BaseModel, extra="allow"):
    """Keys that CVAT parses; all others are passed on as text."""

    type: Kind
    spec: Annotated[str | None, AfterValidator(_spec)] = None
    min_pos_points: int | None = None
    min_neg_points: int | None = None
    version: int | None = None

    def strings(self) -> dict[str, str]:
        """As Nuclio has them: text only. What is false is left out, since bool("false") is true to CVAT."""
        texts = {"version": "2"} if self.type == "interactor" else {}  # CVAT's UI since v2.3 refuses less
        texts |= {key: str(value).lower() if value is True else str(value) for key, value in self if value is not None}
        return {key: text for key, text in texts.items() if key != "startswith_box" or text.lower() not in FALSE}


class Metadata(BaseModel):
    name: Annotated[str, Field(pattern=r"^[a-zA-Z0-9_.-]+$")]
    namespace: str = "cvat"
    annotations: Annotations


class FunctionFile(BaseModel):
    """What the gateway reads of a registry file; the block `sagemaker` is the model container's."""

    metadata: Metadata
    spec: dict[str, Any] = {}
    sagemaker: dict[str, Any] = {}


def read(path: Path, settings: Settings) -> Function:
    """One registry file, checked; raises ConfigError that names the file, the key and the rule."""
    try:
        file = FunctionFile.model_validate(yaml.safe_load(path.read_text()))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"{path.name} is no YAML file: {' '.join(str(error).split())}") from None
    except ValidationError as error:
        raise ConfigError(sentences(error, f"{path.name}: ")) from None
    name, annotations = file.metadata.name, file.metadata.annotations
    if (expected := f"{name}.yaml") != path.name:
        raise ConfigError(f"{path.name}: metadata.name asks for the file name {expected}: rename one of them")
    target = settings.endpoints.get(name)
    if settings.endpoint and not target:  # containers in a shared endpoint are named after their functions
        target = Target(endpoint=settings.endpoint, container=re.sub(r"[^A-Za-z0-9]+", "-", name))
    metadata = {"name": name, "namespace": file.metadata.namespace, "annotations": annotations.strings()}
    spec, status = {"description": str(file.spec.get("description", ""))}, {"state": "ready", "httpPort": 0}
    return Function(name, annotations.type, {"metadata": metadata, "spec": spec, "status": status}, target)


def load(settings: Settings) -> dict[str, Function]:
    """All deployed functions by name; raises ConfigError with the mistakes of all files."""
    functions, mistakes, folder = {}, [], settings.functions_dir
    for path in sorted(folder.glob("*.yaml")):
        try:
            functions[path.stem] = read(path, settings)
        except ConfigError as error:
            mistakes.append(str(error))
    if not functions and not mistakes:
        mistakes.append(f"FUNCTIONS_DIR is '{folder}': no *.yaml is there; set it to the registry's folder")
    if not mistakes and (unknown := sorted(settings.endpoints.keys() - functions.keys())):
        mistakes.append(f"SERVERLESS_ENDPOINTS names {', '.join(unknown)}: add a file to {folder}, or drop it")
    if mistakes:
        raise ConfigError("\n".join(mistakes))
    return {name: f for name, f in functions.items() if f.target or settings.backend == "echo"}
