"""The default stack, rehearsed once, and its report on disk."""

from __future__ import annotations

import pytest

from rehearsal import rehearse
from rehearsal.report import write
from rehearsal.report.description import gather
from tests.rehearsal_report.material import Written


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """The default stack's report; its account is closed again."""
    folder = tmp_path_factory.mktemp("report") / "cn-northwest-1"
    with rehearse("cn-northwest-1", placeholders=tmp_path_factory.mktemp("archives")) as rehearsal:
        assert rehearsal.error is None, f"the program did not run to its end: {rehearsal.error}"
        return Written(folder, tuple(write(rehearsal, folder)), gather(rehearsal, {}))
