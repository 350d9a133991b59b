"""The served account's time goes on."""

from __future__ import annotations

import threading

import pytest

from rehearsal import Account
from rehearsal.server import service
from rehearsal.server.service import AccountServer


def test_time_goes_on_after_a_schedule_that_is_not_carried(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(service, "TICK_SECONDS", 0.01)
    ticks, again = [], threading.Event()

    def catch_up(_: AccountServer) -> list[str]:
        ticks.append(1)
        if len(ticks) > 1:
            again.set()
        raise RuntimeError("a schedule of another kind")

    monkeypatch.setattr(AccountServer, "_catch_up", catch_up)
    with Account() as account:
        server = AccountServer(account, "cn-north-1", 0)
        thread = threading.Thread(target=server._tick)
        thread.start()
        try:
            assert again.wait(20), "alarms and schedules would never act again"
        finally:
            server.end()
            thread.join(20)
    assert "a schedule of another kind" in capsys.readouterr().err
