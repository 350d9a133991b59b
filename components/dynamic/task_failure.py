"""Explains the end of an ECS task to the operator. Pure, but for the log tail that it asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

_OUT_OF_MEMORY_EXIT = 137


class TaskFailedError(Exception):
    """A run-once task did not succeed; the message is for the operator."""


def task_failure(task: Mapping[str, Any], tail: Callable[[str], list[str]]) -> str | None:
    """Why a stopped task (an item of DescribeTasks) counts as failed, or None if every container ended with 0.

    `tail` gives the last log lines of a container by name.
    """
    containers = list(task.get("containers", []))
    failed = [container for container in containers if container.get("exitCode") != 0]
    if not failed:
        return None
    # A container that waits for another has no exit code; the reason is the one that has.
    cause = next((container for container in failed if container.get("exitCode") is not None), failed[0])
    explained = _never_ran(task, failed) if cause.get("exitCode") is None else _ended_badly(cause)
    lines = tail(str(cause["name"]))
    if not lines:
        return explained
    return f"{explained}\nThe last lines of its log:\n" + "\n".join(f"    {line}" for line in lines)


def _ended_badly(container: Mapping[str, Any]) -> str:
    name, code, reason = container["name"], container["exitCode"], str(container.get("reason", ""))
    if "OutOfMemory" in reason or (code == _OUT_OF_MEMORY_EXIT and "memory" in reason.lower()):
        return f"Container {name} ran out of memory ({reason}). Raise cvat:workerMemory and run `pulumi up` again."
    detail = f" ({reason})" if reason else ""
    return f"Container {name} ended with exit code {code}{detail}. Fix what its log says and run `pulumi up` again."


def _never_ran(task: Mapping[str, Any], failed: list[Mapping[str, Any]]) -> str:
    reasons = [str(container["reason"]) for container in failed if container.get("reason")]
    reason = "; ".join([str(task.get("stoppedReason") or "no reason given"), *reasons])
    for sign, advice in _ADVICE:
        if sign in reason:
            return f"{advice} ECS says: {reason}"
    if task.get("stopCode") == "UserInitiated":
        return f"The task was stopped by hand before it was done ({reason}). Run `pulumi up` again."
    return f"The task stopped before its containers had run ({reason}). Fix that, and run `pulumi up` again."


_ADVICE = (
    (
        "CannotPullContainerError",
        "The image cannot be pulled: check that it is in ECR, and that the private subnets reach ECR and S3.",
    ),
    (
        "ResourceInitializationError: unable to pull secrets",
        "A secret cannot be read: check that it exists with that key, and that Secrets Manager can be reached.",
    ),
    (
        "EFS",
        "The file system cannot be mounted: a new mount target's name takes 90 seconds to spread; run again.",
    ),
    ("apacity is unavailable", "Fargate has no capacity in these zones at present: run `pulumi up` again later."),
    ("OutOfMemory", "A container ran out of memory: raise cvat:workerMemory."),
)
"""Signs in ECS's reason (ECS developer guide, "Stopped task errors", read 2026-11), and what to do about each."""
