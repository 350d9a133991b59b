"""A registration over what exists: is it the same, to be changed in place, or to be made anew? As Pulumi asks."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import pulumi

from rehearsal.diff import forced
from rehearsal.diff.flat import flat
from rehearsal.diff.stores import GROUPS
from rehearsal.engine.state import Record, State
from rehearsal.providers import docker_image, dynamic
from rehearsal.providers.resource import KINDS

Verb = Literal["same", "updated", "replaced"]

IGNORED: Mapping[str, frozenset[str]] = {"docker:index/image:Image": frozenset({"registry"})}
"""Inputs whose change means nothing: the login lasts twelve hours and is another each time."""


@dataclass(frozen=True)
class Decision:
    """What a registration comes to."""

    verb: Verb
    paths: tuple[str, ...] = ()
    """Dotted paths of the inputs that differ."""
    forced_by: tuple[str, ...] = ()
    """Those that make the resource anew."""
    delete_first: bool = False

    @property
    def keys(self) -> frozenset[str]:
        """The top-level inputs that differ."""
        return frozenset(path.partition(".")[0] for path in self.paths)


def content(token: str, values: Mapping[str, Any]) -> dict[str, str]:
    """Digests of what the inputs point to: files change without a change of their path."""
    found = {key: _digest(value) for key, value in values.items() if isinstance(value, pulumi.Asset | pulumi.Archive)}
    if token == "docker:index/image:Image" and isinstance(values.get("build"), Mapping):  # noqa: S105  (a type)
        found["build.context"] = docker_image.build_digest(values["build"])
    return found


def _digest(asset: Any) -> str:
    path, text = getattr(asset, "path", None), getattr(asset, "text", None)
    if path and Path(path).is_file():
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    return hashlib.sha256(str(text or path).encode()).hexdigest()


def ignoring(old: Record, record: Record) -> Record:
    """The record with the old values of what the program wants to be left alone."""
    values = dict(record.inputs)
    for path in record.options.ignore_changes:
        key = path.partition(".")[0].partition("[")[0]  # the program ignores whole inputs only
        values.pop(key, None)
        if key in old.inputs:
            values[key] = old.inputs[key]
    return replace(record, inputs=values)


def decide(old: Record, record: Record, tags: Mapping[str, str] | None, tried: Mapping[str, Any] | None) -> Decision:
    """Compare the record (`ignoring` done) with what exists.

    `tags` are all of the new ones; `tried`: inputs of an update that failed half-way, which may be there or not.
    """
    if record.type.startswith("pulumi-python:dynamic"):
        return _dynamic(old, record)
    new = _compared(record, tags)
    paths = set(_differing(_compared(old, old.tags), new))
    if tried is not None:
        paths |= set(_differing(_compared(replace(old, inputs=tried, content={}), old.tags), new)) - {"build.context"}
    paths -= {path for path in paths if path.partition(".")[0] in IGNORED.get(record.type, ())}
    if not paths:
        return Decision("same")
    before = _compared(old, old.tags)
    reasons = [one for one in sorted(paths) if _anew(record, one, before.get(one), new.get(one))]
    verb: Verb = "replaced" if reasons else "updated"
    return Decision(verb, tuple(sorted(paths)), tuple(reasons), _delete_first(old, record))


def _anew(record: Record, path: str, old: Any, new: Any) -> bool:
    wanted = record.options.replace_on_changes
    return forced.replaces(record.type, path, old, new) or any(
        one in ("*", path) or path.startswith(f"{one}.") for one in wanted
    )


def _compared(record: Record, tags: Mapping[str, str] | None) -> dict[str, Any]:
    """Values to be compared: of JSON texts what they mean, of files what they hold, of tags those that arrive."""
    values = {key: value for key, value in record.inputs.items() if key not in ("tags", *record.content)}
    if tags is not None:
        values["tags"] = dict(tags)
    return flat(values) | dict(record.content)


def _differing(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    for path in {*old, *new}:
        if old.get(path) != new.get(path):
            yield path


def _delete_first(old: Record, record: Record) -> bool:
    """The program's wish; else, as the AWS provider decides: only a name of the program's own cannot be there twice."""
    if record.options.delete_before_replace is not None:
        return record.options.delete_before_replace
    own = ("name", "bucket", "identifier", "replicationGroupId", "dashboardName")
    return any(key in record.inputs and record.inputs[key] == old.inputs.get(key) for key in own)


def _dynamic(old: Record, record: Record) -> Decision:
    """The provider's own word; where it has none, the inputs'."""
    result = dynamic.diff(old, record)
    paths = tuple(sorted(path for path in _differing(flat(old.inputs), flat(record.inputs))))
    if result.replaces:
        return Decision("replaced", paths, tuple(result.replaces), bool(result.delete_before_replace))
    changes = bool(paths) if result.changes is None else result.changes
    return Decision("updated", paths) if changes else Decision("same")


def protected(record: Record, decision: Decision) -> str:
    """Pulumi's own words for a replacement that must not be, and why it would come to that."""
    return (
        f'unable to replace resource "{record.urn}" as it is currently marked for protection. To unprotect the '
        "resource, remove the `protect` flag from the resource in your Pulumi program and run `pulumi up`. "
        f"It would be made anew because of {', '.join(decision.forced_by)}: keep the old value, "
        "or restore a snapshot into a new stack."
    )


def stranded(old: Record, decision: Decision, state: State) -> str | None:
    """Why a network cannot be made anew: a store stands in it, and AWS moves none to other subnets."""
    if old.type not in ("aws:ec2/vpc:Vpc", "aws:ec2/subnet:Subnet"):
        return None
    subnets = {old.id} | {one.id for one in state.of_type("aws:ec2/subnet:Subnet") if one.inputs.get("vpcId") == old.id}
    groups = {
        (one.type.partition("/")[0], one.id)
        for one in state.records.values()
        if one.type.endswith(":SubnetGroup") and subnets & set(one.inputs.get("subnetIds", ()))
    }
    for store in state.of_type(*GROUPS):
        if (store.type.partition("/")[0], store.inputs.get(GROUPS[store.type])) in groups:
            return (
                f"it would be made anew because of {', '.join(decision.forced_by)}, but {store.type} '{store.name}' "
                "stands in it, and AWS moves no store to other subnets: the update would fail half-way. Keep the "
                "network as it is, or restore a snapshot into a new stack."
            )
    return None


def tags_of(record: Record, default: Mapping[str, str]) -> dict[str, str] | None:
    """All tags that the record asks for; None if its type takes none."""
    kind = KINDS.get(record.type)
    return {**default, **(record.inputs.get("tags") or {})} if kind is not None and kind.tags else None
