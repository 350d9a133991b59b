"""EC2's security groups, and rules by the provider's older resource; see vpc.py for the newer one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from rehearsal.errors import RehearsalError
from rehearsal.providers.aws.ec2_network import tag_specifications
from rehearsal.providers.aws.endpoints import ec2_arn
from rehearsal.providers.resource import EVERY, Attributes, ResourceRequest, ResourceType, deleted_by, words

SOURCES = {
    "cidrBlocks": ("IpRanges", "CidrIp"),
    "ipv6CidrBlocks": ("Ipv6Ranges", "CidrIpv6"),
    "securityGroups": ("UserIdGroupPairs", "GroupId"),
    "prefixListIds": ("PrefixListIds", "PrefixListId"),
}
"""Inputs that name a rule's peers, and the list and member of an IpPermission that takes them."""


class SecurityGroup(ResourceType, token="aws:ec2/securityGroup:SecurityGroup"):
    """A security group; as the provider does, EC2's default rule 'everything out' is removed."""

    tags = True
    replace_on = words("description name namePrefix vpcId")
    provider_only: ClassVar = {"revokeRulesOnDelete": "says what the provider does before it deletes the group"}
    delete_call = deleted_by("ec2:DeleteSecurityGroup", GroupId="id")

    def create(self, request: ResourceRequest) -> Attributes:
        name = request.physical_name()
        description = request.inputs.take("description", "Managed by Pulumi")
        inline = {direction: request.inputs.take(direction) or [] for direction in ("ingress", "egress")}
        extra = {"GroupName": name, "Description": description} | tag_specifications(request, "security-group")
        group_id = request.call_with_inputs("ec2", "CreateSecurityGroup", extra)["GroupId"]
        (group,) = request.call("ec2", "DescribeSecurityGroups", GroupIds=[group_id])["SecurityGroups"]
        if default := group["IpPermissionsEgress"]:
            request.call("ec2", "RevokeSecurityGroupEgress", GroupId=group_id, IpPermissions=default)
        for direction, rules in inline.items():
            for rule in rules:
                _authorize(request, direction, group_id, rule)
        outputs = {"arn": ec2_arn(request, f"security-group/{group_id}"), "name": name, "description": description}
        return Attributes(group_id, outputs | {"ownerId": request.account.id})


class DefaultSecurityGroup(ResourceType, token="aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"):
    """The group that EC2 makes with a VPC. The provider adopts it, and removes all rules that it is not given."""

    tags = True
    replace_on = words("vpcId")

    def create(self, request: ResourceRequest) -> Attributes:
        filters = [
            {"Name": "vpc-id", "Values": [request.inputs.take("vpcId")]},
            {"Name": "group-name", "Values": ["default"]},
        ]
        (group,) = request.call("ec2", "DescribeSecurityGroups", Filters=filters)["SecurityGroups"]
        group_id = group["GroupId"]
        for direction, permissions in (("ingress", "IpPermissions"), ("egress", "IpPermissionsEgress")):
            if present := group[permissions]:
                operation = f"RevokeSecurityGroup{direction.capitalize()}"
                request.call("ec2", operation, GroupId=group_id, IpPermissions=present)
            for rule in request.inputs.take(direction) or []:
                _authorize(request, direction, group_id, rule)
        request.tagged = True
        if request.tags:
            request.call("ec2", "CreateTags", Resources=[group_id], Tags=request.tag_pairs())
        arn = ec2_arn(request, f"security-group/{group_id}")
        return Attributes(group_id, {"arn": arn, "name": "default", "ownerId": request.account.id})

    def delete(self, request: ResourceRequest) -> None:
        """Stays as it is, without rules: EC2 deletes it with its VPC."""


def _authorize(request: ResourceRequest, direction: str, group_id: str, rule: Mapping[str, Any]) -> None:
    permissions = [_permission(rule, group_id)]
    operation = f"AuthorizeSecurityGroup{direction.capitalize()}"
    request.call("ec2", operation, GroupId=group_id, IpPermissions=permissions)


def _permission(rule: Mapping[str, Any], group_id: str) -> dict[str, Any]:
    """A rule as EC2's IpPermission."""
    rest = dict(rule)
    permission: dict[str, Any] = {"IpProtocol": str(rest.pop("protocol"))}
    permission |= {"FromPort": rest.pop("fromPort"), "ToPort": rest.pop("toPort")}
    text = {"Description": rest.pop("description")} if rest.get("description") else {}
    for key, (peers, member) in SOURCES.items():
        for peer in rest.pop(key, None) or []:
            permission.setdefault(peers, []).append({member: peer, **text})
    if rest.pop("self", False):
        permission.setdefault("UserIdGroupPairs", []).append({"GroupId": group_id, **text})
    if rest:
        raise RehearsalError(f"the inputs {', '.join(rest)} of an inline rule are not carried.")
    return permission


class SecurityGroupRule(ResourceType, token="aws:ec2/securityGroupRule:SecurityGroupRule"):
    """The provider's older resource, which awsx uses for the groups of endpoints."""

    replace_on = EVERY

    def create(self, request: ResourceRequest) -> Attributes:
        keys = ("protocol", "fromPort", "toPort", "description", "self", *SOURCES)
        rule = {key: request.inputs.take(key) for key in keys if key in request.inputs}
        group_id, direction = request.inputs.require("securityGroupId"), request.inputs.require("type")
        _authorize(request, direction, group_id, rule)
        ports = f"{rule['protocol']}-{rule['fromPort']}-{rule['toPort']}"
        return Attributes(f"sgrule-{group_id}-{direction}-{ports}")

    def delete(self, request: ResourceRequest) -> None:
        """The resource knows no id of its rule: direction and port find it."""
        group_id, port = request.attribute("securityGroupId"), request.attribute("fromPort")
        direction = str(request.attribute("type"))
        filters = [{"Name": "group-id", "Values": [group_id]}]
        rules = request.call("ec2", "DescribeSecurityGroupRules", Filters=filters)["SecurityGroupRules"]
        ids = [
            rule["SecurityGroupRuleId"]
            for rule in rules
            if rule["IsEgress"] == (direction == "egress") and rule.get("FromPort") == port
        ]
        operation = f"RevokeSecurityGroup{direction.capitalize()}"
        request.call("ec2", operation, GroupId=group_id, SecurityGroupRuleIds=ids)
