"""The functions: one YAML file each, as CVAT's own function.yaml, by the rules of functions/schema.json."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import orjson
import yaml
from jsonschema import Draft202012Validator, ValidationError

from gateway.errors import ConfigError

FunctionKind = Literal["detector", "interactor", "tracker", "reid"]
FOLDER = Path(__file__).parents[2] / "functions"
FALSE = {"", "0", "false", "no", "off", "none"}
FLAGS = ("startswith_box", "startswith_box_optional")
"""Annotations that CVAT reads as bool(text), to which "false" is true."""
SHOWN_CHARACTERS = 160
"""Of a finding, which quotes the value."""

_SCHEMA = orjson.loads((FOLDER / "schema.json").read_bytes())
_FILE = Draft202012Validator(_SCHEMA)
_LABELS = _FILE.evolve(schema={"$ref": "#/$defs/labels", "$defs": _SCHEMA["$defs"]})
_HOSTNAME = _SCHEMA["properties"]["metadata"]["properties"]["name"]["containerHostname"]


def container_hostname(function: str) -> str:
    """A function's name as that of its container in a shared endpoint."""
    return re.sub(_HOSTNAME["pattern"], _HOSTNAME["replacement"], function)


@dataclass(frozen=True)
class Function:
    """What CVAT must know of a function."""

    name: str
    kind: FunctionKind
    annotations: dict[str, Any]
    """All of the file, also those that only a later CVAT reads."""
    labels: list[dict[str, Any]]
    namespace: str = "cvat"
    description: str = ""

    @property
    def item(self) -> dict[str, Any]:
        """As Nuclio has it: annotations are text. Flags that are false are left out."""
        shown = {"version": 2} if self.kind == "interactor" else {}  # CVAT's UI since v2.3 refuses less
        shown |= {key: value for key, value in self.annotations.items() if value is not None}
        texts = {key: "true" if value is True else str(value) for key, value in shown.items()}
        texts = {key: text for key, text in texts.items() if key not in FLAGS or text.lower() not in FALSE}
        return {
            "metadata": {"name": self.name, "namespace": self.namespace, "annotations": texts},
            "spec": {"description": self.description},
            "status": {"state": "ready", "httpPort": 0},
        }

    def noted(self, note: str) -> dict[str, Any]:
        """The item with a note in its description, which CVAT's Models page shows."""
        return self.item | {"spec": {"description": f"{self.description} {note}".strip()}}


def read_functions(folder: Path) -> dict[str, Function]:
    """All functions of a folder by name; raises ConfigError that names file, key and rule of each mistake."""
    functions, mistakes = {}, []
    for path in sorted(folder.glob("*.y*ml")):
        try:
            document = yaml.safe_load(path.read_bytes())
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            mistakes.append(f"{path.name} is no YAML file: {' '.join(str(error).split())}")
            continue
        own_mistakes = list(_mistakes(path, document))
        mistakes += [f"{path.name}: {mistake}" for mistake in own_mistakes]
        if not own_mistakes:
            functions[path.stem] = _function(document)
    if not functions and not mistakes:
        mistakes.append(f"FUNCTIONS_DIR is '{folder}': no *.yaml is there; set it to the registry's folder")
    mistakes += _shared_hostnames(functions)
    if mistakes:
        raise ConfigError("\n".join(mistakes))
    return functions


def _function(document: dict[str, Any]) -> Function:
    metadata, annotations = document["metadata"], document["metadata"]["annotations"]
    return Function(
        name=metadata["name"],
        kind=annotations["type"],
        annotations=annotations,
        labels=_labels(annotations) or [],
        namespace=metadata.get("namespace", "cvat"),
        description=(document.get("spec") or {}).get("description") or "",
    )


def _labels(annotations: dict[str, Any]) -> Any:
    text = annotations.get("spec")
    return orjson.loads(text) if text and text.strip() else []


def _mistakes(path: Path, document: Any) -> Iterator[str]:
    """What is wrong with a file, a sentence each; the first finding of another file's rule needs the ones before."""
    errors = sorted(_FILE.iter_errors(document), key=lambda error: [str(part) for part in error.path])
    yield from (_sentence("", error) for error in errors)
    if errors:
        return
    named = f"{document['metadata']['name']}.yaml"
    if named != path.name:
        yield f"metadata.name asks for the file name {named}: rename one of them"
    where = "metadata.annotations.spec"
    try:
        labels = _labels(document["metadata"]["annotations"])
    except orjson.JSONDecodeError as error:
        yield f"{where} is not JSON: {error}"
        return
    errors = list(_LABELS.iter_errors(labels))
    yield from (_sentence(where, error) for error in errors)
    if not errors:
        yield from _repeated(where, labels or [])


def _sentence(where: str, error: ValidationError) -> str:
    key = ".".join([where] * bool(where) + [str(part) for part in error.absolute_path])
    return f"{key or 'the file'}: {error.message:.{SHOWN_CHARACTERS}}"


def _repeated(where: str, items: list[dict[str, Any]]) -> Iterator[str]:
    """CVAT answers 404 for the whole list of functions when one of them names a label twice."""
    names = [item["name"] for item in items]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        yield f"{where}: names must be unique, and these are not: {', '.join(twice)}"
    for place, item in enumerate(items):
        for part in ("attributes", "sublabels"):
            yield from _repeated(f"{where}.{place}.{part}", item.get(part, []))


def _shared_hostnames(functions: dict[str, Function]) -> Iterator[str]:
    """SageMaker names containers by letters, digits and '-': two functions must not get the same name."""
    by_hostname: dict[str, str] = {}
    for name in functions:
        hostname = container_hostname(name)
        other = by_hostname.setdefault(hostname, name)
        if other != name:
            yield f"{other}.yaml and {name}.yaml: both would be container {hostname}: rename one of them"
