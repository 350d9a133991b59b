"""From the text that Pulumi hands over to checked settings."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from pydantic import SecretStr, ValidationError

from region import Region
from settings import keys
from settings.errors import ConfigurationError
from settings.model import Settings
from settings.rules import broken_rules

NAMESPACE = "cvat"


def load(config: Mapping[str, Any], encrypted: Collection[str] | None = None) -> tuple[Settings, Region]:
    """Check a stack's whole configuration (`{"cvat:vpcCidr": "10.0.0.0/16", "aws:region": ...}`).

    `encrypted` are the keys whose values the stack's file holds encrypted; None where nobody can tell. Raises
    ConfigurationError that names every key, value (but no secret one), rule and remedy.
    """
    own = {key.partition(":")[2]: value for key, value in config.items() if key.startswith(f"{NAMESPACE}:")}
    problems = [*_unknown(own), *(_in_clear(own, encrypted) if encrypted is not None else ())]
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


def _secret() -> set[str]:
    """Names of the keys that hold secrets."""
    fields = [field for section in keys.SECTIONS for field in section.model_fields.values()]
    return {str(field.alias) for field in fields if isinstance(field.default, SecretStr)}


def _in_clear(own: Mapping[str, Any], encrypted: Collection[str]) -> Iterator[str]:
    for key in sorted(_secret() & own.keys()):
        if own[key] and f"{NAMESPACE}:{key}" not in encrypted:
            yield (
                f"{NAMESPACE}:{key} stands in clear in the stack's file, where anybody can read it. Take it for lost: "
                f"get a new one, and set it with: pulumi config set --secret {NAMESPACE}:{key}"
            )


def _sentences(error: ValidationError, own: Mapping[str, Any]) -> Iterator[str]:
    for detail in error.errors():
        rule = detail["msg"].removeprefix("Value error, ")
        if not detail["loc"]:
            yield f"cvat: {rule}."
            continue
        key = str(detail["loc"][0])
        value = "(secret)" if key in _secret() else repr(own.get(key))
        yield (
            f"{NAMESPACE}:{key} = {value}: {rule[0].lower()}{rule[1:]}. "
            f"Correct it in the stack file, or with: pulumi config set {NAMESPACE}:{key} VALUE"
        )
