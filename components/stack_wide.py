"""The stack's tags and its permissions boundary, on every resource that takes them.

A transformation runs in the program, before a resource is registered: so it works under Pulumi's mocks as well as in
the engine. It reaches a remote component (awsx.ec2.Vpc), but not the children that the component's provider makes:
awsx hands its own tags on to all of them, and makes no role.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping
from typing import Any, get_args, get_origin

import pulumi

from settings.provider import MOST_TAGS_OF_OBJECTS, OWN_TAGS

_BOUNDARY = "permissions_boundary"
_OBJECT = "aws:s3/bucketObjectv2:BucketObjectv2"


def apply_to_all(tags: Mapping[str, str], boundary_arn: str = "", default_tags: Collection[str] = ()) -> None:
    """Put these on all resources that the program makes from now on. A resource's own tags win over the stack's.

    `boundary_arn`: the IAM policy that bounds every role. Empty: none. `default_tags`: names of the tags that the
    provider adds; with them, an S3 object may have room for project, stack and a part of the others only.
    """
    object_tags = _object_tags(tags, default_tags)

    def transform(resource: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        inputs = _inputs(type(resource.resource))
        added: dict[str, Any] = {}
        if _takes_tags(inputs):
            own: Any = resource.props.get("tags") or {}
            added["tags"] = {**(object_tags if resource.type_ == _OBJECT else tags), **own}
        if boundary_arn and _BOUNDARY in inputs:
            added[_BOUNDARY] = boundary_arn
        return pulumi.ResourceTransformationResult({**resource.props, **added}, resource.opts) if added else None

    pulumi.runtime.register_stack_transformation(transform)


def _object_tags(tags: Mapping[str, str], default_tags: Collection[str]) -> dict[str, str]:
    """The tags that fit, project and stack first. Costs are allocated by buckets, which have all."""
    room = MOST_TAGS_OF_OBJECTS - len(set(default_tags) - tags.keys())
    names = sorted(tags, key=lambda name: name not in OWN_TAGS)
    return {name: tags[name] for name in names[:room]}


def _inputs(resource: type) -> Mapping[str, Any]:
    """What a provider's resource takes, with types: the arguments of its Args class, which is in the same module."""
    args = getattr(sys.modules[resource.__module__], f"{resource.__name__}Args", None)
    return getattr(args.__init__, "__annotations__", {}) if args else {}


def _takes_tags(inputs: Mapping[str, Any]) -> bool:
    """Whether `tags` is a mapping. Auto Scaling groups take a list of another shape instead."""
    return any(get_origin(shape) is get_origin(Mapping[str, str]) for shape in get_args(inputs.get("tags")))
