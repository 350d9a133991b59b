"""Dynamic resources: their provider's own Python code runs for real, against the emulated account."""

from __future__ import annotations

import base64
from typing import Any

import dill
from pulumi.dynamic import ConfigureRequest, ResourceProvider
from pulumi.dynamic.config import Config

from rehearsal.errors import RehearsalError, sentence
from rehearsal.make import Made, Make, handles

PROVIDER_KEY = "__provider"


@handles("dynamic")
def dynamic(make: Make) -> Made:
    """What Pulumi's dynamic provider process does for a new resource: configure, check, create."""
    provider: ResourceProvider = dill.loads(base64.b64decode(make.inputs.take(PROVIDER_KEY)))  # noqa: S301  (the program's own)
    provider.configure(ConfigureRequest(config=Config(raw_config={}, project_name="")))
    news: dict[str, Any] = make.inputs.left()
    for key in news:
        make.inputs.take(key)
    checked = provider.check({}, news)
    if checked.failures:
        raise RehearsalError("; ".join(f"{failure.property}: {failure.reason}" for failure in checked.failures))
    try:
        result = provider.create(checked.inputs)
    except Exception as error:  # whatever the provider raises is its message to the operator
        raise RehearsalError(sentence(error)) from error
    if not result.id:
        raise RehearsalError("its provider gave it no id.")
    return Made(result.id, result.outs or {})
