"""Dynamic resources: their provider's own Python code runs for real, against the emulated account."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import dill
from pulumi.dynamic import ConfigureRequest, DiffResult, ResourceProvider
from pulumi.dynamic.config import Config

from rehearsal.engine.inputs import Inputs
from rehearsal.engine.state import PROVIDER_KEY, Record
from rehearsal.errors import RehearsalError, sentence
from rehearsal.providers.resource import EVERY, Attributes, ResourceRequest, ResourceType


class DynamicResource(ResourceType, token="dynamic"):
    """What Pulumi's dynamic provider process does: configure, check, then the verb. Its exceptions are its messages."""

    replace_on = EVERY

    def create(self, request: ResourceRequest) -> Attributes:
        provider, inputs = _provider_and_inputs(request)
        try:
            result = provider.create(_checked(provider, {}, inputs))
        except RehearsalError:
            raise
        except Exception as error:
            raise RehearsalError(sentence(error)) from error
        if not result.id:
            raise RehearsalError("its provider gave it no id.")
        return Attributes(result.id, result.outs or {})

    def update(self, request: ResourceRequest) -> Attributes:
        """The provider gets all inputs, changed or not."""
        old = _without_provider(request.old.outputs if request.old else {})
        before = _without_provider(request.old.inputs if request.old else {})
        request.inputs = Inputs(request.all_inputs)
        provider, inputs = _provider_and_inputs(request)
        try:
            result = provider.update(request.id, old, _checked(provider, before, inputs))
        except RehearsalError:
            raise
        except Exception as error:
            raise RehearsalError(sentence(error)) from error
        return Attributes(request.id, result.outs or {})

    def delete(self, request: ResourceRequest) -> None:
        """The provider's own deletion."""
        provider, _ = _provider_and_inputs(request)
        try:
            provider.delete(request.id, _without_provider(request.old.outputs if request.old else {}))
        except Exception as error:
            raise RehearsalError(sentence(error)) from error

    def replaces(self, path: str, old: Any, new: Any) -> bool:
        """Its provider's `diff` decides, not the inputs."""
        return False


def diff(old: Record, record: Record) -> DiffResult:
    """What the provider says of new inputs after its `check`; `changes` is None where it does not say."""
    provider = _provider(record.inputs[PROVIDER_KEY])
    try:
        news = _checked(provider, _without_provider(old.inputs), _without_provider(record.inputs))
        return provider.diff(old.id, _without_provider(old.outputs), news)
    except RehearsalError:
        raise
    except Exception as error:
        raise RehearsalError(sentence(error)) from error


def _provider_and_inputs(request: ResourceRequest) -> tuple[ResourceProvider, dict[str, Any]]:
    provider = _provider(request.inputs.take(PROVIDER_KEY))
    inputs = request.inputs.unused()
    for key in inputs:
        request.inputs.take(key)
    return provider, inputs


def _provider(code: str) -> ResourceProvider:
    provider: ResourceProvider = dill.loads(base64.b64decode(code))  # noqa: S301  (the program's own)
    provider.configure(ConfigureRequest(config=Config(raw_config={}, project_name="")))
    return provider


def _without_provider(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key != PROVIDER_KEY}


def _checked(provider: ResourceProvider, olds: dict[str, Any], news: dict[str, Any]) -> Any:
    checked = provider.check(olds, news)
    if checked.failures:
        raise RehearsalError("; ".join(f"{failure.property}: {failure.reason}" for failure in checked.failures))
    return checked.inputs
