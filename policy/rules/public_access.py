"""Stores are reachable from inside the VPC only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from policy.rules.resource import Context, Resource, listed, rule, statements

LOCKS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
STORE_PORTS = {5432: "PostgreSQL", 6379: "Redis", 2049: "NFS"}
ANYWHERE = ("0.0.0.0/0", "::/0")


@rule("no-public-store", "No database, cache, file system or bucket can be reached from outside the VPC.")
def no_public_store(resource: Resource, _: Context) -> Iterator[str]:
    """The rule."""
    if resource.type == "aws:rds/instance:Instance" and resource.get("publiclyAccessible"):
        yield "publiclyAccessible is true: the database would get a public address. Set it to false."
    if resource.type == "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock":
        for lock in LOCKS:
            if resource.get(lock) is not True:
                yield f"{lock} is {resource.get(lock)!r}: the bucket could be made public. Set all four locks to true."
    if resource.type in ("aws:s3/bucketPolicy:BucketPolicy", "aws:efs/fileSystemPolicy:FileSystemPolicy"):
        for statement in statements(resource.get("policy")):
            if allows_everyone(statement):
                yield "its policy allows everyone: name the roles that may, or leave access to IAM."
    if resource.type in ("aws:s3/bucketAcl:BucketAcl", "aws:s3/bucket:Bucket"):
        acl = resource.get("acl")
        if isinstance(acl, str) and acl.startswith("public"):
            yield f"acl is {acl!r}: leave it out, access is given by IAM."
    yield from _ports(resource)


def allows_everyone(statement: Mapping[str, Any]) -> bool:
    """Whether a statement of a resource policy allows something to every principal, or to all but the listed ones."""
    return statement.get("Effect") == "Allow" and ("NotPrincipal" in statement or _everyone(statement.get("Principal")))


def _everyone(principal: Any) -> bool:
    if isinstance(principal, Mapping):
        return any(_everyone(member) for value in principal.values() for member in listed(value))
    return bool(principal == "*")


def _ports(resource: Resource) -> Iterator[str]:
    if resource.type == "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule":
        edges: list[Mapping[str, Any]] = [resource.inputs]
    elif resource.type == "aws:ec2/securityGroup:SecurityGroup":
        edges = [block for block in listed(resource.get("ingress")) if isinstance(block, Mapping)]
    else:
        return
    for edge in edges:
        sources = [*listed(edge.get("cidrIpv4")), *listed(edge.get("cidrIpv6")), *listed(edge.get("cidrBlocks"))]
        if not any(source in ANYWHERE for source in sources):
            continue
        for port, name in STORE_PORTS.items():
            everything = edge.get("ipProtocol", edge.get("protocol")) in ("-1", -1)
            if everything or edge.get("fromPort", 0) <= port <= edge.get("toPort", 65535):
                yield f"it opens {name} (port {port}) to everyone: name the client's security group as the source."
