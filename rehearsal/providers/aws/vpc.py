"""Security group rules, one resource a rule."""

from __future__ import annotations

from typing import Any

from rehearsal.errors import RehearsalError
from rehearsal.providers.aws.ec2_network import tag_specifications
from rehearsal.providers.aws.endpoints import ec2_arn
from rehearsal.providers.resource import Attributes, ResourceRequest, ResourceType, words

SOURCES = {
    "cidrIpv4": ("IpRanges", "CidrIp"),
    "cidrIpv6": ("Ipv6Ranges", "CidrIpv6"),
    "referencedSecurityGroupId": ("UserIdGroupPairs", "GroupId"),
    "prefixListId": ("PrefixListIds", "PrefixListId"),
}
"""Inputs that name a rule's peer, and the list and member of an IpPermission that takes it."""
MODIFY_MEMBERS = {
    "ipProtocol": "IpProtocol",
    "fromPort": "FromPort",
    "toPort": "ToPort",
    "description": "Description",
    "cidrIpv4": "CidrIpv4",
    "cidrIpv6": "CidrIpv6",
    "referencedSecurityGroupId": "ReferencedGroupId",
    "prefixListId": "PrefixListId",
}


class _Rule(ResourceType):
    """A rule in either direction."""

    api = "ec2"
    tags = True
    replace_on = words("securityGroupId")
    direction = ""

    def create(self, request: ResourceRequest) -> Attributes:
        protocol = str(request.inputs.require("ipProtocol"))
        permission: dict[str, Any] = {"IpProtocol": protocol}
        for key, member in (("fromPort", "FromPort"), ("toPort", "ToPort")):
            if (port := request.inputs.take(key)) is not None:
                permission[member] = port
            elif protocol != "-1":
                raise RehearsalError(f"{key}: a rule for protocol {protocol} needs it.")
        text = request.inputs.take("description")
        sources = {key: value for key in SOURCES if (value := request.inputs.take(key)) is not None}
        if len(sources) != 1:
            names = ", ".join(SOURCES)
            raise RehearsalError(f"exactly one of {names} must be given, got {sorted(sources) or 'none'}.")
        for key, value in sources.items():
            peers, member = SOURCES[key]
            permission[peers] = [{member: value} | ({"Description": text} if text else {})]
        extra = {"IpPermissions": [permission]} | tag_specifications(request, "security-group-rule")
        renames = {"securityGroupId": "GroupId"}
        answer = request.call_with_inputs("ec2", f"AuthorizeSecurityGroup{self.direction}", extra, renames=renames)
        rule_id = answer["SecurityGroupRules"][0]["SecurityGroupRuleId"]
        outputs = {"securityGroupRuleId": rule_id, "arn": ec2_arn(request, f"security-group-rule/{rule_id}")}
        return Attributes(rule_id, outputs)

    def update(self, request: ResourceRequest) -> None:
        """The rule as a whole, under the id that it has."""
        rule = {}
        for key, member in MODIFY_MEMBERS.items():
            request.inputs.take(key)
            if request.all_inputs.get(key) is not None:
                rule[member] = request.all_inputs[key]
        group_id = request.all_inputs["securityGroupId"]
        rules = [{"SecurityGroupRuleId": request.id, "SecurityGroupRule": rule}]
        request.call("ec2", "ModifySecurityGroupRules", GroupId=group_id, SecurityGroupRules=rules)

    def delete(self, request: ResourceRequest) -> None:
        """Revoked from its group."""
        operation = f"RevokeSecurityGroup{self.direction}"
        group_id = request.attribute("securityGroupId")
        request.call("ec2", operation, GroupId=group_id, SecurityGroupRuleIds=[request.id])


class SecurityGroupIngressRule(_Rule, token="aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"):
    """Who may connect, to which ports."""

    direction = "Ingress"


class SecurityGroupEgressRule(_Rule, token="aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"):
    """To whom its members may connect, on which ports."""

    direction = "Egress"
