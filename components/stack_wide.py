"""The stack's tags and its permissions boundary, on every resource that takes them.

A transformation runs in the program, before a resource is registered: so it works under Pulumi's mocks as well as in
the engine. It reaches a remote component (awsx.ec2.Vpc), but not the children that the component's provider makes:
awsx hands its own tags on to all of them, and makes no role.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any, get_args, get_origin

import pulumi

_BOUNDARY = "permissions_boundary"


def apply_to_all(tags: Mapping[str, str], boundary_arn: str = "") -> None:
    """Put these on all resources that the program makes from now on. A resource's own tags win over the stack's.

    `boundary_arn`: the IAM policy that bounds every role. Empty: none.
    """

    def transform(resource: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        inputs = _inputs(type(resource.resource))
        added: dict[str, Any] = {}
        if _takes_tags(inputs):
            own: Any = resource.props.get("tags") or {}
            added["tags"] = {**tags, **own}
        if boundary_arn and _BOUNDARY in inputs:
            added[_BOUNDARY] = boundary_arn
        return pulumi.ResourceTransformationResult({**resource.props, **added}, resource.opts) if added else None

    pulumi.runtime.register_stack_transformation(transform)


def _inputs(resource: type) -> Mapping[str, Any]:
    """What a provider's resource takes, with types: the arguments of its Args class, which is in the same module."""
    args = getattr(sys.modules[resource.__module__], f"{resource.__name__}Args", None)
    return getattr(args.__init__, "__annotations__", {}) if args else {}


def _takes_tags(inputs: Mapping[str, Any]) -> bool:
    """Whether `tags` is a mapping. Auto Scaling groups take a list of another shape instead."""
    return any(get_origin(shape) is get_origin(Mapping[str, str]) for shape in get_args(inputs.get("tags")))
