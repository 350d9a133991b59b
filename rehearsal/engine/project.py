"""Pulumi.yaml and the stack files, read as the Pulumi CLI reads them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from rehearsal.engine.secret_placeholders import Encrypted, stand_ins
from rehearsal.errors import UserInputError

TYPES: dict[str, type | tuple[type, ...]] = {
    "string": (str, int, float, bool),
    "integer": int,
    "boolean": bool,
    "array": list,
    "object": dict,
}
"""Types that a declaration in Pulumi.yaml may name, and what YAML may hold for them."""


@dataclass(frozen=True)
class Project:
    """A Pulumi project folder."""

    folder: Path
    name: str
    declared: Mapping[str, Mapping[str, Any]]
    """Declarations of configuration, by full key (namespace:key)."""

    @property
    def program(self) -> Path:
        """The file that Pulumi runs."""
        return self.folder / "__main__.py"

    def stacks(self) -> list[str]:
        """Names of the stacks that have a file here."""
        return sorted(path.name[len("Pulumi.") : -len(".yaml")] for path in self.folder.glob("Pulumi.*.yaml"))


@dataclass(frozen=True)
class Configuration:
    """What the program and the providers are told."""

    values: Mapping[str, str]
    """By full key; objects and lists as JSON, as Pulumi hands them over."""
    secrets: frozenset[str]

    @property
    def region(self) -> str:
        """The stack's AWS region."""
        region = self.values.get("aws:region")
        if not region:
            raise UserInputError(
                "aws:region is not set: AWS needs to know where. Add to the stack's file, under config:\n"
                "  aws:region: cn-northwest-1"
            )
        return region

    @property
    def default_tags(self) -> dict[str, str]:
        """Tags that the AWS provider puts on everything (aws:defaultTags)."""
        text = self.values.get("aws:defaultTags")
        return dict(json.loads(text).get("tags", {})) if text else {}


def load_project(folder: Path) -> Project:
    """The project of a folder with a Pulumi.yaml."""
    file = folder / "Pulumi.yaml"
    if not file.is_file():
        raise UserInputError(f"{file} does not exist: start the rehearsal in the folder of the Pulumi program.")
    content = _yaml(file)
    name = content.get("name")
    if not isinstance(name, str):
        raise UserInputError(f"{file}: 'name' is missing.")
    declared = {}
    for key, declaration in (content.get("config") or {}).items():
        plain = {"value" if ":" in key else "default": declaration}
        declared[_full(key, name)] = declaration if isinstance(declaration, Mapping) else plain
    return Project(folder=folder, name=name, declared=declared)


def configuration(project: Project, stack: str, overrides: Mapping[str, Any]) -> Configuration:
    """The stack's configuration: its file, over it the overrides, below it the defaults of Pulumi.yaml."""
    file = project.folder / f"Pulumi.{stack}.yaml"
    if not file.is_file():
        known = ", ".join(project.stacks()) or "none"
        raise UserInputError(f"There is no stack '{stack}': {file.name} does not exist. Stacks here: {known}.")
    given = {_full(key, project.name): value for key, value in (_yaml(file).get("config") or {}).items()}
    for key, value in overrides.items():
        given[_full(key, project.name)] = value
    given = {key: value for key, value in given.items() if value is not None}
    _defaults(project, stack, given)
    locked = {key for key, value in given.items() if isinstance(value, Mapping) and set(value) == {"secure"}}
    secrets = {
        key
        for key, value in given.items()
        if key in locked or isinstance(value, Encrypted) or project.declared.get(key, {}).get("secret")
    }
    values = {key: _text(value) for key, value in given.items() if key not in locked}
    return Configuration(values=values | stand_ins(values, locked), secrets=frozenset(secrets))


def _defaults(project: Project, stack: str, given: dict[str, Any]) -> None:
    problems = []
    for key, declaration in project.declared.items():
        fallback = declaration.get("value", declaration.get("default"))
        if key not in given and fallback is not None:
            given[key] = fallback
        if key not in given:
            problems.append(f"Stack '{stack}' is missing configuration value '{key}' (Pulumi.yaml gives no default).")
        elif (kind := declaration.get("type")) and not _fits(given[key], kind):
            problems.append(
                f"Stack '{stack}' with configuration key '{key}' must be of type '{kind}', got {given[key]!r}."
            )
    if problems:
        raise UserInputError("\n".join(problems))


def _fits(value: Any, kind: str) -> bool:
    """As the CLI judges: text that reads as the type will do."""
    if isinstance(value, Mapping) and set(value) == {"secure"}:
        return True
    if isinstance(value, str) and kind != "string":
        try:
            value = json.loads(value)
        except ValueError:
            return False
    if kind not in TYPES:
        raise UserInputError(f"Pulumi.yaml: '{kind}' is none of the types {', '.join(TYPES)}.")
    if kind == "integer" and isinstance(value, bool):
        return False
    return isinstance(value, TYPES[kind])


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, separators=(",", ":"), default=str)


def _full(key: str, project: str) -> str:
    return key if ":" in key else f"{project}:{key}"


def _yaml(file: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    except yaml.YAMLError as error:
        raise UserInputError(f"{file.name} is not valid YAML: {error}") from error
    if not isinstance(content, dict):
        raise UserInputError(f"{file.name} must hold a mapping, got {type(content).__name__}.")
    return content
