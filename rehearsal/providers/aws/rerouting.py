"""How resources of the network and the front door are changed in place; see changing.py."""

from __future__ import annotations

from typing import Any

from rehearsal.engine.inputs import Inputs
from rehearsal.providers.aws import balancers, ingress
from rehearsal.providers.aws.security_groups import SOURCES
from rehearsal.providers.change import updates
from rehearsal.providers.resource import Made, Make

MEMBERS = {"cidrIpv4": "CidrIpv4", "cidrIpv6": "CidrIpv6", "prefixListId": "PrefixListId"}


@updates("aws:ec2/vpc:Vpc", resets={"enableDnsHostnames": False, "enableDnsSupport": True})
def vpc(make: Make) -> None:
    """Its DNS attributes."""
    for key, name in (("enableDnsSupport", "EnableDnsSupport"), ("enableDnsHostnames", "EnableDnsHostnames")):
        if key in make.inputs.left():
            make.ask("ec2", "ModifyVpcAttribute", VpcId=make.id, **{name: {"Value": make.inputs.take(key)}})


@updates("aws:ec2/subnet:Subnet", resets={"mapPublicIpOnLaunch": False})
def subnet(make: Make) -> None:
    """Whether it gives out public addresses."""
    public = make.inputs.take("mapPublicIpOnLaunch")
    make.ask("ec2", "ModifySubnetAttribute", SubnetId=make.id, MapPublicIpOnLaunch={"Value": public})


@updates("aws:ec2/route:Route")
def route(make: Make) -> None:
    """Another target for the same destination."""
    for key in [key for key, value in make.inputs.left().items() if value is None]:
        make.inputs.take(key)  # a route has one target, and the new one stands for the old
    where = {"RouteTableId": make.known("routeTableId"), "DestinationCidrBlock": make.known("destinationCidrBlock")}
    make.call("ec2", "ReplaceRoute", where)


@updates("aws:ec2/routeTableAssociation:RouteTableAssociation")
def route_table_association(make: Make) -> Made:
    """Another table for the subnet; the association gets another identifier."""
    return Made(make.call("ec2", "ReplaceRouteTableAssociation", {"AssociationId": make.id})["NewAssociationId"])


@updates("aws:ec2/vpcEndpoint:VpcEndpoint", resets={"routeTableIds": [], "securityGroupIds": [], "subnetIds": []})
def vpc_endpoint(make: Make) -> None:
    """What it is reached from: EC2 wants to know what to add and what to remove."""
    extra: dict[str, Any] = {"VpcEndpointId": make.id}
    for key, name in (("routeTableIds", "RouteTable"), ("securityGroupIds", "SecurityGroup"), ("subnetIds", "Subnet")):
        if key in make.inputs.left():
            new, old = set(make.inputs.take(key)), set(make.known(key) or [])
            extra |= {f"Add{name}Ids": sorted(new - old)} if new - old else {}
            extra |= {f"Remove{name}Ids": sorted(old - new)} if old - new else {}
    if "policy" in make.inputs.left():
        policy = make.inputs.take("policy")
        extra |= {"PolicyDocument": policy} if policy else {"ResetPolicy": True}
    make.call("ec2", "ModifyVpcEndpoint", extra)


@updates("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
def ingress_rule(make: Make) -> None:
    """The rule as a whole, under the identifier that it has."""
    _rule(make)


@updates("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule")
def egress_rule(make: Make) -> None:
    """The same outwards."""
    _rule(make)


def _rule(make: Make) -> None:
    given = make.whole
    wanted = {"IpProtocol": given["ipProtocol"]}
    for key, name in (("fromPort", "FromPort"), ("toPort", "ToPort"), ("description", "Description")):
        make.inputs.take(key)
        wanted |= {name: given[key]} if given.get(key) is not None else {}
    for key in SOURCES:
        make.inputs.take(key)
        name = MEMBERS.get(key, "ReferencedGroupId")
        wanted |= {name: given[key]} if given.get(key) is not None else {}
    make.inputs.take("ipProtocol")
    rules = [{"SecurityGroupRuleId": make.id, "SecurityGroupRule": wanted}]
    make.ask("ec2", "ModifySecurityGroupRules", GroupId=given["securityGroupId"], SecurityGroupRules=rules)


@updates("aws:lb/loadBalancer:LoadBalancer", resets={"accessLogs": {}, "connectionLogs": {}})
def load_balancer(make: Make) -> None:
    """Groups, subnets and attributes have a call each."""
    name = {"LoadBalancerArn": make.id}
    if attributes := balancers.balancer_attributes(make.inputs):
        make.ask("elbv2", "ModifyLoadBalancerAttributes", **name, Attributes=attributes)
    if groups := make.inputs.take("securityGroups"):
        make.ask("elbv2", "SetSecurityGroups", **name, SecurityGroups=groups)
    if subnets := make.inputs.take("subnets"):
        make.ask("elbv2", "SetSubnets", **name, Subnets=subnets)


@updates("aws:lb/targetGroup:TargetGroup")
def target_group(make: Make) -> None:
    """How health is checked, and attributes."""
    name = {"TargetGroupArn": make.id}
    if health := balancers.health(make.inputs):
        make.ask("elbv2", "ModifyTargetGroup", **name, **health)
    if attributes := balancers.target_attributes(make.inputs):
        make.ask("elbv2", "ModifyTargetGroupAttributes", **name, Attributes=attributes)


@updates("aws:lb/listener:Listener")
def listener(make: Make) -> None:
    """Port, protocol, certificate and what happens by default."""
    make.call("elbv2", "ModifyListener", {"ListenerArn": make.id, **balancers.listener_extra(make.inputs)})


@updates("aws:lb/listenerRule:ListenerRule")
def listener_rule(make: Make) -> None:
    """What it looks at and what it does; its place among the others is a call of its own."""
    if priority := make.inputs.take("priority"):
        make.ask("elbv2", "SetRulePriorities", RulePriorities=[{"RuleArn": make.id, "Priority": priority}])
    if wanted := balancers.rule_extra(make.inputs):
        make.ask("elbv2", "ModifyRule", RuleArn=make.id, **wanted)


@updates("aws:acm/certificate:Certificate")
def certificate(make: Make) -> None:
    """One that is imported is renewed under its ARN: certificate, key and chain go together."""
    if set(ingress.IMPORTED) & set(make.inputs.left()):
        make.ask("acm", "ImportCertificate", **{"CertificateArn": make.id, **ingress.imported(Inputs(make.whole))})
        for key in ingress.IMPORTED:
            make.inputs.take(key)


@updates("aws:wafv2/ipSet:IpSet")
def ip_set(make: Make) -> None:
    """The addresses as a whole."""
    who = {"Name": make.known("name"), "Scope": make.known("scope"), "Id": make.id}
    lock = make.ask("wafv2", "GetIPSet", **who)["LockToken"]
    make.inputs.put("addresses", make.whole["addresses"])
    make.call("wafv2", "UpdateIPSet", {**who, "LockToken": lock})


@updates("aws:wafv2/webAcl:WebAcl")
def web_acl(make: Make) -> None:
    """Its rules as a whole, with what WAF wants along."""
    who = {"Name": make.known("name"), "Scope": make.known("scope"), "Id": make.id}
    lock = make.ask("wafv2", "GetWebACL", **who)["LockToken"]
    for key in ("defaultAction", "visibilityConfig", "rules"):
        make.inputs.put(key, make.whole.get(key, []))
    make.call("wafv2", "UpdateWebACL", {**who, "LockToken": lock})
