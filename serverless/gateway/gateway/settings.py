"""What an operator may choose: variables of the environment, and the functions; all mistakes are reported at once."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import AfterValidator, AliasPath, BaseModel, BeforeValidator, Field, Json, ValidationError

from .errors import ConfigError

MIB = 1024 * 1024
Kind = Literal["detector", "interactor", "tracker", "reid"]
FALSE = {"", "0", "false", "no", "off", "none"}
Name = Annotated[str, Field(pattern=r"^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$")]  # SageMaker's rule for both names
Version = Annotated[tuple[int, ...] | None, BeforeValidator(lambda text: None if text == "auto" else text.split("."))]


class Target(BaseModel, frozen=True, extra="forbid"):
    """Where a function runs: a SageMaker endpoint, and the container in it when several share it."""

    endpoint: Name
    container: Name | None = None


class Settings(BaseModel, frozen=True, alias_generator=str.upper):
    """One field per environment variable, which has the field's name in capitals; botocore reads the other AWS_*."""

    serverless_sagemaker_endpoint: Name | None = None  # of every function that has no entry of its own
    serverless_endpoints: Json[dict[str, Target]] = {}  # by function; one with neither is not deployed
    functions_dir: Path = Path(__file__).parents[2] / "functions"
    backend: Literal["sagemaker", "echo"] = "sagemaker"
    port: int = Field(8070, ge=0, le=65535)
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    request_timeout_s: float = Field(115.0, gt=0, le=3600)  # CVAT waits 120 s and cannot show a later reason
    max_payload_bytes: int = Field(6_291_456, ge=1024)  # SageMaker's limit for one real-time call
    max_in_flight_bytes: int = Field(128 * MIB, ge=2 * MIB)  # more wait, then get 503; one request may take half of it
    cvat_version: Version = None  # of the CVAT that calls, where it does not tell (before v2.4); auto: guess
    aws_region: str | None = None

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Self:
        """Read and check the settings; an empty variable counts as absent. Raises ConfigError."""
        try:
            return cls.model_validate({name: value for name, value in environ.items() if value})
        except ValidationError as error:
            raise ConfigError(sentences(error, "environment variable ")) from None

    def target(self, function: str) -> Target | None:
        """Where a function runs, if it does; containers in a shared endpoint are named after their functions."""
        shared, container = self.serverless_sagemaker_endpoint, re.sub(r"[^A-Za-z0-9]+", "-", function)
        default = Target(endpoint=shared, container=container) if shared else None
        return self.serverless_endpoints.get(function, default)


def _once(items: list[Any]) -> list[Any]:
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
    attributes: Annotated[list[Attribute], AfterValidator(_once)] = []
    sublabels: "Annotated[list[Label], AfterValidator(_once)]" = []


def _at(path: str, **rules: Any) -> Any:
    return Field(validation_alias=AliasPath(*path.split(".")), **rules)


class Function(BaseModel):
    """A registry file: the keys that CVAT parses. Others are passed on (annotations) or somebody else's."""

    name: str = _at("metadata.name", pattern=r"^[a-zA-Z0-9_.-]+$")
    namespace: str = _at("metadata.namespace", default="cvat")
    description: str = _at("spec.description", default="")
    annotations: dict[str, Any] = _at("metadata.annotations")
    kind: Kind = _at("metadata.annotations.type")
    labels: Json[Annotated[list[Label], AfterValidator(_once)]] | None = _at("metadata.annotations.spec", default=None)
    min_pos_points: int | None = _at("metadata.annotations.min_pos_points", default=None)
    min_neg_points: int | None = _at("metadata.annotations.min_neg_points", default=None)
    version: int | None = _at("metadata.annotations.version", default=None)

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


def sentences(error: ValidationError, where: str) -> str:
    """Pydantic's findings, a line each that names the field, the value and the rule."""
    return "\n".join(
        f"{where}{'.'.join(map(str, e['loc']))} is {e['input']!r:.60}: {e['msg'].removeprefix('Value error, ')}"
        for e in error.errors(include_url=False)
    )


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
