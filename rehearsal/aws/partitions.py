"""Partitions and their DNS suffixes, from botocore's own data."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

import botocore.loaders


@dataclass(frozen=True)
class Partition:
    """One AWS partition."""

    name: str
    dns_suffix: str
    pattern: str
    """Regular expression of its regions' names."""


@functools.cache
def every() -> tuple[Partition, ...]:
    """All partitions that botocore knows."""
    data = botocore.loaders.Loader().load_data("partitions")["partitions"]
    return tuple(Partition(one["id"], one["outputs"]["dnsSuffix"], one["regionRegex"]) for one in data)


def of(region: str) -> Partition:
    """The partition of a region; the first one (commercial) if the region is unknown."""
    return next((one for one in every() if re.match(one.pattern, region)), every()[0])


def localised(text: str, region: str) -> str:
    """A host name that moto has made for the commercial partition, with the region's own suffix."""
    foreign, own = every()[0].dns_suffix, of(region).dns_suffix
    return text if own == foreign else re.sub(rf"\.{re.escape(foreign)}(?=$|[/:])", f".{own}", text)
