"""How large a stack is, in the few numbers that its price depends on: read from its records, or from a preset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from rehearsal.engine.state import Record
from rehearsal.report.description import definitions as task_containers
from settings import ConfigurationError, Settings, load
from settings.office_hours import EXAMPLE, parse
from settings.presets import PRESETS
from settings.zones import ZONES


@dataclass(frozen=True)
class Task:
    """A Fargate service."""

    cpu: int
    """CPU units; 1024 are one virtual CPU."""
    memory: int
    """MiB."""
    count: int


@dataclass(frozen=True)
class Sizes:
    """Instance types and how many of each."""

    nats: int = 0
    database: str = ""
    database_nodes: int = 0
    storage_gb: int = 0
    cache: str = ""
    cache_nodes: int = 0
    endpoint: str = ""
    endpoint_instances: int = 0
    """Of one endpoint."""
    tasks: Mapping[str, Task] = field(default_factory=dict)
    """By kind, with dashes."""
    awake: float = 1.0
    """Part of the time in which tasks, database and endpoints run."""


def measured(records: Sequence[Record], awake: float) -> Sizes:
    """What the rehearsed stack has. `awake`: see awake_share."""
    first = {record.type: record.inputs for record in reversed(records)}
    database = first.get("aws:rds/instance:Instance", {})
    cache = first.get("aws:elasticache/replicationGroup:ReplicationGroup", {})
    variants = first.get("aws:sagemaker/endpointConfiguration:EndpointConfiguration", {}).get("productionVariants")
    variant = variants[0] if variants else {}
    return Sizes(
        nats=sum(record.type == "aws:ec2/natGateway:NatGateway" for record in records),
        database=database.get("instanceClass", ""),
        database_nodes=(2 if database.get("multiAz") else 1) if database else 0,
        storage_gb=int(database.get("allocatedStorage", 0)),
        cache=cache.get("nodeType", ""),
        cache_nodes=int(cache.get("numCacheClusters", 1)) if cache else 0,
        endpoint=variant.get("instanceType", ""),
        endpoint_instances=int(variant.get("initialInstanceCount", 0)),
        tasks=_tasks(records),
        awake=awake,
    )


def awake_share(mode: str, office_hours: str) -> float:
    """The part of the week in which tasks, database and endpoints run, from the settings or from the output `sleep`.

    The output has the time zone behind the hours.
    """
    if mode == "asleep":
        return 0.0
    return parse(office_hours.partition(" (")[0]).share if office_hours else 1.0


def _tasks(records: Sequence[Record]) -> dict[str, Task]:
    definitions = {
        record.outputs.get("arn"): record
        for record in records
        if record.type == "aws:ecs/taskDefinition:TaskDefinition"
    }
    found = {}
    for record in records:
        definition = definitions.get(record.inputs.get("taskDefinition"))
        if record.type == "aws:ecs/service:Service" and definition is not None:
            size, containers = definition.inputs, task_containers(definition)
            kind = containers[0]["name"] if containers else record.name
            found[kind] = Task(int(size["cpu"]), int(size["memory"]), int(record.inputs.get("desiredCount", 0)))
    return dict(sorted(found.items()))


def of_presets(config: Mapping[str, str], now: Sizes) -> dict[str, Sizes]:
    """What each preset would make of this configuration, its other settings kept; empty for another program's.

    Computed from the settings, which costs nothing: a rehearsal of each preset would take as long as the stack's own.
    """
    try:
        return {name: _chosen(load({**config, "cvat:preset": name}), now) for name in PRESETS}
    except ConfigurationError:  # a project whose settings are not ours, such as an older revision
        return {}


def of_modes(config: Mapping[str, str], now: Sizes) -> dict[str, Sizes]:
    """The stack of this configuration awake, asleep, and with its office hours (or usual ones); empty for another
    program's."""
    awake = {key: value for key, value in config.items() if key not in ("cvat:officeHours", "cvat:officeTimeZone")}
    try:
        base = _chosen(load({**awake, "cvat:mode": "awake"}), now)
        hours = parse(config.get("cvat:officeHours") or EXAMPLE)
    except (ConfigurationError, ValueError):
        return {}
    return {
        "awake": base,
        f"office hours, {hours.text}": replace(base, awake=hours.share),
        "asleep": replace(base, awake=0.0),
    }


def _chosen(chosen: Settings, now: Sizes) -> Sizes:
    """The sizes of checked settings; what the stack does not have (an adopted network's NAT) stays away."""
    tasks = {kind.replace("_", "-"): size for kind, size in chosen.tasks.items()}
    return Sizes(
        nats=(1 if chosen.network.single_nat else ZONES) if now.nats else 0,
        database=chosen.data.database.instance_class,
        database_nodes=2 if chosen.data.database.multi_az else 1,
        storage_gb=chosen.data.database.storage_gb,
        cache=chosen.data.cache.node_type,
        cache_nodes=1 + chosen.data.cache.replicas,
        endpoint=chosen.inference.endpoint.instance_type if now.endpoint else "",
        endpoint_instances=chosen.inference.endpoint.count if now.endpoint else 0,
        tasks={kind: Task(one.cpu, one.memory, one.count) for kind, one in sorted(tasks.items()) if kind in now.tasks},
        awake=chosen.hours.share if chosen.hours else 0.0 if chosen.sleep.asleep else 1.0,
    )
