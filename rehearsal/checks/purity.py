"""Nothing carries another partition's ARN or DNS suffix, and nothing runs a public registry's image."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from rehearsal.checks import ask
from rehearsal.emulator import partitions
from rehearsal.model import Record, Verdict

if TYPE_CHECKING:
    from rehearsal.run import Rehearsal

NAME = "Nothing carries another partition's ARN or suffix, or runs a public registry's image"

PRINCIPALS = ("Service", "iam:PassedToService", "iam:AWSServiceName")
"""Keys whose values are service principals: <service>.amazonaws.com in every partition."""

PUBLIC = re.compile(r"^(?!\d{12}\.dkr\.ecr\.)")
"""An image that does not come from ECR; without a host it comes from Docker Hub."""


def own_partition(rehearsal: Rehearsal) -> Verdict:
    """The check: every input and output of every resource, and what the account shows of images."""
    own = partitions.of(rehearsal.region)
    findings, seen = [], 0
    for record in rehearsal.resources:
        for path, text in _texts(record):
            seen += 1
            findings += [f"{record.type} '{record.name}', {path}: {one}" for one in foreign(text, own)]
    for place, image in _images(rehearsal):
        seen += 1
        if PUBLIC.match(image) or f".{own.dns_suffix}/" not in image:
            findings.append(f"{place} runs '{image}', which is not in this partition's ECR: mirror it into ECR.")
    return ask.verdict(NAME, sorted(set(findings)), seen)


def foreign(text: str, own: partitions.Partition) -> list[str]:
    """What in a text belongs to another partition."""
    problems = [
        f"'{found.group(0)}' is an ARN of the partition {found.group(1)}; this is {own.name}."
        for found in re.finditer(r"arn:(aws[a-z-]*):[a-z0-9-]*", text)
        if found.group(1) != own.name
    ]
    suffixes = {one.dns_suffix: one for one in reversed(partitions.every()) if one.dns_suffix != own.dns_suffix}
    for other in suffixes.values():
        # The end of a host name: neither followed by more of it, nor the head of an endpoint service's name.
        host = rf"[a-z0-9-]+(?:\.[a-z0-9-]+)*\.{re.escape(other.dns_suffix)}(?![a-z0-9.-]*[a-z0-9])"
        problems += [
            f"'{found.group(0)}' is a host name of the partition {other.name}; this is {own.name}."
            for found in re.finditer(host, text)
        ]
    return problems


def _texts(record: Record) -> Iterator[tuple[str, str]]:
    for where, values in (("input", record.inputs), ("output", record.outputs)):
        for key, value in values.items():
            if key in record.secrets or key == "__provider" or (record.type.startswith("docker:") and key == "build"):
                continue  # a build may download from anywhere; what runs is looked at as an image
            yield from _walk(f"{where} {key}", value)


def _walk(path: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            if key not in PRINCIPALS:
                yield from _walk(f"{path}.{key}", item)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _walk(f"{path}[{index}]", item)
    elif isinstance(value, str):
        inner = _document(value)
        if inner is None:
            yield path, value
        else:
            yield from _walk(path, inner)


def _document(text: str) -> Any:
    """A JSON document inside a text, such as a policy."""
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        return json.loads(text)
    except ValueError:
        return None


def _images(rehearsal: Rehearsal) -> Iterator[tuple[str, str]]:
    for record, definition in ask.task_definitions(rehearsal):
        for container in definition["containerDefinitions"]:
            yield f"Container {container['name']} of {record.name}", container["image"]
    for record in rehearsal.of_type("aws:sagemaker/model:Model"):
        model = rehearsal.client("sagemaker").describe_model(ModelName=record.id)
        for container in model.get("Containers") or [model["PrimaryContainer"]]:
            yield f"Model {record.name}", container["Image"]
