"""The invariants of every resource, as plain functions over (type, name, inputs): no Pulumi, no AWS, no network.

The policy pack applies them to real stacks (`pulumi preview --policy-pack policy`), the rehearsal to rehearsed ones,
and `python -m rehearsal diff` to both sides of a change.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from policy.rules import isolation, partition, permissions, plain_secrets, protection, public_access, tags
from policy.rules.resource import Context, NotKnownError, Resource, Rule, Unknown, Violation

RULES: tuple[Rule, ...] = (
    public_access.no_public_store,
    protection.encrypted_at_rest,
    protection.encrypted_in_transit,
    partition.own_partition,
    plain_secrets.no_plain_secret,
    partition.images_by_digest,
    tags.tagged,
    permissions.no_wildcard,
    permissions.own_account,
    isolation.read_only_root,
    isolation.isolated_models,
    isolation.closed_default_group,
    protection.stores_kept,
)
"""In the order of the output."""

__all__ = ["RULES", "Context", "NotKnownError", "Resource", "Rule", "Unknown", "Violation", "violations"]


def violations(resources: Iterable[Resource], context: Context) -> Iterator[Violation]:
    """All violations of all rules by these resources."""
    for resource in resources:
        for rule in RULES:
            for text in rule.check(resource, context):
                yield Violation(rule.name, resource, text)
