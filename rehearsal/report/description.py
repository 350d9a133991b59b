"""What the report is made of: the rehearsal's records, and what only its account can tell. Plain values, no clients."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pulumi.output import Unknown

from rehearsal.checks import reachability, stack_queries
from rehearsal.checks.cached_query import paged, tag
from rehearsal.engine.state import Record
from rehearsal.result import Verdict

if TYPE_CHECKING:
    from rehearsal.result import Rehearsal

NOBODY = reachability.Matrix((), (), {})
"""Nothing stands there, or the program has not run to its end."""


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
    """Everything a page of the report may cached_query."""

    project: str
    stack: str
    region: str
    account: str
    records: tuple[Record, ...]
    config: Mapping[str, str]
    matrix: reachability.Matrix = NOBODY
    """Who reaches whom, as the check of that name has found it."""
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
        matrix=reachability.matrix(rehearsal) if whole else NOBODY,
        subnets=tuple(_subnets(rehearsal)),
        nats={
            one["NatGatewayId"]: one["SubnetId"]
            for one in stack_queries.in_network(rehearsal, "describe_nat_gateways", "NatGateways")
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
        found = json.loads(record.inputs.get("containerDefinitions") or "[]")
    except ValueError:
        return []
    return list(found) if isinstance(found, list) else []


def _subnets(rehearsal: Rehearsal) -> Iterable[Subnet]:
    """Subnets of the stack's network, if it has security groups there, by zone and range."""
    if not any(record.id for record in rehearsal.of_type("aws:ec2/securityGroup:SecurityGroup")):
        return []
    ways: dict[str, list[str]] = {}
    for table in stack_queries.in_network(rehearsal, "describe_route_tables", "RouteTables"):
        hops = [route.get("NatGatewayId") or route.get("GatewayId") or "" for route in table["Routes"]]
        for link in table["Associations"]:
            ways[link.get("SubnetId", "")] = hops
    found = [
        Subnet(
            id=one["SubnetId"],
            zone=one["AvailabilityZone"],
            cidr=one["CidrBlock"],
            public=any(hop.startswith("igw-") for hop in ways.get(one["SubnetId"], [])),
            nat=next((hop for hop in ways.get(one["SubnetId"], []) if hop.startswith("nat-")), ""),
        )
        for one in stack_queries.in_network(rehearsal, "describe_subnets", "Subnets")
    ]
    return sorted(found, key=lambda one: (one.zone, not one.public, one.cidr))


def _roles(rehearsal: Rehearsal) -> Iterable[Role]:
    iam = rehearsal.client("iam")
    for record in rehearsal.of_type("aws:iam/role:Role"):
        if not record.id:
            continue
        named = {"RoleName": record.id}
        policies = {
            name: iam.get_role_policy(**named, PolicyName=name)["PolicyDocument"]
            for name in paged(iam, "list_role_policies", "PolicyNames", **named)
        }
        attached = paged(iam, "list_attached_role_policies", "AttachedPolicies", **named)
        yield Role(
            name=record.name,
            trust=iam.get_role(**named)["Role"]["AssumeRolePolicyDocument"],
            policies=policies,
            attached=tuple(one["PolicyArn"] for one in attached),
        )


def _secrets(rehearsal: Rehearsal) -> Iterable[Secret]:
    client = rehearsal.client("secretsmanager")
    made = {record.id: record.name for record in rehearsal.of_type("aws:secretsmanager/secret:Secret") if record.id}
    for one in paged(client, "list_secrets", "SecretList"):
        if one["ARN"] not in made and tag(one, "stack") != rehearsal.stack:
            continue
        yield Secret(
            one["ARN"], made.get(one["ARN"]) or str(one["Name"]), one.get("Description", ""), _keys(client, one)
        )


def _keys(client: Any, secret: Mapping[str, Any]) -> tuple[str, ...]:
    """The JSON keys of a secret's value; the value itself goes no further."""
    try:
        value = json.loads(client.get_secret_value(SecretId=secret["ARN"]).get("SecretString", ""))
    except (ValueError, client.exceptions.ResourceNotFoundException):
        return ()
    return tuple(sorted(value)) if isinstance(value, dict) else ()
