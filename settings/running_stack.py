"""What AWS cannot change about a stack that exists. Pure: what the account has, beside what the settings say."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from settings.errors import SettingsError
from settings.releases import DEFAULT, Release
from settings.settings import Settings
from settings.values import AddressPlan, DatabaseSize
from settings.zones import Zone

_LEAST_LIMIT_PERCENT = 110
"""Of the present storage
(https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIOPS.Autoscaling.html, read 2026-11)."""
_NEW_STACK = "create another stack, and restore a backup into it (docs/operations.md, Restore)"


class RunningStackError(SettingsError):
    """The settings would change what AWS cannot change, or replace a store."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__(problems, "A running stack cannot be changed so, and nothing has been changed:")


@dataclass(frozen=True, kw_only=True)
class RunningDatabase:
    """The stack's own RDS instance."""

    identifier: str
    version: str
    """Full version, such as 15.12."""
    storage_gb: int


@dataclass(frozen=True)
class RunningSubnet:
    """A subnet that the stack has created."""

    cidr: str
    zone: Zone


@dataclass(frozen=True, kw_only=True)
class RunningStack:
    """What the account has of the stack; nothing of a stack that does not exist yet."""

    region: str = ""
    release: str = DEFAULT.name
    """Of CVAT, whose migrations its database has."""
    version: str = ""
    """Of that release, to which its database is migrated at least. Empty: the release has one version only."""
    vpc_id: str = ""
    """The VPC of its security groups."""
    own_vpc_cidr: str = ""
    """Range of that VPC, if the stack has created it."""
    public_subnets: Mapping[int, RunningSubnet] = field(default_factory=dict)
    """Its own public subnets by their place."""
    private_subnets: Mapping[int, RunningSubnet] = field(default_factory=dict)
    isolated: bool = False
    """Whether its own VPC has no way to the Internet."""
    database: RunningDatabase | None = None
    redis_version: str = ""
    file_system_ids: tuple[str, ...] = ()
    """Of its own file system; AWS Backup gives a restored one the same tags."""
    initialised: bool = False
    """Whether it has services: its stores were there when these were created."""
    key_arn: str = ""
    """The customer's KMS key that encrypts its secrets; empty: AWS's own."""
    store_subnet_ids: frozenset[str] = frozenset()
    """Subnets of its stores."""


def check_running_stack(settings: Settings, running: RunningStack) -> None:
    """Raise RunningStackError where the settings ask for what AWS cannot do with the stack that exists."""
    if problems := list(_problems(settings, running)):
        raise RunningStackError(problems)


def storage_warning(settings: Settings, running: RunningStack) -> Iterator[str]:
    """What a database that has grown by itself does not follow."""
    database, size = running.database, settings.data.database
    if database and size.storage_gb < database.storage_gb:
        yield (
            f"cvat:dbStorageGb = {size.storage_gb}: the database has {database.storage_gb} GB by now, and RDS never "
            f"shrinks storage. Write it down: pulumi config set cvat:dbStorageGb {database.storage_gb}"
        )


def _problems(settings: Settings, running: RunningStack) -> Iterator[str]:
    if running.region and running.region != settings.region.name:
        yield (
            f"aws:region = {settings.region.name}: the stack runs in {running.region}, and AWS moves nothing to "
            f"another region. Set it back: pulumi config set aws:region {running.region}. Else {_NEW_STACK}."
        )
        return
    yield from _release(settings, running)
    yield from _network(settings, running)
    yield from _database(settings, running)
    yield from _redis(settings, running)
    yield from _files(settings, running)
    yield from _key(settings, running)


def _release(settings: Settings, running: RunningStack) -> Iterator[str]:
    new = settings.release.name
    if running.initialised and new != running.release:
        yield (
            f"cvat:release = {new}: the stack's database and files are those of {running.release}, and stay so. Set it "
            f"back: pulumi config set cvat:release {running.release}. {_another_release(settings.release, running)}"
        )
    elif running.initialised and running.version and _is_older(settings.release.version, running.version):
        yield (
            f"CVAT {settings.release.version} (settings/releases/{new}.py): the stack's database is migrated to "
            f"{running.version}, and CVAT goes back to no earlier version. Check out a commit of this repository that "
            f"names {running.version}. To go back, restore the snapshot cvat-before-... as a new stack "
            "(docs/releases.md)."
        )


def _another_release(new: Release, running: RunningStack) -> str:
    if running.release in new.upgrades:
        return (
            f"To upgrade, make a new stack with cvat:release = {new.name}, cvat:upgradeFrom = {running.release} and a "
            "restored copy of the data (docs/releases.md)."
        )
    return f"{new.name} cannot read them: a new stack with it begins without data (docs/releases.md)."


def _network(settings: Settings, running: RunningStack) -> Iterator[str]:
    vpc_id, own = settings.references.vpc_id, bool(running.own_vpc_cidr)
    if running.vpc_id and vpc_id != running.vpc_id and (vpc_id or not own):
        yield _another_vpc(vpc_id, running)
    elif vpc_id:
        yield from _subnets_of_stores(settings.references.private_subnet_ids, running)
    elif own and settings.network.isolated is not running.isolated:
        yield _another_way_out(settings.network.nat_gateways, running)
    elif own:
        yield from _ranges(settings.network.addresses, running)


def _another_vpc(vpc_id: str, running: RunningStack) -> str:
    own = "remove cvat:vpcId and both lists of subnets"
    back = own if running.own_vpc_cidr else f"cvat:vpcId {running.vpc_id}, with its subnets"
    return (
        f"cvat:vpcId = {vpc_id or '(empty)'}: the stack runs in {running.vpc_id}, and its stores cannot move to "
        f"another VPC. Set it back: {back}. For another VPC, {_NEW_STACK}."
    )


def _subnets_of_stores(subnet_ids: Sequence[str], running: RunningStack) -> Iterator[str]:
    if running.store_subnet_ids and running.store_subnet_ids != set(subnet_ids):
        present = ", ".join(sorted(running.store_subnet_ids))
        yield (
            f"cvat:privateSubnetIds = {', '.join(subnet_ids)}: the stack's stores live in {present}, and AWS moves "
            f"no store to another subnet. Set the list back. For other subnets, {_NEW_STACK}."
        )


def _another_way_out(nat_gateways: str, running: RunningStack) -> str:
    kind, back = ("without", "none") if running.isolated else ("with", "single")
    return (
        f"cvat:natGateways = {nat_gateways}: the stack is in a VPC {kind} Internet gateway, and its stores cannot move "
        f"to another VPC. Set it back: pulumi config set cvat:natGateways {back}. For the other kind of VPC, "
        f"{_NEW_STACK}."
    )


def _ranges(plan: AddressPlan, running: RunningStack) -> Iterator[str]:
    if running.own_vpc_cidr != plan.vpc_cidr:
        yield _fixed_range("vpcCidr", plan.vpc_cidr, running.own_vpc_cidr)
        return
    for subnets, key, cidrs in (
        (running.public_subnets, "publicSubnetCidrs", plan.public_cidrs),
        (running.private_subnets, "privateSubnetCidrs", plan.private_cidrs),
    ):
        if any(cidrs[place] != subnet.cidr for place, subnet in subnets.items()):
            yield _fixed_range(key, ", ".join(cidrs), ", ".join(subnets[place].cidr for place in sorted(subnets)))


def _fixed_range(key: str, new: str, present: str) -> str:
    return (
        f"cvat:{key} = {new}: the stack has {present}, in which its stores live. AWS changes no range of a VPC or a "
        f"subnet, and moves no store to another. Set it back in the stack's file. For other ranges, {_NEW_STACK}."
    )


def _database(settings: Settings, running: RunningStack) -> Iterator[str]:
    database, size, named = running.database, settings.data.database, settings.references.database.instance_id
    if named and database and named != database.identifier and settings.policy.protect:
        yield (
            f"cvat:dbInstanceId = {named}: the stack has a database of its own, {database.identifier}, which would be "
            f"deleted. Remove the key: pulumi config rm cvat:dbInstanceId. For another database, {_NEW_STACK}."
        )
    if not named and running.initialised and database is None:
        yield (
            "cvat:dbInstanceId is empty, and the stack has no database of its own: a new, empty one would take the "
            "place of what it uses. If it uses one that it has not created, set the key back to its identifier. "
            + _deleted("database")
        )
    if named or database is None:
        return
    if _is_older(size.engine_version, database.version):
        yield (
            f"cvat:dbEngineVersion = {size.engine_version}: the database is PostgreSQL {database.version}, and RDS "
            f"goes back to no earlier version. Set it back: pulumi config set cvat:dbEngineVersion "
            f"{database.version.partition('.')[0]}. For an earlier version, restore a snapshot that has it into "
            "another stack."
        )
    yield from _storage(size, database)


def _storage(size: DatabaseSize, database: RunningDatabase) -> Iterator[str]:
    """Where storage grows by itself, the provider leaves more than is asked for as it is (instance.go)."""
    least = -(-database.storage_gb * _LEAST_LIMIT_PERCENT // 100)
    if size.max_storage_gb <= size.storage_gb < database.storage_gb:
        yield (
            f"cvat:dbStorageGb = {size.storage_gb}: the database has {database.storage_gb} GB, and RDS never shrinks "
            f"storage. Set it back: pulumi config set cvat:dbStorageGb {database.storage_gb}"
        )
    elif size.storage_gb < size.max_storage_gb < least:
        yield (
            f"cvat:dbMaxStorageGb = {size.max_storage_gb}: the database has {database.storage_gb} GB, and RDS takes no "
            f"limit below a tenth more. Raise it: pulumi config set cvat:dbMaxStorageGb {least}"
        )


def _redis(settings: Settings, running: RunningStack) -> Iterator[str]:
    version = settings.data.cache.engine_version
    if running.redis_version and _is_older(version, running.redis_version):
        back = ".".join(running.redis_version.split(".")[:2])
        yield (
            f"cvat:redisEngineVersion = {version}: the stack runs Redis {running.redis_version}, and ElastiCache goes "
            "back to an earlier version only with a new, empty store: jobs that wait would be lost. Set it back: "
            f"pulumi config set cvat:redisEngineVersion {back}"
        )


def _key(settings: Settings, running: RunningStack) -> Iterator[str]:
    """Of secrets and objects the old versions keep the key; without cvat:kmsKeyArn no role may use it."""
    key_arn = settings.policy.key_arn
    if running.key_arn and running.key_arn != key_arn:
        yield (
            f"cvat:kmsKeyArn = {key_arn or '(empty)'}: what the stack stores is encrypted with {running.key_arn}, and "
            f"its tasks could not read it any more. Set it back: pulumi config set cvat:kmsKeyArn {running.key_arn}. "
            f"KMS renews a key under the same ARN (aws kms enable-key-rotation). For another key, {_NEW_STACK}."
        )


def _files(settings: Settings, running: RunningStack) -> Iterator[str]:
    named = settings.references.files.file_system_id
    own = running.file_system_ids
    if named and own and named not in own and settings.policy.protect:
        yield (
            f"cvat:fileSystemId = {named}: the stack has a file system of its own, {own[0]}, which "
            f"would be deleted. Remove the key: pulumi config rm cvat:fileSystemId. For another one, {_NEW_STACK}."
        )
    if not named and running.initialised and not own:
        yield (
            "cvat:fileSystemId is empty, and the stack has no file system of its own: a new, empty one would take the "
            "place of what it uses. If it uses one that it has not created, set the key back to its id. "
            + _deleted("file system")
        )


def _deleted(store: str) -> str:
    return (
        f"If its own {store} was deleted outside of Pulumi, {_NEW_STACK}. If a destroy ended half-way, run `pulumi "
        "destroy` again."
    )


def _is_older(version: str, present: str) -> bool:
    """Whether a version, such as 15 or 15.4, is below a full one, as far as it says."""
    new, old = version_numbers(version), version_numbers(present)
    return new < old[: len(new)]


def version_numbers(text: str) -> tuple[int, ...]:
    """Of a version such as 15.4, 7.1-beta or v2.73.0."""
    return tuple(int(part) for part in re.findall(r"\d+", text.partition("-")[0]))
