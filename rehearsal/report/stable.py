"""The resources as JSON that two rehearsals can be compared by: no identifier that AWS draws, no secret."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi

from rehearsal.engine.state import Record
from rehearsal.listing import SECRET, UNKNOWN
from rehearsal.result import Rehearsal

SHORTEST = 8
"""Identifiers shorter than this are left alone: they could be part of any word."""

HIDDEN = ("__provider",)
"""Inputs that are code."""


def text(rehearsal: Rehearsal) -> str:
    """The whole file."""
    return json.dumps(document(rehearsal), indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def document(rehearsal: Rehearsal) -> dict[str, Any]:
    """Stack, region, outputs, verdicts and resources, with logical names instead of physical identifiers."""
    names = Names(rehearsal.resources)
    outputs = {
        key: SECRET if key in rehearsal.secret_outputs else names.of(value) for key, value in rehearsal.outputs.items()
    }
    return {
        "stack": rehearsal.stack,
        "region": rehearsal.region,
        "outputs": outputs,
        "checks": [
            {"name": verdict.name, "ok": verdict.ok, "findings": names.of(list(verdict.findings))}
            for verdict in rehearsal.checks
        ],
        "resources": [_resource(record, names) for record in rehearsal.resources],
    }


def _resource(record: Record, names: Names) -> dict[str, Any]:
    inputs = {key: value for key, value in record.inputs.items() if key not in HIDDEN}
    return {
        "urn": record.urn,
        "type": record.type,
        "name": record.name,
        "parent": record.parent,
        "protect": bool(record.protect),
        "inputs": {key: SECRET if key in record.secrets else names.of(value) for key, value in inputs.items()},
        "tags": dict(record.tags) if record.tags is not None else None,
    }


def _file(path: Path) -> str:
    """A file by name and content; its folder differs between clones."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "missing"
    return f"file {path.name} sha256:{digest}"


ATTRIBUTES = (
    "identifier",
    "address",
    "dnsName",
    "repositoryUrl",
    "primaryEndpointAddress",
    "readerEndpointAddress",
    "bucketRegionalDomainName",
    "name",
)
"""Outputs beside id and ARN by which others refer to a resource."""


class Names:
    """Turns physical identifiers into logical names wherever they occur."""

    def __init__(self, records: list[Record]) -> None:
        self._names: dict[str, str] = {}
        custom = [record for record in records if record.custom and not record.type.startswith("awsx:")]
        # A policy of a bucket has the bucket's name as its id: first come those whose id is no input of theirs.
        own = [record for record in custom if record.id not in record.inputs.values()]
        for record in (*own, *custom):
            self._name(record)
        longest_first = sorted(self._names, key=lambda value: (-len(value), value))
        self._pattern = re.compile("|".join(re.escape(value) for value in longest_first) or r"(?!)")

    def _name(self, record: Record) -> None:
        label = f"<{record.type.rpartition(':')[2]} {record.name}>"
        identity = {"arn": label, "id": label} | {key: f"{label}.{key}" for key in ATTRIBUTES}
        inputs = [value for value in record.inputs.values() if isinstance(value, str)]
        for key, name in identity.items():
            value = record.id if key == "id" else record.outputs.get(key)
            if not isinstance(value, str) or len(value) < SHORTEST or value == record.name:
                continue
            if key in ("arn", "id") or value not in inputs:
                self._names.setdefault(value, name)

    def of(self, value: Any) -> Any:
        """The value with every known identifier replaced; assets as their paths."""
        if isinstance(value, Mapping):
            return {str(key): self.of(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.of(item) for item in value]
        if isinstance(value, str):
            return self._pattern.sub(lambda match: self._names[match.group(0)], value)
        if isinstance(value, pulumi.FileAsset | pulumi.FileArchive):
            return _file(Path(value.path))
        if isinstance(value, pulumi.StringAsset):
            return f"text of {len(value.text)} characters"
        return UNKNOWN if isinstance(value, pulumi.output.Unknown) else value
