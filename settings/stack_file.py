"""Pulumi.yaml and the stack files, read as the Pulumi CLI reads them. Knows no key of CVAT's."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from settings.errors import StackFileError
from settings.provider import default_tags

TYPES: dict[str, type | tuple[type, ...]] = {
    "string": (str, int, float, bool),
    "integer": int,
    "boolean": bool,
    "array": list,
    "object": dict,
}
"""Types that a declaration in Pulumi.yaml may name, and what YAML may hold for them."""


class Encrypted(str):
    """A plain value that counts as encrypted, for a caller that overrides an encrypted key."""

    __slots__ = ()


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
    """A stack's configuration as the program and the providers receive it."""

    values: Mapping[str, str]
    """By full key; objects and lists as JSON, as Pulumi passes them. Without the keys of `encrypted`."""
    secrets: frozenset[str]
    """Keys that are secret, those of `encrypted` among them."""
    encrypted: frozenset[str] = frozenset()
    """Keys of which the file holds a ciphertext only, so that their values are unknown."""
    refused: Mapping[str, str] = field(default_factory=dict)
    """What the Pulumi CLI refuses before it starts the program: key -> sentence. Missing keys, wrong types."""

    @property
    def region(self) -> str:
        """The stack's AWS region. Empty: none is set."""
        return self.values.get("aws:region", "")

    @property
    def default_tags(self) -> dict[str, str]:
        """Tags that the AWS provider puts on everything (aws:defaultTags)."""
        return default_tags(self.values)


def read_project(folder: Path) -> Project:
    """The project of a folder with a Pulumi.yaml. Raises StackFileError."""
    file = folder / "Pulumi.yaml"
    if not file.is_file():
        raise StackFileError(f"{file} does not exist: run this in the folder of the Pulumi program.")
    content = _yaml(file)
    name = content.get("name")
    if not isinstance(name, str):
        raise StackFileError(f"{file}: 'name' is missing.")
    declared = {}
    for key, declaration in (content.get("config") or {}).items():
        plain = {"value" if ":" in key else "default": declaration}
        declared[_full(key, name)] = declaration if isinstance(declaration, Mapping) else plain
    return Project(folder=folder, name=name, declared=declared)


def read_configuration(project: Project, stack: str, overrides: Mapping[str, Any]) -> Configuration:
    """The stack's configuration: its file, over it the overrides, below it the defaults of Pulumi.yaml.

    An override of None removes its key. Raises StackFileError where a file cannot be read.
    """
    file = project.folder / f"Pulumi.{stack}.yaml"
    if not file.is_file():
        known = ", ".join(project.stacks()) or "none"
        raise StackFileError(f"There is no stack '{stack}': {file.name} does not exist. Stacks here: {known}.")
    own = _yaml(file).get("config") or {}
    if not isinstance(own, dict):
        raise StackFileError(
            f"{file.name}: what follows config: must be keys with values, such as aws:region: cn-north-1."
        )
    configured = {_full(str(key), project.name): value for key, value in own.items()}
    for key, value in overrides.items():
        configured[_full(key, project.name)] = value
    configured = {key: value for key, value in configured.items() if value is not None}
    refused = _defaults(project, stack, configured)
    encrypted = {key for key, value in configured.items() if isinstance(value, Mapping) and set(value) == {"secure"}}
    secrets = {
        key
        for key, value in configured.items()
        if key in encrypted or isinstance(value, Encrypted) or project.declared.get(key, {}).get("secret")
    }
    values = {key: _text(value) for key, value in configured.items() if key not in encrypted}
    return Configuration(values=values, secrets=frozenset(secrets), encrypted=frozenset(encrypted), refused=refused)


def _defaults(project: Project, stack: str, configured: dict[str, Any]) -> dict[str, str]:
    """Adds the defaults of Pulumi.yaml; what the CLI refuses, by key."""
    refused = {}
    for key, declaration in project.declared.items():
        default_value = declaration.get("value", declaration.get("default"))
        if key not in configured and default_value is not None:
            configured[key] = default_value
        if key not in configured:
            refused[key] = (
                f"Stack '{stack}' is missing configuration value '{key}' (Pulumi.yaml gives no default). Set it with: "
                f"pulumi config set {key} VALUE"
            )
        elif (kind := declaration.get("type")) and not _fits(configured[key], kind):
            refused[key] = (
                f"Stack '{stack}' with configuration key '{key}' must be of type '{kind}', got {configured[key]!r}. "
                f"{_remedy(key, default_value)}"
            )
    return refused


def _remedy(key: str, default_value: Any) -> str:
    if default_value is None:
        return "Correct it in the stack file."
    shown = json.dumps(default_value, ensure_ascii=False)
    return f"Correct it in the stack file, or remove it to have {shown}: pulumi config rm {key}"


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
        raise StackFileError(f"Pulumi.yaml: '{kind}' is none of the types {', '.join(TYPES)}.")
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
    except UnicodeDecodeError as error:
        raise StackFileError(f"{file.name} is not a text in UTF-8 ({error}). Save it as such.") from error
    except yaml.YAMLError as error:
        raise StackFileError(f"{file.name} is not valid YAML: {error}") from error
    if not isinstance(content, dict):
        raise StackFileError(f"{file.name} must hold a mapping, got {type(content).__name__}.")
    return content
