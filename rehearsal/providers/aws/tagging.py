"""Tags that a service sets in its own way; all others follow from its model (rehearsal/providers/change.py)."""

from __future__ import annotations

from rehearsal.providers.change import retags
from rehearsal.providers.resource import Make


def _pairs(make: Make) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in make.tags.items()]


@retags("aws:iam/role:Role")
def role(make: Make) -> None:
    """IAM knows roles by their names."""
    gone = sorted(set(make.old.tags or {}) - set(make.tags)) if make.old else []
    if gone:
        make.ask("iam", "UntagRole", RoleName=make.id, TagKeys=gone)
    make.ask("iam", "TagRole", RoleName=make.id, Tags=_pairs(make))


@retags("aws:s3/bucket:Bucket")
def bucket(make: Make) -> None:
    """All at once."""
    make.ask("s3", "PutBucketTagging", Bucket=make.id, Tagging={"TagSet": _pairs(make)})


@retags("aws:s3/bucketObjectv2:BucketObjectv2")
def stored_object(make: Make) -> None:
    """All at once."""
    where = {"Bucket": make.known("bucket"), "Key": make.known("key")}
    make.ask("s3", "PutObjectTagging", **where, Tagging={"TagSet": _pairs(make)})
