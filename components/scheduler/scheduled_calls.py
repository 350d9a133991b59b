"""What EventBridge Scheduler does for a stack that sleeps: at which moment, which call of AWS's API. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pulumi

from components import iam
from settings.office_hours import DATABASE_AFTER, STORES_BEFORE, OfficeHours

EVERYONE = {"path_pattern": ("/*",)}
NOBODY = {"host_header": ("asleep.invalid",)}
"""Conditions of the page's rule: on, and off. No request can carry a host of the domain .invalid (RFC 2606)."""


@dataclass(frozen=True, kw_only=True)
class ScheduledCall:
    """One call, again and again."""

    name: str
    when: str
    """A cron or rate expression of EventBridge Scheduler."""
    api: str
    """A universal target's service and call, such as rds:stopDBInstance."""
    given: Mapping[str, Any]
    """The call's parameters, as the AWS SDK for Java spells them; values may be outputs."""
    permissions: Mapping[str, Sequence[pulumi.Input[str]]]
    """Actions that the call needs, each with the ARNs that it needs them on."""

    @property
    def statements(self) -> list[iam.Statement]:
        return [iam.allow([action], arns) for action, arns in self.permissions.items()]


@dataclass(frozen=True, kw_only=True)
class ResourceReference:
    """Something by name and by ARN."""

    name: pulumi.Input[str]
    arn: pulumi.Input[str]


@dataclass(frozen=True, kw_only=True)
class SleepingEndpoint:
    """An endpoint that is removed and made again."""

    label: str
    endpoint: ResourceReference
    config: ResourceReference
    """What it is made from."""


def stay_stopped(database: ResourceReference) -> list[ScheduledCall]:
    """AWS starts a database that has been stopped for seven days (RDS user guide, "Stopping an Amazon RDS DB
    instance", read 2026-11): an hour later it is stopped again."""
    return [_database("stop-database", "rate(1 hour)", "stop", database)]


def _database(name: str, when: str, verb: Literal["start", "stop"], database: ResourceReference) -> ScheduledCall:
    return ScheduledCall(
        name=name,
        when=when,
        api=f"rds:{verb}DBInstance",
        given={"DbInstanceIdentifier": database.name},
        permissions={f"rds:{verb.capitalize()}DBInstance": [database.arn]},
    )


def by_hours(hours: OfficeHours, database: ResourceReference) -> list[ScheduledCall]:
    """The database, started well before the tasks and stopped well after."""
    return [
        _database("start-database", hours.cron("start", -STORES_BEFORE), "start", database),
        _database("stop-database", hours.cron("end", DATABASE_AFTER), "stop", database),
    ]


def endpoint_by_hours(hours: OfficeHours, one: SleepingEndpoint, tags: Mapping[str, str]) -> Iterator[ScheduledCall]:
    """An endpoint, removed and made again under the same name."""
    name = {"EndpointName": one.endpoint.name}
    written = [{"Key": key, "Value": value} for key, value in sorted(tags.items())]
    yield ScheduledCall(
        name=f"create-{one.label}",
        when=hours.cron("start", -STORES_BEFORE),
        api="sagemaker:createEndpoint",
        given={**name, "EndpointConfigName": one.config.name, "Tags": written},
        permissions={
            "sagemaker:CreateEndpoint": [one.endpoint.arn, one.config.arn],
            "sagemaker:AddTags": [one.endpoint.arn],
        },
    )
    yield ScheduledCall(
        name=f"delete-{one.label}",
        when=hours.cron("end"),
        api="sagemaker:deleteEndpoint",
        given=name,
        permissions={"sagemaker:DeleteEndpoint": [one.endpoint.arn]},
    )


def page_by_hours(hours: OfficeHours, rule_arn: pulumi.Input[str]) -> Iterator[ScheduledCall]:
    """The load balancer's page, switched by its rule's condition."""
    host, path = NOBODY["host_header"], EVERYONE["path_pattern"]
    off = {"Field": "host-header", "HostHeaderConfig": {"Values": list(host)}}
    on = {"Field": "path-pattern", "PathPatternConfig": {"Values": list(path)}}
    for name, when, condition in (("hide-page", hours.cron("start"), off), ("show-page", hours.cron("end"), on)):
        yield ScheduledCall(
            name=name,
            when=when,
            api="elasticloadbalancingv2:modifyRule",
            given={"RuleArn": rule_arn, "Conditions": [condition]},
            permissions={"elasticloadbalancing:ModifyRule": [rule_arn]},
        )


def alarms_by_hours(hours: OfficeHours, alarms: Sequence[ResourceReference]) -> Iterator[ScheduledCall]:
    """Alarms that would take the sleep for an outage."""
    for verb, when in (("enable", hours.cron("start")), ("disable", hours.cron("end"))):
        yield ScheduledCall(
            name=f"{verb}-alarms",
            when=when,
            api=f"cloudwatch:{verb}AlarmActions",
            given={"AlarmNames": [alarm.name for alarm in alarms]},
            permissions={f"cloudwatch:{verb.capitalize()}AlarmActions": [alarm.arn for alarm in alarms]},
        )
