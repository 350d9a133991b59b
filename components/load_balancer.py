"""LoadBalancer: the only door. An ALB that sends the server's paths to the server and all else to the UI."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components import errands, security_groups
from components.asleep_page import Page
from components.bucket import PrivateBucket, PrivateBucketArgs
from components.cvat_release import SERVER_HEALTH_PATH, SERVER_PORT, UI_PORT
from components.routes import Route, routes
from components.site import Site

IDLE_SECONDS = 300
"""Above CVAT's 120 s for auto-annotation, and long enough for the pauses of an upload."""
_TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-2021-06"
_DRAIN_SECONDS = 60
_LOG_DAYS = 90
_FIRST = 1
"""Priority of the rule that comes before the routes, which count in tens."""
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, kw_only=True)
class LoadBalancerArgs:
    site: Site
    vpc_id: pulumi.Input[str]
    subnet_ids: pulumi.Input[Sequence[str]]
    """Subnets in at least two zones: public ones, or private ones for an internal load balancer."""
    internal: bool = False
    """Reachable from inside the VPC and what is connected to it only."""
    allowed_cidrs: Sequence[str]
    """Who may call."""
    http_port: int = 80
    """Plain HTTP; redirects where there is a certificate. 0: none."""
    https_port: int = 443
    """Used with a certificate."""
    certificate_arn: str = ""
    """Default: plain HTTP only."""
    admin_cidrs: Sequence[str] = ()
    """Who may open the administrators' pages. Default: whoever may call."""
    host_name: str = ""
    """Public name. Default: the load balancer's own."""
    page: Page | None = None
    """What is answered in the stack's sleep. Default: it never sleeps."""


class LoadBalancer(pulumi.ComponentResource):
    """Depend on this component to register targets: its target groups are then in use."""

    base_url: pulumi.Output[str]
    """Scheme, host and, where it is not the scheme's own, port."""
    arn_suffix: pulumi.Output[str]
    """What CloudWatch calls it."""
    group: aws.ec2.SecurityGroup
    target_groups: Mapping[str, aws.lb.TargetGroup]
    """For `server` and `ui`."""
    page_rule: aws.lb.ListenerRule | None = None
    """The listener's rule that shows the page of the stack's sleep, where there is one."""

    def __init__(self, name: str, args: LoadBalancerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cvat:index:LoadBalancer", name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        self.group = self._door()
        self._balancer = self._load_balancer()
        self.arn_suffix = self._balancer.arn_suffix
        self.target_groups = {
            "server": self._target_group("server", SERVER_PORT, SERVER_HEALTH_PATH),
            "ui": self._target_group("ui", UI_PORT, "/"),
        }
        self.base_url = self._listen()
        self.register_outputs({"base_url": self.base_url})

    def _ports(self) -> list[int]:
        args = self._args
        return [port for port in (args.http_port, args.https_port if args.certificate_arn else 0) if port]

    def _door(self) -> aws.ec2.SecurityGroup:
        name, args = self._name, self._args
        group = security_groups.group(name, "alb", args.vpc_id, args.site.tags, self._child)
        for port in self._ports():
            for cidr in args.allowed_cidrs:
                label = f"{name}-{port}-from-{cidr.replace('/', '-')}"
                security_groups.allow_from(label, cidr, group, port, args.site.tags, self._child)
        return group

    def _load_balancer(self) -> aws.lb.LoadBalancer:
        args = self._args
        return aws.lb.LoadBalancer(
            self._name,
            aws.lb.LoadBalancerArgs(
                load_balancer_type="application",
                internal=args.internal,
                subnets=args.subnet_ids,
                security_groups=[self.group.id],
                idle_timeout=IDLE_SECONDS,
                drop_invalid_header_fields=True,
                enable_deletion_protection=args.site.protect,
                access_logs=aws.lb.LoadBalancerAccessLogsArgs(bucket=self._log_bucket(), prefix="alb", enabled=True),
                tags=dict(args.site.tags),
            ),
            opts=self._child,
        )

    def _log_bucket(self) -> pulumi.Output[str]:
        args = self._args
        write = {
            "Effect": "Allow",
            "Principal": args.site.region.elb_log_principal,
            "Action": "s3:PutObject",
            "Resource": f"/alb/AWSLogs/{args.site.account}/*",
        }
        return PrivateBucket(
            f"{self._name}-logs",
            PrivateBucketArgs(site=args.site, expire_days=_LOG_DAYS, statements=[write]),
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
                tags=dict(args.site.tags),
            ),
            opts=self._child,
        )

    def _listen(self) -> pulumi.Output[str]:
        """Register the listeners; returns the base URL."""
        args = self._args
        if args.certificate_arn:
            self._routes(self._listener("https", args.https_port))
            if args.http_port:
                self._redirect()
            return self._url("https", args.https_port)
        self._routes(self._listener("http", args.http_port))
        return self._url("http", args.http_port)

    def _url(self, scheme: str, port: int) -> pulumi.Output[str]:
        host = self._args.host_name or self._balancer.dns_name
        return pulumi.Output.concat(scheme, "://", host, "" if port == _DEFAULT_PORTS[scheme] else f":{port}")

    def _listener(self, scheme: str, port: int) -> aws.lb.Listener:
        args, secure = self._args, scheme == "https"
        return aws.lb.Listener(
            f"{self._name}-{scheme}",
            aws.lb.ListenerArgs(
                load_balancer_arn=self._balancer.arn,
                port=port,
                protocol=scheme.upper(),
                certificate_arn=args.certificate_arn if secure else None,
                ssl_policy=_TLS_POLICY if secure else None,
                default_actions=[
                    aws.lb.ListenerDefaultActionArgs(type="forward", target_group_arn=self.target_groups["ui"].arn)
                ],
                tags=dict(args.site.tags),
            ),
            opts=self._child,
        )

    def _redirect(self) -> None:
        args = self._args
        aws.lb.Listener(
            f"{self._name}-redirect",
            aws.lb.ListenerArgs(
                load_balancer_arn=self._balancer.arn,
                port=args.http_port,
                protocol="HTTP",
                default_actions=[
                    aws.lb.ListenerDefaultActionArgs(
                        type="redirect",
                        redirect=aws.lb.ListenerDefaultActionRedirectArgs(
                            protocol="HTTPS", port=str(args.https_port), status_code="HTTP_301"
                        ),
                    )
                ],
                tags=dict(args.site.tags),
            ),
            opts=self._child,
        )

    def _routes(self, listener: aws.lb.Listener) -> None:
        for route in routes(self._args.admin_cidrs):
            aws.lb.ListenerRule(
                f"{self._name}-{route.name}",
                aws.lb.ListenerRuleArgs(
                    listener_arn=listener.arn,
                    priority=route.priority,
                    conditions=_conditions(route),
                    actions=[self._forward() if route.allowed else _FORBIDDEN],
                    tags=dict(self._args.site.tags),
                ),
                opts=self._child,
            )

        if self._args.page:
            self.page_rule = self._asleep(listener, self._args.page)

    def _asleep(self, listener: aws.lb.Listener, page: Page) -> aws.lb.ListenerRule:
        """Before all other rules: the page for everyone, or for nobody until the schedule changes that."""
        shown = aws.lb.ListenerRuleConditionPathPatternArgs(values=list(errands.EVERYONE["path_pattern"]))
        hidden = aws.lb.ListenerRuleConditionHostHeaderArgs(values=list(errands.NOBODY["host_header"]))
        condition = aws.lb.ListenerRuleConditionArgs
        return aws.lb.ListenerRule(
            f"{self._name}-asleep",
            aws.lb.ListenerRuleArgs(
                listener_arn=listener.arn,
                priority=_FIRST,
                conditions=[condition(path_pattern=shown) if page.shown else condition(host_header=hidden)],
                actions=[_fixed("text/html", page.body, "503")],
                tags=dict(self._args.site.tags),
            ),
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=None if page.shown else ["conditions"]),
        )

    def _forward(self) -> aws.lb.ListenerRuleActionArgs:
        return aws.lb.ListenerRuleActionArgs(type="forward", target_group_arn=self.target_groups["server"].arn)


def _fixed(content_type: str, text: str, status: str) -> aws.lb.ListenerRuleActionArgs:
    return aws.lb.ListenerRuleActionArgs(
        type="fixed-response",
        fixed_response=aws.lb.ListenerRuleActionFixedResponseArgs(
            content_type=content_type, message_body=text, status_code=status
        ),
    )


_FORBIDDEN = _fixed("text/plain", "These pages open only from the administrators' network.", "403")


def _conditions(route: Route) -> list[aws.lb.ListenerRuleConditionArgs]:
    condition = aws.lb.ListenerRuleConditionArgs
    paths = aws.lb.ListenerRuleConditionPathPatternArgs(values=list(route.paths))
    sources = aws.lb.ListenerRuleConditionSourceIpArgs(values=list(route.sources))
    return [condition(path_pattern=paths)] + ([condition(source_ip=sources)] if route.sources else [])
