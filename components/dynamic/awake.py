"""Awake: a resource that a stack has unless it is asleep. Its creation, and the end of office hours, undo the sleep.

What sleeps is known to Pulumi as it is by day: the clock has changed it since, or the sleep, whose values Pulumi then
ignores. So a run that finds nothing to change would leave alarms muted, services without tasks and endpoints deleted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, Resource, ResourceProvider, UpdateResult

from components.dynamic.aws_clients import aws_clients
from components.dynamic.database_at_night import hours_of
from components.dynamic.pause_schedule import PAUSE, now, pause_all, pause_scaling
from components.dynamic.run_task import Clients
from components.dynamic.wake_up import create_endpoints, enable_alarms, restore_capacity, scalable, wait_for_services


class AwakeProvider(ResourceProvider):
    """Wakes on create, and when a stack gets office hours or gives them up: an evening may come during an update, and
    with hours Pulumi leaves the bounds of services alone, which may be others from now on."""

    serialize_as_secret_always = False

    def diff(self, _id: str, olds: Mapping[str, Any], news: Mapping[str, Any]) -> DiffResult:
        return DiffResult(changes=bool(olds.get("scheduled")) != bool(news.get("scheduled")))

    def create(self, props: Mapping[str, Any]) -> CreateResult:
        _wake(props)
        return CreateResult(id_=f"awake-{props['tags']['stack']}", outs=dict(props))

    def update(self, _id: str, _olds: Mapping[str, Any], news: Mapping[str, Any]) -> UpdateResult:
        _wake(news)
        return UpdateResult(outs=dict(news))


def _wake(props: Mapping[str, Any]) -> None:
    clients, cluster = aws_clients(props), str(props["cluster"])
    _pause(clients, cluster, props)
    for service in props["services"]:
        restore_capacity(clients("ecs"), clients("application-autoscaling"), cluster, service)
    create_endpoints(clients("sagemaker"), props["endpoints"])
    wait_for_services(clients("ecs"), cluster, [service for service in props["services"] if service["wait"]])
    enable_alarms(clients("cloudwatch"), props["alarms"])


def _pause(clients: Clients, cluster: str, props: Mapping[str, Any]) -> None:
    """Pause scheduled calls, which would undo the wake-up, or start what runs: RDS and SageMaker refuse that, and an
    alarm rings."""
    hours, moment = hours_of(props), now()
    if hours is None:  # Pulumi deletes the old schedules only at the end of an update
        pause_all(clients("scheduler"), props["tags"], moment + PAUSE)
        scaled = [scalable(cluster, service) for service in props["services"]]
        pause_scaling(clients("application-autoscaling"), scaled, moment + PAUSE)
    elif not hours.include(moment):  # the first evening is the first to put the stack to sleep
        pause_all(clients("scheduler"), props["tags"], hours.begin_after(moment))


class Awake(Resource, module="cvat", name="Awake"):
    """Exists while `cvat:mode` is not asleep. Its creation wakes the stack."""

    def __init__(
        self, name: str, props: Mapping[str, pulumi.Input[Any]], opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """`props`: region, profile, scheduled (whether there are office hours), hours and zone (as written in the
        settings), tags (project and stack), cluster, services (each with name, least, most, wait), endpoints (each with
        name, config, tags), alarms (names)."""
        super().__init__(AwakeProvider(), name, dict(props), opts)
