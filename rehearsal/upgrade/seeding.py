"""Puts what a state holds into an emulated account, by the calls that its provider would have made.

The account draws identifiers of its own: each text that stands for a resource of the running stack (its id, ARN, host
name) is replaced by the emulated one's in all that follows, and the other way round in what is shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from importlib import import_module
from typing import Any, get_args

import pulumi

from rehearsal.aws.account import Account
from rehearsal.aws.adopted_resources import AdoptedResources
from rehearsal.engine.deployment import texts
from rehearsal.engine.state import Options, Record, State
from rehearsal.errors import RehearsalError, UserInputError
from rehearsal.providers import resource_types
from rehearsal.providers.operations import DYNAMIC, NAME_INPUTS, AccountOperations
from rehearsal.upgrade.exported_state import ENCRYPTED, Encrypted, Exported, ExportedState, File, stand_in_file

SHORTEST = 6
"""Characters of a text that is replaced wherever it occurs; shorter ones are words like 'cvat'."""
EMPTY: tuple[Any, ...] = (False, None, "", [], {})
"""What providers fill in for inputs that were not given, where they note no defaults."""
COMPUTED = {"contextDigest"}
"""Members of inputs that a provider computes itself, wherever they are."""
_GROUP = re.compile(r"sg-[0-9a-f]{8,17}")


class Names:
    """Texts of the running stack and the emulated ones in their place."""

    def __init__(self) -> None:
        self._emulated: dict[str, str] = {}

    def learn(self, real: Any, emulated: Any) -> None:
        """The first meaning of a text holds. One that is a part of the other only has another form (bucket/key)."""
        if not isinstance(real, str) or not isinstance(emulated, str) or len(real) < SHORTEST:
            return
        if real not in emulated and emulated not in real:
            self._emulated.setdefault(real, emulated)

    def emulated(self, value: Any) -> Any:
        """A value of the running stack, as the emulated account has it."""
        return _replaced(value, sorted(self._emulated.items(), key=lambda pair: -len(pair[0])))

    def real(self, text: str) -> str:
        """A text of the emulated account, as the running stack has it."""
        pairs = sorted(((new, old) for old, new in self._emulated.items()), key=lambda pair: -len(pair[0]))
        return str(_replaced(text, pairs))


def _replaced(value: Any, pairs: list[tuple[str, str]]) -> Any:
    if isinstance(value, str):
        for old, new in pairs:
            if old in value:
                value = value.replace(old, new)
        return value
    if isinstance(value, list):
        return [_replaced(item, pairs) for item in value]
    if isinstance(value, dict):
        return {str(_replaced(key, pairs)): _replaced(item, pairs) for key, item in value.items()}
    return value


class Seeding:
    """Of one account, from one state."""

    def __init__(
        self, account: Account, state: State, operations: AccountOperations, fresh: Mapping[str, Record]
    ) -> None:
        """`fresh`: records of this checkout's program on an account of its own, by URN, for what no state tells."""
        self._account, self._state, self._operations, self._fresh = account, state, operations, fresh
        self.names = Names()
        self.encrypted: list[str] = []
        """Inputs that were encrypted, as 'type name: input'."""
        self._of_fresh = Names()

    def put(self, exported: ExportedState) -> None:
        """Create all of it. Raises UserInputError for what cannot be created."""
        _refuse_unknown_types(exported)
        self.names.learn(exported.account, self._account.id)
        for resource in exported.resources:
            record = self._record(resource)
            try:
                self._put_groups_of_others(record)
                created = self._create(resource, record) if resource.custom else record
            except RehearsalError as error:
                raise UserInputError(
                    f"The state's {resource.type} '{resource.name}' cannot be put into the emulated account: {error}"
                ) from error
            if resource.is_leftover:
                self._state.replaced.append(created)
            else:
                self._state.records[resource.urn] = created

    def _put_groups_of_others(self, record: Record) -> None:
        """A state lacks the security groups that others own, such as those of a mount target that was imported."""
        groups = {text for text in texts(record.inputs) if _GROUP.fullmatch(text)}
        ec2 = self._account.client("ec2", self._state.region)
        if groups:
            groups -= {group["GroupId"] for group in ec2.describe_security_groups()["SecurityGroups"]}
        for group in sorted(groups):
            subnets = [record.inputs["subnetId"]] if "subnetId" in record.inputs else []
            network = record.inputs.get("vpcId") or ec2.describe_subnets(SubnetIds=subnets)["Subnets"][0]["VpcId"]
            AdoptedResources(self._account, self._state.region).security_group(group, network)

    def _record(self, resource: Exported) -> Record:
        fresh = self._fresh.get(resource.urn)
        chosen = frozenset() if fresh is None else chosen_by_provider(resource.type) - set(fresh.inputs)
        inputs = self.names.emulated({key: value for key, value in resource.inputs.items() if key not in chosen})
        content = {key: value.digest for key, value in inputs.items() if isinstance(value, File)}
        unknown = frozenset(_unknown(inputs))
        self.encrypted += [f"{resource.type} {resource.name}: {path}" for path in sorted(unknown)]
        filled = self._filled(inputs, fresh.inputs if fresh else {})
        return Record(
            resource.urn,
            resource.type,
            resource.name,
            resource.parent,
            resource.custom,
            filled,
            self.names.emulated(dict(resource.outputs)) if not resource.custom else filled,
            "",
            secrets=fresh.secrets if fresh else unknown,
            dependencies=tuple(urn for urn in resource.dependencies if "::pulumi:providers:" not in urn),
            protect=resource.protect,
            options=Options(retain_on_delete=resource.retain_on_delete),
            content=content,
            unknown=unknown,
        )

    def _filled(self, value: Any, fresh: Any) -> Any:
        """A value with those of a fresh stack where it is encrypted or a file."""
        if isinstance(value, Encrypted):
            return self._of_fresh.emulated(fresh) if isinstance(fresh, str) else "stand-in-of-an-encrypted-value"
        if isinstance(value, File):
            return fresh if isinstance(fresh, pulumi.Asset | pulumi.Archive) else stand_in_file()
        if isinstance(value, dict):
            below = fresh if isinstance(fresh, Mapping) else {}
            return {
                key: self._filled(item, below.get(key))
                for key, item in value.items()
                if key not in COMPUTED and (key in below or item not in EMPTY)
            }
        if isinstance(value, list):
            others = fresh if isinstance(fresh, list) and len(fresh) == len(value) else [None] * len(value)
            return [self._filled(item, other) for item, other in zip(value, others, strict=True)]
        return value

    def _create(self, resource: Exported, record: Record) -> Record:
        created = self._operations.create(record)
        self.names.learn(resource.id, created.id)
        for key, real in resource.outputs.items():
            self.names.learn(real, created.outputs.get(key))
        fresh = self._fresh.get(resource.urn)
        if fresh is not None:
            self._of_fresh.learn(fresh.id, created.id)
            for key, value in fresh.outputs.items():
                self._of_fresh.learn(value, created.outputs.get(key))
        given = self._fresh[resource.urn].inputs if fresh is not None else {}
        inputs = {key: value for key, value in created.inputs.items() if key in given or not _is_default(key, value)}
        return replace(created, inputs=inputs, content=record.content or self._operations.content(created))


@cache
def chosen_by_provider(token: str) -> frozenset[str]:
    """Inputs that AWS or its provider chooses where the program gives none; an import writes them into the state.

    The SDK tells by the types of its outputs: what is only optional may be absent there, what is computed is not.
    """
    package, module, name = token.split(":")
    if package != "aws":
        return frozenset()
    kind = getattr(import_module(f"pulumi_aws.{module.partition('/')[0]}"), name)
    getters = (member.fget for member in vars(kind).values() if isinstance(member, property))
    return frozenset(
        getattr(getter, "_pulumi_name", getter.__name__)
        for getter in getters
        if getter is not None and type(None) not in get_args(get_args(getter.__annotations__["return"])[0])
    )


def _is_default(key: str, value: Any) -> bool:
    """An automatic name, or nothing."""
    return key in NAME_INPUTS or value in EMPTY


def _unknown(inputs: Mapping[str, Any], above: str = "") -> Iterator[str]:
    """Dotted paths of encrypted values."""
    for key, value in inputs.items():
        if value is ENCRYPTED:
            yield f"{above}{key}"
        elif isinstance(value, dict):
            yield from _unknown(value, f"{above}{key}.")


def _refuse_unknown_types(exported: ExportedState) -> None:
    known = resource_types()
    types = {
        resource.type
        for resource in exported.resources
        if resource.custom and resource.type not in known and not resource.type.startswith(DYNAMIC)
    }
    if types:
        raise UserInputError(
            f"The state has resources of types that the rehearsal cannot create: {', '.join(sorted(types))}. "
            "Add them to rehearsal/providers/aws, or take these resources out of a copy of the state."
        )
