"""Rules that hold between keys, or between a key and the region. Each yields sentences: key, value, rule, remedy."""

from __future__ import annotations

import ipaddress
import itertools
import re
from collections.abc import Iterator

from components.sizes import why_not_fargate
from region import Region
from settings import rules_access
from settings.keys import ZONES
from settings.model import Settings

_LONGEST_SUBNET_PREFIX = 26
"""An ALB asks for 8 free addresses; tasks, mount targets and endpoints of a zone need more: a /26 has 59."""
_SMALLEST_DATABASE_GB = 20
"""RDS refuses less gp3 storage for PostgreSQL (RDS user guide, "gp3 storage", read 2026-11)."""


def broken_rules(settings: Settings, region: Region) -> Iterator[str]:
    """All that is wrong with settings whose single values are right."""
    yield from _addresses(settings)
    yield from _tasks(settings)
    yield from _instance_types(settings, region)
    yield from _database(settings)
    yield from _backups(settings, region)
    yield from rules_access.broken_rules(settings, region)
    yield from _images(settings, region)
    yield from _alarms(settings, region)


def _addresses(settings: Settings) -> Iterator[str]:
    network = settings.network
    if network.vpc_id:
        return
    vpc = ipaddress.ip_network(network.vpc_cidr)
    named = []
    for key, cidrs in (
        ("publicSubnetCidrs", network.public_subnet_cidrs),
        ("privateSubnetCidrs", network.private_subnet_cidrs),
    ):
        if len(cidrs) != ZONES:
            yield f"cvat:{key} has {len(cidrs)} ranges: it must have {ZONES}, one a zone. Add or remove some."
        named += [(key, ipaddress.ip_network(cidr)) for cidr in cidrs]
    for key, subnet in named:
        if subnet.version != vpc.version or not subnet.subnet_of(vpc):  # type: ignore[arg-type]  # same version
            yield f"cvat:{key} = {subnet}: it must lie inside cvat:vpcCidr = {vpc}. Choose a range of that VPC."
        if subnet.prefixlen > _LONGEST_SUBNET_PREFIX:
            yield (
                f"cvat:{key} = {subnet}: it has {subnet.num_addresses} addresses and must have 64 or more, for "
                f"load balancer, tasks and endpoints. Choose a /{_LONGEST_SUBNET_PREFIX} or larger."
            )
    for (key, one), (other_key, other) in itertools.combinations(named, 2):
        if one.overlaps(other):
            yield f"cvat:{key} = {one} and cvat:{other_key} = {other} overlap: subnets must be disjoint. Move one."


def _tasks(settings: Settings) -> Iterator[str]:
    for kind in ("server", "ui", "gateway", "worker"):
        size = settings.tasks[kind]
        why = why_not_fargate(size.cpu, size.memory)
        if why:
            keys = f"cvat:{kind}Cpu = {size.cpu} and cvat:{kind}Memory = {size.memory}"
            yield f"{keys} do not go together: {why}. Change one of them."


def _instance_types(settings: Settings, region: Region) -> Iterator[str]:
    wanted = [("dbInstanceClass", "database", settings.database.instance_class)]
    wanted += [("redisNodeType", "cache", settings.cache.node_type)]
    if settings.inference.inference_layout != "none":
        wanted += [("inferenceInstanceType", "hosting", settings.endpoint.instance_type)]
    for key, kind, value in wanted:
        why = region.why_not_offered(kind, value)
        if why:
            yield f"cvat:{key} = {value}: {why}. Choose one of those."


def _database(settings: Settings) -> Iterator[str]:
    size = settings.database
    if size.storage_gb < _SMALLEST_DATABASE_GB:
        yield f"cvat:dbStorageGb = {size.storage_gb}: gp3 storage starts at {_SMALLEST_DATABASE_GB} GB. Raise it."
    if size.max_storage_gb < size.storage_gb:
        yield (
            f"cvat:dbMaxStorageGb = {size.max_storage_gb}: it must not be below cvat:dbStorageGb = "
            f"{size.storage_gb}. Raise it, or make both the same to switch growth off."
        )
    if settings.protect and size.backup_days < 1:
        yield (
            f"cvat:dbBackupDays = {size.backup_days}: a stack that is not disposable keeps backups. "
            "Set 1 to 35, or cvat:disposable to true."
        )


def _backups(settings: Settings, region: Region) -> Iterator[str]:
    if settings.protect and settings.backup_days < 1:
        yield (
            "cvat:backupDays = 0: a stack that is not disposable keeps restore points. Set 1 or more, or "
            "cvat:disposable to true."
        )
    key, prefix = settings.data.backup_key_arn, region.arn("kms", "", account="")[:-1]
    if key and not re.fullmatch(rf"{re.escape(prefix)}\d{{12}}:key/[\w-]+", key):
        yield f"cvat:backupKeyArn = {key}: it must be a key of this region ({prefix}<account>:key/<id>). Correct it."


def _images(settings: Settings, region: Region) -> Iterator[str]:
    registry = re.compile(rf"\d{{12}}\.dkr\.ecr\.[a-z0-9-]+\.{re.escape(region.dns_suffix)}/.+@sha256:[0-9a-f]{{64}}")
    for name, reference in settings.given_images.items():
        if not registry.fullmatch(reference):
            yield (
                f"cvat:{name}Image = {reference}: images come from an ECR registry of this partition, by digest "
                f"(<account>.dkr.ecr.{region.name}.{region.dns_suffix}/<repository>@sha256:<digest>). "
                "Copy the image there with `make mirror-images`, or leave the key empty to build it."
            )


def _alarms(settings: Settings, region: Region) -> Iterator[str]:
    email, topic = settings.alarms.alarm_email, settings.alarms.alarm_topic_arn
    if email and topic:
        yield (
            f"cvat:alarmEmail = {email} and cvat:alarmTopicArn = {topic}: the address is subscribed to a new topic, "
            "not to yours. Remove one."
        )
    if email and not re.fullmatch(r"[^@\s]+@[^@\s]+", email):
        yield f"cvat:alarmEmail = {email}: it must be a mail address. Write for example ops@example.com."
    prefix = region.arn("sns", "", account="")[:-1]
    if topic and not re.fullmatch(rf"{re.escape(prefix)}\d{{12}}:[\w-]+", topic):
        yield f"cvat:alarmTopicArn = {topic}: it must be a topic of this region ({prefix}<account>:<name>). Correct it."
