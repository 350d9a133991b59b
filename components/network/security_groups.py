"""Security groups and the edges between them: one call opens one edge, on both sides, and nothing else is open."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

ANYWHERE = "0.0.0.0/0"
EDGE_TAG = "cvat:edge"
"""Tag that says which end of which intended edge a group is."""
HTTPS = 443
Group = aws.ec2.SecurityGroup
AnyGroup = aws.ec2.SecurityGroup | str
"""A group of the stack, or the id of one that exists already."""


def group(name: str, edge: str, vpc_id: pulumi.Input[str], opts: pulumi.ResourceOptions) -> Group:
    """A security group that lets nothing in or out yet. `edge` is its name in the list of intended edges."""
    return aws.ec2.SecurityGroup(
        name, description=f"CVAT: {edge}", vpc_id=vpc_id, tags={"Name": name, EDGE_TAG: edge}, opts=opts
    )


def group_id(group: AnyGroup) -> pulumi.Output[str]:
    """The id of either kind of group."""
    return pulumi.Output.from_input(group if isinstance(group, str) else group.id)


def allow(name: str, client: AnyGroup, server: AnyGroup, port: int, opts: pulumi.ResourceOptions) -> None:
    """Open client -> server on a TCP port."""
    client_id, server_id = group_id(client), group_id(server)
    aws.vpc.SecurityGroupEgressRule(
        f"{name}-out",
        security_group_id=client_id,
        referenced_security_group_id=server_id,
        ip_protocol="tcp",
        from_port=port,
        to_port=port,
        opts=opts,
    )
    aws.vpc.SecurityGroupIngressRule(
        f"{name}-in",
        security_group_id=server_id,
        referenced_security_group_id=client_id,
        ip_protocol="tcp",
        from_port=port,
        to_port=port,
        opts=opts,
    )


def allow_from(name: str, cidr: pulumi.Input[str], server: AnyGroup, port: int, opts: pulumi.ResourceOptions) -> None:
    """Open an address range -> server on a TCP port."""
    aws.vpc.SecurityGroupIngressRule(
        name,
        security_group_id=group_id(server),
        cidr_ipv4=cidr,
        ip_protocol="tcp",
        from_port=port,
        to_port=port,
        opts=opts,
    )


def allow_out(name: str, client: AnyGroup, opts: pulumi.ResourceOptions, port: int = HTTPS) -> None:
    """Open client -> anywhere on a TCP port.

    443: AWS's APIs, by NAT or endpoint; for the load balancer, an identity provider.
    """
    aws.vpc.SecurityGroupEgressRule(
        name,
        security_group_id=group_id(client),
        cidr_ipv4=ANYWHERE,
        ip_protocol="tcp",
        from_port=port,
        to_port=port,
        opts=opts,
    )
