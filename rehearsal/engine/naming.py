"""Physical names, made as the providers make them: logical name, hyphen, seven hexadecimal digits."""

from __future__ import annotations

import hashlib

from rehearsal.errors import RehearsalError

SUFFIX = 7
"""Length of the random part of Pulumi's automatic names (pulumi-terraform-bridge, AutoNameOptions)."""


def suffix(stack: str, urn: str) -> str:
    """The 'random' part: the same in every rehearsal of a stack, different between stacks."""
    return hashlib.sha256(f"{stack}\n{urn}".encode()).hexdigest()[:SUFFIX]


def automatic(logical: str, stack: str, urn: str, limit: int, lower: bool = False) -> str:
    """The name that Pulumi gives when the program gives none; too long is an error there and here."""
    name = f"{logical}-{suffix(stack, urn)}"
    if len(name) > limit:
        raise RehearsalError(
            f"its automatic name '{name}' has {len(name)} characters and {limit} are allowed: "
            f"shorten the logical name '{logical}' to at most {limit - SUFFIX - 1} characters."
        )
    return name.lower() if lower else name
