"""Section "Firewall (AWS WAF)"."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from settings.fields import IpRanges, Many
from settings.ingress_options import ANYWHERE, Firewall
from settings.sections.section import Section

_LOWEST_RATE = 10
"""WAF counts from there on ("The lowest limit setting allowed is 10",
https://docs.aws.amazon.com/waf/latest/developerguide/waf-rule-statement-type-rate-based-high-level-settings.html; the
documentation of AWS China has the same number, though the announcement of 2024-08 left China and GovCloud out; read
2026-11)."""

RuleGroup = Literal[
    "AWSManagedRulesAmazonIpReputationList",
    "AWSManagedRulesAnonymousIpList",
    "AWSManagedRulesCommonRuleSet",
    "AWSManagedRulesKnownBadInputsRuleSet",
    "AWSManagedRulesSQLiRuleSet",
    "AWSManagedRulesLinuxRuleSet",
    "AWSManagedRulesUnixRuleSet",
]
"""AWS's groups without a price of their own, also in China (WAF in China, "Feature Availability", read 2026-11).

Not AWSManagedRulesAdminProtectionRuleSet, which closes /admin to everybody: cvat:adminCidrs opens it to some. Together
they use 1475 capacity units of the 1500 that a web ACL has at no extra price.
"""


class Waf(Section):
    """Firewall (AWS WAF)"""

    waf: bool = False
    """true: AWS WAF looks at every request before it reaches CVAT."""
    waf_rule_groups: Annotated[tuple[RuleGroup, ...], Many] = (
        "AWSManagedRulesAmazonIpReputationList",
        "AWSManagedRulesCommonRuleSet",
        "AWSManagedRulesKnownBadInputsRuleSet",
    )
    """AWS's groups of rules that block. Rules that would block CVAT's uploads only count (docs/operations.md)."""
    waf_rate_limit: int = Field(20000, ge=0, le=2_000_000_000)
    """Requests in 5 minutes after which an address is blocked until it calms down; 0: no limit. An office behind
    one address counts as one."""
    waf_trusted_cidrs: IpRanges = ()
    """Address ranges that neither the limit nor the rules apply to, such as your office's."""
    waf_logs: bool = False
    """true: what is blocked or counted is logged, without cookies, authorization and query."""

    def firewall(self, log_days: int) -> Firewall | None:
        """The firewall, if there is one; log_days: for which its log is kept, if there is one."""
        if not self.waf:
            return None
        return Firewall(
            rule_groups=self.waf_rule_groups,
            rate_limit=self.waf_rate_limit,
            trusted_cidrs=self.waf_trusted_cidrs,
            log_days=log_days if self.waf_logs else 0,
        )


def unused_keys(waf: Waf) -> Iterator[str]:
    if not waf.waf and (waf.waf_trusted_cidrs or waf.waf_logs):
        key = "wafTrustedCidrs" if waf.waf_trusted_cidrs else "wafLogs"
        yield f"cvat:{key} is set, but cvat:waf is false: there is no firewall. Set cvat:waf to true, or remove it."


def rate_limit(waf: Waf) -> Iterator[str]:
    if 0 < waf.waf_rate_limit < _LOWEST_RATE:
        yield f"cvat:wafRateLimit = {waf.waf_rate_limit}: WAF counts from {_LOWEST_RATE} on. Raise it, or set 0."


def trusted_ranges(waf: Waf) -> Iterator[str]:
    if ANYWHERE in waf.waf_trusted_cidrs:
        yield f"cvat:wafTrustedCidrs = {ANYWHERE}: that trusts everyone. Name your own, or set cvat:waf to false."


def something_to_do(waf: Waf) -> Iterator[str]:
    if waf.waf and not (waf.waf_rule_groups or waf.waf_rate_limit):
        yield "cvat:waf = true: with no cvat:wafRuleGroups and no cvat:wafRateLimit it looks for nothing. Set one."
