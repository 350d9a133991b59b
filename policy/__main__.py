"""The policy pack: `pulumi preview --policy-pack policy`. Its rules are the rehearsal's (policy/rules)."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pulumi_policy import (
    EnforcementLevel,
    PolicyConfigSchema,
    PolicyPack,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError

# Pulumi runs this file by its path, so the repository's root is not on the path yet.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from policy.rules import RULES, Context, NotKnownError, Resource, Rule, Unknown
from region import Region


def _flag(name: str, description: str) -> PolicyConfigSchema:
    return PolicyConfigSchema(properties={name: {"type": "boolean", "default": False, "description": description}})


CONFIGURED = {
    "stores-kept": _flag("disposable", "Whether the stack's data may be lost (the program's cvat:disposable)."),
    "read-only-root": _flag("enableExec", "Whether ECS Exec is allowed (the program's cvat:enableExec)."),
}
"""Rules that depend on a setting of the program."""


def plain(get: Callable[[], Any]) -> Any:
    """A property without Pulumi's proxies; a value that a preview does not know is an Unknown."""
    try:
        value = get()
    except UnknownValueError:
        return Unknown()
    if isinstance(value, Mapping):
        return {key: plain(lambda key=key: value[key]) for key in value}  # type: ignore[misc]
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [plain(lambda index=index: value[index]) for index in range(len(value))]  # type: ignore[misc]
    return value


def context(args: ResourceValidationArgs) -> Context:
    """Region, project and stack of the resource."""
    _, _, stack, _, project = args.urn.split(":")[:5]
    provider = args.provider.props if args.provider else {}
    region = provider.get("region") or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or ""
    config = args.get_config()
    return Context(
        Region(str(region)),
        project,
        stack,
        disposable=bool(config.get("disposable", False)),
        enable_exec=bool(config.get("enableExec", False)),
    )


def policy(rule: Rule) -> ResourceValidationPolicy:
    """A rule as a policy of Pulumi's SDK."""

    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        resource = Resource(args.resource_type, args.name, plain(lambda: args.props), args.opts.protect)
        try:
            for text in rule.check(resource, context(args)):
                report(f"{args.name}: {text}", args.urn)
        except NotKnownError:
            args.not_applicable("it needs a value that is known only after the deployment")

    return ResourceValidationPolicy(
        name=rule.name,
        description=rule.description,
        validate=validate,
        enforcement_level=EnforcementLevel.MANDATORY,
        config_schema=CONFIGURED.get(rule.name),
    )


PolicyPack(name="cvat-on-aws", policies=[policy(rule) for rule in RULES], enforcement_level=EnforcementLevel.MANDATORY)
