"""What must hold for every resource, as plain functions over (type, name, inputs): no Pulumi, no AWS, no network.

The policy pack applies them to real stacks (`pulumi preview --policy-pack policy`), the rehearsal to rehearsed ones,
and `python -m rehearsal diff` to both sides of a change.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from policy.rules import access, exposure, labels, partition, protection, secrecy
from policy.rules.model import Context, NotKnownError, Rule, Thing, Unknown, Violation

RULES: tuple[Rule, ...] = (
    exposure.no_public_store,
    protection.encrypted_at_rest,
    protection.encrypted_in_transit,
    partition.own_partition,
    secrecy.no_plain_secret,
    partition.images_by_digest,
    labels.tagged,
    access.no_wildcard,
    protection.stores_kept,
)
"""In the order in which they are shown."""

__all__ = ["RULES", "Context", "NotKnownError", "Rule", "Thing", "Unknown", "Violation", "violations"]


def violations(things: Iterable[Thing], context: Context) -> Iterator[Violation]:
    """Everything that any rule says of any of these resources."""
    for thing in things:
        for rule in RULES:
            for text in rule.check(thing, context):
                yield Violation(rule.name, thing, text)
