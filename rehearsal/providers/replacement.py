"""For which inputs the providers replace a resource instead of updating it in place.

Each type says so in `replace_on`, taken from the schemas of the Terraform AWS provider 6 that pulumi-aws 7.51 bridges
(`ForceNew` and CustomizeDiff of internal/service/<service>/<resource>.go, read 2026-11), and of pulumi-random and
pulumi-docker. Inputs that the program does not use yet are listed, too.
"""

from __future__ import annotations

from typing import Any

from rehearsal.providers import resource_types

NEVER = frozenset(
    """
    tags tagsAll
    forceDestroy forceDelete skipDestroy trackLatest sourceHash waitForSteadyState
    """.split()
)
"""Tags, and inputs that no API receives: they never replace, whatever the type."""


def replaces(token: str, path: str, old: Any, new: Any) -> bool:
    """Whether the provider replaces the resource when the value at this dotted path changes."""
    key = path.partition(".")[0]
    if key in NEVER or token.startswith("pulumi-python:dynamic"):
        return False
    kind = resource_types().get(token)
    if kind is None:
        return True  # unknown: better a needless warning
    # Since its version 6, every resource of the AWS provider has a region.
    return (key == "region" and token.startswith("aws:")) or kind.replaces(path, old, new)
