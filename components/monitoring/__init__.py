"""Alarms: a topic for notifications, alarms and events, and one dashboard of the whole system."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from components import iam
from components.context import StackContext
from components.data_tier.store_access import MonitoredStores
from components.ecs.log_groups import LogGroup
from components.inference_endpoints.batch import VARIANT
from components.monitoring import alarm_rules, dashboard, event_rules
from components.monitoring.alarm_rule import QUIET_SUBJECTS, Dimensions, Monitored, Rule
from components.scheduler.scheduled_calls import ResourceReference
from settings.values import Notifications

Query = aws.cloudwatch.MetricAlarmMetricQueryArgsDict
_PUBLISHERS = ("cloudwatch", "events")
"""Services that publish to the topic."""


@dataclass(frozen=True, kw_only=True)
class AlarmsArgs:
    context: StackContext
    load_balancer: pulumi.Input[str]
    """The load balancer in CloudWatch's metrics (its ARN's suffix)."""
    target_groups: Mapping[str, pulumi.Input[str]]
    """The target groups in CloudWatch's metrics, by kind of task."""
    cluster_arn: pulumi.Input[str]
    services: Mapping[str, pulumi.Input[str]]
    """Names of the ECS services, by kind of task."""
    stores: MonitoredStores
    endpoints: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    """Names of the real-time SageMaker endpoints, by a short name."""
    batch_endpoints: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    """Names of those that sleep while nobody uses them."""
    schedule_groups: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    """Names of the groups whose calls must not fail, by a short name."""
    log_groups: Mapping[str, LogGroup]
    """By kind of task."""
    init_family: str
    """Family of the init task's definitions."""
    canary_family: str = ""
    """Family of the smoke test's definitions. Default: there is none."""
    vault: pulumi.Input[str] | None = None
    """Name of the backup vault. Default: there is none."""
    notifications: Notifications = field(default_factory=Notifications)


class Alarms(pulumi.ComponentResource):
    """Everything in alarm_rules.py, event_rules.py and dashboard.py for the resources of this stack."""

    outputs: Mapping[str, pulumi.Output[str]]
    """ARN of the topic, name of the dashboard."""
    quiet: Sequence[ResourceReference]
    """Alarms whose actions are disabled while the stack sleeps."""

    def __init__(self, name: str, args: AlarmsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cvat:index:Alarms", name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        monitored = _monitored(args)
        topic = args.notifications.topic_arn
        self._topic_arn = pulumi.Output.from_input(topic) if topic else self._topic()
        alarms = [
            (rule, self._alarm(rule, label, dimensions))
            for rule in alarm_rules.alarm_rules(args.stores.database_size)
            for label, dimensions in monitored.get(rule.watches, {}).items()
        ]
        self.quiet = [
            ResourceReference(name=alarm.name, arn=alarm.arn)
            for rule, alarm in alarms
            if rule.watches in QUIET_SUBJECTS
        ]
        for rule in event_rules.event_rules(_origin(args)):
            self._notify_of(rule)
        body = self._dashboard(monitored, [alarm for _, alarm in alarms])
        self.outputs = {"topic_arn": self._topic_arn, "dashboard": body.dashboard_name}
        self.register_outputs(dict(self.outputs))

    def _topic(self) -> pulumi.Output[str]:
        name, args = self._name, self._args
        topic = aws.sns.Topic(
            name,
            display_name=f"CVAT {args.context.stack}",
            kms_master_key_id=args.context.key or self._key().arn,
            opts=self._child,
        )
        aws.sns.TopicPolicy(name, arn=topic.arn, policy=self._topic_policy(topic.arn), opts=self._child)
        email = args.notifications.email
        if email:
            aws.sns.TopicSubscription(name, topic=topic.arn, protocol="email", endpoint=email, opts=self._child)
        return topic.arn

    def _key(self) -> aws.kms.Key:
        """A key of the stack: with AWS's own key for SNS, neither CloudWatch nor EventBridge can publish."""
        context, region = self._args.context, self._args.context.region
        owner = {
            "Effect": "Allow",
            "Principal": {"AWS": region.arn("iam", "root", account=context.account, region="")},
            "Action": "kms:*",
            "Resource": "*",
        }
        publishers = {
            "Effect": "Allow",
            "Principal": {"Service": [region.principal(service) for service in _PUBLISHERS]},
            "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
            "Resource": "*",
        }
        return aws.kms.Key(
            self._name,
            description=f"CVAT {context.stack}: notifications",
            enable_key_rotation=True,
            deletion_window_in_days=7,
            policy=iam.document([owner, publishers]),
            opts=self._child,
        )

    def _topic_policy(self, topic_arn: pulumi.Output[str]) -> pulumi.Output[str]:
        region, account = self._args.context.region, self._args.context.account
        publish = {"Effect": "Allow", "Action": "sns:Publish", "Resource": topic_arn}
        # EventBridge takes no Condition in a topic's policy (EventBridge user guide, "Amazon SNS permissions").
        by_events = publish | {"Principal": {"Service": region.principal("events")}}
        by_alarms = publish | {
            "Principal": {"Service": region.principal("cloudwatch")},
            "Condition": {"StringEquals": {"aws:SourceAccount": account}},
        }
        return iam.document([by_alarms, by_events])

    def _alarm(self, rule: Rule, label: str, dimensions: Dimensions) -> aws.cloudwatch.MetricAlarm:
        single = not rule.minus
        percentile = rule.statistic.startswith("p")
        return aws.cloudwatch.MetricAlarm(
            "-".join(filter(None, (self._name, rule.name, label))),
            alarm_description=f"CVAT {self._args.context.stack}: {rule.meaning} See {rule.runbook}.",
            namespace=rule.namespace if single else None,
            metric_name=rule.metric if single else None,
            dimensions=dict(dimensions) if single else None,
            period=rule.minutes * 60 if single else None,
            statistic=rule.statistic if single and not percentile else None,
            extended_statistic=rule.statistic if single and percentile else None,
            metric_queries=None if single else _difference(rule, dimensions),
            comparison_operator=rule.comparison,
            threshold=rule.threshold,
            evaluation_periods=rule.periods,
            treat_missing_data=rule.missing,
            alarm_actions=[self._topic_arn],
            ok_actions=[self._topic_arn],
            opts=self._options(rule),
        )

    def _options(self, rule: Rule) -> pulumi.ResourceOptions:
        """`pulumi up --refresh` outside the office hours must not enable what the clock has disabled."""
        quiet = self._args.context.hours is not None and rule.watches in QUIET_SUBJECTS
        return pulumi.ResourceOptions(parent=self, ignore_changes=["actions_enabled"] if quiet else None)

    def _notify_of(self, rule: event_rules.EventRule) -> None:
        name = f"{self._name}-{rule.name}"
        message = f"CVAT {self._args.context.stack}: {rule.meaning} See {rule.runbook}."
        event_rule = aws.cloudwatch.EventRule(
            name, description=message, event_pattern=pulumi.Output.json_dumps(rule.pattern), opts=self._child
        )
        aws.cloudwatch.EventTarget(
            name,
            rule=event_rule.name,
            arn=self._topic_arn,
            input_transformer={
                "input_paths": {"what": "$.resources[0]", "time": "$.time"},
                "input_template": json.dumps(f"{message} <what>, <time>"),
            },
            opts=self._child,
        )

    def _dashboard(
        self, monitored: Monitored, alarms: Sequence[aws.cloudwatch.MetricAlarm]
    ) -> aws.cloudwatch.Dashboard:
        context = self._args.context
        view = dashboard.View(
            stack=context.stack,
            region=context.region.name,
            monitored=monitored,
            alarm_arns=[alarm.arn for alarm in alarms],
            log_groups={kind: group.name for kind, group in self._args.log_groups.items()},
        )
        return aws.cloudwatch.Dashboard(
            self._name,
            dashboard_name=f"cvat-{context.stack}",
            dashboard_body=pulumi.Output.json_dumps(dashboard.body(view)),
            opts=self._child,
        )


def _difference(rule: Rule, dimensions: Dimensions) -> list[Query]:
    """The queries of an alarm on the rule's metric minus another one."""
    operands: list[Query] = [
        {
            "id": operand,
            "metric": {
                "namespace": rule.namespace,
                "metric_name": metric,
                "dimensions": dict(dimensions),
                "period": rule.minutes * 60,
                "stat": rule.statistic,
            },
        }
        for operand, metric in (("whole", rule.metric), ("less", rule.minus))
    ]
    return [*operands, {"id": "rest", "expression": "whole - less", "label": rule.name, "return_data": True}]


def _origin(args: AlarmsArgs) -> event_rules.Origin:
    cluster = pulumi.Output.from_input(args.cluster_arn)
    return event_rules.Origin(
        cluster_arn=cluster,
        services_arn=cluster.apply(lambda arn: f"{arn.replace(':cluster/', ':service/')}/"),
        init_family=args.init_family,
        vault=args.vault,
        canary_family=args.canary_family,
    )


def _monitored(args: AlarmsArgs) -> Monitored:
    """The resources that exist, with the dimensions of their metrics; of a stack asleep those that do not sleep."""
    balancer: Dimensions = {"LoadBalancer": args.load_balancer}
    cluster = pulumi.Output.from_input(args.cluster_arn).apply(lambda arn: arn.rpartition("/")[2])
    nodes = [f"{node:03}" for node in range(1, 1 + args.stores.cache_nodes)]
    media = [f"{node:03}" for node in range(1, 1 + args.stores.media_nodes)]
    release, stack = args.context.release, args.context.stack
    queues: dict[str, Dimensions] = {queue: {"Stack": stack, "Queue": queue} for queue in release.queues}
    awaited = {queue for process in release.processes if process.awaited for queue in process.queues}
    monitored: Monitored = {
        "balancer": {"": balancer},
        "target group": {kind: {**balancer, "TargetGroup": suffix} for kind, suffix in args.target_groups.items()},
        "service": {kind: {"ClusterName": cluster, "ServiceName": name} for kind, name in args.services.items()},
        "database": {"": {"DBInstanceIdentifier": args.stores.database}},
        # ElastiCache numbers the nodes of a replication group with one shard.
        "cache": {node: {"CacheClusterId": pulumi.Output.concat(args.stores.cache, f"-{node}")} for node in nodes},
        "media cache": {
            node: {"CacheClusterId": pulumi.Output.concat(args.stores.media or "", f"-{node}")} for node in media
        },
        "file system": {"": {"FileSystemId": args.stores.file_system}},
        "endpoint": {
            label: {"EndpointName": endpoint, "VariantName": VARIANT} for label, endpoint in args.endpoints.items()
        },
        "batch endpoint": {label: {"EndpointName": endpoint} for label, endpoint in args.batch_endpoints.items()},
        "batch variant": {
            label: {"EndpointName": endpoint, "VariantName": VARIANT}
            for label, endpoint in args.batch_endpoints.items()
        },
        "schedules": {label: {"ScheduleGroup": group} for label, group in args.schedule_groups.items()},
        "queue": queues,
        "awaited queue": {queue: dimensions for queue, dimensions in queues.items() if queue in awaited},
    }
    asleep = QUIET_SUBJECTS if args.context.asleep else ()
    return {subject: resources for subject, resources in monitored.items() if subject not in asleep}
