"""Versions of PostgreSQL and Redis that AWS has, and the family of parameter groups that each belongs to."""

from __future__ import annotations

from collections.abc import Mapping

POSTGRESQL_FAMILIES: Mapping[str, str] = {str(major): f"postgres{major}" for major in range(10, 19)}
"""By major version (RDS for PostgreSQL release notes, by way of cfn-lint 1.58, schema of 2026-10-20)."""

REDIS_FAMILIES: Mapping[str, str] = {
    "5.0.6": "redis5.0",
    "6.0": "redis6.x",
    "6.2": "redis6.x",
    "7.0": "redis7",
    "7.1": "redis7",
}
"""By version (ElastiCache user guide, "Supported engines and versions", and API reference, CacheEngineVersion, read
2026-11). What comes after 7.1 is Valkey."""


def postgresql_family(version: str) -> str:
    """Family of a major or full version, such as 15 or 15.12."""
    return POSTGRESQL_FAMILIES[version.partition(".")[0]]


def is_pinned(version: str) -> bool:
    """Whether a version of PostgreSQL names a minor one, too, which RDS must then not upgrade."""
    return "." in version
