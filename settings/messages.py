"""What is said of a key whose value is wrong: key, entry, value, rule, and a command that corrects it."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from typing import Any, get_args, get_origin

from pydantic import AfterValidator
from pydantic_core import ErrorDetails

from region import Region
from settings.fields import ANY_REGION, Kind
from settings.presets import STANDARD
from settings.sections import FIELDS, NAMESPACE, SECRETS


def sentence(detail: ErrorDetails, configured: Mapping[str, Any], region: Region | None) -> str:
    """From an error of pydantic."""
    key, *entry = detail["loc"]
    value = "(secret)" if key in SECRETS else repr(detail["input"] if entry else configured[str(key)])
    name = f"{NAMESPACE}:{key}" + "".join(f"[{index}]" for index in entry)
    command = _command(str(key), entry, detail["input"], region)
    return f"{name} = {value}: {_rule(detail)}. Correct it in the stack file, or with: {command}"


_RULES = {
    "value_error": "{error}",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "must be a whole number, and not so large a one",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "greater_than_equal": "must be {ge} or more",
    "less_than_equal": "must be {le} or less",
    "literal_error": "must be one of {expected}",
    "string_type": "must be text",
}
"""What a value must be, by the type of pydantic's error: those that the types of our keys can have."""


def _rule(detail: ErrorDetails) -> str:
    return _RULES[detail["type"]].format(**detail.get("ctx", {}))


def _command(key: str, entry: list[int | str], wrong: object, region: Region | None) -> str:
    """Sets the key, or its entry, to a value that is right: to the one that is meant, where that can be seen."""
    if key in SECRETS:
        return f"pulumi config set --secret {NAMESPACE}:{key}"
    kind = kind_of(key)
    is_text = isinstance(wrong, str) and (bool(entry) or not is_list(key))
    value = shlex.quote(kind.correction(str(wrong), region or ANY_REGION) if kind and is_text else example(key, region))
    if entry:
        return f"pulumi config set --path {shlex.quote(f'{NAMESPACE}:{key}[{entry[0]}]')} {value}"
    if is_list(key):
        first = shlex.quote(f"{NAMESPACE}:{key}[0]")
        return f"pulumi config rm {NAMESPACE}:{key} && pulumi config set --path {first} {value}"
    return f"pulumi config set {NAMESPACE}:{key} {value}"


def is_list(key: str) -> bool:
    return get_origin(FIELDS[key][1].annotation) is tuple


def kind_of(key: str) -> Kind | None:
    """What checks the texts of a key, or the entries of a list."""
    field = FIELDS[key][1]
    metadata: Iterable[Any] = field.metadata
    if is_list(key):
        metadata = getattr(get_args(field.annotation)[0], "__metadata__", ())
    functions = [item.func for item in metadata if isinstance(item, AfterValidator)]
    return next((function for function in functions if isinstance(function, Kind)), None)


def example(key: str, region: Region | None) -> str:
    """A value of a key, or of an entry of its list, that no rule for single values refuses."""
    if kind := kind_of(key):
        return kind.example_in(region or ANY_REGION)
    name, field = FIELDS[key]
    annotation = get_args(field.annotation)[0] if is_list(key) else field.annotation
    if annotation is bool:  # what is safe: cvat:disposable true would unprotect the stores
        return str(bool(field.default)).lower()
    if choices := [choice for choice in get_args(annotation) if isinstance(choice, str) and choice]:
        return str(choices[0])
    return str(STANDARD.get(name, field.default) or 18)
