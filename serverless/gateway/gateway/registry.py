"""The functions that CVAT is offered: one YAML file each, in the form of CVAT's own `function.yaml`."""

from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, AliasPath, BaseModel, Field, Json, ValidationError

from .errors import ConfigError
from .settings import Settings, sentences

Kind = Literal["detector", "interactor", "tracker", "reid"]
FALSE = {"", "0", "false", "no", "off", "none"}


def _unique(items: list[Any]) -> list[Any]:
    """CVAT answers 404 for the whole list of functions when one of them names a label twice."""
    names = [item.name for item in items]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"names must be unique, and these are not: {', '.join(twice)}")
    return items


Unique = AfterValidator(_unique)


class Attribute(BaseModel):
    name: str
    input_type: Literal["checkbox", "radio", "number", "text", "select"]
    values: list[str]


class Label(BaseModel):
    name: str
    attributes: Annotated[list[Attribute], Unique] = []
    sublabels: "Annotated[list[Label], Unique]" = []


def _at(*path: str, **rules: Any) -> Any:
    return Field(validation_alias=AliasPath(*path), **rules)


class Function(BaseModel):
    """A registry file: the keys that CVAT parses. Others are passed on (annotations) or somebody else's."""

    name: str = _at("metadata", "name", pattern=r"^[a-zA-Z0-9_.-]+$")
    namespace: str = _at("metadata", "namespace", default="cvat")
    description: str = _at("spec", "description", default="")
    annotations: dict[str, Any] = _at("metadata", "annotations")
    kind: Kind = _at("metadata", "annotations", "type")
    labels: Json[Annotated[list[Label], Unique]] | None = _at("metadata", "annotations", "spec", default=None)
    min_pos_points: int | None = _at("metadata", "annotations", "min_pos_points", default=None)
    min_neg_points: int | None = _at("metadata", "annotations", "min_neg_points", default=None)
    version: int | None = _at("metadata", "annotations", "version", default=None)

    @property
    def item(self) -> dict[str, Any]:
        """As Nuclio has it: annotations are text. What is false is left out: bool("false") is true to CVAT."""
        given = {"version": 2} if self.kind == "interactor" else {}  # CVAT's UI since v2.3 refuses less
        given |= {key: value for key, value in self.annotations.items() if value is not None}
        texts = {key: "true" if value is True else str(value) for key, value in given.items()}
        texts = {key: text for key, text in texts.items() if key != "startswith_box" or text.lower() not in FALSE}
        metadata = {"name": self.name, "namespace": self.namespace, "annotations": texts}
        spec, status = {"description": self.description}, {"state": "ready", "httpPort": 0}
        return {"metadata": metadata, "spec": spec, "status": status}


def load(settings: Settings) -> dict[str, Function]:
    """All deployed functions by name; raises ConfigError that names the file, the key and the rule of each mistake."""
    functions, mistakes, folder = {}, [], settings.functions_dir
    for path in sorted(folder.glob("*.yaml")):
        try:
            function = functions[path.stem] = Function.model_validate(yaml.safe_load(path.read_text()))
            if (named := f"{function.name}.yaml") != path.name:
                mistakes.append(f"{path.name}: metadata.name asks for the file name {named}: rename one of them")
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            mistakes.append(f"{path.name} is no YAML file: {' '.join(str(error).split())}")
        except ValidationError as error:
            mistakes.append(sentences(error, f"{path.name}: "))
    if not functions and not mistakes:
        mistakes.append(f"FUNCTIONS_DIR is '{folder}': no *.yaml is there; set it to the registry's folder")
    if not mistakes and (unknown := sorted(settings.serverless_endpoints.keys() - functions.keys())):
        mistakes.append(f"SERVERLESS_ENDPOINTS names {', '.join(unknown)}: add a file to {folder}, or drop it")
    if mistakes:
        raise ConfigError("\n".join(mistakes))
    return {name: f for name, f in functions.items() if settings.target(name) or settings.backend == "echo"}
