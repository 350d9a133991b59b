"""FirewallAcl: AWS WAF in front of the load balancer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.context import StackContext
from components.load_balancer.firewall_rules import Rule, rules, visible
from settings.ingress_options import Firewall

_SCOPE = "REGIONAL"
_UNLOGGED_HEADERS = ("authorization", "cookie", "x-csrftoken")
_LOG_PREFIX = "aws-waf-logs-"
"""WAF writes to log groups of such names only (AWS WAF developer guide, "Logging destinations", read 2026-11)."""


@dataclass(frozen=True, kw_only=True)
class FirewallAclArgs:
    context: StackContext
    firewall: Firewall
    login: bool
    """Whether the load balancer's own login cookies pass through."""
    balancer_arn: pulumi.Input[str]


class FirewallAcl(pulumi.ComponentResource):
    """A web ACL of a load balancer."""

    arn: pulumi.Output[str]

    def __init__(self, name: str, args: FirewallAclArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cvat:index:FirewallAcl", name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        trusted = self._addresses(args.firewall.trusted_cidrs) if args.firewall.trusted_cidrs else None
        acl = self._acl(rules(args.firewall, trusted, login=args.login))
        self.arn = acl.arn
        aws.wafv2.WebAclAssociation(
            name,
            resource_arn=args.balancer_arn,
            web_acl_arn=acl.arn,
            opts=self._child,
        )
        if args.firewall.log_days:
            self._log(acl)
        self.register_outputs({"arn": self.arn})

    def _addresses(self, cidrs: Sequence[str]) -> pulumi.Output[str]:
        return aws.wafv2.IpSet(
            f"{self._name}-trusted",
            scope=_SCOPE,
            ip_address_version="IPV4",
            addresses=list(cidrs),
            opts=self._child,
        ).arn

    def _acl(self, ordered: Sequence[Rule]) -> aws.wafv2.WebAcl:
        return aws.wafv2.WebAcl(
            self._name,
            scope=_SCOPE,
            default_action={"allow": {}},
            rules=ordered,
            visibility_config=visible(self._name),
            opts=self._child,
        )

    def _log(self, acl: aws.wafv2.WebAcl) -> None:
        """Cookies and tokens, which open sessions, are redacted, and so are queries, which can hold a login's code."""
        group = aws.cloudwatch.LogGroup(
            self._name,
            name_prefix=f"{_LOG_PREFIX}{self._name}-",
            retention_in_days=self._args.firewall.log_days,
            kms_key_id=self._args.context.key,
            opts=self._child,
        )
        fields: list[aws.wafv2.WebAclLoggingConfigurationRedactedFieldArgsDict] = [{"query_string": {}}]
        fields += [{"single_header": {"name": header}} for header in _UNLOGGED_HEADERS]
        aws.wafv2.WebAclLoggingConfiguration(
            self._name,
            resource_arn=acl.arn,
            log_destination_configs=[group.arn],
            redacted_fields=fields,
            logging_filter={
                "default_behavior": "DROP",
                "filters": [
                    {
                        "behavior": "KEEP",
                        "requirement": "MEETS_ANY",
                        "conditions": [{"action_condition": {"action": action}} for action in ("BLOCK", "COUNT")],
                    }
                ],
            },
            opts=self._child,
        )
