"""What provider plugins do: resource types with all their verbs, and functions.

A resource type is a subclass of `ResourceType` (resource.py) in its service's file, named as pulumi_aws names the
module: `aws:rds/instance:Instance` is the class Instance of aws/rds.py. It has

    create(request)       takes what it needs from `request.inputs` and calls the API. `request.call_with_inputs`
                          carries every unused input that the operation knows; what is unused at the end is an error.
    update(request)       the same with the inputs that differ, or `creation_is_put = True` where the call that
                          creates it also updates it. `reset_to` says what an input becomes that is no longer given.
    delete(request)       or `delete_call` where one call does it.
    replace_on            inputs for which the provider replaces the resource.
    tags = True           where it takes tags; `retag(request)` where its API sets them in another way than most.

and, where they apply, `provider_only` (inputs that no API receives), `holds` (what is lost with it), `ignored`.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Mapping

from rehearsal.providers.resource import RESOURCE_TYPES, ResourceType


@functools.cache
def load() -> None:
    """Import all modules of this package, which register their resource types and functions."""
    for module in pkgutil.walk_packages(__path__, f"{__name__}."):
        importlib.import_module(module.name)


def resource_types() -> Mapping[str, ResourceType]:
    """Every resource type that can be rehearsed, by type token."""
    load()
    return RESOURCE_TYPES
