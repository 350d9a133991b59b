"""Stores are reached from inside only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from policy.rules.model import Context, Thing, listed, rule, statements

LOCKS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
STORE_PORTS = {5432: "PostgreSQL", 6379: "Redis", 2049: "NFS"}
ANYWHERE = ("0.0.0.0/0", "::/0")


@rule("no-public-store", "No database, cache, file system or bucket can be reached from outside the VPC.")
def no_public_store(thing: Thing, _: Context) -> Iterator[str]:
    """The rule."""
    if thing.type == "aws:rds/instance:Instance" and thing.get("publiclyAccessible"):
        yield "publiclyAccessible is true: the database would get a public address. Set it to false."
    if thing.type == "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock":
        for lock in LOCKS:
            if thing.get(lock) is not True:
                yield f"{lock} is {thing.get(lock)!r}: the bucket could be made public. Set all four locks to true."
    if thing.type in ("aws:s3/bucketPolicy:BucketPolicy", "aws:efs/fileSystemPolicy:FileSystemPolicy"):
        for statement in statements(thing.get("policy")):
            if lets_everyone_in(statement):
                yield "its policy allows everyone: name the roles that may, or leave access to IAM."
    if thing.type in ("aws:s3/bucketAcl:BucketAcl", "aws:s3/bucket:Bucket"):
        acl = thing.get("acl")
        if isinstance(acl, str) and acl.startswith("public"):
            yield f"acl is {acl!r}: leave it out, access is given by IAM."
    yield from _ports(thing)


def lets_everyone_in(statement: Mapping[str, Any]) -> bool:
    """Whether a statement of a resource's policy allows something to whoever asks, or to all but a few."""
    return statement.get("Effect") == "Allow" and ("NotPrincipal" in statement or _everyone(statement.get("Principal")))


def _everyone(principal: Any) -> bool:
    if isinstance(principal, Mapping):
        return any(_everyone(one) for value in principal.values() for one in listed(value))
    return bool(principal == "*")


def _ports(thing: Thing) -> Iterator[str]:
    if thing.type == "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule":
        edges: list[Mapping[str, Any]] = [thing.inputs]
    elif thing.type == "aws:ec2/securityGroup:SecurityGroup":
        edges = [one for one in listed(thing.get("ingress")) if isinstance(one, Mapping)]
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
