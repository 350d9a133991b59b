"""Which resources of the sample's stack are adopted, which are migrated, and why."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cvatctl.adoption import sample, template
from cvatctl.adoption.sample import SampleStack
from cvatctl.aws_clients import Clients
from cvatctl.errors import CommandError

MASTER_USER = "cvat"
"""Master user of the program's database (components/data_tier/database.py; a test compares them)."""
CVAT_USER = 1000
"""User and group id of CVAT's files (components/data_tier/file_system.py; a test compares them)."""
_DATA_TIER, _FILES = "data", "data-files"
"""Logical names of the components that own the file system (__main__.py, components/data_tier/__init__.py)."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The content of the files that `import-cfn` writes."""

    sample: SampleStack
    settings: Mapping[str, Any]
    """For the stack file."""
    imports: Sequence[Mapping[str, Any]]
    """`resources` of the file for `pulumi import --file`."""
    template: str | dict[str, Any]
    """The sample's template, which retains what is adopted."""
    parameters: Sequence[str]
    """The template's parameters, by name."""
    database: Mapping[str, Any]
    """An item of DescribeDBInstances."""
    migration_reasons: Sequence[str]
    """Why the database cannot be adopted."""


def make_plan(name: str, clients: Clients) -> Plan:
    """The plan for a stack. Raises CommandError where it cannot be adopted."""
    region = clients("cloudformation").meta.region_name
    stack = sample.read(name, region, clients)
    (database,) = clients("rds").describe_db_instances(DBInstanceIdentifier=stack.ids[sample.DATABASE])["DBInstances"]
    mounts = _mount_targets(stack, clients)
    _check_files(stack, clients)
    return Plan(
        sample=stack,
        settings=_settings(stack),
        imports=_imports(stack, mounts),
        template=template.retain(stack.template, stack.retained, [sample.DATABASE]),
        parameters=sample.parameter_names(clients, name),
        database=database,
        migration_reasons=_migration_reasons(database),
    )


def _settings(stack: SampleStack) -> dict[str, Any]:
    chosen: dict[str, Any] = {
        "aws:region": stack.region,
        "cvat:vpcId": stack.ids["VPC"],
        "cvat:publicSubnetIds": [stack.ids[name] for name in sample.PUBLIC],
        "cvat:privateSubnetIds": [stack.ids[name] for name in sample.PRIVATE],
    }
    if stack.parameters.get("CVATUser"):
        chosen["cvat:adminUser"] = stack.parameters["CVATUser"]
    return chosen


def _mount_targets(stack: SampleStack, clients: Clients) -> list[str]:
    """Mount targets in the order of the private subnets, which is that of the program."""
    system = stack.ids[sample.FILES]
    by_subnet = {
        mount["SubnetId"]: mount["MountTargetId"]
        for mount in clients("efs").describe_mount_targets(FileSystemId=system)["MountTargets"]
    }
    subnets = [stack.ids[name] for name in sample.PRIVATE]
    missing = [subnet for subnet in subnets if subnet not in by_subnet]
    if missing:
        raise CommandError(
            f"File system {system} has no mount target in {', '.join(missing)}. Bring the stack back to what its "
            "template says (drift detection shows the difference), and run this again."
        )
    return [by_subnet[subnet] for subnet in subnets]


def _check_files(stack: SampleStack, clients: Clients) -> None:
    """Checks properties that AWS does not allow to change: Pulumi would replace what differs, and lose the files."""
    efs, system = clients("efs"), stack.ids[sample.FILES]
    problems = []
    (file_system,) = efs.describe_file_systems(FileSystemId=system)["FileSystems"]
    if not file_system.get("Encrypted"):
        problems.append(f"file system {system} is not encrypted")
    for folder, logical in sample.POINTS.items():
        (point,) = efs.describe_access_points(AccessPointId=stack.ids[logical])["AccessPoints"]
        root, user = point.get("RootDirectory", {}).get("Path"), point.get("PosixUser", {})
        if (root, user.get("Uid"), user.get("Gid")) != (f"/{folder}", CVAT_USER, CVAT_USER):
            problems.append(f"access point {logical} gives user {user.get('Uid')} to {root}, not 1000 to /{folder}")
    if problems:
        raise CommandError(
            f"The files cannot be adopted in place: {'; '.join(problems)}. Deploy a new stack and copy them with AWS "
            "DataSync instead; docs/cvatctl.md says how."
        )


def _migration_reasons(database: Mapping[str, Any]) -> list[str]:
    """The differing properties that RDS does not allow to change."""
    reasons = []
    if not database.get("StorageEncrypted"):
        reasons.append("its storage is not encrypted")
    if database.get("MasterUsername") != MASTER_USER:
        reasons.append(f"its master user is {database.get('MasterUsername')}, the program's is {MASTER_USER}")
    # Even an equal one belongs to a subnet group and a parameter group of the old stack, and RDS moves an instance to
    # another subnet group only together with a move to another VPC.
    return [*reasons, "its subnet group belongs to the old stack, and RDS does not move an instance within a VPC"]


def _imports(stack: SampleStack, mounts: Sequence[str]) -> list[dict[str, Any]]:
    """Entries for `pulumi import --file`. `name` is only for reference in the file, `logicalName` makes the URN."""
    data, files = "component-data", "component-files"
    entries: list[dict[str, Any]] = [
        {"type": "cvat:index:DataTier", "name": data, "logicalName": _DATA_TIER, "component": True},
        {"type": "cvat:index:FileSystem", "name": files, "logicalName": _FILES, "parent": data, "component": True},
        _entry("aws:efs/fileSystem:FileSystem", "files", _FILES, stack.ids[sample.FILES], files),
    ]
    for index, target in enumerate(mounts):
        entries.append(_entry("aws:efs/mountTarget:MountTarget", f"mount-{index}", f"{_FILES}-{index}", target, files))
    for folder, logical in sample.POINTS.items():
        point = stack.ids[logical]
        entries.append(_entry("aws:efs/accessPoint:AccessPoint", f"point-{folder}", f"{_FILES}-{folder}", point, files))
    return entries


def _entry(kind: str, name: str, logical: str, physical: str, parent: str) -> dict[str, Any]:
    # The program's own version of the provider, because Pulumi would read the resource with the newest one.
    version = importlib.metadata.version("pulumi-aws")
    entry = {"type": kind, "name": name, "logicalName": logical, "id": physical, "parent": parent}
    return entry | {"version": version}
