"""A function of a running stack becomes one of class batch, and interactive again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rehearsal import Account, Rehearsal, rehearse

FUNCTION = "pth-faster-rcnn"


def test_a_running_stack_lets_a_function_sleep_and_takes_it_back(archives: Path) -> None:
    with Account() as account:

        def run(**own: Any) -> Rehearsal:
            config = {"cvat:modelArchives": str(archives)} | {f"cvat:{key}": value for key, value in own.items()}
            done = rehearse("cn-northwest-1", config=config, account=account)
            assert done.error is None, done.error
            assert all(verdict.ok for verdict in done.checks), [verdict for verdict in done.checks if not verdict.ok]
            return done

        before = run()
        asleep = run(batchFunctions=[FUNCTION])
        assert set(asleep.outputs["batch_configs"]) == {FUNCTION}
        back = run()
        assert not back.outputs["batch_configs"]
        assert {record.name for record in back.resources} == {record.name for record in before.resources}
