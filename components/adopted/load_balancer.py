"""A load balancer that exists already: it gets CVAT's listeners, and one of its security groups gets rules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pulumi_aws as aws

from components.adopted.problems import Problems
from components.context import StackContext
from components.network import security_groups
from settings.values import LoadBalancerReference

_LONGEST_CALL_SECONDS = 120
"""CVAT's timeout for an auto-annotation function."""


@dataclass(frozen=True, kw_only=True)
class AdoptedLoadBalancer:
    """A load balancer that the stack can use."""

    arn: str
    arn_suffix: str
    """The load balancer in CloudWatch's metrics."""
    dns_name: str
    zone_id: str
    group_id: str
    open_ports: frozenset[tuple[str, int]] = frozenset()
    """Address ranges and TCP ports that rules of others let in. EC2 refuses a second rule of the same content."""
    opens_https: bool = False
    """Whether a rule of others lets the group call everyone on port 443."""


@dataclass(frozen=True, kw_only=True)
class LoadBalancerDescription:
    """What decides whether a load balancer can be used."""

    kind: str
    vpc_id: str
    internal: bool
    idle_seconds: int
    group_ids: tuple[str, ...]


def load_balancer_problems(
    reference: LoadBalancerReference, description: LoadBalancerDescription, vpc_id: str
) -> Iterator[str]:
    """Why the load balancer cannot be used, one sentence each; pure."""
    key = f"cvat:loadBalancerArn = {reference.arn}"
    if description.kind != "application":
        yield f"{key}: it is a {description.kind} load balancer, and CVAT needs an application one. Name another one."
        return
    if description.vpc_id != vpc_id:
        yield (
            f"{key}: it is in {description.vpc_id}, not in cvat:vpcId = {vpc_id}. Name one of that VPC, or that VPC."
        )
    if description.internal is not reference.internal:
        scheme, setting = ("internal", "false") if description.internal else ("public", "true")
        yield (
            f"{key}: it is {scheme}, and cvat:internal is {setting}. "
            f"Set cvat:internal to {str(description.internal).lower()}."
        )
    if description.idle_seconds <= _LONGEST_CALL_SECONDS:
        yield (
            f"{key}: it closes connections that are idle for {description.idle_seconds} s, and a call of a function "
            f"may take {_LONGEST_CALL_SECONDS}. Set its attribute idle_timeout.timeout_seconds to 300."
        )
    if reference.group_id not in description.group_ids:
        yield (
            f"cvat:loadBalancerSecurityGroupId = {reference.group_id}: the load balancer does not have it, so rules "
            f"in it would have no effect. Name one of {', '.join(description.group_ids)}."
        )


def adopted_load_balancer(
    context: StackContext, reference: LoadBalancerReference, vpc_id: str, problems: Problems
) -> AdoptedLoadBalancer | None:
    """The load balancer that the settings name, or None. Adds to `problems` what makes it unusable."""
    if not reference.arn:
        return None
    balancer = problems.ask("loadBalancerArn", reference.arn, lambda: aws.lb.get_load_balancer(arn=reference.arn))
    if balancer is None:
        return None
    description = LoadBalancerDescription(
        kind=balancer.load_balancer_type,
        vpc_id=balancer.vpc_id,
        internal=balancer.internal,
        idle_seconds=balancer.idle_timeout,
        group_ids=tuple(balancer.security_groups),
    )
    problems.add(load_balancer_problems(reference, description, vpc_id))
    rules = problems.ask(
        "loadBalancerSecurityGroupId", reference.group_id, lambda: _rules_of_others(context, reference.group_id)
    )
    return AdoptedLoadBalancer(
        arn=balancer.arn,
        arn_suffix=balancer.arn_suffix,
        dns_name=balancer.dns_name,
        zone_id=balancer.zone_id,
        group_id=reference.group_id,
        open_ports=frozenset((rule.cidr_ipv4, rule.from_port) for rule in rules or () if not rule.is_egress),
        opens_https=any(
            rule.is_egress and (rule.cidr_ipv4, rule.from_port) == (security_groups.ANYWHERE, security_groups.HTTPS)
            for rule in rules or ()
        ),
    )


def _rules_of_others(context: StackContext, group_id: str) -> list[aws.vpc.GetSecurityGroupRuleResult]:
    """The group's rules for one TCP port and an address range, without those that this stack has added."""
    group: aws.vpc.GetSecurityGroupRulesFilterArgsDict = {"name": "group-id", "values": [group_id]}
    ids = aws.vpc.get_security_group_rules(filters=[group]).ids
    rules = [aws.vpc.get_security_group_rule(security_group_rule_id=rule_id) for rule_id in ids]
    return [
        rule
        for rule in rules
        if rule.ip_protocol == "tcp"
        and rule.cidr_ipv4
        and rule.from_port == rule.to_port
        and not context.own_tags.items() <= rule.tags.items()
    ]
