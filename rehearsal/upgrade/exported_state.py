"""Reads what `pulumi stack export` prints."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi

from rehearsal.engine.deployment import texts
from rehearsal.errors import UserInputError

VERSIONS = (3, 4)
"""Of the export's form (pulumi/sdk apitype, DeploymentSchemaVersionLatest, read 2026-11)."""
_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SEALED = "1b47061264138c4ac30d75fd1eb44270"
_ASSETS = ("c44067f5952c0a294b673a41bacd8c17", "0def7320c3a5731c473e5ecbe6d01bc7")
"""Signatures of special values in states (pulumi/sdk/go/common/resource/sig, read 2026-11): secret, asset, archive."""
_OF_THE_ENGINE = ("pulumi:pulumi:Stack", "pulumi:providers:")
_ARN = re.compile(r"arn:aws[a-z-]*:[a-z0-9-]+:([a-z0-9-]*):(\d{12}):")


class Encrypted:
    """A value that only the holder of the stack's key can read."""

    def __repr__(self) -> str:
        return "(encrypted)"


ENCRYPTED = Encrypted()


@dataclass(frozen=True)
class File:
    """An asset or archive: what remains of it in a state is its digest."""

    digest: str


@dataclass(frozen=True)
class Exported:
    """One resource of a state."""

    urn: str
    type: str
    custom: bool
    id: str
    inputs: Mapping[str, Any]
    """By Pulumi names, without the defaults that the provider has filled in."""
    outputs: Mapping[str, Any]
    parent: str
    dependencies: tuple[str, ...]
    protect: bool
    retain_on_delete: bool
    is_leftover: bool
    """Whether it was replaced, and the last run ended before it was deleted."""

    @property
    def name(self) -> str:
        """Logical name."""
        return self.urn.rpartition("::")[2]


@dataclass(frozen=True)
class ExportedState:
    """All resources of one stack, in the order in which they depend on each other."""

    stack: str
    project: str
    account: str
    """AWS's number of the account; empty if no ARN tells it."""
    region: str
    """Empty if no ARN tells it."""
    resources: tuple[Exported, ...]
    pending: tuple[str, ...]
    """URNs of what an interrupted run was about to create, change or delete."""


def read_state(file: Path, project: str) -> ExportedState:
    """Raises UserInputError for what is no state of this project's."""
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserInputError(f"--from-state {file} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise UserInputError(f"--from-state {file} is no JSON ({error}). {_HOW}") from error
    if not isinstance(document, dict) or not isinstance(document.get("deployment"), dict):
        raise UserInputError(f"--from-state {file} is no state of Pulumi's. {_HOW}")
    if document.get("version") not in VERSIONS:
        known = " or ".join(map(str, VERSIONS))
        raise UserInputError(f"--from-state {file} has the form {document.get('version')}; {known} is read. {_HOW}")
    entries = document["deployment"].get("resources") or []
    try:
        resources = tuple(_resources(entries))
        interrupted = document["deployment"].get("pending_operations") or []
        pending = tuple(str(operation["resource"]["urn"]) for operation in interrupted)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise UserInputError(f"--from-state {file} is damaged ({type(error).__name__}: {error}). {_HOW}") from error
    if not resources:
        raise UserInputError(f"--from-state {file} has no resources: there is nothing to upgrade.")
    stack, its_project = _owner(resources, file)
    if its_project != project:
        raise UserInputError(
            f"--from-state {file} is of the project '{its_project}', and this is '{project}': give the state of a "
            "stack of this program."
        )
    _refuse_missing(resources, file)
    _refuse_twice(resources, file)
    region, account = _place(entries)
    return ExportedState(stack, its_project, account, region, tuple(_in_order(resources)), pending)


_HOW = "Write it by `pulumi stack export --file export.json`."


def _resources(entries: list[dict[str, Any]]) -> Iterator[Exported]:
    for entry in entries:
        kind = str(entry["type"])
        if kind.startswith(_OF_THE_ENGINE):
            continue
        inputs = {key: value for key, value in (entry.get("inputs") or {}).items() if key != "__meta"}
        parent = str(entry.get("parent", ""))
        yield Exported(
            urn=str(entry["urn"]),
            type=kind,
            custom=bool(entry.get("custom")),
            id=str(entry.get("id", "")),
            inputs=_without_defaults(_plain(inputs)),
            outputs={key: value for key, value in _plain(entry.get("outputs") or {}).items() if key[:2] != "__"},
            parent="" if "pulumi:pulumi:Stack" in parent else parent,
            dependencies=tuple(entry.get("dependencies") or ()),
            protect=bool(entry.get("protect")),
            retain_on_delete=bool(entry.get("retainOnDelete")),
            is_leftover=bool(entry.get("delete")),
        )


def _in_order(resources: tuple[Exported, ...]) -> list[Exported]:
    """Each after those whose ids its inputs hold: `pulumi import` notes them as they end, and no dependencies."""
    owners: dict[str, Exported] = {}
    for resource in resources:
        if resource.custom and resource.id:
            owners.setdefault(resource.id, resource)
    ordered: list[Exported] = []
    begun: set[int] = set()

    def place(resource: Exported) -> None:
        if id(resource) in begun:
            return
        begun.add(id(resource))
        for text in texts(resource.inputs):
            if text in owners:
                place(owners[text])
        ordered.append(resource)

    for resource in resources:
        place(resource)
    return ordered


def _plain(value: Any) -> Any:
    """A value without the forms that JSON lacks: secrets, assets."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    kind = value.get(_SIGNATURE)
    if kind == _SEALED:
        return _plain(json.loads(value["plaintext"])) if "plaintext" in value else ENCRYPTED
    if kind in _ASSETS:
        return File(str(value.get("hash", "")))
    return {key: _plain(item) for key, item in value.items() if key != _SIGNATURE}


def _without_defaults(value: Any) -> Any:
    """Inputs as the program gave them: the provider notes in `__defaults` what it has added."""
    if isinstance(value, list):
        return [_without_defaults(item) for item in value]
    if not isinstance(value, dict):
        return value
    added = {"__defaults", *value.get("__defaults", ())}
    return {key: _without_defaults(item) for key, item in value.items() if key not in added and item is not None}


def _owner(resources: tuple[Exported, ...], file: Path) -> tuple[str, str]:
    """Stack and project that the URNs name."""
    owners = Counter(tuple(resource.urn.split("::")[:2]) for resource in resources)
    (owner, _), *others = owners.most_common()
    if others or len(owner) < 2 or not owner[0].startswith("urn:pulumi:"):  # noqa: PLR2004
        raise UserInputError(f"--from-state {file} mixes resources of several stacks. {_HOW}")
    return owner[0].removeprefix("urn:pulumi:"), owner[1]


def _refuse_missing(resources: tuple[Exported, ...], file: Path) -> None:
    """Pulumi itself does not run over a state in which a resource refers to one that is missing."""
    known = {resource.urn for resource in resources}
    for resource in resources:
        for urn in (*resource.dependencies, *([resource.parent] if resource.parent else [])):
            if urn not in known and not any(f"::{kind}" in urn for kind in _OF_THE_ENGINE):
                raise UserInputError(
                    f"--from-state {file}: {resource.type} '{resource.name}' refers to {urn}, which the state lacks. "
                    "`pulumi state delete` keeps a state whole; an edited file must be, too."
                )


def _refuse_twice(resources: tuple[Exported, ...], file: Path) -> None:
    """Pulumi itself does not run over a state that has a URN twice, but for what waits for its deletion."""
    counted = Counter(resource.urn for resource in resources if not resource.is_leftover)
    (urn, count), *_ = counted.most_common(1) or [("", 0)]
    if count > 1:
        raise UserInputError(f"--from-state {file} has {urn} {count} times. {_HOW}")


def _place(entries: list[dict[str, Any]]) -> tuple[str, str]:
    """Region and account that most ARNs name; an ARN of IAM or S3 names no region."""
    arns = (_ARN.match(str((entry.get("outputs") or {}).get("arn", ""))) for entry in entries)
    places = [arn.groups() for arn in arns if arn]
    regions = Counter(region for region, _ in places if region).most_common(1)
    accounts = Counter(account for _, account in places).most_common(1)
    return (regions[0][0] if regions else ""), (accounts[0][0] if accounts else "")


def stand_in_file() -> pulumi.Asset:
    """Stands for a file whose content no state has."""
    return pulumi.StringAsset("stand-in of a file of the running stack")
