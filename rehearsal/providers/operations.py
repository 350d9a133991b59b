"""The provider plugins of one stack, against the emulated account: what the engine's `Operations` asks for."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import botocore.exceptions

from rehearsal.aws.account import Account
from rehearsal.engine.inputs import Inputs
from rehearsal.engine.operations import ProviderDiff, RegisterChild
from rehearsal.engine.state import Record, State
from rehearsal.errors import FunctionError, MissingHandlerError, RehearsalError, sentence
from rehearsal.providers import dynamic, load, resource_types
from rehearsal.providers.functions import FUNCTIONS, FunctionCall
from rehearsal.providers.replacement import replaces
from rehearsal.providers.resource import Attributes, ResourceRequest, ResourceType

DYNAMIC = "pulumi-python:dynamic"
"""Beginning of the type tokens of dynamic resources."""
NAME_INPUTS = ("name", "bucket", "identifier", "replicationGroupId", "dashboardName")
"""Inputs that give a physical name. (The providers' bridge deletes first where a name is not automatic.)"""
NAME_TAKEN = (
    "AlreadyExist",
    "AlreadyOwned",
    "Duplicate",
    "ResourceExists",
    "ResourceInUse",
    "ResourceConflict",
)
"""Fragments of the codes with which AWS's services refuse a name that is taken."""
REGIONAL = ("aws:", "awsx:")
"""Providers whose resources take the input `region`."""


class NameTakenError(RehearsalError):
    """A physical name is taken, and moto would have let it pass."""


class AccountOperations:
    """Carries out single steps on the emulated account."""

    def __init__(self, account: Account, state: State, region: str, default_tags: Mapping[str, str]) -> None:
        """`region` and `default_tags`: configuration of the AWS provider."""
        load()
        self._account = account
        self._state = state
        self._region = region
        self._default_tags = default_tags

    def require(self, resource_type: str) -> None:
        """Raise MissingHandlerError unless the type can be rehearsed."""
        _type_of(resource_type)

    def call(self, function: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Answer a function such as aws.get_availability_zones."""
        answer = FUNCTIONS.get(function)
        if answer is None:
            raise MissingHandlerError(
                f"The program calls {function}, which the rehearsal cannot answer: "
                "add it to rehearsal/providers/functions."
            )
        inputs = Inputs(arguments)
        region = inputs.take("region") or self._region
        try:
            result = answer(FunctionCall(self._account, region, inputs))
        except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError) as error:
            raise FunctionError(sentence(error)) from error
        if unused := inputs.unused():
            raise MissingHandlerError(f"{function}: the rehearsal ignores these arguments: {', '.join(unused)}.")
        return result

    def construct(self, record: Record, register_child: RegisterChild) -> Record:
        """Expand a remote component. A failed one is expanded again from the start."""
        return self._create(record, register_child, keep_journal=False)

    def create(self, record: Record) -> Record:
        """Create it; calls that succeeded in an earlier attempt are not made again."""
        return self._create(record, None, keep_journal=_is_completed(record))

    def _create(self, record: Record, register_child: RegisterChild | None, keep_journal: bool) -> Record:
        request = self._request(record)
        request.register_child = register_child
        first_call = self._begin(record)
        with _api_errors(), self._account.journal.of(record.urn, keep=keep_journal):
            attributes = request.resource_type.create(request)
        request.refuse_unused_inputs()
        with _api_errors():
            self._take_ownership(record, attributes)
        return self._finished(record, request, attributes, first_call)

    def update(self, old: Record, record: Record, changed: Collection[str]) -> Record:
        """Change what exists to the record's inputs, of which `changed` differ."""
        request = self._request(record)
        kind = request.resource_type
        request.old, request.tagged = old, True
        separate = {"region"} if record.type.startswith(REGIONAL) else set()
        separate |= {"tags"} if kind.tags else set()
        request.all_inputs = {key: value for key, value in record.inputs.items() if key not in separate}
        request.inputs = Inputs({key: request.all_inputs.get(key) for key in sorted(set(changed) - separate)})
        first_call = self._begin(record)
        attributes = Attributes(old.id)
        with _api_errors(), self._account.journal.of(f"{record.urn} changed", keep=_is_completed(record)):
            # A provider of the program's own may want an update although no input differs.
            if not changed or set(changed) - {"tags", *kind.provider_only}:
                again = {**kind.defaults, **kind.reset_to}
                for key, value in request.inputs.unused().items():
                    if value is None and key in again:
                        request.inputs.put(key, again[key])
                attributes = kind.update(request) or attributes
            if "tags" in changed:
                kind.retag(request)
        request.refuse_unused_inputs()
        self._move_ownership(old, attributes.id)
        kept = {key: value for key, value in old.outputs.items() if key in record.inputs or key not in old.inputs}
        attributes = replace(attributes, outputs={**kept, **record.inputs, **attributes.outputs})
        updated = self._finished(record, request, attributes, first_call)
        return replace(updated, calls=old.calls, secrets=updated.secrets | old.secrets)

    def delete(self, old: Record) -> None:
        """Delete it."""
        request = self._request(old)
        request.old = old
        self._begin(old)
        subject = f"{old.urn} {old.generation} deleted"
        with _api_errors(), self._account.journal.of(subject, keep=_is_completed(old)):
            request.resource_type.delete(request)
        successor = self._state.records.get(old.urn)
        if successor is None or successor is old or successor.id != old.id:
            self._account.owners.pop((old.type, old.id), None)

    def diff(self, old: Record, record: Record) -> ProviderDiff | None:
        """Of a dynamic resource: its provider's own."""
        if not record.type.startswith(DYNAMIC):
            return None
        answer = dynamic.diff(old, record)
        return ProviderDiff(answer.changes, tuple(answer.replaces or ()), bool(answer.delete_before_replace))

    def content(self, record: Record) -> dict[str, str]:
        """Digests of what the inputs only point to."""
        return _type_or_default(record.type).content(record.inputs)

    def tags(self, record: Record) -> dict[str, str] | None:
        """All tags that the record asks for; None if its type takes none."""
        if not _type_or_default(record.type).tags:
            return None
        return {**self._default_tags, **(record.inputs.get("tags") or {})}

    def ignores(self, resource_type: str, key: str) -> bool:
        """Whether a change of this input means nothing."""
        return key in _type_or_default(resource_type).ignored

    def replaces(self, resource_type: str, path: str, old: Any, new: Any) -> bool:
        """Whether a change of the value at this dotted path replaces the resource."""
        return replaces(resource_type, path, old, new)

    def has_fixed_name(self, old: Record, record: Record) -> bool:
        """Whether the program gives both the same physical name."""
        return any(key in record.inputs and record.inputs[key] == old.inputs.get(key) for key in NAME_INPUTS)

    def identifiers(self, record: Record) -> set[str]:
        """Its id and its ARN."""
        return {text for text in (record.id, record.outputs.get("arn")) if text}

    def refusal_to_replace(self, old: Record, reasons: Collection[str], state: State) -> str:
        """Why AWS would refuse the replacement half-way; empty if it would not."""
        return _type_or_default(old.type).refusal_to_replace(old, reasons, state.records.values())

    def _begin(self, record: Record) -> int:
        self._account.draw(record.urn)
        return len(self._account.calls)

    def _request(self, record: Record) -> ResourceRequest:
        request = ResourceRequest(self._account, _type_of(record.type), record, self._state.stack)
        region = request.inputs.take("region") if record.type.startswith(REGIONAL) else None
        request.region = region or self._region
        if request.resource_type.tags:
            request.tags = {**self._default_tags, **(request.inputs.take("tags") or {})}
        return request

    def _finished(self, record: Record, request: ResourceRequest, attributes: Attributes, first_call: int) -> Record:
        outputs = {**record.inputs, **attributes.outputs}
        takes_tags = request.resource_type.tags
        if takes_tags:
            outputs |= {"tagsAll": request.tags}
        if record.type.startswith("aws:"):
            outputs.setdefault("region", request.region)
        return replace(
            record,
            id=attributes.id,
            outputs=outputs,
            secrets=record.secrets | attributes.secrets,
            tags=request.tags if takes_tags else None,
            calls=tuple(self._account.calls[first_call:]),
        )

    def _take_ownership(self, record: Record, attributes: Attributes) -> None:
        """Refuse what moto lets pass: the same physical resource created twice."""
        if not attributes.id or record.type.startswith(("random:", DYNAMIC)):
            return  # nothing of these is in the account
        key, owner = (record.type, attributes.id), f"stack '{self._state.stack}' ({record.urn})"
        if self._account.owners.get(key, owner) != owner:
            raise NameTakenError(f"'{attributes.id}' already exists: {self._account.owners[key]} created it.")
        self._account.owners[key] = owner

    def _move_ownership(self, old: Record, identifier: str) -> None:
        """An update may give another physical id (an image its digest)."""
        if identifier != old.id and (owner := self._account.owners.pop((old.type, old.id), None)):
            self._account.owners[old.type, identifier] = owner


def _is_completed(record: Record) -> bool:
    """Whether Pulumi's provider completes what failed half-way. A dynamic one makes all its calls again."""
    return not record.type.startswith(DYNAMIC)


def _type_of(token: str) -> ResourceType:
    kind = resource_types().get("dynamic" if token.startswith(DYNAMIC) else token)
    if kind is None:
        raise MissingHandlerError(
            "the rehearsal has no handler for this resource type: add it to its service's file in "
            "rehearsal/providers/aws."
        )
    return kind


def _type_or_default(token: str) -> ResourceType:
    return resource_types().get(token) or ResourceType()


@contextmanager
def _api_errors() -> Iterator[None]:
    """Turn what the API refuses into a sentence, with the remedy where there is one."""
    try:
        yield
    except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError, NameTakenError) as error:
        text = sentence(error)
        if _is_name_taken(error):
            text = (
                f"its physical name is taken in this account and region. AWS says: {text} "
                "Remedy: give it no fixed name, so that every stack gets its own, or put the stack's name into it."
            )
        raise RehearsalError(text) from error


def _is_name_taken(error: Exception) -> bool:
    if not isinstance(error, botocore.exceptions.ClientError):
        return isinstance(error, NameTakenError)
    answer = error.response.get("Error", {})
    fragments = any(fragment in answer.get("Code", "") for fragment in NAME_TAKEN)
    return fragments or "already exists" in answer.get("Message", "").lower()
