"""Rules of security groups that exist."""

from __future__ import annotations

from typing import Any

from rehearsal.providers.functions import FunctionCall, function


@function("aws:vpc/getSecurityGroupRules:getSecurityGroupRules")
def rules(call: FunctionCall) -> dict[str, Any]:
    """Ids of the rules that filters choose."""
    filters = [{"Name": item["name"], "Values": item["values"]} for item in call.arguments.take("filters") or []]
    pages = call.client("ec2").get_paginator("describe_security_group_rules").paginate(Filters=filters)
    ids = [rule["SecurityGroupRuleId"] for page in pages for rule in page["SecurityGroupRules"]]
    return {"id": call.region, "ids": ids, "region": call.region}


@function("aws:vpc/getSecurityGroupRule:getSecurityGroupRule")
def rule(call: FunctionCall) -> dict[str, Any]:
    """One rule."""
    identifier = call.arguments.take("securityGroupRuleId")
    (described,) = call.client("ec2").describe_security_group_rules(SecurityGroupRuleIds=[identifier])[
        "SecurityGroupRules"
    ]
    return {
        "id": identifier,
        "securityGroupRuleId": identifier,
        "securityGroupId": described["GroupId"],
        "isEgress": described["IsEgress"],
        "ipProtocol": described["IpProtocol"],
        "fromPort": described.get("FromPort", -1),
        "toPort": described.get("ToPort", -1),
        "cidrIpv4": described.get("CidrIpv4", ""),
        "referencedSecurityGroupId": described.get("ReferencedGroupInfo", {}).get("GroupId", ""),
        "tags": {tag["Key"]: tag["Value"] for tag in described.get("Tags", [])},
        "region": call.region,
    }
