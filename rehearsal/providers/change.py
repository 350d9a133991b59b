"""What happens to a resource after its creation: tables of updates and deletions, and shapes that many types share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from botocore.model import ListShape

from rehearsal.engine.inputs import Inputs
from rehearsal.errors import RehearsalError
from rehearsal.providers import shapes
from rehearsal.providers.resource import Made, Make

Update = Callable[[Make], Made | None]
"""Changes what exists; gives what differs in its outputs, if anything does beside the inputs."""

Delete = Callable[[Make], None]

UPDATES: dict[str, Update] = {}
DELETES: dict[str, Delete] = {}
"""By type token."""

SERVICES: Mapping[str, str] = {
    "aws:vpc/": "ec2",
    "aws:lb/": "elbv2",
    "aws:cloudwatch/logGroup": "logs",
    "aws:cloudwatch/event": "events",
    "aws:appautoscaling/": "application-autoscaling",
}
"""Beginnings of type tokens whose module is not the name of the API."""

TAGGING = (
    ("TagResource", "UntagResource"),
    ("AddTagsToResource", "RemoveTagsFromResource"),
    ("AddTags", "RemoveTags"),
    ("AddTags", "DeleteTags"),
    ("CreateTags", "DeleteTags"),
    ("AddTagsToCertificate", "RemoveTagsFromCertificate"),
)
"""How services call setting and removing tags."""

BY_ID = ("ec2", "efs", "kms", "secretsmanager", "elbv2")
"""Services that tag a resource by its physical id; the others do it by ARN."""

RETAGS: dict[str, Delete] = {}
"""By type token: tags that are set in another way."""


def updates(token: str, resets: Mapping[str, Any] | None = None) -> Callable[[Update], Update]:
    """Put a function into the table of updates. `resets`: what an input becomes that is no longer given."""

    def register(function: Update) -> Update:
        def update(make: Make) -> Made | None:
            for key, value in make.inputs.left().items():
                if value is None and key in (resets or {}):
                    make.inputs.put(key, (resets or {})[key])
            return function(make)

        UPDATES[token] = update
        return function

    return register


def deletes(token: str) -> Callable[[Delete], Delete]:
    """Put a function into the table of deletions."""

    def register(function: Delete) -> Delete:
        DELETES[token] = function
        return function

    return register


def retags(token: str) -> Callable[[Delete], Delete]:
    """Put a function into the table of tags that are set in a way of their own."""

    def register(function: Delete) -> Delete:
        RETAGS[token] = function
        return function

    return register


def again(*tokens: str) -> None:
    """Types whose creation is a put: the same call with all inputs, the new ones among them, is the update."""
    for token in tokens:
        UPDATES[token] = _again


def _again(make: Make) -> Made:
    make.inputs = Inputs(make.whole)
    return make.kind.create(make)


def deleted(token: str, call: str, **parameters: str) -> None:
    """A type that one call deletes, e.g. `deleted("aws:ec2/subnet:Subnet", "ec2:DeleteSubnet", SubnetId="id")`.

    Parameters name attributes of the resource (`id` is the physical one); a list parameter gets a list of one.
    """
    service, _, operation = call.partition(":")

    def delete(make: Make) -> None:
        members = make.client(service).meta.service_model.operation_model(operation).input_shape.members
        values = {name: make.known(attribute) for name, attribute in parameters.items()}
        wanted = {name: [value] if isinstance(members[name], ListShape) else value for name, value in values.items()}
        make.ask(service, operation, **wanted)

    DELETES[token] = delete


def forgotten(*tokens: str) -> None:
    """Types that exist in Pulumi's state only: there is nothing to delete."""
    for token in tokens:
        DELETES[token] = lambda _: None


def service_of(token: str) -> str:
    """boto3's name of the API behind a type."""
    for start, service in SERVICES.items():
        if token.startswith(start):
            return service
    return token.split(":")[1].partition("/")[0]


def retag(make: Make) -> None:
    """Set the tags of what exists and remove those that are no longer wanted, by the service's own calls."""
    if own := RETAGS.get(make.kind.token):
        own(make)
        return
    service = service_of(make.kind.token)
    operations = make.client(service).meta.service_model.operation_names
    pair = next((one for one in TAGGING if set(one) <= set(operations)), None)
    if pair is None:
        raise RehearsalError(f"tags: nobody knows how {service} changes them; teach @retags (rehearsal/handlers).")
    before = dict(make.old.tags or {}) if make.old else {}
    who = make.id if service in BY_ID else make.known("arn")
    if gone := sorted(set(before) - set(make.tags)):
        _tags(make, service, pair[1], who, gone)
    if new := {key: value for key, value in make.tags.items() if before.get(key) != value}:
        _tags(make, service, pair[0], who, new)


def _tags(make: Make, service: str, operation: str, who: Any, tags: Any) -> None:
    """One call about tags: the member for tags or their keys, and the one for the resource, are found in the model."""
    shape = make.client(service).meta.service_model.operation_model(operation).input_shape
    name = next(one for one in shape.members if shapes.squash(one) in ("tags", "tagkeys", "tagkeylist"))
    subject = next(
        one for one in shape.members if "resource" in one.lower() or one in ("KeyId", "SecretId", "CertificateArn")
    )
    listed = shape.members[name]
    if isinstance(tags, list) and shapes.is_tag_list(listed):
        tags = [{"Key": key} for key in tags]
    elif not isinstance(tags, list):
        tags = shapes.convert(tags, listed, "tags", {})
    many = isinstance(shape.members[subject], ListShape)
    make.ask(service, operation, **{subject: [who] if many else who, name: tags})
