"""The served account's time goes on."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from rehearsal import Account
from rehearsal.server import service
from rehearsal.server.calls import Call, now
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


def test_an_account_is_saved_as_time_passes_where_something_was_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Account() as account:
        server = AccountServer(account, "cn-north-1", 0, tmp_path / "account")
        saved: list[int] = []
        monkeypatch.setattr(server, "save", lambda: saved.append(sum(server.application.log.counts.values())))
        server._save_changes()
        assert saved == [], "nothing was called yet"
        for calls in (1, 2):
            server.application.log.note(Call(now(), "ec2:CreateVpc", "cn-north-1", 200, "", ""))
            server._save_changes()
            server._save_changes()
            assert saved == [1, 2][:calls], "once for each change"
        server.end()
