"""CloudWatch."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from moto.cloudwatch.models import CloudWatchBackend

from rehearsal.aws import alarm_evaluator, step_scaling
from rehearsal.aws.moto_patches.patch import Client, after, moto_patch, replace
from rehearsal.aws.topics import publish


def _evaluates_alarms(client: Client) -> bool:
    cloudwatch, metric = client("cloudwatch"), {"Namespace": "N", "MetricName": "m"}
    cloudwatch.put_metric_alarm(
        AlarmName="a",
        **metric,
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1.0,
        ComparisonOperator="GreaterThanThreshold",
    )
    cloudwatch.put_metric_data(Namespace="N", MetricData=[{"MetricName": "m", "Value": 2.0}])
    return bool(cloudwatch.describe_alarms(AlarmNames=["a"])["MetricAlarms"][0]["StateValue"] == "ALARM")


@moto_patch(_evaluates_alarms)
def alarms_follow_their_metrics(stack: ExitStack) -> None:
    """moto's alarms keep the state that they are set to, whatever their metrics say, and carry out no action.

    CloudWatch user guide, "Using Amazon CloudWatch alarms".
    """

    def evaluate(_: Any, self: Any, namespace: str, metric_data: Any) -> None:
        for alarm in self.alarms.values():
            if namespace not in alarm_evaluator.namespaces(alarm):
                continue
            state = alarm_evaluator.state(alarm, self.metric_data)
            if state != alarm.state_value:
                self.set_alarm_state(alarm.name, "evaluated", "{}", state)

    original = CloudWatchBackend.set_alarm_state

    def set_state(self: Any, alarm_name: str, reason: str, reason_data: str, state_value: str) -> None:
        before = self.alarms[alarm_name].state_value if alarm_name in self.alarms else ""
        original(self, alarm_name, reason, reason_data, state_value)
        alarm = self.alarms[alarm_name]
        if state_value != before and alarm.actions_enabled:
            _carry_out_actions(self, alarm, before)

    after(stack, CloudWatchBackend, "put_metric_data", evaluate)
    replace(stack, CloudWatchBackend, "set_alarm_state", set_state)


def _carry_out_actions(backend: Any, alarm: Any, before: str) -> None:
    actions = {"ALARM": alarm.alarm_actions, "OK": alarm.ok_actions}
    for arn in actions.get(alarm.state_value, alarm.insufficient_data_actions):
        if ":scalingPolicy:" in arn:
            step_scaling.scale(arn, alarm_evaluator.excess(alarm, backend.metric_data) or 0.0)
        else:
            publish(arn, alarm_evaluator.message(alarm, before))
