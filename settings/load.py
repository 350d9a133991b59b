"""From the text that Pulumi hands over to checked settings."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

import pulumi
from pydantic import ValidationError

from region import Region
from settings import keys
from settings.model import Settings
from settings.rules import broken_rules

NAMESPACE = "cvat"


class ConfigurationError(pulumi.RunError):
    """Everything that is wrong with a configuration, one sentence a line. Pulumi shows it without a traceback."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        count = "a problem" if len(problems) == 1 else f"{len(problems)} problems"
        lines = "".join(f"\n  - {problem}" for problem in problems)
        super().__init__(f"The stack's configuration has {count}:{lines}")


def load(config: Mapping[str, Any]) -> tuple[Settings, Region]:
    """Check a stack's whole configuration (`{"cvat:vpcCidr": "10.0.0.0/16", "aws:region": ...}`).

    Raises ConfigurationError that names every key, value, rule and remedy.
    """
    own = {key.partition(":")[2]: value for key, value in config.items() if key.startswith(f"{NAMESPACE}:")}
    problems = list(_unknown(own))
    region = config.get("aws:region")
    if not region:
        problems.append("aws:region is missing: it decides where everything is created. Set it in the stack file.")
    parsed: dict[str, Any] = {}
    for section in keys.SECTIONS:
        try:
            parsed[section.__name__.lower()] = section.model_validate(own)
        except ValidationError as error:
            problems += _sentences(error, own)
    if len(parsed) == len(keys.SECTIONS) and region:
        problems += broken_rules(Settings(**parsed, home_zone=Region(region).time_zone), Region(region))
    if problems:
        raise ConfigurationError(problems)
    here = Region(str(region))
    return Settings(**parsed, home_zone=here.time_zone), here


def _unknown(own: Mapping[str, Any]) -> Iterator[str]:
    known = [field.alias for section in keys.SECTIONS for field in section.model_fields.values() if field.alias]
    for key in own:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            guess = f"Did you mean {NAMESPACE}:{near[0]}?" if near else "docs/configuration.md lists all settings."
            yield f"{NAMESPACE}:{key} is not a setting. {guess}"


def _sentences(error: ValidationError, own: Mapping[str, Any]) -> Iterator[str]:
    for detail in error.errors():
        rule = detail["msg"].removeprefix("Value error, ")
        if not detail["loc"]:
            yield f"cvat: {rule}."
            continue
        key = str(detail["loc"][0])
        yield (
            f"{NAMESPACE}:{key} = {own.get(key)!r}: {rule[0].lower()}{rule[1:]}. "
            f"Correct it in the stack file, or with: pulumi config set {NAMESPACE}:{key} VALUE"
        )
