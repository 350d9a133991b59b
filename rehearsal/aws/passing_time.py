"""What AWS does by itself as time passes: scheduled calls, scaling and backups, alarms whose metrics fall silent."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import product
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from botocore.model import ListShape, MapShape, Shape, StructureShape
from moto.applicationautoscaling.models import applicationautoscaling_backends
from moto.backup.models import backup_backends
from moto.cloudwatch.models import cloudwatch_backends
from moto.scheduler.models import scheduler_backends

from rehearsal.aws import alarm_evaluator, schedule_expressions
from rehearsal.aws.account import Account
from rehearsal.aws.universal_targets import comparable, universal_target


@dataclass(frozen=True)
class ScheduledCall:
    """A call that is due."""

    at: datetime
    title: str
    make: Callable[[], Any]


def due_calls(account: Account, after: datetime, until: datetime) -> list[ScheduledCall]:
    """All calls in (after, until], in their order."""
    sources = (_schedules, _scaling, _backups)
    return sorted((call for source in sources for call in source(account, after, until)), key=lambda call: call.at)


def carry_out(call: ScheduledCall) -> str:
    """Make the call; what became of it, as a line."""
    try:
        call.make()
    except (ClientError, BotoCoreError) as error:
        return f"{call.title}: {error}"
    return call.title


def _schedules(account: Account, after: datetime, until: datetime) -> Iterator[ScheduledCall]:
    for region, backend in scheduler_backends[account.id].items():
        for schedule in [entry for group in backend.schedule_groups.values() for entry in group.schedules.values()]:
            if schedule.state != "ENABLED":
                continue
            since = datetime.fromtimestamp(schedule.creation_date, UTC)
            zone, expression = schedule.schedule_expression_timezone, schedule.schedule_expression
            begins = _moment(schedule.start_date)
            for moment in schedule_expressions.due(expression, zone, max(after, begins), until, max(since, begins)):
                service, operation = universal_target(schedule.target["Arn"])
                make = _call(account.client(service, region), operation, json.loads(schedule.target["Input"]))
                if expression.startswith("at(") and schedule.action_after_completion == "DELETE":
                    make = _once(make, account.client("scheduler", region), schedule)
                yield ScheduledCall(moment, f"schedule {schedule.name}: {service}:{operation}", make)


def _once(make: Callable[[], Any], scheduler: Any, schedule: Any) -> Callable[[], Any]:
    """The call of a schedule that deletes itself, whatever becomes of its call."""

    def make_and_delete() -> Any:
        try:
            return make()
        finally:
            scheduler.delete_schedule(GroupName=schedule.group_name, Name=schedule.name)

    return make_and_delete


def _moment(begins: Any) -> datetime:
    """When a schedule or scheduled action begins (StartDate, StartTime: a number, or a text of one or of ISO 8601)."""
    if not begins:
        return datetime.min.replace(tzinfo=UTC)
    try:
        return datetime.fromtimestamp(float(begins), UTC)
    except ValueError:
        return datetime.fromisoformat(str(begins)).astimezone(UTC)


def _call(client: Any, operation: str, parameters: Mapping[str, Any]) -> Callable[[], Any]:
    """The method of a boto3 client, with the parameters in its own spelling."""
    names = {name: method for method, name in client.meta.method_to_api_mapping.items()}
    shape = client.meta.service_model.operation_model(operation).input_shape
    arguments = _spelled(parameters, shape)
    return lambda: getattr(client, names[operation])(**arguments)


def _spelled(value: Any, shape: Shape) -> Any:
    """A universal target's input has the SDK for Java's spelling: DbInstanceIdentifier for DBInstanceIdentifier."""
    if isinstance(shape, StructureShape):
        members = {comparable(name): name for name in shape.members}
        names = {key: members[comparable(key)] for key in value}
        return {names[key]: _spelled(item, shape.members[names[key]]) for key, item in value.items()}
    if isinstance(shape, ListShape):
        return [_spelled(item, shape.member) for item in value]
    if isinstance(shape, MapShape):
        return {key: _spelled(item, shape.value) for key, item in value.items()}
    return value


def _scaling(account: Account, after: datetime, until: datetime) -> Iterator[ScheduledCall]:
    for region, backend in applicationautoscaling_backends[account.id].items():
        for action in backend.scheduled_actions:
            since = datetime.fromtimestamp(action.creation_time, UTC)
            begins, zone = _moment(action.start_time), action.timezone or "UTC"
            for moment in schedule_expressions.due(action.schedule, zone, max(after, begins), until, since):
                title = f"scheduled action {action.scheduled_action_name} of {action.resource_id}"
                yield ScheduledCall(moment, title, _bounded(account, region, action))


def _bounded(account: Account, region: str, action: Any) -> Callable[[], Any]:
    """Register the scalable target with the action's bounds, which also brings the count between them."""
    client = account.client("application-autoscaling", region)
    bounds = {key: value for key, value in action.scalable_target_action.items() if value is not None}
    return lambda: client.register_scalable_target(
        ServiceNamespace=action.service_namespace,
        ResourceId=action.resource_id,
        ScalableDimension=action.scalable_dimension,
        **bounds,
    )


def _backups(account: Account, after: datetime, until: datetime) -> Iterator[ScheduledCall]:
    """A backup of each resource that a plan selects, whenever a rule says so."""
    for region, backend in backup_backends[account.id].items():
        for plan in backend.plans.values():
            name, since = plan.backup_plan["BackupPlanName"], datetime.fromtimestamp(plan.creation_date, UTC)
            for rule, selection in product(plan.backup_plan["Rules"], vars(plan).get("selections", {}).values()):
                expression, zone = rule["ScheduleExpression"], rule["ScheduleExpressionTimezone"]
                moments = schedule_expressions.due(expression, zone, max(after, since), until, since)
                for moment, resource in product(moments, selection["Resources"]):
                    make = _backup(account.client("backup", region), rule, selection["IamRoleArn"], resource)
                    yield ScheduledCall(moment, f"backup plan {name}: {resource}", make)


def _backup(client: Any, rule: Mapping[str, Any], role: str, resource: str) -> Callable[[], Any]:
    return lambda: client.start_backup_job(
        BackupVaultName=rule["TargetBackupVaultName"],
        ResourceArn=resource,
        IamRoleArn=role,
        RecoveryPointTags=rule.get("RecoveryPointTags", {}),
        Lifecycle=rule.get("Lifecycle", {}),
    )


def evaluate_alarms(account: Account) -> Iterator[str]:
    """Let every alarm that has metric data follow it; a line for each that changes its state."""
    for backend in cloudwatch_backends[account.id].values():
        for alarm in list(backend.alarms.values()):
            if not backend.metric_data or alarm.rule:
                continue
            if not set(alarm_evaluator.namespaces(alarm)) & {datum.namespace for datum in backend.metric_data}:
                continue
            state, before = alarm_evaluator.state(alarm, backend.metric_data), alarm.state_value
            if state != before:
                backend.set_alarm_state(alarm.name, "evaluated", "{}", state)
                yield f"alarm {alarm.name}: {before} -> {state}"
