"""The sizes behind `cvat:preset`: presets.yaml, by field of a section; any of them can be set on its own."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path

import yaml

from settings.sections.section import Section
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
    "chunks_max_count": "chunks_count",
    "inference_max_instance_count": "inference_instance_count",
}
"""Field of the most -> field of the number from which it starts."""
_OF_ENDPOINTS = "inference_max_instance_count"


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


def other_maximums(section: Section, configured: Collection[str], *, hours: bool) -> dict[str, int]:
    """Maximums of the preset that do not fit what the configuration sets, and what they must be.

    So `serverCount: 5` alone means five tasks, in every preset. `configured`: fields that the configuration sets.
    `hours`: whether the stack has office hours, whose endpoints do not scale.
    """
    values = dict(section)
    return {
        maximum: values[number]
        for maximum, number in MAXIMUMS.items()
        if maximum in values and number in values and maximum not in configured
        if (number in configured and values[number] > values[maximum]) or (hours and maximum == _OF_ENDPOINTS)
    }
