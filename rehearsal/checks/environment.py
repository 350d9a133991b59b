"""What containers are given in their environment is what their images read: all they require, nothing unknown."""

from __future__ import annotations

from collections.abc import Iterator

from rehearsal.checks import image_environment, stack_queries
from rehearsal.checks.cached_query import verdict
from rehearsal.checks.containers import HIDDEN, Container, containers
from rehearsal.result import Rehearsal, Verdict

NAME = "Containers are given all variables that their images require, and none that they do not read"

IMAGES = ("server", "ui", "opa", "upgrade", "gateway", "canary")
"""Containers whose name says which image they run; others are known by running the same one."""

SHORTEST_SECRET = 8
"""Shorter values could be part of any word."""


def variables(rehearsal: Rehearsal) -> Verdict:
    """The check."""
    findings, seen = [], 0
    images = image_names(rehearsal)
    for container in containers(rehearsal):
        seen += len(container.environment)
        image = images.get(container.definition["image"], "")
        problems = [*_leaks(container), *_problems(rehearsal, image, container)]
        findings += [f"{container.place}: {problem}" for problem in problems]
    for place, environment in _models(rehearsal):
        declared = image_environment.of_image(rehearsal, "models")
        seen += len(environment)
        findings += [f"{place}: {problem}" for problem in declared.problems([], environment)]
    return verdict(NAME, findings, seen)


def image_names(rehearsal: Rehearsal) -> dict[str, str]:
    """Name of each image that the tasks run, by its reference."""
    definitions = [container.definition for container in containers(rehearsal)]
    return {definition["image"]: definition["name"] for definition in definitions if definition["name"] in IMAGES}


def _leaks(container: Container) -> Iterator[str]:
    for variable in sorted(container.plain.keys() & container.secret.keys()):
        yield f"{variable} is given twice, plainly and as a secret: ECS refuses that. Leave out the plain one."
    for name, secret in container.secret.items():
        for variable, text in container.plain.items():
            # A user's name may well be the database's, too; what must not be seen is a password or key.
            if len(secret) >= SHORTEST_SECRET and secret != HIDDEN and secret in text:
                yield f"{variable} shows the value of the secret {name}: take it from Secrets Manager."


def _problems(rehearsal: Rehearsal, image: str, container: Container) -> Iterator[str]:
    """What the image would refuse of its environment, what it does not read, and folders that are lost."""
    if container.definition.get("entryPoint"):
        return  # another program than the image's own, which declares nothing
    if not image:
        yield (
            f"it runs {container.definition['image']}, and which variables that reads is not declared: "
            "see rehearsal/checks/environment.py."
        )
        return
    declared = image_environment.of_image(rehearsal, image)
    yield from declared.problems(container.command, container.environment)
    mounts = container.definition.get("mountPoints", [])
    writable = {mount["containerPath"] for mount in mounts if not mount.get("readOnly")}
    for folder in declared.folders(container.command):
        if folder not in writable:
            yield f"{container.command[0]} writes to {folder}, which is not mounted for writing: add the mount point."


def _models(rehearsal: Rehearsal) -> Iterator[tuple[str, dict[str, str]]]:
    for record, model in stack_queries.sagemaker_models(rehearsal):
        for container in stack_queries.model_containers(model):
            name = container.get("ContainerHostname", "its only container")
            yield f"Model {record.name}, {name}", container.get("Environment", {})
