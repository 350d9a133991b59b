"""What the diagram shows: the zones, and who stands in which of them, read from the records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rehearsal.checks.nodes import ROLE_TAG
from rehearsal.engine.state import Record
from rehearsal.report.description import Description, definitions
from rehearsal.report.functions import containers, served
from rehearsal.report.reach import place

S3 = "Buckets (S3)"
ENDPOINTS_SHOWN = 6
NAMES_SHOWN = 12


@dataclass(frozen=True)
class Bar:
    """Something that stands in the private subnets of one or more zones."""

    role: str
    """Its name in the list of edges: what it is called by."""
    label: str
    """Its row in the matrix: what it calls by."""
    title: str
    details: tuple[str, ...]
    zones: frozenset[str]
    note: str = ""
    """Said in each of its zones."""

    @property
    def kind(self) -> str:
        """What sort of thing it is, as the style sheet calls it."""
        return {"postgresql": "store", "redis": "store", "efs": "store", "init": "once"}.get(self.role, "task")


@dataclass(frozen=True)
class Service:
    """Something of AWS's beside the network."""

    title: str
    details: tuple[str, ...]
    endpoint: bool = False
    """Whether it is a SageMaker endpoint."""


@dataclass(frozen=True)
class Plan:
    """The diagram's contents."""

    zones: tuple[str, ...]
    balancer: Bar | None
    bars: tuple[Bar, ...]
    services: tuple[Service, ...]
    networks: tuple[str, ...] = field(default=())
    """Address ranges of the network."""


class Reader:
    """Reads the plan from facts."""

    def __init__(self, facts: Description) -> None:
        self.facts = facts
        self._zones = {subnet.id: subnet.zone for subnet in facts.subnets}
        self._roles = {
            record.id: (record.tags or {}).get(ROLE_TAG, "")
            for record in facts.of_type("aws:ec2/securityGroup:SecurityGroup")
        }

        self._definitions = {
            one.outputs.get("arn"): one for one in facts.of_type("aws:ecs/taskDefinition:TaskDefinition")
        }

    def plan(self) -> Plan:
        """All of it."""
        bars = [*self._services(), *self._init(), *self._models(), *self._endpoints(), *self._stores()]
        return Plan(
            zones=tuple(sorted(set(self._zones.values()))),
            balancer=next(iter(self._balancers()), None),
            bars=tuple(sorted(bars, key=lambda bar: (place(bar.role), bar.title))),
            services=(*self._regional(), *self._sagemaker()),
            networks=tuple(str(one.inputs.get("cidrBlock", "")) for one in self.facts.of_type("aws:ec2/vpc:Vpc")),
        )

    def _bar(
        self, title: str, details: Iterable[str], groups: Sequence[str], subnets: Sequence[str], **more: str
    ) -> Bar:
        """`more`: its label, if it is not its role; its note."""
        roles = sorted({self._roles.get(group, "") for group in groups} - {""})
        server = next((role for role in roles if not role.endswith("-client")), "")
        zones = frozenset(self._zones[subnet] for subnet in subnets if subnet in self._zones)
        label = more.get("label", server)
        return Bar(server, label, title, tuple(one for one in details if one), zones, more.get("note", ""))

    def _balancers(self) -> Iterator[Bar]:
        for record in self.facts.of_type("aws:lb/loadBalancer:LoadBalancer"):
            listeners = [
                f"{one.inputs.get('protocol')} :{one.inputs.get('port')}"
                for one in self.facts.of_type("aws:lb/listener:Listener")
                if one.inputs.get("loadBalancerArn") == record.outputs.get("arn")
            ]
            where = "internal" if record.inputs.get("internal") else "public"
            rules = len(self.facts.of_type("aws:lb/listenerRule:ListenerRule"))
            details = [f"{where} · {', '.join(listeners)} · {rules} path rules", *self._guards()]
            groups, subnets = record.inputs.get("securityGroups") or [], record.inputs.get("subnets") or []
            yield self._bar("Load balancer (ALB)", details, groups, subnets)

    def _guards(self) -> Iterator[str]:
        """What stands before the rules."""
        found = [f"WAF with {len(one.inputs['rules'])} rules" for one in self.facts.of_type("aws:wafv2/webAcl:WebAcl")]
        asked = any(
            action.get("authenticateOidc")
            for one in self.facts.of_type("aws:lb/listener:Listener")
            for action in one.inputs.get("defaultActions") or []
        )
        found += ["login at an identity provider (OIDC)"] if asked else []
        if found:
            yield " · ".join(found)

    def _services(self) -> Iterator[Bar]:
        for record in self.facts.of_type("aws:ecs/service:Service"):
            network = record.inputs.get("networkConfiguration") or {}
            definition = self._definitions.get(record.inputs.get("taskDefinition"))
            name = _container(definition).get("name", record.name)
            tasks = _many(record.inputs.get("desiredCount", 0), "task")
            details = [" · ".join((tasks, _size(definition), *_commands(definition))), *self._discovery(record)]
            groups, subnets = network.get("securityGroups") or [], network.get("subnets") or []
            yield self._bar(name, details, groups, subnets, label=name)

    def _discovery(self, service: Record) -> Iterator[str]:
        """The service's names in Cloud Map."""
        entries = service.inputs.get("serviceRegistries") or {}
        arn = entries.get("registryArn") if isinstance(entries, Mapping) else None
        spaces = {
            one.id: one.inputs["name"]
            for one in self.facts.of_type("aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace")
        }
        for one in self.facts.of_type("aws:servicediscovery/service:Service"):
            if one.outputs.get("arn") == arn:
                space = spaces.get(one.inputs["dnsConfig"]["namespaceId"], "")
                yield f"Cloud Map: {one.inputs['name']}.{space}"

    def _init(self) -> Iterator[Bar]:
        for record in self.facts.records:
            if record.type.startswith("pulumi-python:dynamic") and "task_definition" in record.inputs:
                definition = self._definitions.get(record.inputs["task_definition"])
                names = [one["name"] for one in definitions(definition)] if definition else []
                details = [f"runs once, before the rest · {', '.join(names)}"]
                groups, subnets = record.inputs["security_groups"], record.inputs["subnets"]
                yield self._bar(f"{record.name} task", details, groups, subnets, label=next(iter(names), record.name))

    def _models(self) -> Iterator[Bar]:
        by_place: dict[tuple[tuple[str, ...], tuple[str, ...]], int] = {}
        for record in self.facts.of_type("aws:sagemaker/model:Model"):
            network = record.inputs.get("vpcConfig") or {}
            key = tuple(network.get("securityGroupIds") or []), tuple(network.get("subnets") or [])
            by_place[key] = by_place.get(key, 0) + 1
        for (groups, subnets), count in by_place.items():
            yield self._bar("models", [f"network interfaces of {_many(count, 'SageMaker model')}"], groups, subnets)

    def _endpoints(self) -> Iterator[Bar]:
        doors = [one for one in self.facts.of_type("aws:ec2/vpcEndpoint:VpcEndpoint") if one.inputs.get("subnetIds")]
        if doors:
            names = ", ".join(sorted(one.inputs["serviceName"].rpartition(f"{self.facts.region}.")[2] for one in doors))
            first = doors[0].inputs
            yield self._bar("VPC endpoints", [names], first.get("securityGroupIds") or [], first["subnetIds"])

    def _stores(self) -> Iterator[Bar]:
        for record in self.facts.of_type("aws:rds/instance:Instance"):
            given = record.inputs
            standby = "standby in another zone" if given.get("multiAz") else "no standby"
            details = [f"{given.get('instanceClass')} · {given.get('allocatedStorage')} GB · {standby}"]
            subnets = self._group("aws:rds/subnetGroup:SubnetGroup", given.get("dbSubnetGroupName"))
            title = f"PostgreSQL {given.get('engineVersion', '')} (RDS)"
            yield self._bar(title, details, given.get("vpcSecurityGroupIds") or [], subnets)
        for record in self.facts.of_type("aws:elasticache/replicationGroup:ReplicationGroup"):
            given = record.inputs
            details = [f"{given.get('nodeType')} · {_many(given.get('numCacheClusters', 1), 'node')}"]
            subnets = self._group("aws:elasticache/subnetGroup:SubnetGroup", given.get("subnetGroupName"))
            title = f"Redis {given.get('engineVersion', '')} (ElastiCache)"
            yield self._bar(title, details, given.get("securityGroupIds") or [], subnets)
        for record in self.facts.of_type("aws:efs/fileSystem:FileSystem"):
            targets = [
                one.inputs
                for one in self.facts.of_type("aws:efs/mountTarget:MountTarget")
                if one.inputs["fileSystemId"] == record.id
            ]
            points = [
                one.inputs["rootDirectory"]["path"]
                for one in self.facts.of_type("aws:efs/accessPoint:AccessPoint")
                if one.inputs["fileSystemId"] == record.id
            ]
            groups = sorted({group for target in targets for group in target.get("securityGroups") or []})
            details = [f"access points {', '.join(points)}"]
            yield self._bar("Files (EFS)", details, groups, [one["subnetId"] for one in targets], note="mount target")

    def _group(self, token: str, name: Any) -> list[str]:
        return [
            subnet
            for one in self.facts.of_type(token)
            if name in (one.id, one.outputs.get("name"))
            for subnet in one.inputs.get("subnetIds") or []
        ]

    def _regional(self) -> Iterator[Service]:
        for token, title in (
            ("aws:ecr/repository:Repository", "Images (ECR)"),
            ("aws:s3/bucket:Bucket", S3),
            ("aws:secretsmanager/secret:Secret", "Secrets Manager"),
            ("aws:cloudwatch/logGroup:LogGroup", "CloudWatch Logs"),
        ):
            names = sorted(one.name for one in self.facts.of_type(token))
            by_gateway = title == S3 and any(
                one.inputs.get("vpcEndpointType") == "Gateway" and str(one.inputs.get("serviceName")).endswith(".s3")
                for one in self.facts.of_type("aws:ec2/vpcEndpoint:VpcEndpoint")
            )
            if names:
                yield Service(
                    title, (_listed(names), *(["reached by the VPC's gateway endpoint"] if by_gateway else []))
                )

    def _sagemaker(self) -> Iterator[Service]:
        by_endpoint: dict[str, list[str]] = {}
        for function, where in served(self.facts).items():
            by_endpoint.setdefault(where["endpoint"], []).append(function)
        for record in self.facts.of_type("aws:sagemaker/endpoint:Endpoint"):
            size, found = containers(self.facts, record.id)
            hosts = [str(one.get("containerHostname", "")) for one in found]
            names = [host for host in hosts if host] or sorted(by_endpoint.get(record.id, []))
            yield Service(f"Endpoint {record.name}", (size, *names), endpoint=True)


def _listed(names: Sequence[str]) -> str:
    """Names, as many as a box can take."""
    rest = len(names) - NAMES_SHOWN
    return ", ".join(names[:NAMES_SHOWN]) + (f" and {rest} more" if rest > 0 else "")


def _container(definition: Record | None) -> dict[str, Any]:
    return next(iter(definitions(definition)), {}) if definition else {}


def _commands(definition: Record | None) -> list[str]:
    """What the containers of a task are told to do, where the image does not say."""
    told = [" ".join(one["command"]) for one in definitions(definition) if one.get("command")] if definition else []
    return [f"command {', '.join(told)}"] if told else []


def _size(definition: Record | None) -> str:
    if definition is None:
        return "size unknown"
    cpu, memory = int(definition.inputs["cpu"]) / 1024, int(definition.inputs["memory"]) / 1024
    return f"{cpu:g} vCPU, {memory:g} GB each"


def _many(count: Any, thing: str) -> str:
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def together(endpoints: Sequence[Service]) -> Service:
    """One box for all endpoints."""
    if len(endpoints) == 1:
        return endpoints[0]
    shown = [f"{one.title.removeprefix('Endpoint ')} ({one.details[0]})" for one in endpoints[:ENDPOINTS_SHOWN]]
    rest = len(endpoints) - len(shown)
    return Service(
        f"{len(endpoints)} SageMaker endpoints", (*shown, *([f"and {rest} more"] if rest else [])), endpoint=True
    )
