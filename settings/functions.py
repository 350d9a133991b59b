"""The functions' files, read by the rules of their schema, and the model archives that go with them. Pure."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator

from settings.errors import FunctionsError

ARCHIVE_SUFFIX = ".tar.gz"
CONTAINERS_PER_ENDPOINT = 15
"""SageMaker takes no more in one model (CreateModel, "Containers",
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateModel.html, read 2026-11)."""
_SCHEMA = Path(__file__).parent.parent / "serverless" / "functions" / "schema.json"
_SHOWN_CHARACTERS = 160
"""Of a finding, which quotes the value."""
_LABEL_LENGTH = 40
"""Endpoint names take 63 characters; prefix and suffix need the rest."""


@dataclass(frozen=True, kw_only=True)
class Function:
    """What the program needs to know of a registry file; the gateway reads the rest."""

    name: str
    required: bool = False
    """Whether the stack must not come up without it."""
    batch: bool = False
    """Whether its endpoint has no instance while nobody uses it (`sagemaker.service: batch`)."""
    image: str | None = None
    """Container image in ECR. Default: the stack's own `models` image."""
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def shares(self) -> bool:
        """Whether its container differs from those of other functions in nothing but the archive."""
        return not self.image and not self.environment

    @property
    def hostname(self) -> str:
        """Its name as a container of a shared endpoint, by the schema's rule."""
        rule = _schema()["properties"]["metadata"]["properties"]["name"]["containerHostname"]
        return re.sub(rule["pattern"], rule["replacement"], self.name)

    @property
    def label(self) -> str:
        """Its name in the names of resources, short enough for what AWS and Pulumi add."""
        if len(self.hostname) <= _LABEL_LENGTH:
            return self.hostname
        return f"{self.hostname[: _LABEL_LENGTH - 7]}-{hashlib.sha256(self.name.encode()).hexdigest()[:6]}"


@dataclass(frozen=True)
class LocalArchive:
    """A model archive on the deploying machine."""

    path: Path

    @property
    def digest(self) -> str:
        """SHA-256 of its content, in hexadecimal."""
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


@dataclass(frozen=True)
class StoredArchive:
    """A model archive that is in S3 already."""

    bucket: str
    key: str

    @property
    def url(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


Archive = LocalArchive | StoredArchive


@cache
def _schema() -> Any:
    return json.loads(_SCHEMA.read_text(encoding="utf-8"))


def read_functions(folder: Path) -> list[Function]:
    """All functions of a folder of YAML files, by name. Raises FunctionsError with everything that is wrong."""
    functions, problems = [], []
    for path in sorted(folder.glob("*.y*ml")):
        try:
            document = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (UnicodeDecodeError, yaml.YAMLError) as error:
            problems.append(f"{path}: {error}")
            continue
        mistakes = list(_mistakes(path, document))
        problems += [f"{path}: {mistake}" for mistake in mistakes]
        if not mistakes:
            functions.append(_function(document))
    hostnames = [function.hostname for function in functions]
    problems += [
        f"{folder}: two functions would be containers named {name}. Rename one."
        for name in sorted({name for name in hostnames if hostnames.count(name) > 1})
    ]
    if problems:
        raise FunctionsError(problems)
    return functions


def _mistakes(path: Path, document: Any) -> Iterator[str]:
    """What is wrong with a file, a sentence each. What CVAT reads of it is the gateway's to check."""
    errors = sorted(Draft202012Validator(_schema()).iter_errors(document), key=lambda error: error.json_path)
    for error in errors:
        key = ".".join(str(part) for part in error.absolute_path) or "the file"
        yield f"{key}: {error.message:.{_SHOWN_CHARACTERS}}. See serverless/README.md."
    if not errors and path.name != f"{document['metadata']['name']}.yaml":
        name = document["metadata"]["name"]
        yield f"metadata.name is {name!r}, which asks for the file name {name}.yaml. Make them the same."


def _function(document: Mapping[str, Any]) -> Function:
    section = document.get("sagemaker") or {}
    return Function(
        name=document["metadata"]["name"],
        required=section.get("required", False),
        batch=section.get("service") == "batch",
        image=section.get("image"),
        environment={key: str(value) for key, value in (section.get("environment") or {}).items()},
    )


def of_class_batch(functions: Sequence[Function], names: Sequence[str]) -> list[Function]:
    """The functions, of which these are of class batch whatever their files say. Raises FunctionsError."""
    known = {function.name for function in functions}
    problems = [
        f"cvat:batchFunctions[{place}] = {name}: serverless/functions has no {name}.yaml. It has: "
        f"{', '.join(sorted(known))}."
        for place, name in enumerate(names)
        if name not in known
    ]
    if problems:
        raise FunctionsError(problems)
    return [replace(function, batch=function.batch or function.name in names) for function in functions]


def local_archives(folder: Path) -> dict[str, Archive]:
    """Archives by function: `<folder>/<function>.tar.gz`. A folder that does not exist holds none."""
    paths = sorted(folder.glob(f"*{ARCHIVE_SUFFIX}"))
    return {path.name.removesuffix(ARCHIVE_SUFFIX): LocalArchive(path) for path in paths}


def stored_archives(bucket: str, keys: Iterable[str]) -> dict[str, Archive]:
    """Archives by function, from the keys below a prefix of a bucket."""
    names = {key.rpartition("/")[2]: key for key in keys}
    return {
        name.removesuffix(ARCHIVE_SUFFIX): StoredArchive(bucket, key)
        for name, key in sorted(names.items())
        if name.endswith(ARCHIVE_SUFFIX)
    }


@dataclass(frozen=True)
class Deployable:
    """A function together with its model archive."""

    function: Function
    archive: Archive


def batch_endpoints(functions: Iterable[Function], *, shared: bool) -> int:
    """Endpoints of the batch functions among these: one for all that can share one, if they do, and one for each other
    one."""
    batch = [function for function in functions if function.batch]
    together = sum(function.shares for function in batch) if shared else 0
    return len(batch) - together + min(together, 1)


def deployable(
    functions: Sequence[Function], archives: Mapping[str, Archive], *, shared: bool
) -> tuple[list[Deployable], list[str]]:
    """The functions that can be deployed, and a warning for each that is left out.

    Raises FunctionsError where a required one is missing, or where there are too many for one endpoint.
    """
    ready = [Deployable(function, archives[function.name]) for function in functions if function.name in archives]
    missing = [function for function in functions if function.name not in archives]
    problems = [
        f"{function.name} is required, but has no {function.name}{ARCHIVE_SUFFIX} in cvat:modelArchives. Pack one "
        "(see serverless/models/README.md), or set sagemaker.required to false."
        for function in missing
        if function.required
    ]
    together = sum(not deployable.function.batch for deployable in ready)
    if shared and together > CONTAINERS_PER_ENDPOINT:
        problems.append(
            f"{together} functions do not fit into one shared endpoint, which holds {CONTAINERS_PER_ENDPOINT}. "
            "Set cvat:inferenceLayout to dedicated, or remove archives."
        )
    if problems:
        raise FunctionsError(problems)
    warnings = [
        f"{function.name} is left out: cvat:modelArchives has no {function.name}{ARCHIVE_SUFFIX}. "
        "See serverless/models/README.md."
        for function in missing
    ]
    return ready, warnings
