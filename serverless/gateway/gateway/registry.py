"""The functions that CVAT is offered: one YAML file each, in the form of CVAT's own `function.yaml`."""

import json
import re
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from .errors import ConfigError
from .settings import Settings, Target, sentences

Kind = Literal["detector", "interactor", "tracker", "reid"]
Item = dict[str, Any]

FALSE = {"", "0", "false", "no", "off", "none"}
INTERACTOR_VERSION = "2"  # CVAT's UI since v2.3 refuses interactors that declare less


class Function(NamedTuple):
    """A function, what CVAT is told of it, and where it runs (None: nowhere, an echo)."""

    name: str
    kind: Kind
    item: Item
    target: Target | None

    @property
    def labels(self) -> list[str]:
        """Names of the labels that a detector may find."""
        return [label["name"] for label in json.loads(self.item["metadata"]["annotations"].get("spec", "[]"))]


def _unique(items: list[Any]) -> list[Any]:
    """CVAT answers 404 for the whole list when one function names a label twice."""
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
    type: str = "any"
    attributes: Annotated[list[Attribute], AfterValidator(_unique)] = []
    sublabels: "Annotated[list[Label], AfterValidator(_unique)]" = []
    svg: str = ""


class Labels(BaseModel):
    spec: Annotated[list[Label], AfterValidator(_unique)]


def _spec(value: str | None) -> str:
    """Annotation `spec`: JSON text of a list of labels; compact, so that the list of functions stays small."""
    try:
        labels = json.loads(value or "[]")
        Labels.model_validate({"spec": labels})
    except json.JSONDecodeError as error:
        raise ValueError(f"must be the JSON text of a list of labels ({error})") from None
    except ValidationError as error:
        raise ValueError("; ".join(sentences(error, ""))) from None
    return json.dumps(labels, separators=(",", ":"))


class Annotations(BaseModel):
    """Keys that CVAT reads; others are passed on as text."""

    model_config = ConfigDict(extra="allow")

    type: Kind
    spec: Annotated[str | None, AfterValidator(_spec)] = None
    min_pos_points: int | None = None
    min_neg_points: int | None = None
    version: int | None = None

    def strings(self) -> dict[str, str]:
        """As Nuclio has them: text only. What is false is left out, since bool("false") is true to CVAT."""
        texts = {key: _text(value) for key, value in self if value is not None}
        if texts.get("startswith_box", "").lower() in FALSE:
            texts.pop("startswith_box", None)
        if self.type == "interactor":
            texts.setdefault("version", INTERACTOR_VERSION)
        return texts


class Metadata(BaseModel):
    name: Annotated[str, Field(pattern=r"^[a-zA-Z0-9_.-]+$")]
    namespace: str = "cvat"
    annotations: Annotations


class Spec(BaseModel):
    description: str = ""


class FunctionFile(BaseModel):
    """The keys of a registry file that the gateway reads; the block `sagemaker` is the model container's."""

    metadata: Metadata
    spec: Spec = Spec()
    sagemaker: dict[str, Any] = {}

    def item(self) -> Item:
        """The function as the Nuclio dashboard describes it."""
        return {
            "metadata": {
                "name": self.metadata.name,
                "namespace": self.metadata.namespace,
                "labels": {"nuclio.io/project-name": "cvat"},
                "annotations": self.metadata.annotations.strings(),
            },
            "spec": {"description": self.spec.description},
            "status": {"state": "ready", "httpPort": 0},
        }


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def container_hostname(name: str) -> str:
    """Name of a function's container in a shared endpoint."""
    return re.sub(r"[^A-Za-z0-9]+", "-", name)


def _target(name: str, settings: Settings) -> Target | None:
    if name in settings.endpoints:
        return settings.endpoints[name]
    if settings.endpoint:
        return Target(endpoint=settings.endpoint, container=container_hostname(name))
    return None


def read(path: Path) -> FunctionFile:
    """One registry file, checked; raises ConfigError that names the file, the key and the rule."""
    try:
        file = FunctionFile.model_validate(yaml.safe_load(path.read_text()))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"{path.name} cannot be read as YAML: {' '.join(str(error).split())}") from None
    except ValidationError as error:
        raise ConfigError("\n".join(sentences(error, f"{path.name}: "))) from None
    if path.stem != file.metadata.name:
        raise ConfigError(
            f"{path.name}: metadata.name is {file.metadata.name!r}: rename the file to {file.metadata.name}.yaml"
        )
    return file


def load(settings: Settings) -> dict[str, Function]:
    """All deployed functions by name; raises ConfigError with every mistake of every file."""
    functions, mistakes = {}, []
    paths = sorted(settings.functions_dir.glob("*.yaml"))
    if not paths:
        mistakes.append(
            f"FUNCTIONS_DIR is {str(settings.functions_dir)!r}: no *.yaml file is there; set it to the registry folder"
        )
    for path in paths:
        try:
            file = read(path)
        except ConfigError as error:
            mistakes.append(str(error))
            continue
        name = file.metadata.name
        functions[name] = Function(name, file.metadata.annotations.type, file.item(), _target(name, settings))
    if unknown := sorted(settings.endpoints.keys() - functions.keys()):
        mistakes.append(
            f"SERVERLESS_ENDPOINTS names {', '.join(unknown)}: no file of {settings.functions_dir} describes it"
        )
    if mistakes:
        raise ConfigError("\n".join(mistakes))
    return {name: f for name, f in functions.items() if f.target or settings.backend == "echo"}
