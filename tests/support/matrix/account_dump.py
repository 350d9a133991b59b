"""All that an emulated account and the state of a stack hold, as texts by which two can be compared: no ids, no times.

moto keeps an account as Python objects; they are walked, whatever service they belong to. Physical ids and names are
replaced by logical names, so that a stack that was changed and one that was created so look the same. What only tells
the past (tasks that have ended, logs, former revisions and images) is left out.
"""

from __future__ import annotations

import difflib
import enum
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, time, timedelta
from typing import Any, Protocol

import pulumi
from moto.core.base_backend import BackendDict, BaseBackend
from moto.s3.models import FakeBucket, FakeKey

from region import Region
from rehearsal import Account, Rehearsal

Dump = dict[str, list[str]]
"""By place (as ecs/services): each item as JSON, sorted."""

PAST = {
    "applicationautoscaling/tags_by_arn": "moto forgets none; the state has them",
    "cloudwatch/metric_data": "data points",
    "cloudwatch/paged_metric_data": "data points",
    "ec2/enis": "of tasks that have run, and AWS's own",
    "ec2/tags": "the resources have them, too",
    "ecs/tasks": "tasks that have run",
    "efs/creation_tokens": "so that a call that is sent twice creates one",
    "elasticache/cache_clusters": "nodes as they were made; what their group is counts",
    "iam/access_keys": "sessions",
    "iam/aws_managed_policies": "AWS's own",
    "iam/managed_policies": "AWS's own, and those that are there before the stack",
    "rds/database_snapshots": "copies of what was",
    "rds/events": "what has happened",
    "rds/resource_map": "each resource a second time",
    "sagemakerruntime/invocations": "what has been called",
    "sagemakerruntime/results": "what was answered",
    "scheduler/schedule_groups": "moto makes AWS's own, named default, when one asks",
    "servicediscovery/operations": "what has been asked for",
    "sns/opt_out_numbers": "moto invents them",
    "sns/sms_messages": "what has been sent",
    "sts/assumed_roles": "sessions",
}
"""Place -> why it says nothing about what the stack is."""
SHOWN_LINES = 60
"""Of each item that differs."""

_LEFT_OUT = re.compile(
    r"""^(streams|images|versions|revision|revisions|events|tasks|deployments|last_\w+|etag|_?version_id|serial)$
    |timestamp|(date|time)$|_at$|^creat|^updated|^caller_reference|^_?unique|_etag$|checksum|^client_token$|^_?guid|sequence
    |^(apply_immediately|allow_major_version_upgrade|_option_group_name|enable_execute_command|log_file_name)$
    |^(snapshotting_cluster_id|in_use_by|rr_changes|_?eni|public_ip|publicIp|location|private_ip|privateIp|_tick|state|(pending|running)_(tasks_)?count)$""",
    re.IGNORECASE | re.VERBOSE,
)
"""Members that tell the past, that differ from run to run, or that moto keeps from one call and not from another."""
_RANDOM = re.compile(
    r"(?<!sha256:)(?:"
    r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"
    r"|\b(?=[a-z-]*[0-9a-f]*\d)[0-9a-f]{7,64}\b"
    r"|\b(?=[A-Z]*\d)[A-Z0-9]{13,15}\b"
    r"|\b[A-Z0-9]{16,}\b"
    r"|\b(?:ns|srv)-[a-z0-9]{8,}\b"
    r"|(?<=\.)[0-9a-f]{6}(?=\.)"
    r"|\d{4}-\d\d-\d\dT[\d:.]+(?:Z|\+00:00)?)"
)
"""What AWS, moto or Pulumi draw: UUIDs, hexadecimal ids, IAM's and Cloud Map's ids, parts of host names; and times."""
_AUTOMATIC = re.compile(r"-[0-9a-f]{7}$")
"""How Pulumi's automatic names end. One of a thousand has no digit among the seven characters."""
_WORD = re.compile(r"[A-Za-z0-9_.-]{7,}")
_REVISION = re.compile(r"(task-definition/[\w-]+):\d+|(?<=scalable-target/)\w+|(:secret:[\w<>/*-]+)-\w{6}\b")
_DIGEST = 64
"""Characters of a digest, which says what something is, not what it is called."""
_UNRELIABLE = {
    "CacheSubnetGroup": ("tags",),
    "ReplicationGroup": ("tags", "member_settings"),
}
"""Class -> members that moto fills at creation and never again, because it keeps the truth elsewhere."""
_GONE = {"INACTIVE", "deleted", "DELETED", "PendingDeletion"}
"""States in which AWS, or moto, remembers what has been deleted."""
_OF_BACKENDS = {"region_name", "account_id", "partition", "backend", "tagger"}


class Named(Protocol):
    """A resource of a state: what tells which texts of an account stand for it."""

    @property
    def type(self) -> str: ...

    @property
    def name(self) -> str: ...

    @property
    def custom(self) -> bool: ...

    @property
    def id(self) -> str: ...

    @property
    def outputs(self) -> Mapping[str, Any]: ...


def dump(rehearsal: Rehearsal) -> Dump:
    """What the account holds in the stack's region, and what the stack's state says."""
    return account_dump(rehearsal.resources, rehearsal.region) | dict(_state(rehearsal, _Texts(rehearsal.resources)))


def account_dump(resources: Iterable[Named], region: str) -> Dump:
    """What the open account holds in a region; `resources`: of the stack's state."""
    return _Walk(_Texts(resources), region).dump()


def differences(expected: Dump, actual: Dump) -> list[str]:
    """What differs, place by place, as unified diffs; empty if the dumps are the same."""
    return ["\n".join([place, *lines[:SHOWN_LINES]]) for place, lines in _differing(expected, actual)]


def differing_values(expected: Dump, actual: Dump) -> dict[str, set[str]]:
    """By place: names and values, as JSON, that only one of the dumps has."""
    return {
        place: {line[1:].strip(" ,") for line in lines if line[:1] in "+-" and line[1:].strip(" []{},")}
        for place, lines in _differing(expected, actual)
    }


def _differing(expected: Dump, actual: Dump) -> Iterator[tuple[str, list[str]]]:
    """Places, with the lines of a unified diff of their items, sorted as texts."""
    for place in sorted({*expected, *actual}):
        before, after = list(expected.get(place, [])), list(actual.get(place, []))
        for item in expected.get(place, []):
            if item in after:
                before.remove(item)
                after.remove(item)
        if before or after:
            yield place, list(difflib.unified_diff(_lines(before), _lines(after), n=1, lineterm=""))[2:]


def _lines(items: list[str]) -> list[str]:
    return [line for item in items for line in json.dumps(json.loads(item), indent=1).splitlines()]


class _Texts:
    """Replaces what is drawn at random by what it stands for."""

    def __init__(self, resources: Iterable[Named]) -> None:
        owners: dict[str, tuple[int, str]] = {}
        for resource in resources:
            for word, length in _own_words(resource):
                owners[word] = min((length, f"<{resource.name}>"), owners.get(word, (length + 1, "")))
        self._names = {word: name for word, (_, name) in owners.items() if word != Account.id}
        """A listener's ARN holds its balancer's, a file's id its bucket's: the shorter text is the owner's."""

    def plain(self, text: str) -> str:
        if text[:1] in ("{", "["):
            try:
                return json.dumps(self.value(json.loads(text)), sort_keys=True)
            except ValueError:
                pass
        text = _WORD.sub(lambda word: self._names.get(word.group(), word.group()), text)
        return _REVISION.sub(r"\1\2", _RANDOM.sub("*", text))

    def value(self, value: Any) -> Any:
        """A value that consists of texts, numbers, lists and mappings."""
        if isinstance(value, str):
            return self.plain(value)
        if isinstance(value, Mapping):
            return {self.plain(str(key)): self.value(item) for key, item in sorted(value.items())}
        if isinstance(value, list | tuple):
            return [self.value(item) for item in value]
        if isinstance(value, pulumi.Asset | pulumi.Archive):
            return type(value).__name__
        return value


def _own_words(resource: Named) -> Iterator[tuple[str, int]]:
    """The parts of a resource's id, ARN and name that were drawn, each with the length of the text."""
    keys = ("name", "arn", "dnsName", "endpoint", "address", "identifier", "repositoryUrl")
    texts = [resource.id, *map(resource.outputs.get, keys)] if resource.custom else []
    for text in (text for text in texts if isinstance(text, str)):
        for word in _WORD.findall(text):
            if (_RANDOM.search(word) or _AUTOMATIC.search(word)) and len(word) < _DIGEST:
                yield word, len(text)
    if resource.type == "aws:ec2/eip:Eip":
        yield str(resource.outputs["publicIp"]), 0


def _state(rehearsal: Rehearsal, texts: _Texts) -> Iterator[tuple[str, list[str]]]:
    """Each resource with what the program asks for, but for what it leaves to others (ignore_changes)."""
    for record in rehearsal.resources:
        ignored = {path.partition(".")[0] for path in record.options.ignore_changes}
        left_out = ignored | record.secrets | {"__provider", "tags"}
        kept = {
            "inputs": texts.value({key: value for key, value in record.inputs.items() if key not in left_out}),
            "tags": dict(sorted((record.tags or {}).items())),
            "protect": bool(record.protect),
            "retain": record.options.retain_on_delete,
        }
        parents = record.urn.split("::")[2].rpartition("$")[0]
        yield f"state/{parents} {record.type} {record.name}", [json.dumps(kept, sort_keys=True)]


class _Walk:
    """Over moto's objects."""

    def __init__(self, texts: _Texts, region: str) -> None:
        places = {region, Region(region).partition}
        self._texts = texts
        self._collections = {
            f"{service}/{name}": items
            for service, backend in _backends(Account.id, places)
            for name, items in _members(backend)
        }
        self._listed = {
            id(item): place for place, items in self._collections.items() for item in items if hasattr(item, "__dict__")
        }
        """Objects that a collection holds: others only refer to them."""

    def dump(self) -> Dump:
        return {
            place: sorted(
                json.dumps(self._plain(item, frozenset()), sort_keys=True) for item in items if _is_live(item)
            )
            for place, items in self._collections.items()
            if items and place not in PAST
        }

    def _plain(self, value: Any, above: frozenset[int]) -> Any:
        if value is None or isinstance(value, bool | int | float):
            return int(value) if isinstance(value, float) and value.is_integer() else value
        if isinstance(value, str):
            return self._texts.plain(value)
        if isinstance(value, enum.Enum):
            return value.value
        if isinstance(value, date | time | timedelta | bytes | BaseBackend) or callable(value) or id(value) in above:
            return None
        if above and id(value) in self._listed:
            return f"({self._listed[id(value)]})"
        return self._structure(value, above | {id(value)})

    def _structure(self, value: Any, above: frozenset[int]) -> Any:
        if isinstance(value, FakeBucket):
            objects = [(name, key.etag) for name, key in value.keys.items() if isinstance(key, FakeKey)]
            return [
                self._texts.plain(value.name),
                sorted((self._texts.plain(name), etag) for name, etag in objects),
                self._structure(vars(value) | {"keys": None}, above),
            ]
        if isinstance(value, list | tuple | set | frozenset):
            items = {json.dumps(self._plain(item, above), sort_keys=True) for item in value}  # some lists repeat items
            return [json.loads(item) for item in sorted(items)]
        members = value if isinstance(value, Mapping) else getattr(value, "__dict__", {})
        unreliable = _UNRELIABLE.get(type(value).__name__, ())
        kept = [
            (self._texts.plain(str(key)), self._plain(item, above))
            for key, item in members.items()
            if not (key in _OF_BACKENDS or key in unreliable or _LEFT_OUT.search(str(key)))
        ]
        return sorted(([key, item] for key, item in kept if item not in (None, [], "")), key=json.dumps)


def _backends(account: str, places: set[str]) -> Iterator[tuple[str, BaseBackend]]:
    """moto's backends of the account, with the service's name."""
    known: dict[int, BackendDict[BaseBackend]] = {
        id(value): value
        for name, module in sorted(sys.modules.items())
        if name.startswith("moto.") and name.endswith(".models")
        for value in vars(module).values()
        if isinstance(value, BackendDict)
    }
    for backends in known.values():
        for place, backend in backends.get(account, {}).items():
            if place in places:
                yield type(backend).__module__.split(".")[1], backend


def _members(backend: BaseBackend) -> Iterator[tuple[str, list[Any]]]:
    for name, value in vars(backend).items():
        if name in _OF_BACKENDS or name.startswith("_pag"):
            continue
        if isinstance(value, Mapping):
            yield name, [item for entry in value.values() for item in _items(entry)]
        elif isinstance(value, list | tuple | set):
            yield name, list(value)


def _items(entry: Any) -> list[Any]:
    """An entry of a collection, or what it consists of."""
    if isinstance(entry, list):
        return entry
    return list(entry.values()) if isinstance(entry, dict) else [entry]


def _is_live(item: Any) -> bool:
    """Whether it is not only kept as a memory, as former revisions of task definitions are."""
    members = item if isinstance(item, Mapping) else getattr(item, "__dict__", {})
    states = (members.get(key) for key in ("status", "state", "key_state"))
    return not {str(state) for state in states if state} & _GONE
