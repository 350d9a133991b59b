"""How large a stack is, in the few numbers that its price depends on: read from its records, or from a preset."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from rehearsal.engine.state import Record
from rehearsal.report.description import definitions
from settings.releases import DEFAULT, RELEASES

PRESETS = Path("settings") / "presets.yaml"
"""In the project's folder: sizes by preset and setting; a preset says what differs from `standard`."""

ZONES = 3
"""Zones of a network that the program creates, each with a NAT gateway unless `natGateways` is `single`."""

ENDPOINT = "aws:sagemaker/endpointConfiguration:EndpointConfiguration"
FLOW_LOG = "aws:ec2/flowLog:FlowLog"
CACHE = "aws:elasticache/replicationGroup:ReplicationGroup"
SCHEDULE = "aws:scheduler/schedule:Schedule"
STARTS = ("startDBInstance", "createEndpoint", "enableAlarmActions")
STOPS = ("stopDBInstance", "deleteEndpoint", "disableAlarmActions")
"""Calls of the schedules with which office hours begin and end."""
CRON = re.compile(r"cron\((?P<minute>\d+) (?P<hour>\d+) \? \* (?P<days>[A-Z,]+) \*\)")
DAY_MINUTES = 24 * 60
EXAMPLE_HOURS, EXAMPLE_SHARE = "mon-fri 08:00-20:00", 5 * 750 / (7 * DAY_MINUTES)
"""Office hours for comparison where the stack has none: from 20 minutes before until 10 minutes after."""


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
    flow_logs: bool = False
    database: str = ""
    database_nodes: int = 0
    storage_gb: int = 0
    cache: str = ""
    cache_nodes: int = 0
    media: str = ""
    """Node type of the Redis that keeps frames; empty: there is none, as in a stack asleep."""
    media_nodes: int = 0
    endpoint: str = ""
    endpoint_instances: int = 0
    """Of one endpoint."""
    endpoints: int = 0
    """That are always there while the stack is awake."""
    batch_endpoint: str = ""
    """Instance type of the endpoints that sleep while nobody uses them."""
    batch_endpoints: int = 0
    tasks: Mapping[str, Task] = field(default_factory=dict)
    """By kind, with dashes."""
    awake: float = 1.0
    """Part of the time in which tasks, database and endpoints run."""


def _variants(records: Sequence[Record]) -> tuple[list[Any], list[Any]]:
    """The variants of interactive endpoints, and of those that sleep while nobody uses them."""
    configs = [record.inputs for record in records if record.type == ENDPOINT]
    batch = [(config.get("tags") or {}).get("cvat:service") == "batch" for config in configs]
    variants = [config["productionVariants"][0] for config in configs]
    pairs = list(zip(variants, batch, strict=True))
    return [variant for variant, sleeps in pairs if not sleeps], [variant for variant, sleeps in pairs if sleeps]


def measured(records: Sequence[Record]) -> Sizes:
    """What the rehearsed stack has."""
    first = {record.type: record.inputs for record in reversed(records)}
    database = first.get("aws:rds/instance:Instance", {})
    interactive, batch = _variants(records)
    variant = interactive[0] if interactive else {}
    caches = [record.inputs for record in records if record.type == CACHE]
    media = next((inputs for inputs in caches if _keeps_frames(inputs)), {})
    cache = next((inputs for inputs in caches if not _keeps_frames(inputs)), {})
    return Sizes(
        nats=sum(record.type == "aws:ec2/natGateway:NatGateway" for record in records),
        flow_logs=FLOW_LOG in first,
        database=database.get("instanceClass", ""),
        database_nodes=(2 if database.get("multiAz") else 1) if database else 0,
        storage_gb=int(database.get("allocatedStorage", 0)),
        cache=cache.get("nodeType", ""),
        cache_nodes=int(cache.get("numCacheClusters", 1)) if cache else 0,
        media=media.get("nodeType", ""),
        media_nodes=int(media.get("numCacheClusters", 1)) if media else 0,
        endpoint=variant.get("instanceType", ""),
        endpoint_instances=int(variant.get("initialInstanceCount", 0)),
        endpoints=len(interactive),
        batch_endpoint=batch[0].get("instanceType", "") if batch else "",
        batch_endpoints=len(batch),
        tasks=_tasks(records),
        awake=awake_share(records),
    )


def _keeps_frames(cache: Mapping[str, Any]) -> bool:
    return (cache.get("tags") or {}).get("cvat:content") == "frames"


def _tasks(records: Sequence[Record]) -> dict[str, Task]:
    definition_records = {
        record.outputs.get("arn"): record
        for record in records
        if record.type == "aws:ecs/taskDefinition:TaskDefinition"
    }
    tasks = {}
    for record in records:
        definition = definition_records.get(record.inputs.get("taskDefinition"))
        if record.type == "aws:ecs/service:Service" and definition is not None:
            containers = definitions(definition)
            kind = containers[0]["name"] if containers else record.name
            cpu, memory = int(definition.inputs["cpu"]), int(definition.inputs["memory"])
            tasks[kind] = Task(cpu, memory, int(record.inputs.get("desiredCount", 0)))
    return dict(sorted(tasks.items()))


def awake_share(records: Sequence[Record]) -> float:
    """The part of the week in which tasks, database and endpoints run: by the stack's schedules and task counts."""
    starts, stops = _times(records, STARTS), _times(records, STOPS)
    if starts and stops:
        days, start = min(starts, key=lambda time: time[1])
        end = max(minute + DAY_MINUTES * (minute < start) for _, minute in stops)
        return days * (end - start) / (7 * DAY_MINUTES)
    services = [record for record in records if record.type == "aws:ecs/service:Service"]
    counts = [int(record.inputs.get("desiredCount") or 0) for record in services]
    return 0.0 if counts and not any(counts) else 1.0


def _times(records: Sequence[Record], calls: Sequence[str]) -> list[tuple[int, int]]:
    """Days a week and minute of the day of the schedules that make one of these calls."""
    times = []
    for record in records:
        if record.type == SCHEDULE and str(record.inputs["target"]["arn"]).endswith(tuple(calls)):
            match = CRON.fullmatch(str(record.inputs.get("scheduleExpression")))
            if match:
                days = len(match["days"].split(","))
                times.append((days, int(match["hour"]) * 60 + int(match["minute"])))
    return times


def of_presets(folder: Path, config: Mapping[str, str], now: Sizes) -> dict[str, Sizes]:
    """What each preset of the project would make of this configuration, its other settings kept.

    Computed from the preset's figures, which costs nothing: a rehearsal of each preset would take as long as the
    stack's own. Empty where the project has no presets.
    """
    path = folder / PRESETS
    if not path.is_file():
        return {}
    presets = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {name: _of_preset({**presets["standard"], **sizes}, config, now) for name, sizes in sorted(presets.items())}


def _of_preset(preset: Mapping[str, str | int], config: Mapping[str, str], now: Sizes) -> Sizes:
    """The sizes of a preset and the settings that are set; what the stack does not have stays away."""

    def text(setting: str) -> str:
        value = config.get(f"cvat:{setting}", "")
        return value if value not in ("", "-1") else str(preset[setting])

    def number(setting: str) -> int:
        return int(text(setting))

    def task(size: str, count: str) -> Task:
        return Task(number(f"{size}Cpu"), number(f"{size}Memory"), number(f"{count}Count"))

    by_size = {
        **{size: task(size, size) for size in ("server", "ui", "gateway", "worker", "chunks")},
        "annotation_worker": task("worker", "annotationWorker"),
    }
    batch_endpoint = config.get("cvat:inferenceBatchInstanceType", "") or text("inferenceInstanceType")
    release = RELEASES.get(config.get("cvat:release", ""), DEFAULT)
    tasks = {process.kind: by_size[process.size] for process in release.services if process.size in by_size}
    return replace(
        now,
        nats=(1 if text("natGateways") == "single" else ZONES) if now.nats else 0,
        flow_logs=bool(now.nats) and text("flowLogs") != "off",
        database=text("dbInstanceClass") if now.database else "",
        database_nodes=(1 if text("dbAvailability") == "single" else 2) if now.database else 0,
        storage_gb=number("dbStorageGb") if now.database else 0,
        cache=text("redisNodeType"),
        cache_nodes=1 + number("redisReplicas"),
        media=text("mediaNodeType") if release.media_cache and now.awake else "",
        media_nodes=1 + number("mediaReplicas") if release.media_cache and now.awake else 0,
        endpoint=text("inferenceInstanceType") if now.endpoint else "",
        endpoint_instances=number("inferenceInstanceCount") if now.endpoint else 0,
        batch_endpoint=batch_endpoint if now.batch_endpoint else "",
        tasks={kind: tasks.get(kind, replace(size, count=max(size.count, 1))) for kind, size in now.tasks.items()},
    )


def of_modes(folder: Path, config: Mapping[str, str], now: Sizes) -> dict[str, Sizes]:
    """The stack of this configuration awake, with its office hours (or usual ones), and asleep."""
    preset = config.get("cvat:preset", "standard")
    sizes = of_presets(folder, config, replace(now, awake=now.awake or 1.0)).get(preset)
    if sizes is None:
        return {}
    own_hours = config.get("cvat:officeHours") if 0 < now.awake < 1 else None
    return {
        "awake": replace(sizes, awake=1.0),
        f"office hours, {own_hours or EXAMPLE_HOURS}": replace(sizes, awake=now.awake if own_hours else EXAMPLE_SHARE),
        "asleep": replace(sizes, awake=0.0, media="", media_nodes=0),
    }
