"""The result of a rehearsal and the verdicts of its checks: all that checks and reports read."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from rehearsal.aws.account import Account
from rehearsal.engine.outcome import Outcome
from rehearsal.engine.state import Failure, Record, State
from settings.stack_file import Configuration, Project

__all__ = ["Failure", "Rehearsal", "Verdict"]


@dataclass(frozen=True)
class Verdict:
    """What one check found."""

    name: str
    ok: bool
    findings: tuple[str, ...] = ()
    """One sentence for each fault: the resource, what is wrong, what to do."""
    seen: int = 0
    """How many things were looked at; a check that looked at nothing proves nothing."""


class Rehearsal:
    """The result. Its account stays open, for questions, until `close()` or the end of a `with` block."""

    def __init__(
        self, account: Account, project: Project, state: State, config: Configuration, error: Failure | None
    ) -> None:
        self.account = account
        self.state = state
        self.config = config
        self.project = project.name
        """The project's name."""
        self.folder = project.folder
        """Where the project's files are."""
        self.error = error
        """Why it ended early, or None."""
        self.outcome = Outcome()
        """What was done to each resource."""
        self.checks: tuple[Verdict, ...] = ()
        self.registered: tuple[str, ...] = ()
        """URNs in the order of registration."""
        self.messages: tuple[str, ...] = ()
        """What the program said (pulumi.warn and so on), each with its level in front."""
        self._own = ExitStack()

    @property
    def stack(self) -> str:
        """The stack's name."""
        return self.state.stack

    @property
    def region(self) -> str:
        """The stack's region."""
        return self.config.region

    @property
    def resources(self) -> list[Record]:
        """Every resource, in the order of creation."""
        return list(self.state.records.values())

    @property
    def outputs(self) -> dict[str, Any]:
        """The stack's exports; secrets in clear, see `secret_outputs`."""
        return self.state.outputs

    @property
    def secret_outputs(self) -> frozenset[str]:
        """Names of the exports that must not be shown."""
        return self.state.secret_outputs

    @property
    def ok(self) -> bool:
        """Whether the program ran to its end and every check holds."""
        return self.error is None and all(verdict.ok for verdict in self.checks)

    def of_type(self, *types: str) -> list[Record]:
        """Resources of these type tokens."""
        return self.state.of_type(*types)

    def client(self, service: str) -> Any:
        """A boto3 client of the emulated account in the stack's region."""
        return self.account.client(service, self.region)

    def close(self) -> None:
        """Forget the account, if this rehearsal opened it."""
        self._own.close()

    def __enter__(self) -> Rehearsal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
