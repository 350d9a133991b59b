"""The registry of auto-annotation functions, read as data, and the model archives that go with it. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from settings.errors import FunctionsError

ARCHIVE_SUFFIX = ".tar.gz"
CONTAINERS_PER_ENDPOINT = 15
"""SageMaker takes no more in one model (CreateModel, "Containers", read 2026-11)."""
_HOSTNAME_LENGTH = 63
_LABEL_LENGTH = 40
"""Endpoint names take 63 characters; prefix and suffix need the rest."""


@dataclass(frozen=True, kw_only=True)
class Function:
    """What the program needs to know of a registry file; the gateway reads the rest."""

    name: str
    required: bool = False
    """Whether the stack must not come up without it."""
    image: str | None = None
    """Container image in ECR. Default: the stack's own `models` image."""
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def hostname(self) -> str:
        """Its name as a container of a shared endpoint."""
        return re.sub(r"[^A-Za-z0-9]+", "-", self.name).strip("-")[:_HOSTNAME_LENGTH]

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
        return hashlib.sha256(self.path.read_bytes()).hexdigest()


@dataclass(frozen=True)
class StoredArchive:
    """A model archive that is in S3 already."""

    bucket: str
    key: str

    @property
    def url(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


Archive = LocalArchive | StoredArchive


def read_functions(folder: Path) -> list[Function]:
    """All functions of a folder of YAML files, by name. Raises FunctionsError with everything that is wrong."""
    functions, problems = [], []
    for path in sorted(folder.glob("*.yaml")):
        try:
            functions.append(_function(path))
        except (ValueError, yaml.YAMLError) as error:
            problems.append(f"{path}: {error}")
    hostnames = [function.hostname for function in functions]
    problems += [
        f"{folder}: two functions would be containers named {name}. Rename one."
        for name in sorted({name for name in hostnames if hostnames.count(name) > 1})
    ]
    if problems:
        raise FunctionsError(problems)
    return functions


def _function(path: Path) -> Function:
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    name = _mapping(_mapping(content, "the file").get("metadata"), "metadata").get("name")
    if name != path.name.removesuffix(path.suffix):
        raise ValueError(f"metadata.name is {name!r}, but the file's name says otherwise. Make them the same.")
    about = _mapping(content.get("sagemaker") or {}, "sagemaker")
    environment = _mapping(about.get("environment") or {}, "sagemaker.environment")
    return Function(
        name=name,
        required=bool(about.get("required", False)),
        image=about.get("image"),
        environment={str(key): str(value) for key, value in environment.items()},
    )


def _mapping(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{where} must hold keys and values, got {value!r}. See serverless/README.md.")
    return value


def local_archives(folder: Path) -> dict[str, Archive]:
    """Archives by function: `<folder>/<function>.tar.gz`. A folder that does not exist holds none."""
    found = sorted(folder.glob(f"*{ARCHIVE_SUFFIX}"))
    return {path.name.removesuffix(ARCHIVE_SUFFIX): LocalArchive(path) for path in found}


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
    if shared and len(ready) > CONTAINERS_PER_ENDPOINT:
        problems.append(
            f"{len(ready)} functions do not fit into one shared endpoint, which holds {CONTAINERS_PER_ENDPOINT}. "
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
