"""The stack's outputs: how the commands know what exists, and where."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cvatctl.errors import ProblemError

_TIMEOUT_S = 120


@dataclass(frozen=True, kw_only=True)
class Outputs:
    """What `__main__.py` exports."""

    url: str
    admin_user: str
    admin_secret_arn: str
    cluster: str
    services: Mapping[str, str]
    """ECS services by kind of task."""
    log_groups: Mapping[str, str]
    """By kind of task, `init` included."""
    stores: Mapping[str, str]
    """`database` (RDS instance), `cache` (replication group), `files` (EFS)."""
    endpoints: Mapping[str, str] = field(default_factory=dict)
    """SageMaker endpoints by function."""
    sleep: Mapping[str, str] = field(default_factory=dict)
    """`mode` (awake, asleep) and `office_hours` (empty: none)."""

    @property
    def region(self) -> str:
        """The stack's region: an ARN's fourth part."""
        return self.admin_secret_arn.split(":")[3]

    def service(self, kind: str) -> str:
        """The ECS service of a kind of task; ProblemError where there is none."""
        return _one_of(self.services, kind, "service")

    def log_group(self, kind: str) -> str:
        """The log group of a kind of task; ProblemError where there is none."""
        return _one_of(self.log_groups, kind, "log group")


def _one_of(table: Mapping[str, str], kind: str, noun: str) -> str:
    if kind not in table:
        raise ProblemError(f"The stack has no {noun} '{kind}'. It has: {', '.join(sorted(table))}.")
    return table[kind]


def from_document(document: object, source: str) -> Outputs:
    """Outputs from the JSON object of `pulumi stack output --json`. `source` names it in errors."""
    names = list(Outputs.__dataclass_fields__)
    needed = [name for name in names if name not in ("endpoints", "sleep")]
    if not isinstance(document, dict) or (missing := [name for name in needed if name not in document]):
        lacks = ", ".join(missing) if isinstance(document, dict) else "everything"
        raise ProblemError(
            f"{source} lacks {lacks}, so it is not the output of a whole deployment. Run `pulumi up` to its end, "
            "or write the file with: pulumi stack output --json > outputs.json"
        )
    arn = str(document["admin_secret_arn"])
    if not arn.startswith("arn:") or len(arn.split(":")) < len("arn:partition:service:region:account:name".split(":")):
        raise ProblemError(f"{source}: admin_secret_arn = {arn} is not an ARN. Write the outputs again.")
    return Outputs(**{name: document[name] for name in names if name in document})


def load(stack: str | None, file: Path | None, project: Path) -> Outputs:
    """The outputs from a file, or else from the Pulumi CLI.

    Raises ProblemError with a remedy where neither gives them.
    """
    if file is not None:
        return from_document(_read(file), str(file))
    return from_document(_ask_pulumi(stack, project), "The stack's output")


def _read(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ProblemError(
            f"--outputs {file} cannot be read ({error.strerror}). Write it where Pulumi is at hand: "
            "pulumi stack output --json > outputs.json"
        ) from None
    except ValueError as error:
        raise ProblemError(
            f"--outputs {file} is not JSON ({error}). Write it with: pulumi stack output --json"
        ) from None


def _ask_pulumi(stack: str | None, project: Path) -> Any:
    if shutil.which("pulumi") is None:
        raise ProblemError(
            "The Pulumi CLI was not found, and the stack is known by its outputs. Install it, or give a file with "
            "--outputs FILE (written elsewhere with: pulumi stack output --json > outputs.json)."
        )
    command = ["pulumi", "stack", "output", "--json", "--non-interactive", *(["--stack", stack] if stack else [])]
    try:
        done = subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)  # noqa: S603
    except subprocess.TimeoutExpired:
        raise ProblemError(
            f"`{' '.join(command)}` did not answer within {_TIMEOUT_S} s. Check that the state backend can be reached."
        ) from None
    if done.returncode:
        raise ProblemError(
            f"`{' '.join(command)}` failed: {done.stderr.strip() or 'it said nothing'}\n"
            "Name the stack with --stack (pulumi stack ls lists them), or give --outputs FILE."
        )
    return json.loads(done.stdout)
