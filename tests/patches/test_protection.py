"""A task asks its agent not to be stopped, against an agent that remembers."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from cvat_aws.protection import LEASE_MINUTES, RENEW_S, Protection

from patches.trial.agent import Agent, agent


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def listening() -> Iterator[Agent]:
    with agent() as server:
        yield server


def test_a_job_is_protected_from_its_beginning_to_its_end(listening: Agent) -> None:
    protection = Protection(f"{listening.url}/v4/")
    protection.begin()
    protection.end()
    path = "/v4/task-protection/v1/state"
    assert listening.requests == [
        ("PUT", path, {"ProtectionEnabled": True, "ExpiresInMinutes": LEASE_MINUTES}),
        ("PUT", path, {"ProtectionEnabled": False}),
    ]


def test_a_long_job_renews_its_protection_well_before_it_ends_and_not_at_every_heartbeat(listening: Agent) -> None:
    clock = Clock()
    protection = Protection(listening.url, clock)
    protection.begin()
    for clock.now in range(0, 3600, 30):
        protection.renew()
    asked = len(listening.requests) - 1
    assert asked == 3570 // RENEW_S
    assert RENEW_S * 3 <= LEASE_MINUTES * 60, "two renewals may fail"
    protection.end()
    clock.now = 1e6
    protection.renew()
    assert listening.protected[-1] is False, "after the job nothing is renewed: an idle worker may be stopped"


@pytest.mark.parametrize(
    "answer",
    [
        (200, '{"failure": {"Reason": "DEPLOYMENT_BLOCKED"}}'),
        (400, '{"error": {"Code": "AccessDeniedException"}}'),
        (500, ""),
        (200, "not JSON"),
        (200, "7"),
    ],
)
def test_an_agent_that_refuses_is_logged_and_stops_nothing(
    listening: Agent, answer: tuple[int, str], caplog: pytest.LogCaptureFixture
) -> None:
    listening.answer = answer
    with caplog.at_level(logging.WARNING):
        Protection(listening.url).begin()
    assert len(caplog.records) == 1
    assert listening.requests


def test_an_agent_that_is_not_there_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with agent() as gone:
        url = gone.url
    Protection(url).begin()
    assert "could not be set" in caplog.text


def test_outside_of_ecs_no_agent_is_called(caplog: pytest.LogCaptureFixture) -> None:
    protection = Protection("")
    protection.begin()
    protection.renew()
    protection.end()
    assert not caplog.records


def test_a_proxy_of_the_environment_is_not_used(listening: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    Protection(listening.url).begin()
    assert listening.protected == [True]
