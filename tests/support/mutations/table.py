"""The table of mutations, and the tools that they are done with.

A mutation is a function of the rehearsal and of a stack that undoes it. Its name says what it does, its decorator which
check must notice and with which words; `tests/rehearsal/test_checks.py` runs them all over one account.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

from moto.backends import get_backend

from rehearsal import Record, Rehearsal
from rehearsal.checks.catalogue import Check
from rehearsal.checks.nodes import ROLE_TAG

Do = Callable[[Rehearsal, ExitStack], None]


@dataclass(frozen=True)
class Mutation:
    """Something that goes wrong, and who notices."""

    check: Check
    says: tuple[str, ...]
    """Parts of one and the same finding."""
    do: Do

    def __str__(self) -> str:
        return self.do.__name__


_mutations: list[Mutation] = []


def noticed_by(check: Check, *says: str) -> Callable[[Do], Do]:
    """Put a mutation into the table; more decorators are more checks that must notice it."""

    def add(do: Do) -> Do:
        _mutations.append(Mutation(check, says, do))
        return do

    return add


def of(*modules: ModuleType) -> list[Mutation]:
    """All mutations that these modules define."""
    names = {module.__name__ for module in modules}
    return [mutation for mutation in _mutations if mutation.do.__module__ in names]


def record(on: Rehearsal, token: str, name: str) -> Record:
    """A resource by type and logical name."""
    (resource,) = [record for record in on.of_type(token) if record.name == name]
    return resource


def swap(on: Rehearsal, undo: ExitStack, old: Record, **changes: Any) -> None:
    """Let the record of a resource say something else."""
    undo.callback(on.state.records.__setitem__, old.urn, old)
    on.state.records[old.urn] = replace(old, **changes)


def forget(on: Rehearsal, undo: ExitStack, old: Record) -> None:
    """As if the program had not asked for a resource."""
    undo.callback(on.state.records.__setitem__, old.urn, old)
    del on.state.records[old.urn]


def group_of(on: Rehearsal, role: str) -> str:
    """Id of the security group of a role."""
    filters = [{"Name": f"tag:{ROLE_TAG}", "Values": [role]}]
    return str(on.client("ec2").describe_security_groups(Filters=filters)["SecurityGroups"][0]["GroupId"])


def redefine(on: Rehearsal, undo: ExitStack, name: str, change: Callable[[dict[str, Any]], object]) -> None:
    """Register a changed task definition, and let its service run it."""
    ecs, old = on.client("ecs"), record(on, "aws:ecs/taskDefinition:TaskDefinition", name)
    shown = ecs.describe_task_definition(taskDefinition=old.outputs["arn"])["taskDefinition"]
    takes = ecs.meta.service_model.operation_model("RegisterTaskDefinition").input_shape.members
    definition = {key: value for key, value in shown.items() if key in takes}
    change(definition)
    new = ecs.register_task_definition(**definition)["taskDefinition"]["taskDefinitionArn"]
    swap(on, undo, old, outputs={**old.outputs, "arn": new})
    for service in on.of_type("aws:ecs/service:Service"):
        if service.inputs["taskDefinition"] == old.outputs["arn"]:
            which = {"cluster": service.id.split("/")[-2], "service": service.id}
            ecs.update_service(**which, taskDefinition=new)
            undo.callback(ecs.update_service, **which, taskDefinition=old.outputs["arn"])


def container(on: Rehearsal, undo: ExitStack, name: str, **changes: Any) -> None:
    """Change the first container of a task definition."""
    redefine(on, undo, name, lambda definition: definition["containerDefinitions"][0].update(changes))


def tell(on: Rehearsal, undo: ExitStack, name: str, **values: str | None) -> None:
    """Give the first container of a task definition other variables; None takes one away."""

    def change(definition: dict[str, Any]) -> None:
        first = definition["containerDefinitions"][0]
        kept = [variable for variable in first["environment"] if variable["name"] not in values]
        given = [{"name": key, "value": value} for key, value in values.items() if value is not None]
        first["environment"] = [*kept, *given]

    redefine(on, undo, name, change)


def variable_of(on: Rehearsal, name: str, variable: str) -> str:
    """What the first container of a task definition receives."""
    arn = record(on, "aws:ecs/taskDefinition:TaskDefinition", name).outputs["arn"]
    first = on.client("ecs").describe_task_definition(taskDefinition=arn)["taskDefinition"]["containerDefinitions"][0]
    return next(str(entry["value"]) for entry in first["environment"] if entry["name"] == variable)


def permit(on: Rehearsal, undo: ExitStack, name: str, change: Callable[[list[dict[str, Any]]], object]) -> None:
    """Change the statements of a role's policy."""
    iam, role = on.client("iam"), record(on, "aws:iam/role:Role", name).id
    (policy,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
    put = iam.put_role_policy
    undo.callback(put, RoleName=role, PolicyName=policy, PolicyDocument=json.dumps(document))
    changed = json.loads(json.dumps(document))
    change(changed["Statement"])
    put(RoleName=role, PolicyName=policy, PolicyDocument=json.dumps(changed))


def allow(action: str, resource: str = "*") -> dict[str, Any]:
    """A statement."""
    return {"Effect": "Allow", "Action": [action], "Resource": [resource]}


def about(statements: list[dict[str, Any]], action: str) -> dict[str, Any]:
    """The statement that speaks of an action."""
    return next(statement for statement in statements if action in statement["Action"])


def remodel(on: Rehearsal, undo: ExitStack, change: Callable[[dict[str, Any]], object]) -> None:
    """Make the shared endpoint's SageMaker model anew, with a change; SageMaker's models cannot be changed."""
    sagemaker, old = on.client("sagemaker"), on.of_type("aws:sagemaker/model:Model")[0]
    shown = sagemaker.describe_model(ModelName=old.id)
    takes = sagemaker.meta.service_model.operation_model("CreateModel").input_shape.members
    kept = {key: value for key, value in shown.items() if key in takes and value}
    kept |= {"Tags": sagemaker.list_tags(ResourceArn=old.outputs["arn"])["Tags"]}
    changed = json.loads(json.dumps(kept))
    change(changed)

    def make(model: Mapping[str, Any]) -> None:
        sagemaker.delete_model(ModelName=old.id)
        sagemaker.create_model(**model)

    make(changed)
    undo.callback(make, kept)


def take_away(on: Rehearsal, undo: ExitStack, service: str, store: str, name: str) -> None:
    """Take one thing out of the emulator, where the API would not give it back under its old name."""
    region = "aws-cn" if service == "iam" else on.region
    things = getattr(get_backend(service)[on.account.id][region], store)  # type: ignore[call-overload]
    (key,) = [key for key, thing in things.items() if name in (key, getattr(thing, "name", ""))]
    undo.callback(things.__setitem__, key, things[key])
    del things[key]


def emulated(on: Rehearsal, service: str) -> Any:
    """The emulator's own side of a service, to put something into a state that no call leads to."""
    return get_backend(service)[on.account.id][on.region]  # type: ignore[call-overload]
