"""LogGroups: a log group for each kind of task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.context import StackContext


@dataclass(frozen=True)
class LogGroup:
    """A log group's name and ARN."""

    name: pulumi.Output[str]
    arn: pulumi.Output[str]


@dataclass(frozen=True, kw_only=True)
class LogGroupsArgs:
    context: StackContext
    task_kinds: Sequence[str]
    """Kinds of task that write logs."""
    retention_days: int = 30
    """Days for which logs are kept."""


class LogGroups(pulumi.ComponentResource):
    """A log group for each kind of task."""

    log_groups: Mapping[str, LogGroup]
    """By kind of task."""
    names: Mapping[str, pulumi.Output[str]]
    """Of the groups, by kind of task."""

    def __init__(self, name: str, args: LogGroupsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cvat:index:LogGroups", name, None, opts)
        self.log_groups = {}
        for kind in args.task_kinds:
            group = aws.cloudwatch.LogGroup(
                f"{name}-{kind}",
                retention_in_days=args.retention_days,
                kms_key_id=args.context.key,
                opts=pulumi.ResourceOptions(parent=self),
            )
            self.log_groups[kind] = LogGroup(group.name, group.arn)
        self.names = {kind: group.name for kind, group in self.log_groups.items()}
        self.register_outputs(dict(self.names))
