"""Security groups and their rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rehearsal.errors import RehearsalError
from rehearsal.providers.aws.network import arn, tag_specifications
from rehearsal.providers.resource import Made, Make, handles

SOURCES = {
    "cidrIpv4": ("IpRanges", "CidrIp"),
    "cidrIpv6": ("Ipv6Ranges", "CidrIpv6"),
    "referencedSecurityGroupId": ("UserIdGroupPairs", "GroupId"),
    "prefixListId": ("PrefixListIds", "PrefixListId"),
}
"""Inputs that say whom a rule lets through, and where EC2 wants them in an IpPermission."""

INLINE_SOURCES = {
    "cidrBlocks": ("IpRanges", "CidrIp"),
    "ipv6CidrBlocks": ("Ipv6Ranges", "CidrIpv6"),
    "securityGroups": ("UserIdGroupPairs", "GroupId"),
    "prefixListIds": ("PrefixListIds", "PrefixListId"),
}
"""The same for rules written inside a security group."""


@handles(
    "aws:ec2/securityGroup:SecurityGroup",
    tags=True,
    provider_only={"revokeRulesOnDelete": "says what the provider does before it deletes the group"},
)
def security_group(make: Make) -> Made:
    """A security group; as the provider does, EC2's default rule 'everything out' is taken away."""
    name = make.named()
    description = make.inputs.take("description", "Managed by Pulumi")
    inline = {way: make.inputs.take(way) or [] for way in ("ingress", "egress")}
    extra = {"GroupName": name, "Description": description} | tag_specifications(make, "security-group")
    group_id = make.call("ec2", "CreateSecurityGroup", extra)["GroupId"]
    (found,) = make.ask("ec2", "DescribeSecurityGroups", GroupIds=[group_id])["SecurityGroups"]
    if found["IpPermissionsEgress"]:
        make.ask("ec2", "RevokeSecurityGroupEgress", GroupId=group_id, IpPermissions=found["IpPermissionsEgress"])
    for way, rules in inline.items():
        for rule in rules:
            permissions = [_inline(rule, group_id)]
            make.ask("ec2", f"AuthorizeSecurityGroup{way.capitalize()}", GroupId=group_id, IpPermissions=permissions)
    outputs = {"arn": arn(make, f"security-group/{group_id}"), "name": name, "description": description}
    return Made(group_id, outputs | {"ownerId": make.account.id})


def _inline(rule: Mapping[str, Any], group_id: str) -> dict[str, Any]:
    rest = dict(rule)
    permission: dict[str, Any] = {"IpProtocol": str(rest.pop("protocol"))}
    permission |= {"FromPort": rest.pop("fromPort"), "ToPort": rest.pop("toPort")}
    text = {"Description": rest.pop("description")} if rest.get("description") else {}
    for key, (where, member) in INLINE_SOURCES.items():
        for one in rest.pop(key, None) or []:
            permission.setdefault(where, []).append({member: one, **text})
    if rest.pop("self", False):
        permission.setdefault("UserIdGroupPairs", []).append({"GroupId": group_id, **text})
    if rest:
        raise RehearsalError(f"the inputs {', '.join(rest)} of an inline rule are not carried.")
    return permission


def _rule(make: Make, way: str) -> Made:
    protocol = str(make.inputs.require("ipProtocol"))
    permission: dict[str, Any] = {"IpProtocol": protocol}
    for key, member in (("fromPort", "FromPort"), ("toPort", "ToPort")):
        if (port := make.inputs.take(key)) is not None:
            permission[member] = port
        elif protocol != "-1":
            raise RehearsalError(f"{key}: a rule for protocol {protocol} needs it.")
    text = make.inputs.take("description")
    sources = {key: value for key in SOURCES if (value := make.inputs.take(key)) is not None}
    if len(sources) != 1:
        raise RehearsalError(f"exactly one of {', '.join(SOURCES)} must be given, got {sorted(sources) or 'none'}.")
    for key, value in sources.items():
        where, member = SOURCES[key]
        permission[where] = [{member: value} | ({"Description": text} if text else {})]
    extra = {"IpPermissions": [permission]} | tag_specifications(make, "security-group-rule")
    answer = make.call("ec2", f"AuthorizeSecurityGroup{way}", extra, renames={"securityGroupId": "GroupId"})
    rule_id = answer["SecurityGroupRules"][0]["SecurityGroupRuleId"]
    return Made(rule_id, {"securityGroupRuleId": rule_id, "arn": arn(make, f"security-group-rule/{rule_id}")})


@handles("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", tags=True)
def ingress_rule(make: Make) -> Made:
    """Who may come in, on which port."""
    return _rule(make, "Ingress")


@handles("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", tags=True)
def egress_rule(make: Make) -> Made:
    """Where to it may call, on which port."""
    return _rule(make, "Egress")


@handles("aws:ec2/securityGroupRule:SecurityGroupRule")
def old_rule(make: Make) -> Made:
    """The provider's older resource, which awsx uses for the groups of endpoints."""
    rule = {
        key: make.inputs.take(key)
        for key in ("protocol", "fromPort", "toPort", "description", "self", *INLINE_SOURCES)
        if key in make.inputs
    }
    group_id, way = make.inputs.require("securityGroupId"), make.inputs.require("type")
    make.ask(
        "ec2",
        f"AuthorizeSecurityGroup{way.capitalize()}",
        GroupId=group_id,
        IpPermissions=[_inline(rule, group_id)],
    )
    return Made(f"sgrule-{group_id}-{way}-{rule['protocol']}-{rule['fromPort']}-{rule['toPort']}")
