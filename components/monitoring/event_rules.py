"""The events that are passed on to the topic, as a table. Pure: no Pulumi resources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from components.monitoring.alarm_rule import RUNBOOK


@dataclass(frozen=True, kw_only=True)
class EventRule:
    """One kind of event that is passed on."""

    name: str
    pattern: Mapping[str, Any]
    """In the words of EventBridge; values may be outputs."""
    meaning: str

    @property
    def runbook(self) -> str:
        return f"{RUNBOOK}#{self.name}"


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where events that concern us come from."""

    cluster_arn: pulumi.Input[str]
    services_arn: pulumi.Input[str]
    """How the ARNs of the cluster's services begin."""
    init_family: str
    """Family of the run-once task's definitions."""
    vault: pulumi.Input[str] | None = None
    """Name of the backup vault. Default: there is none."""
    canary_family: str = ""
    """Family of the hourly smoke test's definitions. Default: there is none."""


def event_rules(origin: Origin) -> Sequence[EventRule]:
    """All events that are passed on, in the order of the runbook."""
    rules = [
        EventRule(
            name="deployment-failed",
            pattern=_pattern("ecs", "ECS Deployment State Change", {"eventName": ["SERVICE_DEPLOYMENT_FAILED"]})
            | {"resources": [{"prefix": origin.services_arn}]},
            meaning="A service did not come up in its new version and was rolled back to the one before.",
        ),
        *_task_rules("init", origin.init_family, origin, "The initialisation of a release"),
    ]
    if origin.canary_family:
        rules += _task_rules("canary", origin.canary_family, origin, "The hourly smoke test")
    if origin.vault is not None:
        ended = {"state": ["FAILED", "EXPIRED", "ABORTED"], "backupVaultName": [origin.vault]}
        rules.append(
            EventRule(
                name="backup-failed",
                pattern=_pattern("backup", "Backup Job State Change", ended),
                meaning="A backup was not taken.",
            )
        )
    return rules


def _task_rules(name: str, family: str, origin: Origin, what: str) -> list[EventRule]:
    """A task that somebody runs: it ended badly, or never began."""
    stopped = {"clusterArn": [origin.cluster_arn], "group": [f"family:{family}"], "lastStatus": ["STOPPED"]}
    badly = stopped | {"containers": {"exitCode": [{"anything-but": 0}]}}
    return [
        EventRule(
            name=f"{name}-failed",
            pattern=_pattern("ecs", "ECS Task State Change", badly),
            meaning=f"{what} ended with an error.",
        ),
        # A container that never started has no exit code, so the pattern above would not see it.
        EventRule(
            name=f"{name}-not-started",
            pattern=_pattern("ecs", "ECS Task State Change", stopped | {"stopCode": ["TaskFailedToStart"]}),
            meaning=f"{what} could not be started.",
        ),
    ]


def _pattern(service: str, kind: str, detail: Mapping[str, Any]) -> dict[str, Any]:
    return {"source": [f"aws.{service}"], "detail-type": [kind], "detail": dict(detail)}
