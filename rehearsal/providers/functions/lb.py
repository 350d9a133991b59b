"""Load balancers that exist."""

from __future__ import annotations

from typing import Any

from rehearsal.providers.functions import FunctionCall, function


@function("aws:lb/getLbs:getLbs")
def load_balancers(call: FunctionCall) -> dict[str, Any]:
    """ARNs of load balancers with these tags."""
    tags, client = call.arguments.take("tags") or {}, call.client("elbv2")
    arns = [balancer["LoadBalancerArn"] for balancer in client.describe_load_balancers()["LoadBalancers"]]
    described = client.describe_tags(ResourceArns=arns)["TagDescriptions"] if arns else []
    owned = {resource["ResourceArn"]: {tag["Key"]: tag["Value"] for tag in resource["Tags"]} for resource in described}
    return {
        "id": call.region,
        "arns": [arn for arn, present in owned.items() if tags.items() <= present.items()],
        "region": call.region,
    }


@function("aws:lb/getLoadBalancer:getLoadBalancer")
def load_balancer(call: FunctionCall) -> dict[str, Any]:
    """A load balancer."""
    arn, client = call.arguments.take("arn"), call.client("elbv2")
    (balancer,) = client.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"]
    attributes = client.describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]
    values = {attribute["Key"]: attribute["Value"] for attribute in attributes}
    return {
        "id": arn,
        "arn": arn,
        "arnSuffix": arn.partition(":loadbalancer/")[2],
        "dnsName": balancer["DNSName"],
        "zoneId": balancer["CanonicalHostedZoneId"],
        "loadBalancerType": balancer["Type"],
        "vpcId": balancer["VpcId"],
        "internal": balancer["Scheme"] == "internal",
        "enableDeletionProtection": values.get("deletion_protection.enabled") == "true",
        "idleTimeout": int(values.get("idle_timeout.timeout_seconds", "60")),
        "securityGroups": balancer["SecurityGroups"],
        "region": call.region,
    }
