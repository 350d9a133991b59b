"""Writes what is said of the settings elsewhere: the declarations in Pulumi.yaml, and docs/configuration.md.

`python -m settings.generate` writes both; with --check it only says whether they are current (exit code 1 if not).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from settings.keys import SECTIONS
from settings.load import NAMESPACE
from settings.presets import PRESETS

PROJECT = Path("Pulumi.yaml")
DOCUMENT = Path("docs/configuration.md")

_HEADER = """\
# The `config` block is written by `make settings` from settings/keys.py; change it there.
name: cvat
description: CVAT on AWS, also in AWS China
runtime:
  name: python
  options:
    toolchain: pip
    virtualenv: .venv
"""


def declarations() -> dict[str, dict[str, Any]]:
    """The `config` block of Pulumi.yaml: type, description and default of every key."""
    return {
        f"{NAMESPACE}:{field.alias}": _typed(field)
        | {"description": " ".join((field.description or "").split()), "default": _plain(field.default)}
        for section in SECTIONS
        for field in section.model_fields.values()
    }


def _typed(field: FieldInfo) -> dict[str, Any]:
    kinds: dict[type, dict[str, Any]] = {
        bool: {"type": "boolean"},
        int: {"type": "integer"},
        str: {"type": "string"},
        # Not `secret: true`: Pulumi refuses a default for such a key, and then every stack would have to set it.
        SecretStr: {"type": "string"},
        tuple: {"type": "array", "items": {"type": "string"}},
    }
    return kinds[type(field.default)]


def _plain(value: Any) -> Any:
    if isinstance(value, SecretStr):
        return ""  # no secret has another default
    return list(value) if isinstance(value, tuple) else value


def project_file() -> str:
    block = yaml.safe_dump({"config": declarations()}, sort_keys=False, width=110, allow_unicode=True)
    return _HEADER + block


def document() -> str:
    return "\n".join(_document()) + "\n"


def _document() -> Iterator[str]:
    yield "# Configuration\n"
    yield "Written by `make settings` from `settings/keys.py`. Set a key in the stack's file, or with"
    yield f"`pulumi config set {NAMESPACE}:KEY VALUE`. What is wrong is said before anything is created.\n"
    for section in SECTIONS:
        yield f"## {section.__doc__}\n"
        yield "| key | default | meaning |\n| --- | --- | --- |"
        for name, field in section.model_fields.items():
            meaning = " ".join((field.description or "").split())
            yield f"| `{NAMESPACE}:{field.alias}` | {_default(name, field)} | {meaning} |"
        yield ""
    yield "## Presets\n"
    yield f"| key | {' | '.join(PRESETS)} |\n| --- |{' --- |' * len(PRESETS)}"
    aliases = {name: field.alias for section in SECTIONS for name, field in section.model_fields.items()}
    for name in next(iter(PRESETS.values())):
        values = " | ".join(f"`{preset[name]}`" for preset in PRESETS.values())
        yield f"| `{NAMESPACE}:{aliases[name]}` | {values} |"


def _default(name: str, field: FieldInfo) -> str:
    if name in next(iter(PRESETS.values())):
        return "the preset's"
    value = _plain(field.default)
    if isinstance(value, list):
        return "<br>".join(f"`{item}`" for item in value) or "none"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`" if value != "" else "empty"


def main() -> int:
    wanted = {PROJECT: project_file(), DOCUMENT: document()}
    stale = [path for path, text in wanted.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if "--check" in sys.argv[1:]:
        for path in stale:
            sys.stderr.write(f"{path} does not say what settings/keys.py says. Run `make settings`.\n")
        return 1 if stale else 0
    for path in stale:
        path.write_text(wanted[path], encoding="utf-8")
        sys.stdout.write(f"wrote {path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
