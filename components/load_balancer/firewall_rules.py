"""The rules of the web ACL, in their order, and those of AWS that only count because CVAT needs what they block."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from settings.ingress_options import Firewall

COUNTED: Mapping[str, Mapping[str, str]] = {
    "AWSManagedRulesCommonRuleSet": {
        "SizeRestrictions_BODY": "it blocks bodies above 8 KB: every upload, every saved annotation",
        "CrossSiteScripting_BODY": "images and annotation files hold any bytes, tags and scripts among them",
        "GenericLFI_BODY": "paths of files in the share can look like ../",
        "GenericRFI_BODY": "tasks are made from addresses of files (remote_files)",
    },
    "AWSManagedRulesSQLiRuleSet": {
        "SQLi_BODY": "images and annotation files hold any bytes; CVAT's queries are bound",
        "SQLiExtendedPatterns_BODY": "as SQLi_BODY",
    },
    "AWSManagedRulesUnixRuleSet": {
        "UNIXShellCommandsVariables_BODY": "names of labels and files can look like commands",
    },
}
"""AWS's group -> its rule -> why it must not block (AWS WAF developer guide, "AWS Managed Rules", read 2026-11)."""

_LOGIN_COOKIES = "SizeRestrictions_Cookie_HEADER"
"""It blocks cookies above 10 KB, and the load balancer keeps up to 16 KB of claims in its own (ELB user guide)."""


Rule = aws.wafv2.WebAclRuleArgsDict
Statement = aws.wafv2.WebAclRuleStatementArgsDict


def rules(firewall: Firewall, trusted_arn: pulumi.Input[str] | None, *, login: bool) -> list[Rule]:
    """Trusted ranges first, then the rate limit, which is cheap, then AWS's rule groups."""
    own: list[Rule] = []
    if trusted_arn is not None:
        from_trusted: Statement = {"ip_set_reference_statement": {"arn": trusted_arn}}
        own.append(_own("trusted", len(own), {"allow": {}}, from_trusted))
    if firewall.rate_limit:
        over_limit: Statement = {"rate_based_statement": {"limit": firewall.rate_limit, "aggregate_key_type": "IP"}}
        own.append(_own("rate-limit", len(own), {"block": {}}, over_limit))
    return [
        *own,
        *(_managed(group, priority, login=login) for priority, group in enumerate(firewall.rule_groups, len(own))),
    ]


def _own(name: str, priority: int, action: aws.wafv2.WebAclRuleActionArgsDict, statement: Statement) -> Rule:
    return {
        "name": name,
        "priority": priority,
        "action": action,
        "statement": statement,
        "visibility_config": visible(name),
    }


def _managed(group: str, priority: int, *, login: bool) -> Rule:
    rules = [*COUNTED.get(group, ()), *([_LOGIN_COOKIES] if login and group.endswith("CommonRuleSet") else [])]
    overrides: list[aws.wafv2.WebAclRuleStatementManagedRuleGroupStatementRuleActionOverrideArgsDict] = [
        {"name": rule, "action_to_use": {"count": {}}} for rule in rules
    ]
    return {
        "name": group,
        "priority": priority,
        "override_action": {"none": {}},
        "statement": {
            "managed_rule_group_statement": {"name": group, "vendor_name": "AWS", "rule_action_overrides": overrides}
        },
        "visibility_config": visible(group),
    }


def visible(metric: str) -> aws.wafv2.WebAclVisibilityConfigArgsDict:
    """Metrics without samples: samples show whole headers, with tokens and cookies, in the console."""
    return {"cloudwatch_metrics_enabled": True, "metric_name": metric, "sampled_requests_enabled": False}
