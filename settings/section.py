"""What all groups of configuration keys have in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class Section(BaseModel):
    """A group of keys that belong together: `vpc_cidr` is `cvat:vpcCidr`, its docstring the documentation."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, use_attribute_docstrings=True)
