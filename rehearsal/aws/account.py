"""One in-memory AWS account. Several stacks, one after the other, can be rehearsed into it."""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType
from typing import Any
from unittest import mock

import boto3
import botocore.client
import botocore.exceptions

from rehearsal.aws import moto_patches, shortcuts, task_runner
from rehearsal.aws.clock import Clock
from rehearsal.aws.faults import NO_FAULTS, Scenario
from rehearsal.aws.journal import Journal
from rehearsal.engine.state import State
from rehearsal.errors import RehearsalError

HIDDEN = ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_ENDPOINT_URL")
"""Variables of the operator's shell that would change what the program's boto3 calls do."""

_only_one = threading.Lock()


class Account:
    """A context manager: inside the block, boto3 of this process talks to this account and nothing else."""

    id = "123456789012"
    """moto's default account."""

    def __init__(self, scenario: Scenario = NO_FAULTS, bridged: bool = True) -> None:
        """`bridged=False` leaves moto as it is, to see what it lacks."""
        self.scenario = scenario
        self.clock = Clock(scenario.clock_speed)
        self.calls: list[str] = []
        """Every API call, as service:Operation, in order."""
        self.states: dict[str, State] = {}
        """By stack: what was made, as Pulumi's state files would say."""
        self.owners: dict[tuple[str, str], str] = {}
        """(type token, physical id) -> stack and URN that made it."""
        self._clients: dict[tuple[str, str], Any] = {}
        self._open = ExitStack()
        self._session: Any = None
        self._bridged = bridged
        self._random: Any = None
        self._drawn: Counter[str] = Counter()
        self.journal = Journal()

    def __enter__(self) -> Account:
        if not _only_one.acquire(blocking=False):
            raise RehearsalError("Only one emulated account can be open in a process at a time.")
        with ExitStack() as opening:
            opening.callback(_only_one.release)
            self._enter(opening)
            self._open = opening.pop_all()
        return self

    def _enter(self, opening: ExitStack) -> None:
        from moto import mock_aws  # noqa: PLC0415  (costs half a second, so not for --help)
        from moto.moto_api._internal import mock_random  # noqa: PLC0415

        clean = {key: value for key, value in os.environ.items() if key not in HIDDEN}
        clean |= {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
        clean |= {"MOTO_EC2_LOAD_DEFAULT_AMIS": "false"}  # thousands of machine images, and nobody starts a machine
        opening.enter_context(mock.patch.dict(os.environ, clean, clear=True))
        emulator = mock_aws()
        emulator.start()
        opening.callback(emulator.stop)
        self._random = mock_random
        self.draw("")
        if self._bridged:
            opening.enter_context(moto_patches.installed())
            opening.enter_context(task_runner.player(self))
        opening.enter_context(self.clock.running())
        self._session = boto3.session.Session()
        call = botocore.client.BaseClient._make_api_call
        count = self._count

        def counted(client: Any, operation: str, parameters: Any) -> Any:
            service = client.meta.service_model.service_name
            if (made := self.journal.made(service, operation, parameters)) is not None:
                return made
            asked = dict(parameters)  # botocore adds idempotency tokens to the original
            count(service, operation)
            answer = call(client, operation, parameters)
            self.journal.note(service, operation, asked, answer)
            return answer

        opening.enter_context(shortcuts.taken())
        opening.enter_context(mock.patch.object(botocore.client.BaseClient, "_make_api_call", counted))
        opening.enter_context(mock.patch.object(boto3, "DEFAULT_SESSION", self._session))
        self.clock.join()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._clients.clear()
        self._open.close()

    def client(self, service: str, region: str) -> Any:
        """A boto3 client of the emulated account."""
        key = (service, region)
        if key not in self._clients:
            self._clients[key] = self._session.client(service, region_name=region)
        return self._clients[key]

    def draw(self, subject: str) -> None:
        """Let moto's random numbers begin anew for this subject: its identifiers then depend on nothing else.

        Pulumi's order of registration varies a little from run to run (it keeps tasks in sets):
        one row for all would not do.
        """
        self._drawn[subject] += 1
        self._random.seed(f"{subject} {self._drawn[subject]}")

    def in_region(self, region: str) -> Callable[[str], Any]:
        """A function that gives the clients of one region."""
        return lambda service: self.client(service, region)

    def _count(self, service: str, operation: str) -> None:
        """Note a call of any client in the process, and let the scenario's one fail."""
        self.calls.append(f"{service}:{operation}")
        fault = self.scenario.fault
        if fault is not None and len(self.calls) == fault.call:
            answer = {"Error": {"Code": fault.code, "Message": fault.message}}
            raise botocore.exceptions.ClientError(answer, operation)
