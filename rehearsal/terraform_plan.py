"""`python -m rehearsal.terraform_plan`: a rehearsed stack as `terraform show -json` prints a plan, for scanners.

Names follow the conventions of Pulumi's bridge to the Terraform provider: camelCase is snake_case there, and a list of
blocks has a name in the singular. A value that is another resource's id, ARN or name becomes a reference to it.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

import rehearsal
from rehearsal.engine.deployment import texts
from rehearsal.engine.state import Record
from rehearsal.options import config_option, stack_argument

_PROVIDER = "registry.terraform.io/hashicorp/aws"
_WITHOUT_MODULE = ("ec2", "vpc", "lb", "acm")
"""Modules of pulumi_aws whose types have no prefix in the provider, or one of their own."""
_MODULES = {"rds": "db", "servicediscovery": "service_discovery", "secretsmanager": "secretsmanager"}
_TYPES = {
    "aws:acm/certificate:Certificate": "aws_acm_certificate",
    "aws:ec2/vpc:Vpc": "aws_vpc",
    "aws:lb/loadBalancer:LoadBalancer": "aws_lb",
    "aws:lb/listener:Listener": "aws_lb_listener",
    "aws:lb/listenerRule:ListenerRule": "aws_lb_listener_rule",
    "aws:lb/targetGroup:TargetGroup": "aws_lb_target_group",
    "aws:s3/bucketObjectv2:BucketObjectv2": "aws_s3_object",
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": "aws_vpc_security_group_egress_rule",
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": "aws_vpc_security_group_ingress_rule",
}
"""Where the convention does not hold."""
_MAPS = ("tags", "environment", "dimensions", "variables")
"""Inputs whose keys are the user's own."""
_SINGULAR = {"policies": "policy", "queries": "query", "strategies": "strategy", "repositories": "repository"}
_IDENTITIES = ("arn", "id", "name", "bucket")
"""Attributes by which resources refer to others, the most telling first."""


def terraform_type(token: str) -> str:
    """For example aws_ecs_task_definition, of aws:ecs/taskDefinition:TaskDefinition."""
    if token in _TYPES:
        return _TYPES[token]
    module, _, name = token.removeprefix("aws:").partition(":")[0].partition("/")
    prefix = "" if module in _WITHOUT_MODULE else f"{_MODULES.get(module, module)}_"
    return f"aws_{prefix}{_snake(name)}"


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _singular(name: str) -> str:
    head, separator, last = name.rpartition("_")
    return f"{head}{separator}{_SINGULAR.get(last, last.removesuffix('s'))}"


def _values(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Inputs by the provider's names; a block is a list of one."""
    values: dict[str, Any] = {}
    for key, value in inputs.items():
        name = _snake(key)
        if isinstance(value, Mapping) and name not in _MAPS:
            values[name] = [_values(value)]
        elif isinstance(value, list | tuple) and value and all(isinstance(item, Mapping) for item in value):
            values[_singular(name)] = [_values(item) for item in value]
        else:
            values[name] = value
    return values


def plan(records: Sequence[Record]) -> dict[str, Any]:
    """The plan that would create the records of AWS's provider."""
    own = [record for record in records if record.type.startswith("aws:") and record.custom]
    addresses = {record.urn: _address(record) for record in own}
    owners = _owners(own, addresses)
    unset = _unset(own, addresses)
    planned, changes, configured = [], [], []
    for record in own:
        kind, name = addresses[record.urn]
        values = unset[kind] | _values(_inputs(record))
        described = {"address": f"{kind}.{name}", "mode": "managed", "type": kind, "name": name}
        planned.append({**described, "provider_name": _PROVIDER, "values": values})
        change = {"actions": ["create"], "before": None, "after": values, "after_unknown": {}}
        changes.append({**described, "provider_name": _PROVIDER, "change": change})
        configured.append({**described, "expressions": dict(_expressions(values, owners, f"{kind}.{name}"))})
    return {
        "format_version": "1.2",
        "terraform_version": "1.9.0",
        "planned_values": {"root_module": {"resources": planned}},
        "resource_changes": changes,
        "configuration": {"root_module": {"resources": configured}},
    }


def _inputs(record: Record) -> dict[str, Any]:
    return {key: value for key, value in record.inputs.items() if not key.startswith("__")}


def _unset(records: Sequence[Record], addresses: Mapping[str, tuple[str, str]]) -> dict[str, dict[str, Any]]:
    """By type: the attributes that any resource of it sets. A plan shows those that are not set as null."""
    unset: dict[str, dict[str, Any]] = {}
    for record in records:
        names = dict.fromkeys(("description", *_values(_inputs(record))))
        unset.setdefault(addresses[record.urn][0], {}).update(names)
    return unset


def _address(record: Record) -> tuple[str, str]:
    return terraform_type(record.type), re.sub(r"[^\w-]", "_", record.name)


def _owners(records: Sequence[Record], addresses: Mapping[str, tuple[str, str]]) -> dict[str, str]:
    """Value by which others refer to a resource -> reference."""
    owners: dict[str, str] = {}
    for attribute in _IDENTITIES:
        for record in records:
            value = record.id if attribute == "id" else record.outputs.get(attribute)
            if isinstance(value, str) and value:
                owners.setdefault(value, f"{'.'.join(addresses[record.urn])}.{attribute}")
    return owners


def _expressions(values: Mapping[str, Any], owners: Mapping[str, str], own: str) -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        references = sorted({reference for text in texts(value) if (reference := owners.get(text))})
        references = [reference for reference in references if reference.rpartition(".")[0] != own]
        if references:
            resources = [reference.rpartition(".")[0] for reference in references]
            yield key, {"references": [name for pair in zip(references, resources, strict=True) for name in pair]}
        else:
            yield key, {"constant_value": value}


@click.command("terraform-plan")
@stack_argument
@config_option
@click.option("--output", metavar="FILE", required=True, type=click.Path(path_type=Path), help="Where the plan goes.")
def command(stack: str, config: Mapping[str, str], output: Path) -> None:
    """Rehearse a stack with stand-ins for its model archives, and write its plan."""
    with tempfile.TemporaryDirectory(prefix="rehearsal-") as folder:
        done = rehearsal.rehearse(stack, config=config, judge=False, placeholders=Path(folder).resolve())
    if done.error:
        sys.exit(done.error.message)
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(plan(done.resources), default=str), encoding="utf-8")


if __name__ == "__main__":
    command()
