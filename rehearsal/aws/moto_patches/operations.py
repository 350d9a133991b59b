"""Bridges: what watches and what saves: alarms, events, backups."""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import Any
from unittest import mock

from rehearsal.aws import alarm_evaluator, event_patterns, partitions, step_scaling
from rehearsal.aws.moto_patches.table import after, bridge


def _publish(arn: str, text: str) -> None:
    from moto.sns.models import sns_backends  # noqa: PLC0415

    _, partition, _, region, account, _ = arn.split(":", 5)
    if partition == partitions.of(region).name:
        sns_backends[account][region].publish(message=text, arn=arn)


@bridge
def alarms_that_follow_their_metrics(stack: ExitStack) -> None:
    """moto's alarms keep the state that they are set to, whatever their metrics say, tell nobody and scale nothing."""
    from moto.cloudwatch.models import CloudWatchBackend  # noqa: PLC0415

    def evaluate(_: Any, self: Any, namespace: str, metric_data: Any) -> None:
        for alarm in self.alarms.values():
            if namespace not in alarm_evaluator.namespaces(alarm):
                continue
            found = alarm_evaluator.state(alarm, self.metric_data)
            if found != alarm.state_value:
                self.set_alarm_state(alarm.name, "evaluated", "{}", found)

    original = CloudWatchBackend.set_alarm_state

    def set_state(self: Any, alarm_name: str, reason: str, reason_data: str, state_value: str) -> None:
        before = self.alarms[alarm_name].state_value if alarm_name in self.alarms else ""
        original(self, alarm_name, reason, reason_data, state_value)
        alarm = self.alarms[alarm_name]
        actions = {"ALARM": alarm.alarm_actions, "OK": alarm.ok_actions}.get(
            state_value, alarm.insufficient_data_actions
        )
        for arn in actions if state_value != before and alarm.actions_enabled else []:
            if ":scalingPolicy:" in arn:
                beyond = alarm_evaluator.excess(alarm, self.metric_data)
                step_scaling.act(arn, 0.0 if beyond is None else beyond)
            else:
                _publish(arn, alarm_evaluator.message(alarm, before))

    after(stack, CloudWatchBackend, "put_metric_data", evaluate)
    stack.enter_context(mock.patch.object(CloudWatchBackend, "set_alarm_state", set_state))


@bridge
def events_in_lists(stack: ExitStack) -> None:
    """moto's event patterns do not look into lists of objects, such as a task's containers."""
    from moto.events.models import EventPattern  # noqa: PLC0415

    def matches(self: Any, event: Any) -> bool:
        return not self._pattern or event_patterns.fits(self._pattern, json.loads(json.dumps(event)))

    stack.enter_context(mock.patch.object(EventPattern, "matches_event", matches))


@bridge
def topics_as_targets_of_events(stack: ExitStack) -> None:
    """moto's event rules cannot send to topics."""
    from moto.events.models import Rule  # noqa: PLC0415

    original = Rule.send_to_targets

    def send(self: Any, event: Any, transform_input: bool = True) -> None:
        topics = [target for target in self.targets if ":sns:" in target["Arn"]]
        if topics and self.event_pattern.matches_event(event):
            for target in topics:
                _publish(target["Arn"], _said(target, event))
        with mock.patch.object(self, "targets", [target for target in self.targets if target not in topics]):
            original(self, event, transform_input)

    stack.enter_context(mock.patch.object(Rule, "send_to_targets", send))


def _said(target: Any, event: Any) -> str:
    """The event, or what the target makes of it."""
    transformer = target.get("InputTransformer")
    if not transformer:
        return str(target.get("Input") or json.dumps(event))
    text = str(transformer["InputTemplate"])
    for name, path in transformer.get("InputPathsMap", {}).items():
        text = text.replace(f"<{name}>", str(_at(event, path)))
    return str(json.loads(text)) if text.startswith('"') else text


def _at(event: Any, path: str) -> Any:
    """What `$.a.b[0]` leads to, or nothing."""
    for step in path.removeprefix("$.").replace("[", ".").replace("]", "").split("."):
        try:
            event = event[int(step)] if step.isdigit() else event[step]
        except (KeyError, IndexError):
            return ""
    return event


@bridge
def selections_of_backup_plans(stack: ExitStack) -> None:
    """moto's backup plans select nothing."""
    from moto.backup.responses import BackupResponse  # noqa: PLC0415
    from moto.moto_api._internal import mock_random  # noqa: PLC0415

    def selections(self: Any) -> dict[str, Any]:
        plan = self.backup_backend.get_backup_plan(self.path.split("/plans/")[1].split("/")[0], None)
        found: dict[str, Any] = plan.__dict__.setdefault("selections", {})
        return found

    def create(self: Any) -> str:
        found, wanted = selections(self), json.loads(self.body)["BackupSelection"]
        identifier = str(mock_random.uuid4())
        found[identifier] = wanted
        return json.dumps({"SelectionId": identifier, "BackupPlanId": self.path.split("/plans/")[1].split("/")[0]})

    def listed(self: Any) -> str:
        shown = [
            {"SelectionId": key, "SelectionName": one["SelectionName"], "IamRoleArn": one["IamRoleArn"]}
            for key, one in selections(self).items()
        ]
        return json.dumps({"BackupSelectionsList": shown})

    def get(self: Any) -> str:
        identifier = self.path.rstrip("/").rpartition("/")[2]
        return json.dumps({"SelectionId": identifier, "BackupSelection": selections(self)[identifier]})

    for name, method in (
        ("create_backup_selection", create),
        ("list_backup_selections", listed),
        ("get_backup_selection", get),
    ):
        stack.enter_context(mock.patch.object(BackupResponse, name, method, create=True))


@bridge
def policies_of_aws(stack: ExitStack) -> None:
    """moto knows AWS's own policies only if it loads all of them, which takes seconds: one is loaded when attached."""
    from moto.iam.aws_managed_policies import aws_managed_policies_data  # noqa: PLC0415
    from moto.iam.models import AWSManagedPolicy, IAMBackend  # noqa: PLC0415

    original = IAMBackend.attach_role_policy

    def attach(self: Any, policy_arn: str, role_name: str) -> None:
        name, known = policy_arn.rpartition("/")[2], {}
        if ":iam::aws:policy/" in policy_arn and policy_arn not in self.managed_policies:
            known = json.loads(aws_managed_policies_data)
        if name in known:
            policy = AWSManagedPolicy.from_data(name, self.account_id, self.region_name, known[name])
            self.managed_policies[policy.arn] = policy
        original(self, policy_arn, role_name)

    stack.enter_context(mock.patch.object(IAMBackend, "attach_role_policy", attach))
