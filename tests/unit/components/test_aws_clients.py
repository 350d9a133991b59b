"""aws_clients.py: whatever the network does, a call of the deployment ends within minutes, with a sentence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest import mock

import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from components.dynamic import aws_clients
from components.dynamic.aws_clients import UnansweredError
from tests.support.silent_network import silent_address


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """A client whose calls go to an address, and that waits for nothing between two attempts."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)

    def create(address: str) -> Any:
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        return aws_clients.aws_clients({"region": "cn-northwest-1"})("ecs")

    return create


def test_dropped_packets_end_in_a_sentence(monkeypatch: pytest.MonkeyPatch, client: Callable[[str], Any]) -> None:
    monkeypatch.setattr(aws_clients, "_CONFIG", aws_clients._CONFIG.merge(Config(connect_timeout=0.05)))
    with silent_address() as address, pytest.raises(UnansweredError) as raised:
        client(address).list_tasks()
    sentence = str(raised.value)
    assert sentence.startswith("ecs:ListTasks: AWS does not answer (Connect timeout on endpoint URL")
    assert "HTTPS_PROXY, and run `pulumi up` again" in sentence


def test_a_refused_connection_ends_in_the_same_sentence(client: Callable[[str], Any]) -> None:
    with pytest.raises(UnansweredError, match="ecs:ListTasks: AWS does not answer"):
        client("http://127.0.0.1:1").list_tasks()


def test_calls_are_made_with_the_deployments_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    sessions: list[dict[str, Any]] = []

    class Session:
        def __init__(self, **options: Any) -> None:
            sessions.append(options)

        def client(self, *_: Any, **__: Any) -> Any:
            return mock.MagicMock()

    monkeypatch.setattr("boto3.Session", Session)
    for profile in ("cn", None, ""):
        aws_clients.aws_clients({"region": "cn-northwest-1", "profile": profile})("ecs")
    assert [options["profile_name"] for options in sessions] == ["cn", None, None], "else somebody else would act"


def test_polls_that_tolerate_a_lost_answer_tolerate_this_one() -> None:
    assert issubclass(UnansweredError, BotoCoreError)
    assert not issubclass(UnansweredError, ClientError)


def test_a_call_ends_within_minutes() -> None:
    config: Any = aws_clients._CONFIG
    attempts = config.retries["total_max_attempts"]
    between = sum(min(2**attempt, 20) for attempt in range(attempts - 1))
    assert attempts * config.connect_timeout + between <= 120, "seconds, where packets are dropped"
    assert attempts * config.read_timeout + between <= 330, "seconds, where nothing is answered"
