"""A function of a running stack becomes one of class batch, and interactive again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rehearsal import Account, Rehearsal, rehearse

FUNCTION = "pth-faster-rcnn"
TOGETHER = [FUNCTION, "tf-faster-rcnn-inception-v2-coco"]


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
        together = run(batchFunctions=TOGETHER, inferenceBatchLayout="shared")
        (endpoint,) = {together.outputs["endpoints"][function] for function in TOGETHER}
        (config,) = set(together.outputs["batch_configs"].values())
        fewer = run(batchFunctions=[FUNCTION], inferenceBatchLayout="shared")
        assert fewer.outputs["endpoints"][FUNCTION] == endpoint, (
            "a function more or less is another archive, and no other endpoint"
        )
        assert fewer.outputs["batch_configs"] != {FUNCTION: config}
        alone = run(batchFunctions=TOGETHER)
        assert len({alone.outputs["endpoints"][function] for function in TOGETHER}) == 2
        back = run()
        assert not back.outputs["batch_configs"]
        assert {record.name for record in back.resources} == {record.name for record in before.resources}
