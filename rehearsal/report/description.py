"""What the report is made of: the rehearsal's records, and what only its account shows. Plain values, no clients."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pulumi.output import Unknown

from rehearsal.checks import reachability, stack_queries
from rehearsal.checks.cached_query import paged, tag
from rehearsal.engine.state import Record
from rehearsal.result import Rehearsal, Verdict

EMPTY_MATRIX = reachability.Matrix((), (), {})
"""There is no network, or the program has not run to its end."""


@dataclass(frozen=True)
class Subnet:
    """A subnet of the stack's network."""

    id: str
    zone: str
    cidr: str
    public: bool
    """Whether its route table leads to an Internet gateway."""
    nat: str
    """Id of the NAT gateway that its route table leads to, or empty."""


@dataclass(frozen=True)
class Role:
    """An IAM role as the account holds it."""

    name: str
    trust: Mapping[str, Any]
    policies: Mapping[Any, Mapping[str, Any]]
    """Inline policy documents by name."""
    attached: tuple[str, ...]
    """ARNs of managed policies."""


@dataclass(frozen=True)
class Secret:
    """A secret, without its values."""

    arn: str
    name: str
    description: str
    keys: tuple[str, ...]
    """JSON keys; empty where its value is no JSON object."""


@dataclass(frozen=True)
class Description:
    """Everything that a page of the report may ask for."""

    project: str
    stack: str
    region: str
    account: str
    records: tuple[Record, ...]
    config: Mapping[str, str]
    folder: Path = Path()
    """Of the project."""
    matrix: reachability.Matrix = EMPTY_MATRIX
    """Who reaches whom, as the check of that name has established."""
    subnets: tuple[Subnet, ...] = ()
    nats: Mapping[str, str] = field(default_factory=dict)
    """Subnet by NAT gateway."""
    roles: tuple[Role, ...] = ()
    secrets: tuple[Secret, ...] = ()
    checks: tuple[Verdict, ...] = ()
    messages: tuple[str, ...] = ()
    failure: str = ""
    outputs: Mapping[str, str] = field(default_factory=dict)

    def of_type(self, *types: str) -> list[Record]:
        """Records of these type tokens."""
        return [record for record in self.records if record.type in types]


def gather(rehearsal: Rehearsal, outputs: Mapping[str, str]) -> Description:
    """Ask the account; `outputs` are the exports as they may be shown."""
    groups = rehearsal.of_type("aws:ec2/securityGroup:SecurityGroup")
    whole = bool(groups) and all(record.id for record in groups) and rehearsal.error is None
    return Description(
        project=rehearsal.project,
        stack=rehearsal.stack,
        region=rehearsal.region,
        account=rehearsal.account.id,
        records=tuple(
            replace(record, inputs=known(record.inputs), outputs=known(record.outputs))
            for record in rehearsal.resources
        ),
        config=rehearsal.config.values,
        folder=rehearsal.folder,
        matrix=reachability.matrix(rehearsal) if whole else EMPTY_MATRIX,
        subnets=tuple(_subnets(rehearsal)),
        nats={
            gateway["NatGatewayId"]: gateway["SubnetId"]
            for gateway in stack_queries.in_network(rehearsal, "describe_nat_gateways", "NatGateways")
        },
        roles=tuple(_roles(rehearsal)),
        secrets=tuple(_secrets(rehearsal)),
        checks=rehearsal.checks,
        messages=rehearsal.messages,
        failure=str(rehearsal.error or ""),
        outputs=outputs,
    )


def known(value: Any) -> Any:
    """A value with None for whatever a preview does not know yet."""
    if isinstance(value, Mapping):
        return {key: known(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [known(item) for item in value]
    return None if isinstance(value, Unknown) else value


def definitions(record: Record) -> list[dict[str, Any]]:
    """The containers of a task definition; none in a preview, which does not know them yet."""
    try:
        containers = json.loads(record.inputs.get("containerDefinitions") or "[]")
    except ValueError:
        return []
    return list(containers) if isinstance(containers, list) else []


def _subnets(rehearsal: Rehearsal) -> Iterable[Subnet]:
    """Subnets of the stack's network, if it has security groups there, by zone and range."""
    if not any(record.id for record in rehearsal.of_type("aws:ec2/securityGroup:SecurityGroup")):
        return []
    gateways: dict[str, list[str]] = {}
    for table in stack_queries.in_network(rehearsal, "describe_route_tables", "RouteTables"):
        hops = [route.get("NatGatewayId") or route.get("GatewayId") or "" for route in table["Routes"]]
        for association in table["Associations"]:
            gateways[association.get("SubnetId", "")] = hops
    subnets = [
        Subnet(
            id=subnet["SubnetId"],
            zone=subnet["AvailabilityZone"],
            cidr=subnet["CidrBlock"],
            public=any(hop.startswith("igw-") for hop in gateways.get(subnet["SubnetId"], [])),
            nat=next((hop for hop in gateways.get(subnet["SubnetId"], []) if hop.startswith("nat-")), ""),
        )
        for subnet in stack_queries.in_network(rehearsal, "describe_subnets", "Subnets")
    ]
    return sorted(subnets, key=lambda subnet: (subnet.zone, not subnet.public, subnet.cidr))


def _roles(rehearsal: Rehearsal) -> Iterable[Role]:
    iam = rehearsal.client("iam")
    for record in rehearsal.of_type("aws:iam/role:Role"):
        if not record.id:
            continue
        role = {"RoleName": record.id}
        policies = {
            name: iam.get_role_policy(**role, PolicyName=name)["PolicyDocument"]
            for name in paged(iam, "list_role_policies", "PolicyNames", **role)
        }
        attached = paged(iam, "list_attached_role_policies", "AttachedPolicies", **role)
        yield Role(
            name=record.name,
            trust=iam.get_role(**role)["Role"]["AssumeRolePolicyDocument"],
            policies=policies,
            attached=tuple(policy["PolicyArn"] for policy in attached),
        )


def _secrets(rehearsal: Rehearsal) -> Iterable[Secret]:
    client = rehearsal.client("secretsmanager")
    names = {record.id: record.name for record in rehearsal.of_type("aws:secretsmanager/secret:Secret") if record.id}
    for secret in paged(client, "list_secrets", "SecretList"):
        arn = secret["ARN"]
        if arn in names or tag(secret, "stack") == rehearsal.stack:
            name = names.get(arn) or str(secret["Name"])
            yield Secret(arn, name, secret.get("Description", ""), _keys(client, arn))


def _keys(client: Any, arn: str) -> tuple[str, ...]:
    """The JSON keys of a secret's value; the value itself goes no further."""
    try:
        value = json.loads(client.get_secret_value(SecretId=arn).get("SecretString", ""))
    except (ValueError, client.exceptions.ResourceNotFoundException):
        return ()
    return tuple(sorted(value)) if isinstance(value, dict) else ()
