"""Checks options and requests with pydantic, and says what is wrong in a sentence."""

import reprlib
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from models.errors import ModelError, RequestError

SHOWN_CHARACTERS = 60
"""How much of a wrong value is quoted."""

_QUOTE = reprlib.Repr()
_QUOTE.maxstring = _QUOTE.maxother = SHOWN_CHARACTERS

Model = TypeVar("Model", bound=BaseModel)


class Options(BaseModel):
    """Base of every options block: an unknown key is a typing error, not a wish."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Request(BaseModel):
    """Base of every request: keys that we do not use are let through, as CVAT adds some with each version."""

    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)


def parse_options(model: type[Model], name: str, options: Mapping[str, Any]) -> Model:
    """The handler's options; a ModelError names each wrong key as the registry file spells it."""
    try:
        return model.model_validate(dict(options))
    except ValidationError as error:
        raise ModelError(f"function {name}: {_sentences(error, 'sagemaker.options.')}") from None


def parse_request(model: type[Model], body: Any) -> Model:
    """The request's fields; a RequestError names each wrong one."""
    if not isinstance(body, dict):
        raise RequestError(f"the body must be a JSON object, it is {_short(body)}")
    try:
        return model.model_validate(body)
    except ValidationError as error:
        raise RequestError(_sentences(error, "")) from None


def _sentences(error: ValidationError, prefix: str) -> str:
    parts = []
    for item in error.errors(include_url=False):
        field = prefix + ".".join(str(part) for part in item["loc"])
        given = "" if item["type"] == "missing" else f", not {_short(item['input'])}"
        parts.append(f"{field}: {item['msg']}{given}")
    return "; ".join(parts[:5])


def _short(value: Any) -> str:
    """A value to quote: an image must not come back in the error message, nor a list of a million lists."""
    text = _QUOTE.repr(value)
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[: SHOWN_CHARACTERS - 3]}..."
