"""The Makefile: what a target is told wrongly ends in a sentence, whatever the checkout's folder is called."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import ROOT

TEXT = (ROOT / "Makefile").read_text(encoding="utf-8")
HELP = dict(re.findall(r"^([a-z][a-z0-9-]*):[^#\n]*## *(.*)$", TEXT, re.MULTILINE))
VARIABLES = next(line for line in TEXT.splitlines() if line.startswith("VARIABLES :=")).split()[2:]


def make(*arguments: str, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    command = ["make", "--no-print-directory", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603


def test_a_variable_that_no_target_reads_stops_it_with_its_name() -> None:
    done = make("diff", "FROM=main")
    assert done.returncode == 2
    assert "FROM is no variable of this Makefile. It knows PYTHON " in done.stderr
    assert done.stdout == "", "nothing is run"


@pytest.mark.parametrize("module", ["settings.generate", "policy.baseline"])
def test_a_misspelt_option_writes_no_file(module: str) -> None:
    command = [sys.executable, "-m", module, "--chek"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 2, "it would write what it should only compare"
    assert "unrecognized arguments: --chek" in done.stderr


def test_a_release_that_is_not_there_is_refused_by_every_target() -> None:
    done = make("trial", "RELEASE=v9")
    assert done.returncode == 2
    assert "RELEASE = v9: there is no such release of CVAT here. Say RELEASE=c48411ae or RELEASE=v2" in done.stderr


@pytest.mark.parametrize("variable", VARIABLES)
def test_each_variable_is_taken_with_spaces_and_equals_signs_in_it(variable: str) -> None:
    value = "v2" if variable == "RELEASE" else "--root 'a folder' --config a=b"
    assert "list the targets" in make("help", f"{variable}={value}").stdout
    assert re.search(rf"\$[({{]{variable}\b|origin {variable}\b", TEXT), "and something reads it"


def test_help_shows_each_line_whole() -> None:
    shown = make("help").stdout
    for target, text in HELP.items():
        assert f"make {target} " in shown
        assert text in shown
    phony = next(line for line in TEXT.splitlines() if line.startswith(".PHONY:")).split()[1:]
    assert not [target for target in HELP if target not in phony]
    unexplained = {target for target in phony if target not in HELP}
    assert all(re.match("trial-home-", target) for target in unexplained), "only parts of a target have no line"


def test_each_target_can_be_read_in_a_folder_with_a_space(tmp_path: Path) -> None:
    """Recipes name folders by relative paths, and $(CURDIR) in quotation marks only."""
    folder = tmp_path / "a check out"
    folder.mkdir()
    shutil.copy(ROOT / "Makefile", folder)
    shutil.copytree(ROOT / "patches", folder / "patches", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "requirements.txt").touch()
    (folder / "requirements-dev.txt").touch()
    for name in ("policy", "policy/baseline"):
        (folder / name).mkdir(exist_ok=True)
        (folder / name / "requirements.txt").touch()
    for target in HELP:
        done = make("-n", target, "CVAT=x", "REGION=cn-north-1", folder=folder)
        assert done.returncode == 0, f"{target}: {done.stderr}"
        unquoted = re.sub(r"\"[^\"]*\"|'[^']*'", "", done.stdout)
        assert str(folder) not in unquoted, f"{target} names the folder outside of quotation marks"
