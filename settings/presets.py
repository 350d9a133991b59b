"""The sizes behind `cvat:preset`: presets.yaml, by field of a section; any of them can be set on its own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml
from pydantic.alias_generators import to_camel

from settings.sections.stack import Stack


def _field(setting: str) -> str:
    """dbInstanceClass is db_instance_class here."""
    return re.sub(r"[A-Z]", lambda capital: f"_{capital[0].lower()}", setting)


MAXIMUMS = {
    "server_max_count": "server_count",
    "ui_max_count": "ui_count",
    "gateway_max_count": "gateway_count",
    "worker_max_count": "worker_count",
    "annotation_worker_max_count": "annotation_worker_count",
    "inference_max_instance_count": "inference_instance_count",
}
"""Field of the most -> field of the number from which it starts."""


def _read() -> Mapping[str, Mapping[str, str | int]]:
    content = yaml.safe_load(Path(__file__).with_name("presets.yaml").read_text(encoding="utf-8"))
    return {
        name: {_field(setting): value for setting, value in (content["standard"] | sizes).items()}
        for name, sizes in sorted(content.items())
    }


PRESETS = _read()
STANDARD = PRESETS["standard"]


def preset_values(stack: Stack, own: Mapping[str, Any]) -> Mapping[str, str | int]:
    """What the stack's preset decides beside the keys that the configuration sets itself (`own`, by key).

    A disposable stack keeps no restore points unless it asks for them. A number above the preset's maximum is its own
    maximum: `serverCount: 5` alone means five tasks, in every preset.
    """
    values = {**PRESETS[stack.preset], **({"backup_days": 0} if stack.disposable else {})}
    for maximum, number in MAXIMUMS.items():
        with suppress(KeyError, TypeError, ValueError):  # of another type: reported with its own key
            values[maximum] = max(int(values[maximum]), int(own[to_camel(number)]))
    return values
