"""Rules for the keys that name what exists already: each name must be of the right kind, partition and region."""

from __future__ import annotations

import re
from collections.abc import Iterator

from region import Region
from settings.model import Settings

_ACCOUNT = r"\d{12}"


def given_rules(settings: Settings, region: Region) -> Iterator[str]:
    """All that is wrong with names of what exists already, as far as it can be told without asking AWS."""
    yield from _boundary(settings.account.permissions_boundary_arn, region)
    yield from _database(settings, region)
    yield from _files(settings)
    yield from _balancer(settings, region)
    yield from _canary(settings)
    yield from _key("kmsKeyArn", settings.account.kms_key_arn, region)
    yield from _key("backupKeyArn", settings.data.backup_key_arn, region)


def _database(settings: Settings, region: Region) -> Iterator[str]:
    given = settings.given
    parts = {"dbSecretArn": given.db_secret_arn, "dbSecurityGroupId": given.db_security_group_id}
    if not given.db_instance_id:
        for key, value in parts.items():
            if value:
                yield f"cvat:{key} = {value}: it belongs to cvat:dbInstanceId, which is empty. Set that, or remove it."
        return
    what = f"cvat:dbInstanceId = {given.db_instance_id}"
    if lacking := [key for key, value in {"vpcId": settings.network.vpc_id, **parts}.items() if not value]:
        keys = ", ".join(f"cvat:{key}" for key in lacking)
        yield f"{what}: an existing database also needs {keys}. Set what is missing, or leave it empty for a new one."
    if settings.restore.restore_database_snapshot:
        yield f"{what}: with cvat:restoreDatabaseSnapshot a new database is made. Remove one of the two."
    start = region.arn("secretsmanager", "secret:", account="ACCOUNT")
    pattern = re.escape(start).replace("ACCOUNT", _ACCOUNT) + r"[^:]+-\w{6}"
    if given.db_secret_arn and not re.fullmatch(pattern, given.db_secret_arn):
        yield (
            f"cvat:dbSecretArn = {given.db_secret_arn}: it must be the whole ARN of a secret of this region "
            f"({start.replace('ACCOUNT', '<account>')}<name>-<six characters>). Copy it from Secrets Manager."
        )


def _files(settings: Settings) -> Iterator[str]:
    group = settings.given.file_system_security_group_id
    needed = {"fileSystemId": settings.given.file_system_id, "vpcId": settings.network.vpc_id}
    if group and (lacking := [key for key, value in needed.items() if not value]):
        keys = ", ".join(f"cvat:{key}" for key in lacking)
        yield f"cvat:fileSystemSecurityGroupId = {group}: it also needs {keys}. Set what is missing, or remove it."


def _balancer(settings: Settings, region: Region) -> Iterator[str]:
    arn, group = settings.given.load_balancer_arn, settings.given.load_balancer_security_group_id
    if group and not arn:
        yield (
            f"cvat:loadBalancerSecurityGroupId = {group}: it belongs to cvat:loadBalancerArn, which is empty. "
            "Set that, or remove it."
        )
    if not arn:
        return
    what = f"cvat:loadBalancerArn = {arn}"
    needed = {"vpcId": settings.network.vpc_id, "loadBalancerSecurityGroupId": group}
    if lacking := [key for key, value in needed.items() if not value]:
        keys = ", ".join(f"cvat:{key}" for key in lacking)
        yield f"{what}: an existing load balancer also needs {keys}. Set what is missing, or leave it empty."
    start = region.arn("elasticloadbalancing", "loadbalancer/", account="ACCOUNT")
    if not re.fullmatch(re.escape(start).replace("ACCOUNT", _ACCOUNT) + r"app/[\w-]+/[0-9a-f]+", arn):
        yield (
            f"{what}: it must be an application load balancer of this region "
            f"({start.replace('ACCOUNT', '<account>')}app/<name>/<id>). Copy it from the load balancer's page."
        )
    if settings.ingress.firewall:
        yield f"{what}: its firewall is its owner's matter, and cvat:waf would replace it. Set cvat:waf to false."


def _canary(settings: Settings) -> Iterator[str]:
    if settings.canary and settings.oidc.oidc_issuer:
        yield (
            f"cvat:canary = hourly and cvat:oidcIssuer = {settings.oidc.oidc_issuer}: the smoke test logs in with a "
            "password, and would meet the provider's page instead of CVAT. Set cvat:canary to off."
        )


def _boundary(arn: str, region: Region) -> Iterator[str]:
    start = region.arn("iam", "policy/", account="ACCOUNT", region="")
    pattern = re.escape(start).replace("ACCOUNT", rf"({_ACCOUNT}|aws)") + r"[\w+=,.@/-]+"
    if arn and not re.fullmatch(pattern, arn):
        yield (
            f"cvat:permissionsBoundaryArn = {arn}: it must be an IAM policy of this partition "
            f"({start.replace('ACCOUNT', '<account>')}<name>). Copy it from `aws iam list-policies --scope Local`."
        )


def _key(name: str, arn: str, region: Region) -> Iterator[str]:
    """The key itself, not an alias: IAM permissions name keys only."""
    start = region.arn("kms", "key/", account="ACCOUNT")
    if arn and not re.fullmatch(re.escape(start).replace("ACCOUNT", _ACCOUNT) + r"[\w-]+", arn):
        yield (
            f"cvat:{name} = {arn}: it must be a key of this region ({start.replace('ACCOUNT', '<account>')}<id>), "
            "not an alias. Copy its ARN from `aws kms describe-key`."
        )


def canary_warnings(settings: Settings) -> Iterator[str]:
    """What the hourly smoke test needs, and the program cannot see to."""
    access = settings.access
    closed = not access.internal and "0.0.0.0/0" not in access.allowed_cidrs
    if settings.canary and closed and settings.network.vpc_id:
        yield (
            "The hourly smoke test calls from the NAT gateways of your VPC. Add their addresses to cvat:allowedCidrs, "
            "or set cvat:canary to off."
        )
