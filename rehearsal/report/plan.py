"""What the diagram shows: the zones, and what is in which of them, read from the records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

from rehearsal.checks.nodes import ROLE_TAG
from rehearsal.engine.state import Record
from rehearsal.report.connections import place
from rehearsal.report.description import Description, definitions
from rehearsal.report.functions import containers, served

S3 = "Buckets (S3)"
ENDPOINTS_SHOWN = 6
NAMES_SHOWN = 12


@dataclass(frozen=True)
class Bar:
    """Something in the private subnets of one or more zones."""

    role: str
    """Its name as a target of connections."""
    label: str
    """Its row in the matrix: its name as a caller."""
    title: str
    details: tuple[str, ...]
    zones: frozenset[str]
    note: str = ""
    """Written in each of its zones."""

    @property
    def kind(self) -> str:
        """What sort of thing it is, as the style sheet calls it."""
        return {"postgresql": "store", "redis": "store", "media": "store", "efs": "store", "init": "once"}.get(
            self.role, "task"
        )


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
    """Reads the plan from a description."""

    def __init__(self, description: Description) -> None:
        self.description = description
        self._zones = {subnet.id: subnet.zone for subnet in description.subnets}
        self._roles = {
            record.id: (record.tags or {}).get(ROLE_TAG, "")
            for record in description.of_type("aws:ec2/securityGroup:SecurityGroup")
        }

        self._definitions = {
            record.outputs.get("arn"): record for record in description.of_type("aws:ecs/taskDefinition:TaskDefinition")
        }

    def plan(self) -> Plan:
        """All of it."""
        bars = [*self._services(), *self._init(), *self._models(), *self._endpoints(), *self._stores()]
        return Plan(
            zones=tuple(sorted(set(self._zones.values()))),
            balancer=next(iter(self._balancers()), None),
            bars=tuple(sorted(bars, key=lambda bar: (place(bar.role), bar.title))),
            services=(*self._regional(), *self._sagemaker()),
            networks=tuple(str(vpc.inputs.get("cidrBlock", "")) for vpc in self.description.of_type("aws:ec2/vpc:Vpc")),
        )

    def _bar(
        self, title: str, details: Iterable[str], groups: Sequence[str], subnets: Sequence[str], **more: str
    ) -> Bar:
        """`more`: its label, if it is not its role; its note."""
        roles = sorted({self._roles.get(group, "") for group in groups} - {""})
        server = next((role for role in roles if not role.endswith("-client")), "")
        zones = frozenset(self._zones[subnet] for subnet in subnets if subnet in self._zones)
        label = more.get("label", server)
        return Bar(server, label, title, tuple(line for line in details if line), zones, more.get("note", ""))

    def _balancers(self) -> Iterator[Bar]:
        for record in self.description.of_type("aws:lb/loadBalancer:LoadBalancer"):
            listeners = [
                f"{listener.inputs.get('protocol')} :{listener.inputs.get('port')}"
                for listener in self.description.of_type("aws:lb/listener:Listener")
                if listener.inputs.get("loadBalancerArn") == record.outputs.get("arn")
            ]
            scheme = "internal" if record.inputs.get("internal") else "public"
            rules = len(self.description.of_type("aws:lb/listenerRule:ListenerRule"))
            paths = _many(rules, "path rule")
            details = [f"{scheme} · {', '.join(listeners)} · {paths}", *self._guards()]
            groups, subnets = record.inputs.get("securityGroups") or [], record.inputs.get("subnets") or []
            yield self._bar("Load balancer (ALB)", details, groups, subnets)

    def _guards(self) -> Iterator[str]:
        """What every request has to pass."""
        acls = self.description.of_type("aws:wafv2/webAcl:WebAcl")
        guards = [f"WAF with {len(acl.inputs['rules'])} rules" for acl in acls]
        login = any(
            action.get("authenticateOidc")
            for listener in self.description.of_type("aws:lb/listener:Listener")
            for action in listener.inputs.get("defaultActions") or []
        )
        guards += ["login at an identity provider (OIDC)"] if login else []
        if guards:
            yield " · ".join(guards)

    def _services(self) -> Iterator[Bar]:
        for record in self.description.of_type("aws:ecs/service:Service"):
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
        namespaces = {
            namespace.id: namespace.inputs["name"]
            for namespace in self.description.of_type("aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace")
        }
        for entry in self.description.of_type("aws:servicediscovery/service:Service"):
            if entry.outputs.get("arn") == arn:
                namespace = namespaces.get(entry.inputs["dnsConfig"]["namespaceId"], "")
                yield f"Cloud Map: {entry.inputs['name']}.{namespace}"

    def _init(self) -> Iterator[Bar]:
        for record in self.description.records:
            if record.type.startswith("pulumi-python:dynamic") and "task_definition" in record.inputs:
                definition = self._definitions.get(record.inputs["task_definition"])
                names = [container["name"] for container in definitions(definition)] if definition else []
                details = [f"runs once, before the rest · {', '.join(names)}"]
                groups, subnets = record.inputs["security_groups"], record.inputs["subnets"]
                yield self._bar(f"{record.name} task", details, groups, subnets, label=next(iter(names), record.name))

    def _models(self) -> Iterator[Bar]:
        counts: dict[tuple[tuple[str, ...], tuple[str, ...]], int] = {}
        for record in self.description.of_type("aws:sagemaker/model:Model"):
            network = record.inputs.get("vpcConfig") or {}
            key = tuple(network.get("securityGroupIds") or []), tuple(network.get("subnets") or [])
            counts[key] = counts.get(key, 0) + 1
        for (groups, subnets), count in counts.items():
            yield self._bar("models", [f"network interfaces of {_many(count, 'SageMaker model')}"], groups, subnets)

    def _endpoints(self) -> Iterator[Bar]:
        endpoints = [endpoint.inputs for endpoint in self.description.of_type("aws:ec2/vpcEndpoint:VpcEndpoint")]
        interfaces = [inputs for inputs in endpoints if inputs.get("subnetIds")]
        if interfaces:
            prefix = f"{self.description.region}."
            names = ", ".join(sorted(inputs["serviceName"].rpartition(prefix)[2] for inputs in interfaces))
            first = interfaces[0]
            yield self._bar("VPC endpoints", [names], first.get("securityGroupIds") or [], first["subnetIds"])

    def _stores(self) -> Iterator[Bar]:
        for record in self.description.of_type("aws:rds/instance:Instance"):
            inputs = record.inputs
            standby = "standby in another zone" if inputs.get("multiAz") else "no standby"
            details = [f"{inputs.get('instanceClass')} · {inputs.get('allocatedStorage')} GB · {standby}"]
            subnets = self._group("aws:rds/subnetGroup:SubnetGroup", inputs.get("dbSubnetGroupName"))
            title = f"PostgreSQL {inputs.get('engineVersion', '')} (RDS)"
            yield self._bar(title, details, inputs.get("vpcSecurityGroupIds") or [], subnets)
        for record in self.description.of_type("aws:elasticache/replicationGroup:ReplicationGroup"):
            inputs = record.inputs
            details = [f"{inputs.get('nodeType')} · {_many(inputs.get('numCacheClusters', 1), 'node')}"]
            subnets = self._group("aws:elasticache/subnetGroup:SubnetGroup", inputs.get("subnetGroupName"))
            frames = (inputs.get("tags") or {}).get("cvat:content") == "frames"
            title = f"Redis {inputs.get('engineVersion', '')} (ElastiCache{', frames' if frames else ''})"
            yield self._bar(title, details, inputs.get("securityGroupIds") or [], subnets)
        for record in self.description.of_type("aws:efs/fileSystem:FileSystem"):
            targets = [
                target.inputs
                for target in self.description.of_type("aws:efs/mountTarget:MountTarget")
                if target.inputs["fileSystemId"] == record.id
            ]
            points = [
                point.inputs["rootDirectory"]["path"]
                for point in self.description.of_type("aws:efs/accessPoint:AccessPoint")
                if point.inputs["fileSystemId"] == record.id
            ]
            groups = sorted({group for target in targets for group in target.get("securityGroups") or []})
            details = [f"access points {', '.join(points)}"]
            subnets = [target["subnetId"] for target in targets]
            yield self._bar("Files (EFS)", details, groups, subnets, note="mount target")

    def _group(self, token: str, name: Any) -> list[str]:
        return [
            subnet
            for group in self.description.of_type(token)
            if name in (group.id, group.outputs.get("name"))
            for subnet in group.inputs.get("subnetIds") or []
        ]

    def _regional(self) -> Iterator[Service]:
        for token, title in (
            ("aws:ecr/repository:Repository", "Images (ECR)"),
            ("aws:s3/bucket:Bucket", S3),
            ("aws:secretsmanager/secret:Secret", "Secrets Manager"),
            ("aws:cloudwatch/logGroup:LogGroup", "CloudWatch Logs"),
        ):
            names = sorted(record.name for record in self.description.of_type(token))
            if names:
                by_gateway = title == S3 and self._has_s3_gateway()
                note = ["reached by the VPC's gateway endpoint"] if by_gateway else []
                yield Service(title, (_listed(names), *note))

    def _has_s3_gateway(self) -> bool:
        endpoints = [endpoint.inputs for endpoint in self.description.of_type("aws:ec2/vpcEndpoint:VpcEndpoint")]
        return any(
            inputs.get("vpcEndpointType") == "Gateway" and str(inputs.get("serviceName")).endswith(".s3")
            for inputs in endpoints
        )

    def _sagemaker(self) -> Iterator[Service]:
        by_endpoint: dict[str, list[str]] = {}
        for function, where in served(self.description).items():
            by_endpoint.setdefault(where["endpoint"], []).append(function)
        for record in self.description.of_type("aws:sagemaker/endpoint:Endpoint"):
            size, served_containers = containers(self.description, record.id)
            hosts = [str(container.get("containerHostname", "")) for container in served_containers]
            names = [host for host in hosts if host] or sorted(by_endpoint.get(record.id, []))
            yield Service(f"Endpoint {record.name}", (size, *names), endpoint=True)


def _listed(names: Sequence[str]) -> str:
    """Names, as many as a box can take."""
    rest = len(names) - NAMES_SHOWN
    return ", ".join(names[:NAMES_SHOWN]) + (f" and {rest} more" if rest > 0 else "")


def _container(definition: Record | None) -> dict[str, Any]:
    return next(iter(definitions(definition)), {}) if definition else {}


def _commands(definition: Record | None) -> list[str]:
    """The commands of a task's containers, where they are not the image's own; without options, which are long."""
    listed = definitions(definition) if definition else []
    commands = [
        " ".join(takewhile(lambda word: not word.startswith("-"), container["command"]))
        for container in listed
        if container.get("command")
    ]
    return [f"command {', '.join(commands)}"] if commands else []


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
    names = [
        f"{endpoint.title.removeprefix('Endpoint ')} ({endpoint.details[0]})"
        for endpoint in endpoints[:ENDPOINTS_SHOWN]
    ]
    rest = [f"and {len(endpoints) - len(names)} more"] if len(endpoints) > len(names) else []
    return Service(f"{len(endpoints)} SageMaker endpoints", (*names, *rest), endpoint=True)
