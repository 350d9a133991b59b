"""Whether a change costs anybody data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rehearsal.diff.model import Change, Danger, Diff, Document, Resource, resources

STORES: Mapping[str, str] = {
    "aws:rds/instance:Instance": "the database",
    "aws:rds/cluster:Cluster": "the database",
    "aws:elasticache/replicationGroup:ReplicationGroup": "the job queues",
    "aws:efs/fileSystem:FileSystem": "all media",
    "aws:s3/bucket:Bucket": "the bucket's objects",
    "aws:secretsmanager/secret:Secret": "the secret and its versions",
    "aws:kms/key:Key": "whatever the key encrypted",
    "random:index/randomPassword:RandomPassword": "the generated password",
}
"""Types that hold what nobody can make again, and what would be lost."""

GROUPS: Mapping[str, str] = {
    "aws:rds/instance:Instance": "dbSubnetGroupName",
    "aws:elasticache/replicationGroup:ReplicationGroup": "subnetGroupName",
}
"""Stores that cannot leave their VPC, and the input that names their subnets."""


def dangers(diff: Diff, base: Document, head: Document) -> Iterator[Danger]:
    """A sentence for each store that would be replaced, deleted, left behind or no longer protected."""
    kept, now = resources(base), resources(head)
    for urn in sorted(kept.keys() & now.keys()):
        title = now[urn].title
        if now[urn].type in STORES and kept[urn].protect and not now[urn].protect:
            text = f"{title} would no longer be protected: the next destroy or replacement deletes it. Keep `protect`."
            yield Danger("store", title, text)
    groups = {one.resource.label: one for one in diff.changes if "ubnetGroup" in one.resource.type}
    for change in diff.changes:
        what = STORES.get(change.resource.type)
        if what and change.kind == "removed":
            yield _danger(
                change,
                f"would be DELETED, and {what} with it. If it was only renamed or moved, give it "
                "`aliases`; otherwise export what it holds first.",
            )
        elif what and change.kind == "replaced":
            causes = ", ".join(one.path for one in change.properties if one.replaces)
            yield _danger(change, f"would be REPLACED because of {causes}; {what} would be lost. Keep the old value.")
    for resource in now.values():
        key = GROUPS.get(resource.type)
        group = groups.get(str(resource.inputs.get(key))) if key else None
        if key and group is not None and _moves(group):
            yield _stranded(resource, group)


def _danger(change: Change, text: str) -> Danger:
    return Danger("store", change.resource.title, f"{change.resource.title} {text}")


def _moves(group: Change) -> bool:
    """Whether subnets of the group are made anew: they lie in another VPC or range then."""
    return group.kind == "replaced" or any(one.path == "subnetIds" and one.follows for one in group.properties)


def _stranded(resource: Resource, group: Change) -> Danger:
    title = resource.title
    return Danger(
        "store",
        title,
        f"{title} would have to be REPLACED: the subnets of {group.resource.title} are made anew, and AWS moves no "
        f"store to other subnets while it stands in the old ones. The update would fail half-way, "
        f"or {STORES[resource.type]} be lost. Keep the network as it is, or restore a snapshot into a new stack.",
    )
