"""What all sections have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class InvalidKeyError(Exception):
    """A rule reads a key whose value is wrong, which is reported already: the rule cannot be judged."""


class Section(BaseModel):
    """The key of field `vpc_cidr` is `cvat:vpcCidr`.

    A field of type SecretStr takes encrypted values only. A field without a default is one of those that the preset
    decides (settings/presets.py) unless the configuration sets it.
    """

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, use_attribute_docstrings=True)

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """Only called for fields that settings/load.py has taken away because their values are wrong."""
            if name in type(self).model_fields:
                raise InvalidKeyError(name)
            return super().__getattr__(name)
