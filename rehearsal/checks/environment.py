"""What containers are given in their environment is what their images read: all they require, nothing unknown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import cvatctl.canary.__main__ as canary
from rehearsal.checks import cached_query
from rehearsal.checks.cached_query import Thing
from rehearsal.checks.readers import GatewaySettings, ModelSettings, Overlay
from rehearsal.checks.tasks import SECRET, secret_value
from rehearsal.result import Rehearsal, Verdict

NAME = "Containers are given all variables that their images require, and none that they do not read"

IMAGES = ("server", "ui", "gateway", "canary")
"""Containers whose name says which image they run; others are known by running the same one."""

HIDDEN = "x" * 50
"""Stands for a secret that is not in the account: one that an operator named."""

SHORTEST_SECRET = 8
"""Shorter values could be part of any word."""


@dataclass(frozen=True)
class Given:
    """A container and its environment as the process in it will see it."""

    place: str
    container: Thing
    plain: Mapping[str, str]
    secret: Mapping[str, str]

    @property
    def all(self) -> dict[str, str]:
        return {**self.plain, **self.secret}

    @property
    def command(self) -> list[str]:
        return list(self.container.get("command", ()))


def variables(rehearsal: Rehearsal) -> Verdict:
    """The check."""
    findings, seen = [], 0
    containers = given(rehearsal)
    images = {one.container["image"]: one.container["name"] for one in containers if one.container["name"] in IMAGES}
    readers = _Readers(rehearsal)
    for one in containers:
        seen += len(one.all)
        image = images.get(one.container["image"], "")
        problems = [*_leaks(one), *readers.problems(image, one), *readers.unmounted(image, one)]
        findings += [f"{one.place}: {problem}" for problem in problems]
    for place, told in _models(rehearsal):
        seen += len(told)
        findings += [f"{place}: {problem}" for problem in readers.models.problems(told)]
    return cached_query.verdict(NAME, findings, seen)


@cached_query.question
def given(rehearsal: Rehearsal) -> list[Given]:
    """All containers of the stack's task definitions."""
    return [
        Given(
            f"Task definition {record.name}, container {container['name']}",
            container,
            {one["name"]: one["value"] for one in container.get("environment", [])},
            {one["name"]: _value(rehearsal, one["valueFrom"]) for one in container.get("secrets", [])},
        )
        for record, definition in cached_query.task_definitions(rehearsal)
        for container in definition["containerDefinitions"]
    ]


@cached_query.question
def _value(rehearsal: Rehearsal, value_from: str) -> str:
    """What ECS puts into the variable; that it cannot be read is told by another check."""
    found = SECRET.match(value_from)
    value: Any = secret_value(rehearsal, found["arn"], found["key"] or "") if found else None
    return HIDDEN if value is None else str(value)


def _leaks(one: Given) -> Iterator[str]:
    for variable in sorted(one.plain.keys() & one.secret.keys()):
        yield f"{variable} is given twice, plainly and as a secret: ECS refuses that. Leave out the plain one."
    for name, secret in one.secret.items():
        for variable, text in one.plain.items():
            # A user's name may well be the database's, too; what must not be seen is a password or key.
            if len(secret) >= SHORTEST_SECRET and secret != HIDDEN and secret in text:
                yield f"{variable} shows the value of the secret {name}: take it from Secrets Manager."


class _Readers:
    """What the images read; looked up in the project when the first container of the image is met."""

    def __init__(self, rehearsal: Rehearsal) -> None:
        self._folder = rehearsal.folder

    @cached_property
    def overlay(self) -> Overlay:
        return Overlay(self._folder)

    @cached_property
    def gateway(self) -> GatewaySettings:
        return GatewaySettings(self._folder)

    @cached_property
    def models(self) -> ModelSettings:
        return ModelSettings(self._folder)

    def problems(self, image: str, one: Given) -> Iterator[str]:
        """What the image would say of its environment, and what it would not even look at."""
        if one.container.get("entryPoint"):
            return  # another program than the image's own, which says nothing of what it reads
        if image == "server":
            yield from self.overlay.problems(one.command or ["web"], one.all)
            yield from _unknown([name for name in one.all if not self.overlay.knows(name)], "CVAT's image")
        elif image == "gateway":
            yield from self.gateway.problems(one.all)
            yield from _unknown([name for name in one.all if not self.gateway.knows(name)], "the gateway")
        elif image == "ui":
            yield from _unknown(list(one.all), "the UI's nginx")
        elif image == "canary":
            yield from (f"{name} is required, and not given." for name in canary.lacking(one.all))
            known = (*canary.REQUIRED, *canary.OPTIONAL)
            yield from _unknown([name for name in one.all if name not in known], "the smoke test")
        else:
            yield f"it runs {one.container['image']}, and nobody knows what that reads: see checks/environment.py."

    def unmounted(self, image: str, one: Given) -> Iterator[str]:
        """Folders that a command keeps things in must be on the file system, or they are lost with the task."""
        mounts = {mount["containerPath"] for mount in one.container.get("mountPoints", []) if not mount.get("readOnly")}
        own = image == "server" and not one.container.get("entryPoint")
        for folder in self.overlay.folders(one.command) if own else ():
            if folder not in mounts:
                yield f"{one.command[0]} writes to {folder}, which is not mounted for writing: add the mount point."


def _unknown(names: list[str], reader: str) -> Iterator[str]:
    for name in names:
        yield f"{name} is given, but {reader} does not read it: correct the name, or leave it out."


def _models(rehearsal: Rehearsal) -> Iterator[tuple[str, dict[str, str]]]:
    for record in rehearsal.of_type("aws:sagemaker/model:Model"):
        model = rehearsal.client("sagemaker").describe_model(ModelName=record.id)
        for container in model.get("Containers") or [model["PrimaryContainer"]]:
            name = container.get("ContainerHostname", "its only container")
            yield f"Model {record.name}, {name}", container.get("Environment", {})
