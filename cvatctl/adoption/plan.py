"""What is adopted, what is migrated, and why."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from components.data_tier.database import NAME as MASTER_USER
from components.data_tier.file_system import CVAT_USER
from cvatctl.adoption import sample, template
from cvatctl.adoption.sample import Sample
from cvatctl.clients import Clients
from cvatctl.errors import ProblemError

_DATA_TIER, _FILES = "data", "data-files"
"""Logical names of the components that own the file system (__main__.py, components/data_tier/__init__.py)."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything that the files of `import-cfn` are written from."""

    sample: Sample
    settings: Mapping[str, Any]
    """For the stack file."""
    imports: Sequence[Mapping[str, Any]]
    """`resources` of the file for `pulumi import --file`."""
    template: str | dict[str, Any]
    """The sample's template, sparing what is adopted."""
    parameters: Sequence[str]
    """The template's parameters, by name."""
    database: Mapping[str, Any]
    """An item of DescribeDBInstances."""
    why_migrate: Sequence[str]
    """Why the database cannot be adopted."""


def plan(name: str, clients: Clients) -> Plan:
    """Look at the stack and decide. Raises ProblemError where it cannot be taken over."""
    region = clients("cloudformation").meta.region_name
    found = sample.read(name, region, clients)
    (database,) = clients("rds").describe_db_instances(DBInstanceIdentifier=found.ids[sample.DATABASE])["DBInstances"]
    mounts = _mount_targets(found, clients)
    _check_files(found, clients)
    return Plan(
        sample=found,
        settings=_settings(found),
        imports=_imports(found, mounts),
        template=template.keep(found.template, found.kept, [sample.DATABASE]),
        parameters=sample.parameter_names(clients, name),
        database=database,
        why_migrate=_why_migrate(database),
    )


def _settings(found: Sample) -> dict[str, Any]:
    chosen: dict[str, Any] = {
        "aws:region": found.region,
        "cvat:vpcId": found.ids["VPC"],
        "cvat:publicSubnetIds": [found.ids[name] for name in sample.PUBLIC],
        "cvat:privateSubnetIds": [found.ids[name] for name in sample.PRIVATE],
    }
    if found.parameters.get("CVATUser"):
        chosen["cvat:adminUser"] = found.parameters["CVATUser"]
    return chosen


def _mount_targets(found: Sample, clients: Clients) -> list[str]:
    """Mount targets in the order of the private subnets, which is that of the program."""
    system = found.ids[sample.FILES]
    by_subnet = {
        one["SubnetId"]: one["MountTargetId"]
        for one in clients("efs").describe_mount_targets(FileSystemId=system)["MountTargets"]
    }
    subnets = [found.ids[name] for name in sample.PRIVATE]
    missing = [subnet for subnet in subnets if subnet not in by_subnet]
    if missing:
        raise ProblemError(
            f"File system {system} has no mount target in {', '.join(missing)}. Bring the stack back to what its "
            "template says (drift detection shows the difference), and run this again."
        )
    return [by_subnet[subnet] for subnet in subnets]


def _check_files(found: Sample, clients: Clients) -> None:
    """What cannot be changed later must be as the program wants it: Pulumi would replace it, and lose the files."""
    efs, system = clients("efs"), found.ids[sample.FILES]
    problems = []
    (about,) = efs.describe_file_systems(FileSystemId=system)["FileSystems"]
    if not about.get("Encrypted"):
        problems.append(f"file system {system} is not encrypted")
    for folder, logical in sample.POINTS.items():
        (point,) = efs.describe_access_points(AccessPointId=found.ids[logical])["AccessPoints"]
        root, user = point.get("RootDirectory", {}).get("Path"), point.get("PosixUser", {})
        if (root, user.get("Uid"), user.get("Gid")) != (f"/{folder}", CVAT_USER, CVAT_USER):
            problems.append(f"access point {logical} leads user {user.get('Uid')} to {root}, not 1000 to /{folder}")
    if problems:
        raise ProblemError(
            f"The files cannot be adopted in place: {'; '.join(problems)}. Deploy a new stack and copy them with AWS "
            "DataSync instead; docs/cvatctl.md says how."
        )


def _why_migrate(database: Mapping[str, Any]) -> list[str]:
    """The properties that RDS lets nobody change, and that differ."""
    reasons = []
    if not database.get("StorageEncrypted"):
        reasons.append("its storage is not encrypted")
    if database.get("MasterUsername") != MASTER_USER:
        reasons.append(f"its master user is {database.get('MasterUsername')}, the program's is {MASTER_USER}")
    # Even an equal one belongs to a subnet group and a parameter group of the old stack, and RDS moves an instance to
    # another subnet group only together with a move to another VPC.
    return [*reasons, "its subnet group belongs to the old stack, and RDS does not move an instance within a VPC"]


def _imports(found: Sample, mounts: Sequence[str]) -> list[dict[str, Any]]:
    """Entries for `pulumi import --file`. `name` is only for reference in the file, `logicalName` makes the URN."""
    data, files = "component-data", "component-files"
    entries: list[dict[str, Any]] = [
        {"type": "cvat:index:DataTier", "name": data, "logicalName": _DATA_TIER, "component": True},
        {"type": "cvat:index:FileSystem", "name": files, "logicalName": _FILES, "parent": data, "component": True},
        _entry("aws:efs/fileSystem:FileSystem", "files", _FILES, found.ids[sample.FILES], files),
    ]
    for index, target in enumerate(mounts):
        entries.append(_entry("aws:efs/mountTarget:MountTarget", f"mount-{index}", f"{_FILES}-{index}", target, files))
    for folder, logical in sample.POINTS.items():
        point = found.ids[logical]
        entries.append(_entry("aws:efs/accessPoint:AccessPoint", f"point-{folder}", f"{_FILES}-{folder}", point, files))
    return entries


def _entry(kind: str, name: str, logical: str, physical: str, parent: str) -> dict[str, Any]:
    # The program's own version of the provider: Pulumi would otherwise read the resource with the newest one.
    version = importlib.metadata.version("pulumi-aws")
    return {
        "type": kind, "name": name, "logicalName": logical, "id": physical, "parent": parent, "version": version
    }  # fmt: skip
