"""status of a stack that sleeps, against a rehearsed account; wakes it at the end."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rehearsal import Rehearsal, rehearse

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def sleeping(archives: Path) -> Iterator[Rehearsal]:
    own = {"cvat:modelArchives": str(archives), "cvat:preset": "team", "cvat:mode": "asleep"}
    with rehearse("cn-north-1", config=own, judge=False) as done:
        assert done.error is None, done.error
        yield done


def saved(done: Rehearsal, folder: Path, **changes: object) -> str:
    file = folder / "outputs.json"
    file.write_text(json.dumps({**done.outputs, **changes}), encoding="utf-8")
    return str(file)


def test_status_says_asleep_and_how_it_wakes_and_is_content(run: Run, sleeping: Rehearsal, tmp_path: Path) -> None:
    code, out, _ = run("status", "--outputs", saved(sleeping, tmp_path))
    assert code == 0, out
    assert out.splitlines()[1] == "asleep: `pulumi config set cvat:mode awake` and `pulumi up` start it"
    for said in (
        "0 of 0 running, scaled to zero",
        "stopped, PostgreSQL",
        "removed while asleep",
        "it runs when the stack starts",
    ):
        assert said in out
    assert "!" not in out.replace("with !", "")


def test_status_at_night_names_the_office_hours(run: Run, sleeping: Rehearsal, tmp_path: Path) -> None:
    hours = {"mode": "awake", "office_hours": "mon-fri 08:00-20:00 (Asia/Shanghai)"}
    out = run("status", "--outputs", saved(sleeping, tmp_path, sleep=hours))[1]
    assert out.splitlines()[1] == "asleep: outside its office hours, mon-fri 08:00-20:00 (Asia/Shanghai)"


def test_a_stopped_database_under_running_tasks_needs_attention(run: Run, sleeping: Rehearsal, tmp_path: Path) -> None:
    ecs, cluster = sleeping.client("ecs"), sleeping.outputs["cluster"]
    ecs.update_service(cluster=cluster, service=sleeping.outputs["services"]["server"], desiredCount=1)
    code, out, _ = run("status", "--outputs", saved(sleeping, tmp_path))
    assert code == 1
    assert "asleep" not in out
    assert f"! {sleeping.outputs['stores']['database']}" in " ".join(out.split())
    assert "gone: run `pulumi up --refresh`, which creates it again" in out
