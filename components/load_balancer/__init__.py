"""LoadBalancer: the only door. An ALB that sends the server's paths to the server and all else to the UI."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.adopted.load_balancer import AdoptedLoadBalancer
from components.context import StackContext
from components.load_balancer import listener_actions as actions
from components.load_balancer.certificate import certificate
from components.load_balancer.firewall import FirewallAcl, FirewallAclArgs
from components.load_balancer.routes import Route, routes
from components.network import security_groups
from components.processes import SERVER_HEALTH_PATH, SERVER_PORT, UI_PORT
from components.s3_bucket import PrivateBucket, PrivateBucketArgs
from components.scheduler import scheduled_calls
from settings.ingress_options import IngressOptions, MaintenancePage

IDLE_SECONDS = 300
"""Above CVAT's 120 s for auto-annotation, and long enough for the pauses of an upload."""
_DRAIN_SECONDS = 60
_LOG_DAYS = 90
_FIRST = 1
"""Priority of the rule that comes before the routes, which count in tens."""


@dataclass(frozen=True, kw_only=True)
class LoadBalancerArgs:
    context: StackContext
    vpc_id: pulumi.Input[str]
    public_subnet_ids: pulumi.Input[Sequence[str]]
    """In at least two zones."""
    private_subnet_ids: pulumi.Input[Sequence[str]]
    """Where an internal load balancer stands."""
    front: IngressOptions
    existing: AdoptedLoadBalancer | None = None
    """A load balancer to use; it gets listeners, and its group rules. Default: a new one."""


class LoadBalancer(pulumi.ComponentResource):
    """Depend on this component to register targets: its target groups are then in use."""

    front: IngressOptions
    """How people, and the canary, reach it."""
    base_url: pulumi.Output[str]
    """Scheme, host and, where it is not the scheme's own, port."""
    arn_suffix: pulumi.Output[str]
    """What CloudWatch calls it."""
    group: security_groups.AnyGroup
    target_groups: Mapping[str, aws.lb.TargetGroup]
    """For `server` and `ui`."""
    page_rule: aws.lb.ListenerRule | None = None
    """The listener's rule that shows the page of the stack's sleep, where there is one."""

    def __init__(self, name: str, args: LoadBalancerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cvat:index:LoadBalancer", name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        self.front, self.group = args.front, self._door()
        self._balancer = args.existing or self._load_balancer()
        self.arn_suffix = pulumi.Output.from_input(self._balancer.arn_suffix)
        self.target_groups = {
            "server": self._target_group("server", SERVER_PORT, SERVER_HEALTH_PATH),
            "ui": self._target_group("ui", UI_PORT, "/"),
        }
        self._listen()
        if args.front.hosted_zone_id:
            self._name_it()
        if args.front.firewall:
            guard = FirewallAclArgs(
                context=args.context,
                wanted=args.front.firewall,
                login=args.front.login is not None,
                balancer_arn=self._balancer.arn,
            )
            FirewallAcl(f"{name}-waf", guard, opts=self._child)
        host = args.front.host_name or self._balancer.dns_name
        self.base_url = pulumi.Output.concat(args.front.scheme, "://", host, args.front.port_suffix)
        self.register_outputs({"base_url": self.base_url})

    def _door(self) -> security_groups.AnyGroup:
        name, args = self._name, self._args
        group: security_groups.AnyGroup = (
            args.existing.group_id
            if args.existing
            else security_groups.group(name, "alb", args.vpc_id, args.context.tags, self._child)
        )
        for port in args.front.ports:
            for cidr in args.front.allowed_cidrs:
                label = f"{name}-{port}-from-{cidr.replace('/', '-')}"
                security_groups.allow_from(label, cidr, group, port, args.context.tags, self._child)
        if args.front.login:
            security_groups.allow_out(f"{name}-to-provider", group, args.context.tags, self._child)
        return group

    def _load_balancer(self) -> aws.lb.LoadBalancer:
        args = self._args
        return aws.lb.LoadBalancer(
            self._name,
            aws.lb.LoadBalancerArgs(
                load_balancer_type="application",
                internal=args.front.internal,
                subnets=args.private_subnet_ids if args.front.internal else args.public_subnet_ids,
                security_groups=[security_groups.group_id(self.group)],
                idle_timeout=IDLE_SECONDS,
                drop_invalid_header_fields=True,
                enable_deletion_protection=args.context.protect,
                access_logs=aws.lb.LoadBalancerAccessLogsArgs(bucket=self._log_bucket(), prefix="alb", enabled=True),
                tags=dict(args.context.tags),
            ),
            opts=self._child,
        )

    def _log_bucket(self) -> pulumi.Output[str]:
        args = self._args
        write = {
            "Effect": "Allow",
            "Principal": args.context.region.elb_log_principal,
            "Action": "s3:PutObject",
            "Resource": f"/alb/AWSLogs/{args.context.account}/*",
        }
        return PrivateBucket(
            f"{self._name}-logs",
            PrivateBucketArgs(context=args.context, expire_days=_LOG_DAYS, statements=[write]),
            opts=self._child,
        ).bucket

    def _target_group(self, service: str, port: int, health_path: str) -> aws.lb.TargetGroup:
        args = self._args
        return aws.lb.TargetGroup(
            f"{self._name}-{service}",
            aws.lb.TargetGroupArgs(
                vpc_id=args.vpc_id,
                target_type="ip",
                port=port,
                protocol="HTTP",
                deregistration_delay=_DRAIN_SECONDS,
                health_check=aws.lb.TargetGroupHealthCheckArgs(
                    path=health_path, matcher="200", interval=15, timeout=10, healthy_threshold=2, unhealthy_threshold=4
                ),
                tags=dict(args.context.tags),
            ),
            opts=self._child,
        )

    def _listen(self) -> None:
        front = self._args.front
        if front.secure:
            arn = certificate(f"{self._name}-certificate", front, self._args.context, self._child)
            self._routes(self._main_listener(arn))
            if front.http_port:
                self._listener("redirect", front.http_port, [actions.to_https(front.https_port)])
        else:
            self._routes(self._main_listener(None))

    def _main_listener(self, certificate_arn: pulumi.Output[str] | None) -> aws.lb.Listener:
        front = self._args.front
        ui = actions.forward(self.target_groups["ui"].arn)
        steps = actions.after_login(front.login, "authenticate", [ui]) if front.login else [ui]
        return self._listener(front.scheme, front.port, steps, certificate_arn)

    def _listener(
        self,
        name: str,
        port: int,
        steps: Sequence[actions.Action],
        certificate_arn: pulumi.Output[str] | None = None,
    ) -> aws.lb.Listener:
        secure = certificate_arn is not None
        return aws.lb.Listener(
            f"{self._name}-{name}",
            load_balancer_arn=self._balancer.arn,
            port=port,
            protocol="HTTPS" if secure else "HTTP",
            certificate_arn=certificate_arn,
            ssl_policy=self._args.front.tls_policy if secure else None,
            default_actions=steps,
            tags=dict(self._args.context.tags),
            opts=self._child,
        )

    def _routes(self, listener: aws.lb.Listener) -> None:
        front = self._args.front
        bypass = front.login is not None and front.login.token_bypass
        for route in routes(front.admin_cidrs, login=front.login is not None, token_bypass=bypass):
            aws.lb.ListenerRule(
                f"{self._name}-{route.name}",
                listener_arn=listener.arn,
                priority=route.priority,
                conditions=actions.conditions(route),
                actions=self._steps(route),
                tags=dict(self._args.context.tags),
                opts=self._child,
            )

        if front.page:
            self.page_rule = self._asleep(listener, front.page)

    def _asleep(self, listener: aws.lb.Listener, page: MaintenancePage) -> aws.lb.ListenerRule:
        """Before all other rules: the page for everyone, or for nobody until the schedule changes that."""
        shown: actions.Condition = {"path_pattern": {"values": list(scheduled_calls.EVERYONE["path_pattern"])}}
        hidden: actions.Condition = {"host_header": {"values": list(scheduled_calls.NOBODY["host_header"])}}
        return aws.lb.ListenerRule(
            f"{self._name}-asleep",
            listener_arn=listener.arn,
            priority=_FIRST,
            conditions=[shown if page.shown else hidden],
            actions=[actions.fixed("text/html", page.body, "503")],
            tags=dict(self._args.context.tags),
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=None if page.shown else ["conditions"]),
        )

    def _steps(self, route: Route) -> list[actions.Action]:
        last = actions.forward(self.target_groups["server"].arn) if route.allowed else actions.forbidden()
        login = self._args.front.login
        return actions.after_login(login, route.login, [last]) if login and route.login else [last]

    def _name_it(self) -> None:
        """The public name leads here."""
        front = self._args.front
        aws.route53.Record(
            f"{self._name}-name",
            zone_id=front.hosted_zone_id,
            name=front.host_name,
            type="A",
            aliases=[
                {
                    "name": self._balancer.dns_name,
                    "zone_id": self._balancer.zone_id,
                    "evaluate_target_health": False,
                }
            ],
            opts=self._child,
        )
