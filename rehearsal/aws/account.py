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
from moto import mock_aws
from moto.moto_api._internal import mock_random

from rehearsal.aws import call_hooks, isolation, moto_patches, shortcuts, task_runner
from rehearsal.aws.clock import Clock
from rehearsal.aws.faults import NO_FAULTS, Scenario
from rehearsal.aws.journal import Journal
from rehearsal.errors import RehearsalError

_OWN_ENVIRONMENT = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    "MOTO_EC2_LOAD_DEFAULT_AMIS": "false",  # thousands of machine images, and no stack starts a machine
}

_only_one = threading.Lock()


class Account:
    """A context manager: inside the block, boto3 of this process talks to this account and nothing else."""

    id = "123456789012"
    """moto's default account."""

    def __init__(self, scenario: Scenario = NO_FAULTS, patched: bool = True) -> None:
        """`patched=False` leaves moto as it is, to see what it lacks."""
        self.scenario = scenario
        self.clock = Clock(scenario.clock_speed)
        self.calls: list[str] = []
        """Every API call, as service:Operation, in order."""
        self.states: dict[str, Any] = {}
        """By stack: the state that a deployment engine keeps of what it made here."""
        self.owners: dict[tuple[str, str], str] = {}
        """(type token, physical id) -> stack and URN of the resource that the id belongs to."""
        self.journal = Journal()
        self.tasks = task_runner.TaskRunner(lambda: self.scenario)
        self._clients: dict[tuple[str, str], Any] = {}
        self._open = ExitStack()
        self._session: Any = None
        self._patched = patched
        self._drawn: Counter[str] = Counter()

    def __enter__(self) -> Account:
        if not _only_one.acquire(blocking=False):
            raise RehearsalError("Only one emulated account can be open in a process at a time.")
        with ExitStack() as opening:
            opening.callback(_only_one.release)
            self._enter(opening)
            self._open = opening.pop_all()
        return self

    def _enter(self, opening: ExitStack) -> None:
        # No variable of the operator (profile, endpoint URL, dual stack, FIPS ...) changes what boto3 does here.
        environment = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
        opening.enter_context(mock.patch.dict(os.environ, environment | _OWN_ENVIRONMENT, clear=True))
        opening.enter_context(isolation.sealed())
        emulator = mock_aws()
        emulator.start()
        opening.callback(emulator.stop)
        self.draw("")
        if self._patched:
            opening.enter_context(moto_patches.installed())
            self.tasks = opening.enter_context(task_runner.running(lambda: self.scenario))
        opening.enter_context(self.clock.running())
        opening.enter_context(shortcuts.taken())
        opening.enter_context(call_hooks.registered(self))
        self._session = boto3.session.Session()
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
        """Seed moto's random numbers for this subject, so that its identifiers depend on nothing else.

        Pulumi's order of registration varies a little from run to run (it keeps tasks in sets): one seed for the whole
        run would give other identifiers each time.
        """
        self._drawn[subject] += 1
        mock_random.seed(f"{subject} {self._drawn[subject]}")

    def in_region(self, region: str) -> Callable[[str], Any]:
        """A function that gives the clients of one region."""
        return lambda service: self.client(service, region)
