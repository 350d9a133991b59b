"""A newer version of the same release for a stack that sleeps: its database is stopped, and migrated as it wakes."""

from __future__ import annotations

from pathlib import Path

import pytest

from rehearsal import Account
from rehearsal.defaults import HOME
from tests.program.test_release_update import NEWER, OLD, newer, up


def test_a_stack_asleep_is_migrated_as_it_wakes_and_may_go_back_until_then(
    archives: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    awake = {"cvat:modelArchives": str(archives), "cvat:release": "v2"}
    asleep = {**awake, "cvat:mode": "asleep"}
    project = newer(tmp_path_factory.mktemp("newer"))
    with Account() as account:
        assert up(awake, account, HOME).error is None
        sleeping = up(asleep, account, project)
        assert sleeping.error is None, sleeping.error
        ran = [step for step in sleeping.outcome.steps if step.record.name == "init" and "RunOnce" in step.record.type]
        assert [step.verb for step in ran] == ["same"], "its database is stopped"
        assert sleeping.outputs["backups"]["version"] == OLD.version, "a backup by hand is of what the database has"
        back = up(asleep, account, HOME)
        assert back.error is None, "nothing has been migrated yet"
        assert up(asleep, account, project).error is None
        woken = up(awake, account, project)
        assert woken.error is None, woken.error
        assert woken.outputs["backups"]["version"] == NEWER
        assert NEWER in str(up(awake, account, HOME).error), "now it is"
