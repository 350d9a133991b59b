"""The matrix in a stack of CVAT's current line: keys that only it has, and those that mean something else in it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.matrix.rows import ROWS, Row, Values, claimed, row, values
from tests.support.matrix.walk import RunningStack, problems

pytestmark = pytest.mark.matrix

current = values(release="v2")
COUNT_STAYS = ROWS["workerCount"].kept
REPOSITORY_STAYS = ROWS["uiImage"].kept
CHANGES = {
    **{key: row(key) for key in ("chunksCpu", "chunksMemory", "chunksMaxCount")},
    "chunksCount": Row(change=claimed("chunksCount"), kept=COUNT_STAYS),
    **{key: row(key) for key in ("mediaNodeType", "mediaReplicas")},
    "no replica": Row(change=values(mediaReplicas=0), kept={"elasticache/": "AWS chooses the zone of a node"}),
    **{key: row(key) for key in ("workerCount", "workerMaxCount", "workerCpu", "workerMemory", "serverCount")},
    "annotationWorkerCount": Row(change=values(annotationWorkerCount=0), kept=COUNT_STAYS),
    **{key: row(key) for key in ("serverImage", "uiImage")},
    "opaImage": Row(change=claimed("opaImage"), kept=REPOSITORY_STAYS),
    "baseImageDigests": Row(change=claimed("baseImageDigests"), kept=ROWS["mirrorApt"].kept),
    "mirrorBaseRegistry": row("mirrorBaseRegistry"),
    **{key: row(key) for key in ("preset", "officeHours", "enableExec", "canary")},
    "mode": Row(change=claimed("mode"), kept={"elasticache/groups_used": "moto's notes on a cache that is gone"}),
    **{key: row(key) for key in ("serverEnvironment", "serverSecrets", "batchFunctions", "proxy")},
    "release": Row(change=values(release="c48411ae"), refused="cvat:release = c48411ae"),
}


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("region", ["cn-northwest-1", "ap-northeast-1"])
def test_a_setting_of_the_current_line_can_be_changed_and_changed_back(
    region: str, name: str, running: Callable[[str, Values], RunningStack]
) -> None:
    lines = list(problems(running(region, current), CHANGES[name]))
    assert not lines, "\n".join([name, *lines])
