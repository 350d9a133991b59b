"""LoadBalancer: the only way in. An ALB that sends the server's paths to the server and all others to the UI."""

from __future__ import annotations

import hashlib
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
from components.s3_bucket import PrivateBucket, PrivateBucketArgs
from components.scheduler import scheduled_calls
from settings.ingress_options import IngressOptions, MaintenancePage

IDLE_SECONDS = 300
"""Above CVAT's 120 s for auto-annotation, and long enough for the pauses of an upload."""
_DRAIN_SECONDS = 60
_LOG_DAYS = 90
_LABEL_LENGTH = 8
"""A name of a target group has 32 characters."""
_PAGE_PRIORITIES = {"asleep": 1, "outside-hours": 2}
"""Before the routes, whose priorities begin at 50."""


@dataclass(frozen=True, kw_only=True)
class LoadBalancerArgs:
    context: StackContext
    vpc_id: pulumi.Input[str]
    public_subnet_ids: pulumi.Input[Sequence[str]]
    """In at least two zones."""
    private_subnet_ids: pulumi.Input[Sequence[str]]
    """Subnets of an internal load balancer."""
    ingress: IngressOptions
    adopted: AdoptedLoadBalancer | None = None
    """A load balancer that exists: it gets listeners, and its security group gets rules. Default: a new one."""


class LoadBalancer(pulumi.ComponentResource):
    """Depend on this component to register targets: ECS refuses target groups that no listener leads to."""

    base_url: pulumi.Output[str]
    """Scheme, host and, where it is not the scheme's own, port."""
    arn_suffix: pulumi.Output[str]
    """The load balancer in CloudWatch's metrics."""
    group: security_groups.AnyGroup
    target_groups: Mapping[str, aws.lb.TargetGroup]
    """By kind of task: `server` and `ui`."""
    page_rule_arn: pulumi.Output[str] | None = None
    """The listener rule that answers with the maintenance page, in a stack that sleeps or has office hours."""

    def __init__(self, name: str, args: LoadBalancerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cvat:index:LoadBalancer", name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        self.group = self._security_group()
        self._balancer = args.adopted or self._load_balancer()
        self.arn_suffix = pulumi.Output.from_input(self._balancer.arn_suffix)
        self.target_groups = {
            process.kind: self._target_group(process.kind, process.port, process.health_path)
            for process in args.context.release.processes
            if process.port and process.health_path
        }
        self._listeners()
        if args.ingress.hosted_zone_id:
            self._dns_record()
        if args.ingress.firewall:
            firewall = FirewallAclArgs(
                context=args.context,
                firewall=args.ingress.firewall,
                login=args.ingress.login is not None,
                balancer_arn=self._balancer.arn,
            )
            FirewallAcl(f"{name}-waf", firewall, opts=self._child)
        host = args.ingress.host_name or self._balancer.dns_name
        self.base_url = pulumi.Output.concat(args.ingress.scheme, "://", host, args.ingress.port_suffix)
        self.register_outputs({"base_url": self.base_url})

    @property
    def target_group_arns(self) -> Mapping[str, pulumi.Output[str]]:
        """By kind of task."""
        return {kind: group.arn for kind, group in self.target_groups.items()}

    @property
    def target_group_suffixes(self) -> Mapping[str, pulumi.Output[str]]:
        """The target groups in CloudWatch's metrics, by kind of task."""
        return {kind: group.arn_suffix for kind, group in self.target_groups.items()}

    def _security_group(self) -> security_groups.AnyGroup:
        name, args, adopted = self._name, self._args, self._args.adopted
        group: security_groups.AnyGroup = (
            adopted.group_id if adopted else security_groups.group(name, "alb", args.vpc_id, self._child)
        )
        present = adopted.open_ports if adopted else frozenset()
        for port in args.ingress.ports:
            for cidr in [cidr for cidr in args.ingress.allowed_cidrs if (cidr, port) not in present]:
                rule = f"{name}-{port}-from-{cidr.replace('/', '-')}"
                security_groups.allow_from(rule, cidr, group, port, self._child)
        if args.ingress.login and not (adopted and adopted.opens_https):
            security_groups.allow_out(f"{name}-to-provider", group, self._child)
        return group

    def _load_balancer(self) -> aws.lb.LoadBalancer:
        args = self._args
        return aws.lb.LoadBalancer(
            self._name,
            load_balancer_type="application",
            internal=args.ingress.internal,
            subnets=args.private_subnet_ids if args.ingress.internal else args.public_subnet_ids,
            security_groups=[security_groups.group_id(self.group)],
            idle_timeout=IDLE_SECONDS,
            drop_invalid_header_fields=True,
            enable_deletion_protection=args.context.protect,
            access_logs={"bucket": self._log_bucket(), "prefix": "alb", "enabled": True},
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

    def _target_group(self, kind: str, port: int, health_path: str) -> aws.lb.TargetGroup:
        """A target group belongs to one load balancer (TargetGroupAssociationLimit): another one gets others."""
        return aws.lb.TargetGroup(
            "-".join(filter(None, (self._name, kind, self._balancer_label))),
            vpc_id=self._args.vpc_id,
            target_type="ip",
            port=port,
            protocol="HTTP",
            deregistration_delay=_DRAIN_SECONDS,
            health_check={
                "path": health_path,
                "matcher": "200",
                "interval": 15,
                "timeout": 10,
                "healthy_threshold": 2,
                "unhealthy_threshold": 4,
            },
            opts=self._child,
        )

    @property
    def _balancer_label(self) -> str:
        """What tells the load balancer of these settings from that of others: empty for a public one of the stack."""
        args = self._args
        if args.adopted:
            return hashlib.sha256(args.adopted.arn.encode()).hexdigest()[:_LABEL_LENGTH]
        return "internal" if args.ingress.internal else ""

    def _listeners(self) -> None:
        """One listener that leads to CVAT, and beside HTTPS one that redirects to it."""
        args, ingress = self._args, self._args.ingress
        certificate_arn = None
        if ingress.secure:
            certificate_arn = certificate(f"{self._name}-certificate", ingress, self._child)
        ui = actions.forward(self.target_groups["ui"].arn)
        steps = actions.after_login(ingress.login, "authenticate", [ui]) if ingress.login else [ui]
        listener = self._listener(ingress.port, steps, certificate_arn, formerly=ingress.scheme)
        self._routes(listener)
        if args.ingress.page:
            self.page_rule_arn = self._page_rule(listener, args.ingress.page).arn
        if ingress.secure and ingress.http_port:
            self._listener(ingress.http_port, [actions.to_https(ingress.https_port)], formerly="redirect")

    def _listener(
        self,
        port: int,
        steps: Sequence[actions.Action],
        certificate_arn: pulumi.Output[str] | None = None,
        *,
        formerly: str,
    ) -> aws.lb.Listener:
        """A listener is named by its port: a load balancer has one for each, and Pulumi creates before it deletes.

        So the listener of a port that changes between HTTP, HTTPS and redirect is updated. `formerly`: its name until
        0.2.0.
        """
        secure = certificate_arn is not None
        return aws.lb.Listener(
            f"{self._name}-{port}",
            load_balancer_arn=self._balancer.arn,
            port=port,
            protocol="HTTPS" if secure else "HTTP",
            certificate_arn=certificate_arn,
            ssl_policy=self._args.ingress.tls_policy if secure else None,
            default_actions=steps,
            opts=pulumi.ResourceOptions(parent=self, aliases=[pulumi.Alias(name=f"{self._name}-{formerly}")]),
        )

    def _routes(self, listener: aws.lb.Listener) -> None:
        ingress = self._args.ingress
        token_bypass = ingress.login is not None and ingress.login.token_bypass
        release = self._args.context.release
        for route in routes(
            release.routes, ingress.admin_cidrs, login=ingress.login is not None, token_bypass=token_bypass
        ):
            aws.lb.ListenerRule(
                f"{self._name}-{route.name}",
                listener_arn=listener.arn,
                priority=route.priority,
                conditions=actions.conditions(route),
                actions=self._steps(route),
                opts=self._child,
            )

    def _page_rule(self, listener: aws.lb.Listener, page: MaintenancePage) -> aws.lb.ListenerRule:
        """The maintenance page: for everyone, or for no request until a scheduled call changes the rule's condition.

        Each is a rule of its own. Else Pulumi would leave the condition of a stack that was asleep, since it ignores
        the one that scheduled calls change.
        """
        kind = "asleep" if page.shown else "outside-hours"
        on: actions.Condition = {"path_pattern": {"values": list(scheduled_calls.PAGE_ON["path_pattern"])}}
        off: actions.Condition = {"host_header": {"values": list(scheduled_calls.PAGE_OFF["host_header"])}}
        return aws.lb.ListenerRule(
            f"{self._name}-{kind}",
            listener_arn=listener.arn,
            priority=_PAGE_PRIORITIES[kind],
            conditions=[on if page.shown else off],
            actions=[actions.fixed("text/html", page.body, "503")],
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=None if page.shown else ["conditions"]),
        )

    def _steps(self, route: Route) -> list[actions.Action]:
        last = actions.forward(self.target_groups["server"].arn) if route.allowed else actions.forbidden()
        login = self._args.ingress.login
        return actions.after_login(login, route.login, [last]) if login and route.login else [last]

    def _dns_record(self) -> None:
        """The public name, as an alias of the load balancer."""
        ingress = self._args.ingress
        alias: aws.route53.RecordAliasArgsDict = {
            "name": self._balancer.dns_name,
            "zone_id": self._balancer.zone_id,
            "evaluate_target_health": False,
        }
        aws.route53.Record(
            f"{self._name}-name",
            zone_id=ingress.hosted_zone_id,
            name=ingress.host_name,
            type="A",
            aliases=[alias],
            opts=self._child,
        )
