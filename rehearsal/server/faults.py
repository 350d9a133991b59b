"""Faults that are injected into the next calls of an operation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from http import HTTPStatus
from threading import Lock
from typing import Any, Literal, get_args

from rehearsal.aws.faults import Ending
from rehearsal.aws.moto_patches.patch import RefusedError
from rehearsal.errors import UserInputError

Kind = Literal["fail", "throttle", "lose"]
KINDS: tuple[Kind, ...] = get_args(Kind)
MOST = 10_000
"""Calls of one fault."""
MOST_EXIT_CODE = 255


@dataclass(frozen=True)
class InjectedFault:
    """What happens to the next calls of an operation."""

    operation: str
    """service:Operation as boto3 names both; * stands for any text."""
    kind: Kind
    left: int
    """Calls that it still meets."""
    code: str = "InternalFailure"
    """Of `fail`."""

    def refusal(self) -> tuple[RefusedError, HTTPStatus]:
        """The error that answers the call."""
        if self.kind == "throttle":
            return RefusedError("ThrottlingException", "Rate exceeded"), HTTPStatus.BAD_REQUEST
        server_side = self.code in ("InternalFailure", "InternalError", "ServiceUnavailable")
        status = HTTPStatus.INTERNAL_SERVER_ERROR if server_side else HTTPStatus.BAD_REQUEST
        return RefusedError(self.code, f"{self.operation} was to fail: a fault was injected."), status


def fault(given: Mapping[str, Any]) -> InjectedFault:
    """A fault as POST /faults describes it. Raises UserInputError."""
    if unknown := set(given) - {"operation", "kind", "times", "code"}:
        raise UserInputError(f"{', '.join(sorted(unknown))}: a fault has operation, kind, times and code.")
    operation, kind, times = str(given.get("operation", "")), given.get("kind", "fail"), given.get("times", 1)
    if ":" not in operation:
        raise UserInputError(f"operation: {operation!r} must be service:Operation, such as rds:CreateDBInstance.")
    if kind not in KINDS:
        raise UserInputError(f"kind: {kind!r} must be one of {', '.join(KINDS)}.")
    if not str(times).isdecimal() or not 0 < int(times) <= MOST:
        raise UserInputError(f"times: {times!r} must be a number from 1 to {MOST}.")
    return InjectedFault(operation, kind, int(times), str(given.get("code") or InjectedFault.code))


def container_ending(given: Mapping[str, Any]) -> tuple[str, Ending]:
    """How a container of the next tasks ends, by its name, as POST /faults describes it. Raises UserInputError."""
    if unknown := set(given) - {"container", "exitCode", "log"}:
        raise UserInputError(f"{', '.join(sorted(unknown))}: a container's fault has container, exitCode and log.")
    code = given.get("exitCode", 1)
    if not isinstance(code, int) or not 0 <= code <= MOST_EXIT_CODE:
        raise UserInputError(f"exitCode: {code!r} must be a number from 0 to {MOST_EXIT_CODE}.")
    log = str(given.get("log") or f"{given['container']} was to end with {code}: a fault was injected.")
    return str(given["container"]), Ending(exit_code=code, logs=tuple(log.splitlines()))


class InjectedFaults:
    """Those that have not met all their calls."""

    def __init__(self) -> None:
        self._faults: list[InjectedFault] = []
        self._lock = Lock()

    def add(self, new: InjectedFault) -> None:
        """Let it meet the next calls, after those that were added before."""
        with self._lock:
            self._faults.append(new)

    def clear(self) -> None:
        """Remove all."""
        with self._lock:
            self._faults.clear()

    @property
    def left(self) -> list[InjectedFault]:
        """In the order in which they were added."""
        return list(self._faults)

    def meet(self, operation: str) -> InjectedFault | None:
        """The fault that this call meets, which counts it."""
        with self._lock:
            for index, candidate in enumerate(self._faults):
                if fnmatchcase(operation, candidate.operation):
                    self._faults[index] = replace(candidate, left=candidate.left - 1)
                    self._faults = [remaining for remaining in self._faults if remaining.left]
                    return candidate
        return None
