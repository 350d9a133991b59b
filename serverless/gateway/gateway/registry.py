"""The functions: one YAML file each, as CVAT's own function.yaml; all mistakes are reported at once."""

import re
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, AliasPath, BaseModel, Field, Json, ValidationError

from gateway.errors import ConfigError

FunctionKind = Literal["detector", "interactor", "tracker", "reid"]
FALSE = {"", "0", "false", "no", "off", "none"}
FLAGS = ("startswith_box", "startswith_box_optional")
"""Annotations that CVAT reads as bool(text), to which "false" is true."""


def container_hostname(function: str) -> str:
    """A function's name as that of its container in a shared endpoint."""
    return re.sub(r"[^A-Za-z0-9]+", "-", function)


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


def _at(path: str, **rules: Any) -> Any:
    return Field(validation_alias=AliasPath(*path.split(".")), **rules)


class Function(BaseModel):
    """A registry file: the keys that CVAT parses. Others are passed on (annotations) or read by others."""

    name: str = _at("metadata.name", pattern=r"^[a-zA-Z0-9_.-]+$")
    namespace: str = _at("metadata.namespace", default="cvat")
    description: str = _at("spec.description", default="")
    annotations: dict[str, Any] = _at("metadata.annotations")
    kind: FunctionKind = _at("metadata.annotations.type")
    labels: Json[Annotated[list[Label], AfterValidator(_unique)]] | None = _at(
        "metadata.annotations.spec", default=None
    )
    min_pos_points: int | None = _at("metadata.annotations.min_pos_points", default=None)
    min_neg_points: int | None = _at("metadata.annotations.min_neg_points", default=None)
    version: int | None = _at("metadata.annotations.version", default=None)

    @property
    def item(self) -> dict[str, Any]:
        """As Nuclio has it: annotations are text. Flags that are false are left out."""
        given = {"version": 2} if self.kind == "interactor" else {}  # CVAT's UI since v2.3 refuses less
        given |= {key: value for key, value in self.annotations.items() if value is not None}
        texts = {key: "true" if value is True else str(value) for key, value in given.items()}
        texts = {key: text for key, text in texts.items() if key not in FLAGS or text.lower() not in FALSE}
        return {
            "metadata": {"name": self.name, "namespace": self.namespace, "annotations": texts},
            "spec": {"description": self.description},
            "status": {"state": "ready", "httpPort": 0},
        }


def read_functions(folder: Path) -> dict[str, Function]:
    """All functions of a folder by name; raises ConfigError that names file, key and rule of each mistake."""
    functions, mistakes = {}, []
    for path in sorted(folder.glob("*.yaml")):
        try:
            function = functions[path.stem] = Function.model_validate(yaml.safe_load(path.read_text()))
            if (named := f"{function.name}.yaml") != path.name:
                mistakes.append(f"{path.name}: metadata.name asks for the file name {named}: rename one of them")
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            mistakes.append(f"{path.name} is no YAML file: {' '.join(str(error).split())}")
        except ValidationError as error:
            mistakes.append(_sentences(error, f"{path.name}: "))
    if not functions and not mistakes:
        mistakes.append(f"FUNCTIONS_DIR is '{folder}': no *.yaml is there; set it to the registry's folder")
    if mistakes:
        raise ConfigError("\n".join(mistakes))
    return functions


def _sentences(error: ValidationError, where: str) -> str:
    """Pydantic's findings, a line each that names the field, the value and the rule."""
    return "\n".join(
        f"{where}{'.'.join(map(str, e['loc']))} is {e['input']!r:.60}: {e['msg'].removeprefix('Value error, ')}"
        for e in error.errors(include_url=False)
    )
