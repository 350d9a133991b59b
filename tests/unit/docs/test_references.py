"""Paths, modules, make targets and settings that the documentation names exist."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.support.paths import ROOT
from tests.support.source_tree import Source, bound_names, sources

PATH = re.compile(
    r"(?<![\w./~-])((?:[\w-]+/)+[\w.-]+\.(?:py|ya?ml|md|toml|lock|txt|js|json|css|png|patch|Dockerfile|j2))(?!\w)"
)
MODULE = re.compile(r"python -m ([a-z_]+(?:\.[a-z_][a-z0-9_]*)*)")
IMPORT = re.compile(r"from ([a-z_]+(?:\.[a-z_]+)+) import ([A-Za-z_]+)")
TARGET = re.compile(r"`make ([a-z-]+)|^ *make ([a-z-]+)", re.MULTILINE)

ELSEWHERE = ("build/", "cvat/", "awsx/", "omz/", "node_modules/", "s3/", "deploy/", "tmp/", "opt/", "etc/", "data/")
"""Beginnings of paths that are not of this repository: what builds write, and other projects' sources."""

LIBRARIES = frozenset({"pip", "venv", "http", "pytest", "build"})
"""Modules of others that the documentation runs."""


@cache
def tracked() -> frozenset[str]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    return frozenset(name for name in listed if (ROOT / name).is_file())


def pages() -> list[Path]:
    return sorted(ROOT / name for name in tracked() if name.endswith(".md") and not name.startswith(".github/"))


@pytest.fixture(params=pages(), ids=lambda page: page.relative_to(ROOT).as_posix())
def page(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


def imported(source: Source) -> set[str]:
    nodes = (node for node in ast.walk(source.tree) if isinstance(node, ast.ImportFrom))
    return {alias.name for node in nodes for alias in node.names}


def lost_paths(page: Path) -> Iterator[str]:
    """Paths that exist neither from the page's folder nor from one above it."""
    for path in PATH.findall(page.read_text(encoding="utf-8")):
        if path.startswith(ELSEWHERE):
            continue
        bases = [folder for folder in page.parents if folder.is_relative_to(ROOT)]
        if not any((base / path).is_file() for base in bases):
            yield path


def test_paths_exist(page: Path) -> None:
    lost = sorted(set(lost_paths(page)))
    assert not lost, f"{page.name} names files that are not there: {lost}"


def test_modules_and_what_is_imported_from_them_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    known = {source.module: source for source in sources()}
    lost = {name for name in MODULE.findall(text) if not {name, f"{name}.__main__"} & known.keys()} - LIBRARIES
    assert not lost, f"{page.name} runs modules that are not there: {lost}"
    for module, name in IMPORT.findall(text):
        if module.split(".")[0] in {source.split(".")[0] for source in known}:
            assert module in known, f"{page.name} imports from {module}, which is not there"
            names = {bound for bound, _ in bound_names(known[module])} | imported(known[module])
            assert name in names, f"{page.name} imports {name} from {module}, which has no such name"


def test_make_targets_exist(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    named = {first or second for first, second in TARGET.findall(page.read_text(encoding="utf-8"))}
    assert named <= targets, f"{page.name} names targets that the Makefile lacks: {sorted(named - targets)}"


def test_settings_exist(page: Path) -> None:
    reference = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    known = set(re.findall(r"`cvat:([A-Za-z]+)`", reference))
    named = set(re.findall(r"`cvat:([A-Za-z]+)", page.read_text(encoding="utf-8")))
    other = {"edge", "index", "release"}  # tags of resources, and type tokens
    assert named - known <= other, f"{page.name} names settings that are not there: {sorted(named - known - other)}"
