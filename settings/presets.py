"""The sizes behind `cvat:preset`: presets.yaml, by field of a section; any of them can be set on its own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import yaml

from settings.sections.stack import Stack


def _field(setting: str) -> str:
    """dbInstanceClass is db_instance_class here."""
    return re.sub(r"[A-Z]", lambda capital: f"_{capital[0].lower()}", setting)


def _read() -> Mapping[str, Mapping[str, str | int]]:
    content = yaml.safe_load(Path(__file__).with_name("presets.yaml").read_text(encoding="utf-8"))
    return {
        name: {_field(setting): value for setting, value in (content["standard"] | sizes).items()}
        for name, sizes in sorted(content.items())
    }


PRESETS = _read()
STANDARD = PRESETS["standard"]


def preset_values(stack: Stack) -> Mapping[str, str | int]:
    """What the stack's preset decides. A disposable stack keeps no restore points unless it asks for them."""
    return {**PRESETS[stack.preset], **({"backup_days": 0} if stack.disposable else {})}
