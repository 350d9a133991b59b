"""Rules that hold between keys, or between a key and the region. Each yields sentences: key, value, rule, remedy."""

from __future__ import annotations

import ipaddress
import itertools
import re
from collections.abc import Iterator

from region import Region
from settings import rules_access
from settings.model import Settings
from settings.office_hours import OfficeHours
from settings.rules_given import given_rules
from settings.values import fargate_size_problem
from settings.zones import ZONES

_LONGEST_SUBNET_PREFIX = 26
"""An ALB asks for 8 free addresses; tasks, mount targets and endpoints of a zone need more: a /26 has 59."""
_SMALLEST_DATABASE_GB = 20
"""RDS refuses less gp3 storage for PostgreSQL (RDS user guide, "gp3 storage", read 2026-11)."""


def broken_rules(settings: Settings, region: Region) -> Iterator[str]:
    """All that is wrong with settings whose single values are right."""
    yield from _protection(settings)
    yield from _addresses(settings)
    yield from _tasks(settings)
    yield from _instance_types(settings, region)
    yield from _database(settings)
    yield from _backups(settings)
    yield from rules_access.broken_rules(settings, region)
    yield from _images(settings, region)
    yield from _alarms(settings, region)
    yield from _sleep(settings)
    yield from given_rules(settings, region)


def _protection(settings: Settings) -> Iterator[str]:
    if settings.stack.preset == "production" and not settings.protect:
        yield (
            "cvat:disposable = true: nothing of cvat:preset = production may be deleted without a trace. "
            "Set it to false, or choose another preset for a trial."
        )


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
        size = settings.awake_tasks[kind]
        why = fargate_size_problem(size.cpu, size.memory)
        if why:
            keys = f"cvat:{kind}Cpu = {size.cpu} and cvat:{kind}Memory = {size.memory}"
            yield f"{keys} do not go together: {why}. Change one of them."
    for kind, key in (("worker", "worker"), ("annotation_worker", "annotationWorker")):
        if max(settings.awake_tasks[kind].count, settings.awake_tasks[kind].max_count) < 1:
            yield (
                f"cvat:{key}Count = 0 and cvat:{key}MaxCount = 0: jobs would wait for ever. Set cvat:{key}MaxCount to "
                "the number of workers that may start when there is work."
            )


def _instance_types(settings: Settings, region: Region) -> Iterator[str]:
    wanted = [("dbInstanceClass", "database", settings.database.instance_class)]
    wanted += [("redisNodeType", "cache", settings.cache.node_type)]
    if settings.inference.inference_layout != "none":
        wanted += [("inferenceInstanceType", "hosting", settings.endpoint.instance_type)]
    for key, kind, value in wanted:
        why = region.instance_type_problem(kind, value)
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


def _backups(settings: Settings) -> Iterator[str]:
    if settings.protect and settings.backup_days < 1:
        yield (
            "cvat:backupDays = 0: a stack that is not disposable keeps restore points. Set 1 or more, or "
            "cvat:disposable to true."
        )


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


def _sleep(settings: Settings) -> Iterator[str]:
    chosen, hours = settings.sleep, settings.hours
    if chosen.office_time_zone and not hours:
        yield (
            f"cvat:officeTimeZone = {chosen.office_time_zone}: there are no office hours that it could be for. "
            "Set cvat:officeHours too, or remove it."
        )
    if hours is None:
        return
    if settings.asleep:
        yield (
            f"cvat:mode = asleep and cvat:officeHours = {hours.text}: the schedule would wake what is to sleep. "
            "Remove one."
        )
    if settings.endpoint.max_count > settings.endpoint.count and settings.inference.inference_layout != "none":
        yield (
            f"cvat:inferenceMaxInstanceCount = {settings.endpoint.max_count} and cvat:officeHours: endpoints are "
            "removed every evening, and their scaling with them. Make it the same as cvat:inferenceInstanceCount "
            f"({settings.endpoint.count})."
        )
    yield from _backups_by_day(settings, hours)


def _backups_by_day(settings: Settings, hours: OfficeHours) -> Iterator[str]:
    fits = hours.backup_hours()
    if settings.backup_days and not fits:
        yield (
            f"cvat:officeHours = {hours.text}: backups need a running database for six hours in a row. "
            "Make the office hours longer."
        )
    elif settings.backup_days and settings.backup_times.hour not in fits:
        yield (
            f"cvat:backupHour = {settings.data.backup_hour} (UTC): at cvat:officeHours = {hours} the database does not "
            f"run from three hours before until two after. Choose one of {', '.join(map(str, fits))}, or -1."
        )
