"""Pulumi's real engine and AWS provider over a served account: a copy of the project, a state, a stack."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any
from urllib.parse import urlsplit

import yaml

from patches.trial.serving import free_port
from rehearsal.defaults import HOME
from rehearsal.server.practice import practice_settings
from tests.support.account_server import ServedAccount, environment

LONGEST_S = 1800
"""One command of the CLI, however busy the machine is."""


def is_missing() -> bool:
    """Whether the CLI or its AWS plugin is not here."""
    if shutil.which("pulumi") is None:
        return True
    listed = ["pulumi", "plugin", "ls"]
    return (
        shutil.which("pulumi-resource-aws") is None
        and "aws "
        not in subprocess.run(  # noqa: S603
            listed, capture_output=True, text=True, check=False
        ).stdout
    )


NOT_COPIED = (
    ".git",
    ".venv",
    "build",
    "__pycache__",
    ".mypy_cache",
    ".ruff_cache",
    ".pytest_cache",
    "Pulumi.practice.yaml",
)


@dataclass(frozen=True)
class Operation:
    """What one command of the CLI did."""

    code: int
    output: str
    steps: tuple[tuple[str, str], ...]
    """Operation of the engine and URN, in order; without what stayed the same."""
    differences: frozenset[str]
    """Inputs that differ, of all resources."""

    @property
    def counts(self) -> Counter[str]:
        return Counter(operation for operation, _ in self.steps)


class RealEngine:
    """A context manager: a stack of a copy of this project, on an account that is served meanwhile."""

    def __init__(self, folder: Path, stack: str, settings: Mapping[str, Any], source: Path = HOME) -> None:
        """`source`: a checkout of this project. `settings`: the stack's configuration."""
        self.project, self.stack = folder / "project", stack
        self.settings = dict(settings)
        self._folder = folder
        copy_project(source, self.project)
        self.write({})
        (folder / "state").mkdir()
        self.account_file = folder / "account"
        server = self.project
        if source != HOME:
            server = folder / "server"  # the account is always this checkout's
            copy_project(HOME, server)
            shutil.copy(self._stack_file, server)
        words = ["--stack", stack, "--state", str(self.account_file)]
        self.account = ServedAccount(*words, port=port(), project=server)

    def __enter__(self) -> RealEngine:
        self.account.__enter__()
        self.run("stack", "init", self.stack)
        self._salt = _yaml(self._stack_file).get("encryptionsalt")
        self.write({})
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.account.end()

    _salt: str | None = None
    stand_ins: Mapping[str, int] = MappingProxyType({})
    """What the account held before the stack: title -> number."""

    @property
    def _stack_file(self) -> Path:
        return self.project / f"Pulumi.{self.stack}.yaml"

    def write(self, change: Mapping[str, Any]) -> None:
        """The stack's file: its settings, with a change."""
        document: dict[str, Any] = {"config": {**self.settings, **change}}
        if self._salt:
            document["encryptionsalt"] = self._salt
        self._stack_file.write_text(yaml.safe_dump(document), encoding="utf-8")

    def keep(self, settings: Mapping[str, Any]) -> None:
        """Add settings to the stack's file, for good."""
        self.settings |= settings
        self.write({})

    def use(self, source: Path) -> None:
        """Replace the project's files by those of another checkout."""
        shutil.rmtree(self.project)
        copy_project(source, self.project)
        self.write({})

    def run(self, *words: str) -> Operation:
        """A command of the CLI; in words that it takes without a question."""
        log = self._folder / f"events-{len(list(self._folder.glob('events-*')))}.json"
        logged = ["--event-log", str(log)] if words[0] in ("up", "preview", "refresh", "destroy") else []
        ended = subprocess.run(  # noqa: S603
            ["pulumi", *words, *logged, "--non-interactive"],  # noqa: S607
            cwd=self.project,
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=LONGEST_S,
            check=False,
        )
        return Operation(ended.returncode, ended.stdout + ended.stderr, *_steps(log))

    def up(self, **change: Any) -> Operation:
        """`pulumi up` with some of cvat's settings changed."""
        self.write({f"cvat:{key}": value for key, value in change.items()})
        done = self.run("up", "--yes", "--skip-preview", "--stack", self.stack)
        assert done.code == 0, done.output[-5000:]
        return done

    def settled(self) -> str:
        """What a preview would still change; empty if nothing."""
        preview = self.run("preview", "--expect-no-changes", "--stack", self.stack)
        return "" if preview.code == 0 else preview.output[-5000:]

    def save(self) -> Path:
        """The account, as the server keeps it."""
        self.account.ask("/save", "POST")
        return self.account_file

    def export(self) -> Path:
        """The state, as a user exports it."""
        file = self._folder / "export.json"
        exported = self.run("stack", "export", "--file", str(file), "--stack", self.stack)
        assert exported.code == 0, exported.output
        return file

    def _environment(self) -> dict[str, str]:
        own = {
            "PULUMI_BACKEND_URL": f"file://{self._folder / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": "practice",
            "PULUMI_DEBUG_COMMANDS": "1",  # or there is no --event-log
            "PULUMI_SKIP_UPDATE_CHECK": "1",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }
        return environment(self.account.url) | own


def settings_of(file: Path, archives: Path) -> dict[str, Any]:
    """A stack file's configuration, with images that need no build."""
    config: dict[str, Any] = yaml.safe_load(practice_settings(file))["config"]
    return config | {"cvat:modelArchives": str(archives)}


def port() -> int:
    """The port that AWS_ENDPOINT_URL names, where providers are bound to it; else a free one."""
    url = urlsplit(os.environ.get("AWS_ENDPOINT_URL", ""))
    return url.port if url.hostname == "127.0.0.1" and url.port else free_port()


def copy_project(source: Path, target: Path) -> None:
    """A checkout's files, with this one's environment."""
    shutil.copytree(source, target, ignore=shutil.ignore_patterns(*NOT_COPIED), symlinks=True)
    (target / ".venv").symlink_to(HOME / ".venv")


def _yaml(file: Path) -> dict[str, Any]:
    return yaml.safe_load(file.read_text(encoding="utf-8")) or {}


def _steps(log: Path) -> tuple[tuple[tuple[str, str], ...], frozenset[str]]:
    """From the engine's event log: operations in the order in which they began, and inputs that differ."""
    steps: list[tuple[str, str]] = []
    differences: set[str] = set()
    for line in log.read_text(encoding="utf-8").splitlines() if log.exists() else ():
        step = json.loads(line).get("resourcePreEvent", {}).get("metadata")
        if step and step["op"] not in ("same", "read", "refresh"):
            steps.append((str(step["op"]), str(step["urn"])))
            differences.update(step.get("diffs") or ())
    return tuple(steps), frozenset(differences)
