"""The smoke test as a task: its variables, what it writes, how it ends, and what its image holds."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from docker.utils.build import exclude_paths

from components.images.build_context import builds
from cvatctl.canary import smoke
from cvatctl.canary.client import Cvat
from settings.releases import DEFAULT
from tests.support.fake_cvat import FakeCvat, serving
from tests.support.paths import ROOT
from tests.support.read_only_root import read_only_root


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """The files of the image, and nothing else: what .dockerignore lets through, where the Dockerfile puts it."""
    context = ROOT / builds(DEFAULT)["canary"].context
    lines = (context / ".dockerignore").read_text(encoding="utf-8").splitlines()
    patterns = [line for line in lines if line and not line.startswith("#")]
    for relative in exclude_paths(str(context), patterns):
        if (context / relative).is_file() and relative.endswith(".py"):
            target = tmp_path / "cvatctl" / relative
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(context / relative, target)
    return tmp_path


def run(image: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """As in the container: a Python without any package of ours, that cannot write."""
    prepare = f"import sys; sys.path.insert(0, {str(image)!r}); "
    command = [sys.executable, "-I", "-S", "-c", f"{prepare}import sitecustomize; {_START}"]
    read_only_root(image)
    quick = {"PATH": os.environ["PATH"], **variables}
    return subprocess.run(command, env=quick, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603  (our own code)


_START = (
    "import cvatctl.canary.client as c; c._POLL_S = 0.0; import runpy; "
    "runpy.run_module('cvatctl.canary', run_name='__main__')"
)


def test_a_healthy_cvat_is_a_line_of_json_for_each_step_and_exit_code_0(image: Path) -> None:
    with serving(FakeCvat(password="right and long", functions={})) as fake:
        done = run(image, CVAT_URL=fake.url, CVAT_USER="admin", CVAT_PASSWORD="right and long")
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["step"] for line in lines][:1] == ["log in"]
    assert all(line["ok"] for line in lines)
    assert set(lines[0]) == {"step", "ok", "seconds", "detail"}


def test_a_step_that_fails_is_exit_code_1_and_no_line_shows_the_password(image: Path) -> None:
    with serving(FakeCvat(password="right and long", functions={})) as fake:
        done = run(image, CVAT_URL=fake.url, CVAT_USER="admin", CVAT_PASSWORD="wrong and long")
    assert done.returncode == 1
    assert json.loads(done.stdout.splitlines()[-1])["ok"] is False
    assert "wrong and long" not in done.stdout + done.stderr


def test_a_function_that_is_expected_and_missing_fails_it(image: Path) -> None:
    with serving(FakeCvat(password="right and long", functions={})) as fake:
        variables = {"CVAT_URL": fake.url, "CVAT_USER": "admin", "CVAT_PASSWORD": "right and long"}
        done = run(image, **variables, CVAT_FUNCTIONS="openvino-omz-public-yolo-v3-tf")
    assert done.returncode == 1
    assert "openvino-omz-public-yolo-v3-tf" in done.stdout


def test_a_task_with_missing_variables_names_them(image: Path) -> None:
    done = run(image, CVAT_URL="http://127.0.0.1:1")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "CVAT_USER, CVAT_PASSWORD must be set: the address of CVAT, and the user to log in as.\n"


def test_the_image_holds_the_smoke_test_and_nothing_else(image: Path) -> None:
    files = sorted(path.relative_to(image).as_posix() for path in (image / "cvatctl").rglob("*.py"))
    modules = ("__init__", "__main__", "client", "dialects", "functions", "run")
    assert files == ["cvatctl/__init__.py", *(f"cvatctl/canary/{name}.py" for name in modules)]


def test_ctrl_c_deletes_the_task_by_a_call_that_ends_within_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    timeouts = {}
    send = Cvat._send

    def record(cvat: Cvat, method: str, path: str, body: object, timeout: float) -> tuple[bytes, str]:
        timeouts[method] = timeout
        return send(cvat, method, path, body, timeout)

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Cvat, "_send", record)
    monkeypatch.setattr(Cvat, "wait_for_data", interrupt)
    with serving(FakeCvat(password="right and long", functions={})) as fake:
        with pytest.raises(KeyboardInterrupt):
            smoke(fake.url, "admin", "right and long")
        assert not fake.tasks, "no task is left"
    assert timeouts["DELETE"] < 1
