"""The permissions boundary: one place that no role can get past, whichever component makes it."""

from __future__ import annotations

import pulumi

_ROLE = "aws:iam/role:Role"


def bound_all_roles(policy_arn: str) -> None:
    """Give every role that the program makes from now on this boundary; do nothing without one.

    Roles that a remote component's own process makes are out of its reach; awsx's VPC, the only one here, makes none.
    """
    if not policy_arn:
        return

    def bound(made: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        if made.type_ != _ROLE:
            return None
        return pulumi.ResourceTransformationResult({**made.props, "permissions_boundary": policy_arn}, made.opts)

    pulumi.runtime.register_stack_transformation(bound)
