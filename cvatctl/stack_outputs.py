"""The outputs of a deployed stack: names of its resources, from the Pulumi CLI or from a file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from pathlib import Path
from typing import Any

from cvatctl.errors import CommandError
from cvatctl.pulumi_cli import ask_pulumi

_ARN_PARTS = len("arn:partition:service:region:account:resource".split(":"))
_MAPPINGS = frozenset({"services", "log_groups", "stores", "endpoints", "batch_configs", "sleep"})
_STORES = ("database", "cache", "files")
_REMEDY = "Write it where the Pulumi CLI is installed, with: pulumi stack output --json > outputs.json"


@dataclass(frozen=True, kw_only=True)
class StackOutputs:
    """What `__main__.py` exports."""

    url: str
    admin_user: str
    admin_secret_arn: str
    cluster: str
    services: Mapping[str, str]
    """Name of the ECS service by process (server, worker, ui ...)."""
    log_groups: Mapping[str, str]
    """Name of the log group by process, `init` included."""
    stores: Mapping[str, str]
    """`database` (RDS instance), `cache` (replication group), `files` (EFS)."""
    release: str = "c48411ae"
    """Of CVAT, as `cvat:release` names it."""
    endpoints: Mapping[str, str] = field(default_factory=dict)
    """SageMaker endpoints by function."""
    batch_configs: Mapping[str, str] = field(default_factory=dict)
    """SageMaker endpoint configurations of the functions whose endpoint sleeps while nobody uses it."""
    sleep: Mapping[str, str] = field(default_factory=dict)
    """`mode` (awake, asleep) and `office_hours` (empty: none)."""

    @property
    def region(self) -> str:
        """The stack's region: an ARN's fourth part."""
        return self.admin_secret_arn.split(":")[3]

    def service(self, process: str) -> str:
        """The ECS service of a process. Raises CommandError where there is none."""
        return _name_of(self.services, process, "service")

    def log_group(self, process: str) -> str:
        """The log group of a process. Raises CommandError where there is none."""
        return _name_of(self.log_groups, process, "log group")


def _name_of(names: Mapping[str, str], process: str, noun: str) -> str:
    if process not in names:
        raise CommandError(f"The stack has no {noun} '{process}'. It has: {', '.join(sorted(names))}.")
    return names[process]


def from_document(document: object, source: str) -> StackOutputs:
    """The outputs in the JSON object of `pulumi stack output --json`. Raises CommandError, which names `source`."""
    if not isinstance(document, dict):
        raise CommandError(f"{source} is not a JSON object. {_REMEDY}")
    present = {output.name: document[output.name] for output in fields(StackOutputs) if output.name in document}
    missing = [output.name for output in fields(StackOutputs) if _required(output) and output.name not in present]
    if missing:
        raise CommandError(
            f"{source} lacks {', '.join(missing)}, so it is not the output of a whole deployment. Run `pulumi up` to "
            f"its end. {_REMEDY}"
        )
    problems = [f"{name} = {value!r}" for name, value in present.items() if not _has_type(name, value)]
    if problems:
        raise CommandError(f"{source} holds {'; '.join(problems)}, which this program does not export. {_REMEDY}")
    if missing := [f"stores.{name}" for name in _STORES if name not in present["stores"]]:
        raise CommandError(f"{source} lacks {', '.join(missing)}. {_REMEDY}")
    if len(str(present["admin_secret_arn"]).split(":")) < _ARN_PARTS:
        raise CommandError(f"{source}: admin_secret_arn = {present['admin_secret_arn']} is not an ARN. {_REMEDY}")
    return StackOutputs(**present)


def _required(output: Field[Any]) -> bool:
    return output.default_factory is MISSING and output.default is MISSING


def _has_type(name: str, value: object) -> bool:
    """Whether the output is text, or a mapping of text to text, as StackOutputs declares it."""
    if name in _MAPPINGS:
        return isinstance(value, dict) and all(isinstance(item, str) for item in value.values())
    return isinstance(value, str)


def read(stack: str | None, file: Path | None, project: Path) -> StackOutputs:
    """The outputs from a file, or else from the Pulumi CLI. Raises CommandError."""
    if file is not None:
        return from_document(_read_file(file), str(file))
    return from_document(_ask_pulumi(stack, project), "The stack's output")


def _read_file(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise CommandError(f"--outputs {file} cannot be read ({error.strerror}). {_REMEDY}") from None
    except ValueError as error:
        raise CommandError(f"--outputs {file} is not JSON ({error}). {_REMEDY}") from None


def _ask_pulumi(stack: str | None, project: Path) -> Any:
    try:
        return ask_pulumi(["stack", "output", "--json", *(["--stack", stack] if stack else [])], project)
    except CommandError as error:
        raise CommandError(f"{error} Or give the stack's outputs with --outputs FILE. {_REMEDY}") from None
