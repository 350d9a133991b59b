"""The calls of AWS's API that EventBridge Scheduler makes while a stack sleeps or by its office hours. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pulumi

from components import iam
from settings.office_hours import DATABASE_AFTER, STORES_BEFORE, OfficeHours

PAGE_ON = {"path_pattern": ("/*",)}
PAGE_OFF = {"host_header": ("asleep.invalid",)}
"""Conditions of the maintenance page's rule: on, and off. No request has a host of the domain .invalid (RFC 2606)."""


@dataclass(frozen=True, kw_only=True)
class ScheduledCall:
    """One call on a schedule."""

    name: str
    when: str
    """A cron or rate expression of EventBridge Scheduler."""
    api: str
    """A universal target's service and call, such as rds:stopDBInstance."""
    parameters: Mapping[str, Any]
    """In the spelling of the AWS SDK for Java; values may be outputs."""
    permissions: Mapping[str, Sequence[pulumi.Input[str]]]
    """IAM actions that the call needs, each with its ARNs."""

    @property
    def statements(self) -> list[iam.Statement]:
        return [iam.allow([action], arns) for action, arns in self.permissions.items()]


@dataclass(frozen=True, kw_only=True)
class ResourceReference:
    """A resource by name and by ARN."""

    name: pulumi.Input[str]
    arn: pulumi.Input[str]


@dataclass(frozen=True, kw_only=True)
class SleepingEndpoint:
    """An endpoint that is deleted and created again."""

    label: str
    endpoint: ResourceReference
    config: ResourceReference
    """Its endpoint configuration."""
    created_by_gateway: bool = False
    """Whether the first call creates it again, instead of the schedule."""


def stay_stopped(database: ResourceReference) -> list[ScheduledCall]:
    """RDS starts a database that has been stopped for seven days (RDS user guide, "Stopping an Amazon RDS DB
    instance", read 2026-11): this stops it again within an hour."""
    return [_database("stop-database", "rate(1 hour)", "stop", database)]


def _database(name: str, when: str, verb: Literal["start", "stop"], database: ResourceReference) -> ScheduledCall:
    return ScheduledCall(
        name=name,
        when=when,
        api=f"rds:{verb}DBInstance",
        parameters={"DbInstanceIdentifier": database.name},
        permissions={f"rds:{verb.capitalize()}DBInstance": [database.arn]},
    )


def database_by_hours(hours: OfficeHours, database: ResourceReference) -> list[ScheduledCall]:
    """The database, started before the tasks and stopped after them."""
    return [
        _database("start-database", hours.cron("start", -STORES_BEFORE), "start", database),
        _database("stop-database", hours.cron("end", DATABASE_AFTER), "stop", database),
    ]


def endpoint_by_hours(
    hours: OfficeHours, endpoint: SleepingEndpoint, tags: Mapping[str, str]
) -> Iterator[ScheduledCall]:
    """An endpoint, deleted and created again under the same name."""
    name = {"EndpointName": endpoint.endpoint.name}
    tag_list = [{"Key": key, "Value": value} for key, value in sorted(tags.items())]
    if not endpoint.created_by_gateway:
        yield ScheduledCall(
            name=f"create-{endpoint.label}",
            when=hours.cron("start", -STORES_BEFORE),
            api="sagemaker:createEndpoint",
            parameters={**name, "EndpointConfigName": endpoint.config.name, "Tags": tag_list},
            permissions={
                "sagemaker:CreateEndpoint": [endpoint.endpoint.arn, endpoint.config.arn],
                "sagemaker:AddTags": [endpoint.endpoint.arn],
            },
        )
    yield ScheduledCall(
        name=f"delete-{endpoint.label}",
        when=hours.cron("end"),
        api="sagemaker:deleteEndpoint",
        parameters=name,
        permissions={"sagemaker:DeleteEndpoint": [endpoint.endpoint.arn]},
    )


def page_by_hours(hours: OfficeHours, rule_arn: pulumi.Input[str]) -> Iterator[ScheduledCall]:
    """The maintenance page, switched by its rule's condition."""
    host, path = PAGE_OFF["host_header"], PAGE_ON["path_pattern"]
    off = {"Field": "host-header", "HostHeaderConfig": {"Values": list(host)}}
    on = {"Field": "path-pattern", "PathPatternConfig": {"Values": list(path)}}
    for name, when, condition in (
        ("hide-page", hours.cron("start"), off),
        ("show-page", hours.cron("end"), on),
    ):
        yield ScheduledCall(
            name=name,
            when=when,
            api="elasticloadbalancingv2:modifyRule",
            parameters={"RuleArn": rule_arn, "Conditions": [condition]},
            permissions={"elasticloadbalancing:ModifyRule": [rule_arn]},
        )


def alarms_by_hours(hours: OfficeHours, alarms: Sequence[ResourceReference]) -> Iterator[ScheduledCall]:
    """Actions of alarms, which would take the sleep for an outage."""
    for verb, when in (("enable", hours.cron("start")), ("disable", hours.cron("end"))):
        yield ScheduledCall(
            name=f"{verb}-alarms",
            when=when,
            api=f"cloudwatch:{verb}AlarmActions",
            parameters={"AlarmNames": [alarm.name for alarm in alarms]},
            permissions={f"cloudwatch:{verb.capitalize()}AlarmActions": [alarm.arn for alarm in alarms]},
        )
