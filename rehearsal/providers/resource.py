"""A resource type with all its verbs, and the request that a verb works on."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from botocore import xform_name
from botocore.model import ListShape, StructureShape

from rehearsal.aws.account import Account
from rehearsal.engine import naming
from rehearsal.engine.inputs import Inputs, with_defaults
from rehearsal.engine.state import Record
from rehearsal.errors import MissingHandlerError, RehearsalError
from rehearsal.providers import shapes

EVERY = frozenset({"*"})
"""`replace_on` of a type that is replaced whatever input changes."""

TAG_OPERATIONS = (
    ("TagResource", "UntagResource"),
    ("AddTagsToResource", "RemoveTagsFromResource"),
    ("AddTags", "RemoveTags"),
    ("AddTags", "DeleteTags"),
    ("CreateTags", "DeleteTags"),
    ("AddTagsToCertificate", "RemoveTagsFromCertificate"),
)
"""Names of the operations that set and remove tags, by service."""

TAGGED_BY_ID = ("ec2", "efs", "kms", "secretsmanager", "elbv2")
"""APIs that tag a resource by its physical id; the others take its ARN."""

RegisterChild = Callable[[str, str, dict[str, Any], str], Record]
"""Registers a child of a component: type token, name, inputs, URN of the parent."""


@dataclass(frozen=True)
class Attributes:
    """What the account answered for a resource."""

    id: str
    """Physical id."""
    outputs: Mapping[str, Any] = field(default_factory=dict)
    """Attributes beside the inputs, by Pulumi names; they win over inputs of the same name."""
    secrets: frozenset[str] = frozenset()
    """Names of outputs that are secret by nature."""


@dataclass(frozen=True)
class DeleteCall:
    """The single call that deletes a resource."""

    operation: str
    """service:Operation, e.g. ec2:DeleteSubnet."""
    parameters: Mapping[str, str]
    """API parameter -> attribute of the resource (`id` is the physical one); a list parameter gets a list of one."""


def deleted_by(operation: str, **parameters: str) -> DeleteCall:
    """For example `delete_call = deleted_by("ec2:DeleteSubnet", SubnetId="id")`."""
    return DeleteCall(operation, parameters)


class ResourceRequest:
    """One resource to be created, updated or deleted: its inputs, and calls to the account that use them up."""

    def __init__(self, account: Account, resource_type: ResourceType, record: Record, stack: str) -> None:
        self.account = account
        self.resource_type = resource_type
        self.stack = stack
        self.urn = record.urn
        self.name = record.name
        self.inputs = Inputs(with_defaults(record.inputs, resource_type.defaults))
        """In an update: those that differ only."""
        self.all_inputs: Mapping[str, Any] = record.inputs
        """Changed or not."""
        self.region = ""
        self.tags: dict[str, str] = {}
        self.tagged = False
        """Whether the tags have been sent to the API."""
        self.old: Record | None = None
        """The resource as it is, in an update or a deletion."""
        self.seed = f"{record.urn} {record.generation}" if record.generation else record.urn
        """What names and random values depend on: the URN, and another seed for each replacement."""
        self.register_child: RegisterChild | None = None

    def physical_name(self, key: str = "name", limit: int = 255, lower: bool = False) -> str:
        """The input `key`, else `key`Prefix and a suffix, else Pulumi's automatic name (at most `limit` long)."""
        prefix = self.inputs.take(f"{key}Prefix")
        name = self.inputs.take(key)
        if name:
            return str(name)
        if prefix:
            return f"{prefix}{naming.suffix(self.stack, self.seed)}"
        return naming.automatic(self.name, self.stack, self.seed, limit, lower)

    @property
    def id(self) -> str:
        """Physical id of what is updated or deleted."""
        return self.old.id if self.old else ""

    def attribute(self, key: str) -> Any:
        """An attribute of what is updated or deleted, as the account answered; None if it has none."""
        return self.id if key == "id" else (self.old.outputs if self.old else {}).get(key)

    def client(self, service: str) -> Any:
        """A boto3 client in the resource's region."""
        return self.account.client(service, self.region)

    def tag_pairs(self) -> list[dict[str, str]]:
        """The tags as [{Key, Value}]."""
        return [{"Key": key, "Value": value} for key, value in self.tags.items()]

    def call_with_inputs(
        self,
        service: str,
        operation: str,
        extra: Mapping[str, Any] | None = None,
        *,
        only: Collection[str] | None = None,
        renames: shapes.Renames | None = None,
    ) -> Any:
        """Call an API operation (e.g. CreateVpc) with every unused input that it knows, and with `extra`.

        `only` limits the inputs by their Pulumi names; those that the operation does not know are then an error.
        `extra` is in the API's own spelling. Tags go along where the operation takes them.
        """
        client = self.client(service)
        model = client.meta.service_model.operation_model(operation)
        values = {key: value for key, value in self.inputs.unused().items() if value is not None}
        if only is not None:
            values = {key: value for key, value in values.items() if key in only}
        parameters, used = shapes.request(model, values, renames or {})
        if only is not None and used != set(values):
            raise RehearsalError(f"{', '.join(sorted(set(values) - used))}: {operation} does not take it.")
        for key in used:
            self.inputs.take(key)
        parameters |= extra or {}
        self._add_tags(model, parameters)
        return _call(client, operation, parameters)

    def call(self, service: str, operation: str, /, **parameters: Any) -> Any:
        """Call an API operation with exactly these parameters."""
        return _call(self.client(service), operation, parameters)

    def _add_tags(self, model: Any, parameters: dict[str, Any]) -> None:
        shape = model.input_shape
        if not self.resource_type.tags or self.tagged or shape is None:
            return
        for name in ("Tags", "tags"):
            if name in shape.members:
                self.tagged = True
                if self.tags:
                    parameters[name] = shapes.convert(self.tags, shape.members[name], "tags", {})

    def refuse_unused_inputs(self) -> None:
        """Raise MissingHandlerError for what no call has carried, so that nothing is dropped in silence."""
        kind = type(self.resource_type)
        for key in kind.provider_only:
            self.inputs.take(key)
        unused = ", ".join(sorted(self.inputs.unused()))
        if unused and self.old is not None:
            raise MissingHandlerError(
                f"the rehearsal cannot change these inputs in place: {unused}. "
                f"Teach {kind.__name__}.update of {kind.__module__} about them."
            )
        if unused:
            raise MissingHandlerError(
                f"the rehearsal does not carry these inputs to the API: {unused}. "
                f"Teach {kind.__name__}.create of {kind.__module__} about them."
            )
        if kind.tags and not self.tagged:
            raise MissingHandlerError(f"{kind.__name__}.create of {kind.__module__} did not carry the tags to the API.")


class ResourceType:
    """One resource type: all its verbs, and what else the engine asks of its provider.

    A subclass with `token=...` is registered. What it does not carry to the API is an error that names type and input.
    """

    token: ClassVar[str] = ""
    """Type token, e.g. aws:ec2/vpc:Vpc."""
    api: ClassVar[str] = ""
    """boto3's name of the API; by default the module of the token."""
    tags: ClassVar[bool] = False
    """Whether it takes tags, so that the provider's default tags apply."""
    replace_on: ClassVar[frozenset[str]]
    """Inputs, or dotted paths of inputs, whose change replaces the resource (ForceNew in the provider's schema)."""
    holds: ClassVar[str] = ""
    """What is lost with the resource for good, for messages; empty if it can be created again."""
    provider_only: ClassVar[Mapping[str, str]] = {}
    """Inputs that never reach the API, each with the reason."""
    ignored: ClassVar[frozenset[str]] = frozenset()
    """Inputs whose change means nothing."""
    creation_is_put: ClassVar[bool] = False
    """Whether the call that creates it, with all inputs, also updates it."""
    defaults: ClassVar[Mapping[str, Any]] = {}
    """By dotted path: what the provider sends for inputs that are not given (tests/engine compares the accounts)."""
    reset_to: ClassVar[Mapping[str, Any]] = {}
    """In an update: what an input becomes that is no longer given; its default, or None."""
    delete_call: ClassVar[DeleteCall | None] = None
    subnet_group_input: ClassVar[str] = ""
    """Of a store that AWS does not move to other subnets: the input that names its subnet group."""

    def __init_subclass__(cls, *, token: str = "") -> None:
        """Register the type."""
        super().__init_subclass__()
        if not token:
            return
        if token in RESOURCE_TYPES:
            raise ValueError(f"{token} has two classes")
        cls.token = token
        cls.api = cls.api or token.partition(":")[2].partition("/")[0]
        RESOURCE_TYPES[token] = cls()

    def create(self, request: ResourceRequest) -> Attributes:
        """Create it from `request.inputs`."""
        raise NotImplementedError

    def update(self, request: ResourceRequest) -> Attributes | None:
        """Change in place what differs; gives what differs in its attributes, if anything beside the inputs does."""
        if not self.creation_is_put:
            return None
        request.inputs = Inputs(with_defaults(request.all_inputs, self.defaults))
        return self.create(request)

    def delete(self, request: ResourceRequest) -> None:
        """Delete it; `request.inputs` and `request.attribute(...)` are as they were."""
        if self.delete_call is None:
            raise MissingHandlerError(f"{type(self).__name__} of {type(self).__module__} cannot be deleted.")
        service, _, operation = self.delete_call.operation.partition(":")
        members = request.client(service).meta.service_model.operation_model(operation).input_shape.members
        parameters: dict[str, Any] = {}
        for name, attribute in self.delete_call.parameters.items():
            value = request.attribute(attribute)
            parameters[name] = [value] if isinstance(members[name], ListShape) else value
        request.call(service, operation, **parameters)

    def retag(self, request: ResourceRequest) -> None:
        """Set the tags and remove those that are no longer asked for, by the API's own tag operations."""
        operations = request.client(self.api).meta.service_model.operation_names
        pair = next((names for names in TAG_OPERATIONS if set(names) <= set(operations)), None)
        if pair is None:
            raise RehearsalError(f"tags: no operations of {self.api} for them are known; write {type(self)}.retag.")
        before = dict(request.old.tags or {}) if request.old else {}
        subject = request.id if self.api in TAGGED_BY_ID else request.attribute("arn")
        if removed := sorted(set(before) - set(request.tags)):
            _call_for_tags(request, pair[1], subject, removed)
        if changed := {key: value for key, value in request.tags.items() if before.get(key) != value}:
            _call_for_tags(request, pair[0], subject, changed)

    def replaces(self, path: str, old: Any, new: Any) -> bool:
        """Whether a change of the value at this dotted path replaces the resource."""
        named = ".".join(part for part in path.split(".") if not part.isdigit())
        return "*" in self.replace_on or any(named == key or named.startswith(f"{key}.") for key in self.replace_on)

    def refusal_to_replace(self, old: Record, reasons: Collection[str], records: Collection[Record]) -> str:
        """Why AWS would refuse to replace it half-way, given all records of the stack; empty if it would not."""
        return ""

    def content(self, inputs: Mapping[str, Any]) -> dict[str, str]:
        """Digests of what inputs only point to, by path of input."""
        return {}


RESOURCE_TYPES: dict[str, ResourceType] = {}
"""Every resource type that can be rehearsed, by type token."""


def words(text: str) -> frozenset[str]:
    """Names of inputs, from text."""
    return frozenset(text.split())


def _call(client: Any, operation: str, parameters: Mapping[str, Any]) -> Any:
    answer = getattr(client, xform_name(operation))(**parameters)
    answer.pop("ResponseMetadata", None)
    return answer


def _call_for_tags(request: ResourceRequest, operation: str, resource: Any, tags: Any) -> None:
    """One call about tags; botocore's model says which member takes them (or their keys), and which the resource."""
    service = request.resource_type.api
    shape: StructureShape = request.client(service).meta.service_model.operation_model(operation).input_shape
    tags_member = next(name for name in shape.members if shapes.squash(name) in ("tags", "tagkeys", "tagkeylist"))
    resource_member = next(
        name for name in shape.members if "resource" in name.lower() or name in ("KeyId", "SecretId", "CertificateArn")
    )
    tags_shape = shape.members[tags_member]
    if isinstance(tags, list) and shapes.is_tag_list(tags_shape):
        tags = [{"Key": key} for key in tags]
    elif not isinstance(tags, list):
        tags = shapes.convert(tags, tags_shape, "tags", {})
    many = isinstance(shape.members[resource_member], ListShape)
    request.call(service, operation, **{resource_member: [resource] if many else resource, tags_member: tags})
