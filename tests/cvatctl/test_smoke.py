"""`smoke` against a server that answers as CVAT does, with the password and the functions of a rehearsed stack."""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from cvatctl import canary
from rehearsal import Rehearsal
from rehearsal.defaults import HOME
from tests.support.fake_cvat import FakeCvat, FakeCvatV2, Refusal, serving

Run = Callable[..., tuple[int, str, str]]
FUNCTIONS = HOME / "serverless" / "functions"


def listed() -> dict[str, dict[str, Any]]:
    """The registry as CVAT's LambdaFunction.to_dict shows it."""
    items = {}
    for file in sorted(FUNCTIONS.glob("*.yaml")):
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
        notes = content["metadata"]["annotations"]
        item = {"id": content["metadata"]["name"], "kind": notes["type"], "framework": notes["framework"]}
        item["labels"] = [label["name"] for label in json.loads(notes.get("spec") or "[]")]
        if notes["type"] == "interactor":
            item |= {key: notes[key] for key in ("min_pos_points", "min_neg_points", "startswith_box")}
        items[item["id"]] = item
    return items


@pytest.fixture
def cvat(deployed: Rehearsal) -> Iterator[FakeCvat]:
    secret = deployed.client("secretsmanager").get_secret_value(SecretId=deployed.outputs["admin_secret_arn"])
    with serving(FakeCvat(password=json.loads(secret["SecretString"])["password"], functions=listed())) as fake:
        yield fake


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cvatctl.canary.client._POLL_S", 0.0)


def test_a_token_passes_the_login_in_front_of_cvat_and_a_password_does_not(
    run: Run, cvat: FakeCvat, outputs_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cvat.provider = True
    code, out, _ = run("smoke", "--outputs", str(outputs_file), "--url", cvat.url)
    assert code == 1
    assert "FAILED  log in" in out
    monkeypatch.setenv("CVAT_TOKEN", "secret-token")
    code, out, _ = run("smoke", "--outputs", str(outputs_file), "--url", cvat.url)
    assert code == 0, out
    assert "secret-token" not in out


def test_a_healthy_cvat_passes_every_step_and_keeps_no_trace(
    run: Run, cvat: FakeCvat, outputs_file: Path, deployed: Rehearsal
) -> None:
    code, out, _ = run("smoke", "--outputs", str(outputs_file), "--url", cvat.url)
    assert code == 0, out
    assert {name for name, _ in cvat.called} == set(deployed.outputs["endpoints"]), "every deployed function is called"
    assert not cvat.tasks, "the task is deleted"
    assert cvat.password not in out
    assert cvat.polls[1] > 2, "it waited while the job was queued and started"
    assert "All 12 steps worked" in out


def test_functions_get_what_cvats_ui_would_send(run: Run, cvat: FakeCvat, outputs_file: Path) -> None:
    run("smoke", "--outputs", str(outputs_file), "--url", cvat.url)
    sent = dict(cvat.called)
    corners, click = sent["pth-shiyinzhang-iog"]["pos_points"][:2], sent["pth-shiyinzhang-iog"]["pos_points"][2]
    assert corners == [[160, 120], [480, 360]], "with startswith_box, CVAT takes the first two points for the box"
    assert corners[0][0] < click[0] < corners[1][0], "the click lies inside the box"
    assert len(sent["openvino-person-reidentification-retail"]["boxes0"]) == 1
    assert sent["pth-foolwood-siammask"]["state"] is None, "a tracker's first call"


def test_a_broken_function_fails_the_run_with_cvats_words_and_the_others_are_still_called(
    run: Run, cvat: FakeCvat, outputs_file: Path
) -> None:
    cvat.answers["pth-faster-rcnn"] = Refusal(
        503, "503 Server Error: the endpoint is out of capacity for url: http://s:8070"
    )
    code, out, _ = run("smoke", "--outputs", str(outputs_file), "--url", cvat.url)
    assert code == 1
    (failed,) = [line for line in out.splitlines() if line.startswith("FAILED")]
    assert "pth-faster-rcnn" in failed
    assert "out of capacity" in failed
    assert len(cvat.called) == 5
    assert not cvat.tasks, "the task is deleted all the same"


@pytest.mark.parametrize(
    ("function", "answer", "said"),
    [
        ("pth-faster-rcnn", {"error": "x"}, "a detector answers a list of shapes"),
        ("pth-faster-rcnn", [{"points": [1, 2]}], "lacks label or points"),
        ("pth-shiyinzhang-iog", [[1, 2], [3, 4]], "a polygon of 3 points or more"),
        ("openvino-person-reidentification-retail", [0, 1], "one number for each box"),
        ("pth-foolwood-siammask", {"shape": [1, 2, 3]}, "a tracker answers shape"),
    ],
)
def test_an_answer_that_cvat_could_not_use_is_a_failure(
    cvat: FakeCvat, function: str, answer: object, said: str
) -> None:
    cvat.answers[function] = answer
    failed = [step for step in canary.smoke(cvat.url, "admin", cvat.password) if not step.ok]
    assert [step.name for step in failed] == [f"call {function}"]
    assert said in failed[0].detail


@pytest.mark.parametrize("function", ["pth-faster-rcnn", "pth-shiyinzhang-iog"])
def test_finding_nothing_is_an_answer(cvat: FakeCvat, function: str) -> None:
    cvat.answers[function] = []
    assert all(step.ok for step in canary.smoke(cvat.url, "admin", cvat.password))


def test_a_deployed_function_that_cvat_does_not_offer_is_named(run: Run, cvat: FakeCvat, outputs_file: Path) -> None:
    del cvat.functions["pth-foolwood-siammask"]
    code, out, _ = run("smoke", "--outputs", str(outputs_file), "--url", cvat.url)
    assert code == 1
    assert "but not pth-foolwood-siammask" in out


@pytest.mark.parametrize(
    ("worker", "said"),
    [("fails", "FileNotFoundError: /home/django/share/demo/street-1.jpg"), ("lost", "0 frames of 2 files")],
)
def test_a_worker_that_makes_no_frames_is_noticed_and_the_task_deleted(cvat: FakeCvat, worker: str, said: str) -> None:
    cvat.worker = worker
    steps = canary.smoke(cvat.url, "admin", cvat.password)
    failed = [step for step in steps if not step.ok]
    assert [step.name for step in failed] == ["wait for its data"]
    assert said in failed[0].detail, "the end of CVAT's traceback, and not all of it"
    assert not cvat.called
    assert not cvat.tasks


def test_a_wrong_password_and_a_dead_address_are_sentences_without_the_password(cvat: FakeCvat) -> None:
    (refused,) = canary.smoke(cvat.url, "admin", "tell-nobody")
    assert "Unable to log in" in refused.detail
    assert "tell-nobody" not in refused.detail
    assert "host name" not in refused.detail, "CVAT itself answered, so it is not that"
    (silent,) = canary.smoke("http://127.0.0.1:9", "admin", "x")
    assert "got no answer" in silent.detail
    (odd,) = canary.smoke("ftp://example.com", "admin", "x")
    assert "must begin with http" in odd.detail


def test_a_frame_that_is_no_picture_is_a_failure(cvat: FakeCvat, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.support.fake_cvat.PIXEL", b"<html>nothing here</html>")
    failed = [step for step in canary.smoke(cvat.url, "admin", cvat.password) if not step.ok]
    assert [step.name for step in failed] == ["read a frame"]
    assert "no picture" in failed[0].detail


def test_an_empty_share_says_which_setting_fills_it(cvat: FakeCvat) -> None:
    cvat.share = ["film.mp4"]
    failed = [step for step in canary.smoke(cvat.url, "admin", cvat.password) if not step.ok]
    assert "cvat:demoData" in failed[0].detail
    assert not cvat.tasks


def test_leftovers_of_runs_that_were_cut_off_are_deleted_and_nothing_else(cvat: FakeCvat) -> None:
    old = {"created_date": "2026-11-01T00:00:00.000000Z", "files": []}
    cvat.tasks = {
        7: {"id": 7, "name": "cvatctl smoke test", **old},
        8: {"id": 8, "name": "My CVATctl smoke test of streets", **old},
        9: {"id": 9, "name": "cvatctl smoke test", "created_date": "2999-01-01T00:00:00Z", "files": []},
    }
    canary.smoke(cvat.url, "admin", cvat.password)
    assert set(cvat.tasks) == {8, 9}, "somebody's task, and that of a run under way, stay"


def test_the_canary_needs_nothing_but_the_standard_library() -> None:
    for file in (HOME / "cvatctl" / "canary").glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            roots = {name.partition(".")[0] for name in names}
            assert roots <= {*sys.stdlib_module_names, "cvatctl"}, f"{file.name}: a scheduled function has no packages"
            assert all(name.startswith("cvatctl.canary") for name in names if name.startswith("cvatctl"))


def listed_by_v2() -> dict[str, dict[str, Any]]:
    """The registry as the current CVAT shows it."""
    items = {}
    for name, item in listed().items():
        labels = [{"name": label, "type": "any", "attributes": []} for label in item.pop("labels")]
        items[name] = {**item, "labels_v2": labels}
    return items


def test_the_current_cvat_passes_every_step_by_its_own_addresses() -> None:
    with serving(FakeCvatV2(password="right and long", functions=listed_by_v2())) as fake:
        steps = canary.smoke(fake.url, "admin", fake.password, release="v2")
        assert [step for step in steps if not step.ok] == []
        assert {name for name, _ in fake.called} == set(listed()), "every function is called"
        assert fake.polls[1] > 2, "it waited for the request that the upload had started"
        assert not fake.tasks, "the task is deleted"


def test_a_failed_import_of_the_current_cvat_names_its_worker() -> None:
    with serving(FakeCvatV2(password="right and long", functions={}, worker="fails")) as fake:
        failed = [step for step in canary.smoke(fake.url, "admin", fake.password, release="v2") if not step.ok]
    assert [step.name for step in failed] == ["wait for its data"]
    assert failed[0].detail.endswith("See: cvatctl logs import")


def test_the_wrong_release_is_noticed_at_the_first_step() -> None:
    with serving(FakeCvatV2(password="right and long", functions={})) as fake:
        (refused,) = canary.smoke(fake.url, "admin", fake.password, release="c48411ae")
    assert refused.name == "log in"
