"""Dynamic resources: their provider's own Python code runs for real, against the emulated account."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import dill
from pulumi.dynamic import ConfigureRequest, DiffResult, ResourceProvider
from pulumi.dynamic.config import Config

from rehearsal.engine.inputs import Inputs
from rehearsal.engine.state import Record
from rehearsal.errors import RehearsalError, sentence
from rehearsal.providers.change import deletes, updates
from rehearsal.providers.resource import Made, Make, handles

PROVIDER_KEY = "__provider"


@handles("dynamic")
def dynamic(make: Make) -> Made:
    """What Pulumi's dynamic provider process does for a new resource: configure, check, create."""
    provider, news = _given(make)
    try:
        result = provider.create(_checked(provider, {}, news))
    except RehearsalError:
        raise
    except Exception as error:  # whatever the provider raises is its message to the operator
        raise RehearsalError(sentence(error)) from error
    if not result.id:
        raise RehearsalError("its provider gave it no id.")
    return Made(result.id, result.outs or {})


def diff(old: Record, record: Record) -> DiffResult:
    """What the provider says to new inputs; `changes` is None where it does not say."""
    provider = _provider(record.inputs[PROVIDER_KEY])
    try:
        return provider.diff(old.id, _without(old.outputs), _without(record.inputs))
    except Exception as error:
        raise RehearsalError(sentence(error)) from error


@updates("dynamic")
def update(make: Make) -> Made:
    """The provider's own update. It gets all inputs, changed or not."""
    old = make.old or Record("", "", "", "", True, {}, {}, "")
    make.inputs = Inputs(make.whole)
    provider, news = _given(make)
    try:
        result = provider.update(old.id, _without(old.outputs), _checked(provider, _without(old.inputs), news))
    except RehearsalError:
        raise
    except Exception as error:
        raise RehearsalError(sentence(error)) from error
    return Made(old.id, result.outs or {})


@deletes("dynamic")
def delete(make: Make) -> None:
    """The provider's own deletion."""
    provider, _ = _given(make)
    try:
        provider.delete(make.id, _without(make.old.outputs if make.old else {}))
    except Exception as error:
        raise RehearsalError(sentence(error)) from error


def _given(make: Make) -> tuple[ResourceProvider, dict[str, Any]]:
    """The provider of the resource, and its inputs."""
    provider = _provider(make.inputs.take(PROVIDER_KEY))
    news = make.inputs.left()
    for key in news:
        make.inputs.take(key)
    return provider, news


def _provider(code: str) -> ResourceProvider:
    provider: ResourceProvider = dill.loads(base64.b64decode(code))  # noqa: S301  (the program's own)
    provider.configure(ConfigureRequest(config=Config(raw_config={}, project_name="")))
    return provider


def _without(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key != PROVIDER_KEY}


def _checked(provider: ResourceProvider, olds: dict[str, Any], news: dict[str, Any]) -> Any:
    checked = provider.check(olds, news)
    if checked.failures:
        raise RehearsalError("; ".join(f"{failure.property}: {failure.reason}" for failure in checked.failures))
    return checked.inputs
