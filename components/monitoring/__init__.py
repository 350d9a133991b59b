"""Alarms: who is told when something is wrong, and one dashboard that shows the whole system."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from components import iam
from components.context import StackContext
from components.data_tier import DataTier
from components.ecs.log_groups import LogGroup
from components.inference_endpoints import VARIANT
from components.load_balancer import LoadBalancer
from components.monitoring import alarm_rules, dashboard, event_rules
from components.monitoring.alarm_rules import Dimensions, Rule, Things
from components.monitoring.canary import Canary
from components.processes import QUEUES
from components.scheduler.scheduled_calls import ResourceReference
from settings.values import Notifications

_WRITERS = ("cloudwatch", "events")
"""Services that publish to the topic."""
_QUERY = aws.cloudwatch.MetricAlarmMetricQueryArgs
_METRIC = aws.cloudwatch.MetricAlarmMetricQueryMetricArgs


@dataclass(frozen=True, kw_only=True)
class AlarmsArgs:
    context: StackContext
    load_balancer: LoadBalancer
    data: DataTier
    cluster_arn: pulumi.Input[str]
    services: Mapping[str, pulumi.Input[str]]
    """Names of the ECS services, by kind of task."""
    init_family: str
    """Family of the run-once task's definitions."""
    log_groups: Mapping[str, LogGroup]
    """By kind of task."""
    endpoints: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    """Names of the SageMaker endpoints, by a short name."""
    vault: pulumi.Input[str] | None = None
    """Name of the backup vault. Default: there is none."""
    canary: Canary | None = None
    """The hourly smoke test. Default: there is none."""
    to: Notifications = field(default_factory=Notifications)


class Alarms(pulumi.ComponentResource):
    """A topic, the rules of alarm_rules.py and event_rules.py for everything there is, and the dashboard."""

    outputs: Mapping[str, pulumi.Output[str]]
    """ARN of the topic, name of the dashboard."""
    resting: Sequence[ResourceReference]
    """Alarms on what sleeps."""

    def __init__(self, name: str, args: AlarmsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cvat:index:Alarms", name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        things = _things(args)
        if args.context.asleep:
            things = {subject: found for subject, found in things.items() if subject not in alarm_rules.RESTING}
        self._topic_arn = pulumi.Output.from_input(args.to.topic_arn) if args.to.topic_arn else self._topic()
        made = self._watch(things)
        alarms = [alarm for _, alarm in made]
        self.resting = [
            ResourceReference(name=alarm.name, arn=alarm.arn)
            for rule, alarm in made
            if rule.watches in alarm_rules.RESTING
        ]
        for rule in event_rules.event_rules(_origin(args)):
            self._pass_on(rule)
        shown = self._dashboard(things, alarms).dashboard_name
        self.outputs = {"topic_arn": self._topic_arn, "dashboard": shown}
        self.register_outputs(dict(self.outputs))

    def watch_schedules(self, label: str, group: pulumi.Input[str]) -> None:
        """Tell of a group of schedules that exists only after the alarms, since it switches them."""
        self._watch({"schedules": {label: {"ScheduleGroup": group}}})

    def _watch(self, things: Things) -> list[tuple[Rule, aws.cloudwatch.MetricAlarm]]:
        return [
            (rule, self._alarm(rule, label, dimensions))
            for rule in alarm_rules.alarm_rules(self._args.data.sizes.database)
            for label, dimensions in things.get(rule.watches, {}).items()
        ]

    def _topic(self) -> pulumi.Output[str]:
        name, args = self._name, self._args
        topic = aws.sns.Topic(
            name,
            aws.sns.TopicArgs(
                display_name=f"CVAT {args.context.stack}",
                kms_master_key_id=args.context.key or self._key().arn,
                tags=dict(args.context.tags),
            ),
            opts=self._child,
        )
        aws.sns.TopicPolicy(
            name, aws.sns.TopicPolicyArgs(arn=topic.arn, policy=self._who_publishes(topic.arn)), opts=self._child
        )
        if args.to.email:
            aws.sns.TopicSubscription(
                name,
                aws.sns.TopicSubscriptionArgs(topic=topic.arn, protocol="email", endpoint=args.to.email),
                opts=self._child,
            )
        return topic.arn

    def _key(self) -> aws.kms.Key:
        """AWS's own key for SNS lets neither CloudWatch nor EventBridge publish, so the topic needs one of its own."""
        args, region = self._args, self._args.context.region
        owner = {
            "Effect": "Allow",
            "Principal": {"AWS": region.arn("iam", "root", account=args.context.account, region="")},
            "Action": "kms:*",
            "Resource": "*",
        }
        writers = {
            "Effect": "Allow",
            "Principal": {"Service": [region.principal(service) for service in _WRITERS]},
            "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
            "Resource": "*",
        }
        return aws.kms.Key(
            self._name,
            aws.kms.KeyArgs(
                description=f"CVAT {args.context.stack}: notifications",
                enable_key_rotation=True,
                deletion_window_in_days=7,
                policy=iam.document([owner, writers]),
                tags=dict(args.context.tags),
            ),
            opts=self._child,
        )

    def _who_publishes(self, topic_arn: pulumi.Output[str]) -> pulumi.Output[str]:
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
        args = self._args
        single = not rule.minus
        percentile = rule.statistic.startswith("p")
        return aws.cloudwatch.MetricAlarm(
            "-".join(filter(None, (self._name, rule.name, label))),
            aws.cloudwatch.MetricAlarmArgs(
                alarm_description=f"CVAT {args.context.stack}: {rule.meaning} See {rule.runbook}.",
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
                tags=dict(args.context.tags),
            ),
            opts=self._child,
        )

    def _pass_on(self, rule: event_rules.EventRule) -> None:
        name, args = f"{self._name}-{rule.name}", self._args
        said = f"CVAT {args.context.stack}: {rule.meaning} See {rule.runbook}."
        made = aws.cloudwatch.EventRule(
            name,
            aws.cloudwatch.EventRuleArgs(
                description=said, event_pattern=pulumi.Output.json_dumps(rule.pattern), tags=dict(args.context.tags)
            ),
            opts=self._child,
        )
        aws.cloudwatch.EventTarget(
            name,
            aws.cloudwatch.EventTargetArgs(
                rule=made.name,
                arn=self._topic_arn,
                input_transformer=aws.cloudwatch.EventTargetInputTransformerArgs(
                    input_paths={"what": "$.resources[0]", "time": "$.time"},
                    input_template=json.dumps(f"{said} <what>, <time>"),
                ),
            ),
            opts=self._child,
        )

    def _dashboard(self, things: Things, alarms: list[aws.cloudwatch.MetricAlarm]) -> aws.cloudwatch.Dashboard:
        args = self._args
        view = dashboard.View(
            stack=args.context.stack,
            region=args.context.region.name,
            things=things,
            alarm_arns=[alarm.arn for alarm in alarms],
            log_groups={kind: group.name for kind, group in args.log_groups.items()},
        )
        return aws.cloudwatch.Dashboard(
            self._name,
            aws.cloudwatch.DashboardArgs(
                dashboard_name=f"cvat-{args.context.stack}",
                dashboard_body=pulumi.Output.json_dumps(dashboard.body(view)),
            ),
            opts=self._child,
        )


def _difference(rule: Rule, dimensions: Dimensions) -> list[aws.cloudwatch.MetricAlarmMetricQueryArgs]:
    """The rule's metric less the other one."""
    period = rule.minutes * 60
    parts = [
        _QUERY(
            id=part,
            metric=_METRIC(
                namespace=rule.namespace,
                metric_name=metric,
                dimensions=dict(dimensions),
                period=period,
                stat=rule.statistic,
            ),
        )
        for part, metric in (("whole", rule.metric), ("less", rule.minus))
    ]
    return [*parts, _QUERY(id="rest", expression="whole - less", label=rule.name, return_data=True)]


def _origin(args: AlarmsArgs) -> event_rules.Origin:
    cluster = pulumi.Output.from_input(args.cluster_arn)
    return event_rules.Origin(
        cluster_arn=cluster,
        services_arn=cluster.apply(lambda arn: f"{arn.replace(':cluster/', ':service/')}/"),
        init_family=args.init_family,
        vault=args.vault,
        canary_family=args.canary.family if args.canary else "",
    )


def _things(args: AlarmsArgs) -> Things:
    """What there is, with the dimensions under which AWS publishes its metrics."""
    balancer, cluster = args.load_balancer, pulumi.Output.from_input(args.cluster_arn)
    door: Dimensions = {"LoadBalancer": balancer.arn_suffix}
    cluster_name = cluster.apply(lambda arn: arn.rpartition("/")[2])
    group_id = args.data.cache.replication_group_id
    nodes = range(1, 2 + args.data.sizes.cache.replicas)
    return {
        "balancer": {"": door},
        "target group": {
            kind: {**door, "TargetGroup": group.arn_suffix} for kind, group in balancer.target_groups.items()
        },
        "service": {kind: {"ClusterName": cluster_name, "ServiceName": name} for kind, name in args.services.items()},
        "database": {"": {"DBInstanceIdentifier": args.data.database.identifier}},
        # ElastiCache numbers the nodes of a group that is made with one shard.
        "cache": {f"{node:03}": {"CacheClusterId": pulumi.Output.concat(group_id, f"-{node:03}")} for node in nodes},
        "file system": {"": {"FileSystemId": args.data.file_system_id}},
        "endpoint": {
            label: {"EndpointName": endpoint, "VariantName": VARIANT} for label, endpoint in args.endpoints.items()
        },
        "schedules": {"canary": {"ScheduleGroup": args.canary.schedules}} if args.canary else {},
        "queue": {queue: {"Stack": args.context.stack, "Queue": queue} for queue in QUEUES},
    }
