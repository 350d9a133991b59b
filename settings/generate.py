"""Writes what follows from the sections: the declarations in Pulumi.yaml, and docs/configuration.md.

`python -m settings.generate` writes both; with --check it only says whether they are current (exit code 1 if not).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_origin

import yaml
from pydantic.fields import FieldInfo

from settings.presets import PRESETS, STANDARD
from settings.sections import FIELDS, NAMESPACE, SECTIONS

PROJECT = Path("Pulumi.yaml")
DOCUMENT = Path("docs/configuration.md")

_HEADER = """\
# The `config` block is written by `make settings` from settings/sections; change it there.
name: cvat
description: CVAT on AWS, also in AWS China
requiredPulumiVersion: ">=3.272.0"
runtime:
  name: python
  options:
    toolchain: pip
    virtualenv: .venv
"""


def declarations() -> dict[str, dict[str, Any]]:
    """The `config` block of Pulumi.yaml: type, description and default of every key."""
    return {
        f"{NAMESPACE}:{key}": _type(field) | {"description": _meaning(name, field), "default": _default_value(field)}
        for key, (name, field) in FIELDS.items()
    }


def _type(field: FieldInfo) -> dict[str, Any]:
    if get_origin(field.annotation) is tuple:
        return {"type": "array", "items": {"type": "string"}}
    if field.annotation is bool:
        return {"type": "boolean"}
    # Secrets without `secret: true`: Pulumi refuses a default for such a key, so that every stack would have to set it.
    return {"type": "integer" if _is_integer(field) else "string"}


def _is_integer(field: FieldInfo) -> bool:
    return field.annotation is int or type(None) in get_args(field.annotation)


def _default_value(field: FieldInfo) -> Any:
    """Every key of Pulumi.yaml needs one: -1 and "" stand for "not set"."""
    if isinstance(field.default, tuple):
        return list(field.default)
    if isinstance(field.default, (bool, int, str)):
        return field.default
    return -1 if _is_integer(field) else ""


def _meaning(name: str, field: FieldInfo) -> str:
    meaning = " ".join((field.description or "").split())
    if name not in STANDARD:
        return meaning
    return f"{meaning} {'-1' if _is_integer(field) else 'Empty'}: what the preset says."


def project_file() -> str:
    block = yaml.safe_dump({"config": declarations()}, sort_keys=False, width=110, allow_unicode=True)
    return _HEADER + block


def document() -> str:
    return "\n".join(_document()) + "\n"


def _document() -> Iterator[str]:
    yield "# Configuration\n"
    yield "Written by `make settings` from `settings/sections`. Set a key in the stack's file, or with"
    yield f"`pulumi config set {NAMESPACE}:KEY VALUE`. What is wrong is said before anything is created.\n"
    for section in SECTIONS:
        yield f"## {section.__doc__}\n"
        yield "| key | default | meaning |\n| --- | --- | --- |"
        for name, field in section.model_fields.items():
            yield f"| `{NAMESPACE}:{field.alias}` | {_default(name, field)} | {_meaning(name, field)} |"
        yield ""
    yield "## Presets\n"
    yield f"| key | {' | '.join(PRESETS)} |\n| --- |{' --- |' * len(PRESETS)}"
    aliases = {name: key for key, (name, _) in FIELDS.items()}
    for name in STANDARD:
        values = " | ".join(f"`{preset[name]}`" for preset in PRESETS.values())
        yield f"| `{NAMESPACE}:{aliases[name]}` | {values} |"


def _default(name: str, field: FieldInfo) -> str:
    if name in STANDARD:
        return "the preset's"
    value = _default_value(field)
    if isinstance(value, list):
        return "<br>".join(f"`{item}`" for item in value) or "none"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`" if value != "" else "empty"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m settings.generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; say what is not current")
    chosen = parser.parse_args()
    contents = {PROJECT: project_file(), DOCUMENT: document()}
    stale = [path for path, text in contents.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if chosen.check:
        for path in stale:
            sys.stderr.write(f"{path} does not say what settings/sections says. Run `make settings`.\n")
        return 1 if stale else 0
    for path in stale:
        path.write_text(contents[path], encoding="utf-8")
        sys.stdout.write(f"wrote {path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
