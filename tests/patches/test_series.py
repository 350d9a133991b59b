"""The patch series: readable, listed, locked; and it applies, where a checkout of CVAT is at hand."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
import unidiff

from patches import series

PATCHES = Path(__file__).parents[2] / "patches"
OLD, V2 = series.RELEASES["c48411ae"], series.RELEASES["v2"]
FILES = [path for release in (OLD, V2) for path in sorted(release.folder.glob("*.patch"))]
DOCKERFILES = [(release, path) for release in (OLD, V2) for path in release.dockerfiles]


@pytest.mark.parametrize("release", [OLD, V2], ids=series.RELEASES)
def test_the_series_lists_every_patch_in_order(release: series.Series) -> None:
    assert release.patches == sorted(release.folder.glob("*.patch"))
    assert [int(path.name[:4]) for path in release.patches] == list(range(1, len(release.patches) + 1)), "no gaps"


@pytest.mark.parametrize("file", FILES, ids=lambda path: str(path.relative_to(PATCHES)))
def test_a_patch_parses_and_says_why(file: Path) -> None:
    text, name = file.read_text(), file.name
    parsed = unidiff.PatchSet(text)
    assert len(parsed) > 0
    assert sum(file.added + file.removed for file in parsed) > 0
    for heading in ("Subject: ", "Without it: ", "Upstream: "):
        assert re.search(f"^{heading}", text, re.MULTILINE), f"{name} lacks '{heading.strip()}'"


def test_the_readme_has_a_row_for_every_patch() -> None:
    rows = re.findall(
        r"^\| \[(\d{4})\]\(((?:v2/)?series/[^)]+)\) \|", (PATCHES / "README.md").read_text(), re.MULTILINE
    )
    assert [PATCHES / name for _, name in rows] == FILES
    assert all(Path(name).name.startswith(number) for number, name in rows)


@pytest.mark.parametrize(("release", "path"), DOCKERFILES, ids=lambda value: getattr(value, "name", ""))
def test_the_dockerfiles_name_this_series(release: series.Series, path: Path) -> None:
    named = set(re.findall(r"^ARG SERIES_DIGEST=(\w+)", path.read_text(), re.MULTILINE))
    assert named == {release.digest()}, "run `make lock-series`"


@pytest.mark.parametrize("path", OLD.dockerfiles, ids=lambda path: str(path.name))
def test_the_dockerfiles_build_the_commit_that_is_checked(path: Path) -> None:
    assert set(re.findall(r"^ARG CVAT_COMMIT=(\w+)", path.read_text(), re.MULTILINE)) == {OLD.commit}


def test_a_patch_that_changes_a_model_brings_its_migration() -> None:
    for name in FILES:
        touched = {file.path for file in unidiff.PatchSet(name.read_text())}
        models = {path for path in touched if path.endswith("/models.py")}
        migrations = {path for path in touched if "/migrations/" in path}
        assert bool(models) == bool(migrations), f"{name}: every init would advise to run makemigrations"


def test_a_folder_without_git_is_explained(tmp_path: Path) -> None:
    with pytest.raises(series.FailureError, match="not a git repository"):
        series.check(str(tmp_path), OLD)


@pytest.fixture
def checkout() -> str:
    named = os.environ.get("CVAT_CHECKOUT", "")
    if not named:
        pytest.skip("CVAT_CHECKOUT does not name a clone of https://github.com/opencv/cvat.git")
    return named


def test_the_series_applies_without_fuzz_and_compiles(checkout: str) -> None:
    assert "cvat/apps/engine/views.py" in series.check(checkout, OLD)


def test_a_patch_that_does_not_fit_is_named(checkout: str, tmp_path: Path) -> None:
    for path in (PATCHES / "series").iterdir():
        (tmp_path / path.name).write_text(
            path.read_text().replace("-                fd, filename", "-      fd, filename")
        )
    with pytest.raises(series.FailureError, match=r"0001-.* does not apply"):
        series.check(checkout, replace(OLD, folder=tmp_path))


def test_the_overlay_imports_with_cvats_real_settings() -> None:
    home, python = os.environ.get("CVAT_HOME_PATCHED", ""), os.environ.get("CVAT_PYTHON", "")
    if not home or not python:
        pytest.skip("CVAT_HOME_PATCHED and CVAT_PYTHON do not name a patched checkout and its Python 3.8")
    env = {
        **{
            "PATH": os.environ["PATH"],
            "PYTHONPATH": f"{PATCHES}/overlay:{home}",
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        **{
            "DJANGO_SECRET_KEY": "k" * 50,
            "CVAT_BASE_URL": "https://cvat.example:8443",
            "CVAT_REDIS_HOST": "redis",
        },
        **{"CVAT_POSTGRES_HOST": "db", "CVAT_POSTGRES_USER": "cvat", "CVAT_POSTGRES_PASSWORD": "p"},
    }
    program = (
        "import sys, django; from cvat_aws import settings as s; from pathlib import Path; "
        "assert s.SECRET_KEY == 'k' * 50 and s.CACHE_ROOT == '/tmp/cvat/cache', 'overlay not applied'; "
        "assert not (Path(s.BASE_DIR) / 'keys').exists(), 'a key was written'; "
        "print(sys.version_info[:2], django.__version__, s.TMP_FILES_ROOT)"
    )
    done = subprocess.run(  # noqa: S603
        [python, "-c", program], env=env, capture_output=True, text=True, check=False, cwd=home
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("(3, 8) 3.1.13"), done.stdout


def test_a_chunk_is_made_of_an_object_below_a_prefix() -> None:
    home, python = os.environ.get("CVAT_HOME_PATCHED", ""), os.environ.get("CVAT_PYTHON", "")
    if not home or not python:
        pytest.skip("CVAT_HOME_PATCHED and CVAT_PYTHON do not name a patched checkout and its Python 3.8")
    env = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{PATCHES.parent}:{PATCHES}/overlay:{home}",
        "CVAT_HOME": home,
        "PYTHONDONTWRITEBYTECODE": "1",
        "DJANGO_SETTINGS_MODULE": "cvat_aws.settings",
        "DJANGO_SECRET_KEY": "k" * 50,
        "CVAT_BASE_URL": "https://cvat.example:8443",
        "CVAT_REDIS_HOST": "redis",
        "CVAT_POSTGRES_HOST": "db",
        "CVAT_POSTGRES_USER": "cvat",
        "CVAT_POSTGRES_PASSWORD": "p",
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    image = str(PATCHES.parent / "demo/files/street-1.jpg")
    command = [python, "-W", "ignore", "-m", "tests.patches.cloud_chunk", image]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, cwd=home, timeout=120)  # noqa: S603
    assert done.stdout.endswith("1 picture\n"), done.stderr[-2000:]


def test_a_clone_that_is_not_there_is_named_with_the_remedy() -> None:
    with pytest.raises(series.FailureError, match=r"CVAT=/nowhere: commit \w{8} cannot be fetched from there"):
        series.check("/nowhere", series.RELEASES["c48411ae"])
