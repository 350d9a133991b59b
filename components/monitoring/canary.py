"""Canary: the operator's smoke test, once an hour, as a task of its own that comes to CVAT's door from outside."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from components.context import StackContext
from components.cvat_services import CvatServices
from components.data_tier.secrets import StoredSecret
from components.ecs.container_definitions import ContainerSpec, LogTarget
from components.ecs.fargate_task import FargateTask, FargateTaskArgs, family
from components.ecs.log_groups import LogGroup
from components.images import Image
from components.load_balancer import LoadBalancer
from components.network import Network, security_groups
from components.scheduler.scheduled_calls import ScheduledCall
from components.scheduler.schedules import scheduled
from settings.values import TaskSize

KIND = "canary"
_SIZE = TaskSize(cpu=256, memory=512, count=1)
"""The least that Fargate has: the test waits for CVAT most of the time."""
_MINUTE = 30
"""Of the hour: away from full hours, when backups and schedules begin."""


@dataclass(frozen=True, kw_only=True)
class CanaryArgs:
    context: StackContext
    balancer: LoadBalancer
    network: Network
    cluster_arn: pulumi.Input[str]
    image: Image
    admin: StoredSecret
    """Who logs in."""
    log_group: LogGroup
    services: CvatServices
    """What is tried, and must be there before the first run."""


class Canary(pulumi.ComponentResource):
    """A task that a schedule starts; its exit code tells (see event_rules.py)."""

    family: str
    """Family of its task definitions."""
    schedules: pulumi.Output[str]
    """Name of its group of schedules, which an alarm watches."""

    def __init__(self, name: str, args: CanaryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cvat:index:Canary", name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        self.family = family(args.context, KIND)
        group = security_groups.group(name, KIND, args.network.vpc_id, args.context.tags, self._child)
        self._ways(group)
        task = self._task()
        network = {
            "Subnets": args.network.fargate_subnet_ids,
            "SecurityGroups": [group.id],
            "AssignPublicIp": "DISABLED",
        }
        run = ScheduledCall(
            name="run",
            when=args.context.hours.hourly(_MINUTE) if args.context.hours else f"cron({_MINUTE} * * * ? *)",
            api="ecs:runTask",
            given={
                "Cluster": args.cluster_arn,
                "TaskDefinition": task.arn,
                "LaunchType": "FARGATE",
                "NetworkConfiguration": {"AwsvpcConfiguration": network},
            },
            permissions={"ecs:RunTask": [task.arn], "iam:PassRole": list(task.role_arns)},
        )
        opts = pulumi.ResourceOptions(parent=self, depends_on=[task, args.services])
        self.schedules = scheduled(name, args.context, [run], opts).name
        self.register_outputs({"family": self.family})

    def _ways(self, group: security_groups.Group) -> None:
        """To AWS's services, and to the load balancer: inside the VPC, or as everybody comes, by NAT."""
        name, args, front = self._name, self._args, self._args.balancer.front
        security_groups.allow_out(f"{name}-out", group, args.context.tags, self._child)
        if front.internal:
            security_groups.allow(
                f"{name}-to-alb", group, args.balancer.group, front.port, args.context.tags, self._child
            )
            return
        if front.port != security_groups.HTTPS:
            security_groups.allow_out(f"{name}-to-door", group, args.context.tags, self._child, port=front.port)
        if security_groups.ANYWHERE not in front.allowed_cidrs:
            for index, address in enumerate(args.network.ways_out()):
                cidr = pulumi.Output.concat(address, "/32")
                label = f"{name}-by-nat-{index + 1}"
                security_groups.allow_from(label, cidr, args.balancer.group, front.port, args.context.tags, self._child)

    def _task(self) -> FargateTask:
        args = self._args
        secrets = {"CVAT_USER": args.admin.value("username"), "CVAT_PASSWORD": args.admin.value("password")}
        container = ContainerSpec(
            name=KIND,
            image=args.image.reference,
            environment={
                "CVAT_URL": args.balancer.base_url,
                "CVAT_FUNCTIONS": ",".join(sorted(args.services.endpoints)),
            },
            secrets={variable: value.reference for variable, value in secrets.items()},
            logs=LogTarget(group=args.log_group.name, region=args.context.region.name),
        )
        wanted = FargateTaskArgs(
            context=args.context,
            kind=KIND,
            size=_SIZE,
            containers=[container],
            images=[args.image],
            log_group_arn=args.log_group.arn,
            secrets=list(secrets.values()),
        )
        return FargateTask(self._name, wanted, opts=self._child)
