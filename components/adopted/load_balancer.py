"""A load balancer that exists already: it gets CVAT's listeners, and rules in one of its groups; all else stays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pulumi_aws as aws

from components.problems import Problems
from settings.values import LoadBalancerReference

_LONGEST_CALL_SECONDS = 120
"""For which CVAT waits for an auto-annotation function."""


@dataclass(frozen=True, kw_only=True)
class AdoptedLoadBalancer:
    """A load balancer that fits the stack."""

    arn: str
    arn_suffix: str
    """What CloudWatch calls it."""
    dns_name: str
    zone_id: str
    group_id: str


@dataclass(frozen=True, kw_only=True)
class LoadBalancerDescription:
    """What AWS says of a load balancer, as far as it matters."""

    kind: str
    vpc_id: str
    internal: bool
    idle_seconds: int
    group_ids: tuple[str, ...]


def load_balancer_problems(named: LoadBalancerReference, facts: LoadBalancerDescription, vpc_id: str) -> Iterator[str]:
    """All that speaks against using the load balancer; pure."""
    key = f"cvat:loadBalancerArn = {named.arn}"
    if facts.kind != "application":
        yield f"{key}: it is a {facts.kind} load balancer, and CVAT needs an application one. Name another one."
        return
    if facts.vpc_id != vpc_id:
        yield f"{key}: it is in {facts.vpc_id}, not in cvat:vpcId = {vpc_id}. Name one of that VPC, or that VPC."
    if facts.internal is not named.internal:
        is_so, said = ("internal", "false") if facts.internal else ("public", "true")
        yield f"{key}: it is {is_so}, and cvat:internal is {said}. Set cvat:internal to {str(facts.internal).lower()}."
    if facts.idle_seconds <= _LONGEST_CALL_SECONDS:
        yield (
            f"{key}: it ends a connection that is idle for {facts.idle_seconds} s, and a call of a function may take "
            f"{_LONGEST_CALL_SECONDS}. Set its attribute idle_timeout.timeout_seconds to 300."
        )
    if named.group_id not in facts.group_ids:
        yield (
            f"cvat:loadBalancerSecurityGroupId = {named.group_id}: the load balancer does not carry it, so that rules "
            f"in it would be without effect. Name one of {', '.join(facts.group_ids)}."
        )


def adopted_load_balancer(named: LoadBalancerReference, vpc_id: str, problems: Problems) -> AdoptedLoadBalancer | None:
    """The load balancer, if it is named and fits."""
    if not named.arn:
        return None
    found = problems.ask("loadBalancerArn", named.arn, lambda: aws.lb.get_load_balancer(arn=named.arn))
    if found is None:
        return None
    facts = LoadBalancerDescription(
        kind=found.load_balancer_type,
        vpc_id=found.vpc_id,
        internal=found.internal,
        idle_seconds=found.idle_timeout,
        group_ids=tuple(found.security_groups),
    )
    problems.add(load_balancer_problems(named, facts, vpc_id))
    return AdoptedLoadBalancer(
        arn=found.arn,
        arn_suffix=found.arn_suffix,
        dns_name=found.dns_name,
        zone_id=found.zone_id,
        group_id=named.group_id,
    )
