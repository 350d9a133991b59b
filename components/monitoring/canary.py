"""Canary: the operator's smoke test, once an hour, as a task that calls CVAT through the load balancer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import pulumi
import pulumi_aws as aws

from components.context import StackContext
from components.data_tier.secrets import StoredSecret
from components.ecs.container_definitions import ContainerSpec, LogTarget
from components.ecs.fargate_task import FargateTask, FargateTaskArgs, family
from components.ecs.log_groups import LogGroup
from components.images import Image
from components.network import security_groups
from components.network.egress import Egress
from components.scheduler.scheduled_calls import ScheduledCall
from components.scheduler.schedules import schedules
from settings.ingress_options import IngressOptions
from settings.values import TaskSize

KIND = "canary"
_SIZE = TaskSize(cpu=256, memory=512, count=1)
"""The smallest size of Fargate: the test waits for CVAT most of the time."""
_MINUTE = 30
"""Of the hour: away from full hours, when backups and schedules begin."""


@dataclass(frozen=True, kw_only=True)
class CanaryArgs:
    context: StackContext
    base_url: pulumi.Input[str]
    """CVAT's public address."""
    ingress: IngressOptions
    load_balancer_group: security_groups.AnyGroup
    vpc_id: pulumi.Input[str]
    subnet_ids: pulumi.Input[Sequence[str]]
    """Private subnets in which Fargate runs."""
    egress: Egress
    nat_addresses: Sequence[pulumi.Input[str]]
    """Public addresses from which the subnets call the Internet."""
    cluster_arn: pulumi.Input[str]
    image: Image
    admin: StoredSecret
    """Name and password of the user that logs in."""
    log_group: LogGroup
    functions: Sequence[str] = ()
    """Auto-annotation functions to call."""
    wait_for: Sequence[pulumi.Resource] = ()
    """What must run before the first test."""


class Canary(pulumi.ComponentResource):
    """A task on a schedule. Its exit code is the result, which event_rules.py passes on."""

    family: str
    """Family of its task definitions."""
    schedule_group: pulumi.Output[str]
    """Name of its schedule group, for an alarm."""

    def __init__(self, name: str, args: CanaryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cvat:index:Canary", name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        self.family = family(args.context, KIND)
        group = security_groups.group(name, KIND, args.vpc_id, self._child)
        self._allow(group)
        task = self._task()
        after = pulumi.ResourceOptions(parent=self, depends_on=[task, *args.wait_for])
        self.schedule_group = aws.scheduler.ScheduleGroup(name, opts=after).name
        schedules(name, args.context, self.schedule_group, [self._run(task, group)], after)
        self.register_outputs({"family": self.family})

    def _run(self, task: FargateTask, group: security_groups.Group) -> ScheduledCall:
        args = self._args
        network = {"Subnets": args.subnet_ids, "SecurityGroups": [group.id], "AssignPublicIp": "DISABLED"}
        return ScheduledCall(
            name="run",
            when=args.context.hours.hourly(_MINUTE) if args.context.hours else f"cron({_MINUTE} * * * ? *)",
            api="ecs:runTask",
            parameters={
                "Cluster": args.cluster_arn,
                "TaskDefinition": task.arn,
                "LaunchType": "FARGATE",
                "NetworkConfiguration": {"AwsvpcConfiguration": network},
            },
            permissions={"ecs:RunTask": [task.arn], "iam:PassRole": list(task.role_arns)},
        )

    def _allow(self, group: security_groups.Group) -> None:
        """To AWS's services, and to the load balancer: inside the VPC if it is internal, else through NAT."""
        name, args, ingress = self._name, self._args, self._args.ingress
        security_groups.allow_out(f"{name}-out", group, self._child)
        args.egress.allow(name, group, self._child)
        if ingress.internal:
            security_groups.allow(f"{name}-to-alb", group, args.load_balancer_group, ingress.port, self._child)
            return
        if ingress.port != security_groups.HTTPS:
            security_groups.allow_out(f"{name}-to-door", group, self._child, port=ingress.port)
        if security_groups.ANYWHERE not in ingress.allowed_cidrs:
            for index, address in enumerate(args.nat_addresses, start=1):
                cidr = pulumi.Output.concat(address, "/32")
                rule = f"{name}-by-nat-{index}"
                security_groups.allow_from(rule, cidr, args.load_balancer_group, ingress.port, self._child)

    @property
    def _outward(self) -> dict[str, pulumi.Input[str]]:
        """A public CVAT in front of an adopted VPC is called by the proxy; any other one directly."""
        args = self._args
        host = pulumi.Output.from_input(args.base_url).apply(lambda url: str(urlsplit(url).hostname))
        return args.egress.environment([host] if args.ingress.internal or args.nat_addresses else [])

    def _task(self) -> FargateTask:
        args = self._args
        secrets = {"CVAT_USER": args.admin.value("username"), "CVAT_PASSWORD": args.admin.value("password")}
        container = ContainerSpec(
            name=KIND,
            image=args.image.reference,
            environment={
                "CVAT_URL": args.base_url,
                "CVAT_FUNCTIONS": ",".join(sorted(args.functions)),
                **self._outward,
                "CVAT_RELEASE": args.context.release.name,
            },
            secrets={variable: secret.reference for variable, secret in secrets.items()},
            logs=LogTarget(group=args.log_group.name, region=args.context.region.name),
        )
        task = FargateTaskArgs(
            context=args.context,
            kind=KIND,
            size=_SIZE,
            containers=[container],
            images=[args.image],
            log_group_arn=args.log_group.arn,
            secrets=list(secrets.values()),
        )
        return FargateTask(self._name, task, opts=self._child)
