"""A sleeping stack is judged by what it would be awake: its endpoints are created as on waking, and deleted again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rehearsal.checks.cached_query import cached_query
from rehearsal.engine.state import Record
from rehearsal.result import Rehearsal

ENDPOINT_LOGS = "/aws/sagemaker/Endpoints/"


@cached_query
def configurations(rehearsal: Rehearsal) -> dict[str, str]:
    """Names of endpoints that do not exist at present, each with the configuration that it would be created from.

    Such an endpoint is known by its log group, which has the configuration's logical name.
    """
    existing = {record.name for record in rehearsal.of_type("aws:sagemaker/endpoint:Endpoint")}
    groups = {record.name: record.id for record in rehearsal.of_type("aws:cloudwatch/logGroup:LogGroup")}
    return {
        groups[record.name].removeprefix(ENDPOINT_LOGS): record.id
        for record in rehearsal.of_type("aws:sagemaker/endpointConfiguration:EndpointConfiguration")
        if record.name not in existing and record.name in groups
    }


@contextmanager
def created(rehearsal: Rehearsal) -> Iterator[None]:
    """All endpoints exist until the block ends."""
    client, missing = rehearsal.client("sagemaker"), configurations(rehearsal)
    for name, configuration in missing.items():
        client.create_endpoint(EndpointName=name, EndpointConfigName=configuration)
    try:
        yield
    finally:
        for name in missing:
            client.delete_endpoint(EndpointName=name)


def postponed_tasks(rehearsal: Rehearsal) -> list[Record]:
    """Tasks that run once, but only on waking."""
    dynamic = [record for record in rehearsal.resources if record.type.startswith("pulumi-python:dynamic")]
    return [record for record in dynamic if record.inputs.get("asleep") and "task_definition" in record.inputs]
