"""build_context.py: an image's tag changes exactly when its build's input does."""

from __future__ import annotations

from pathlib import Path

import pulumi
import pytest

from components.images.build_context import Build, content_tag

BUILD = Build("context", "context/Dockerfile")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    context = tmp_path / "context"
    (context / "src").mkdir(parents=True)
    (context / "Dockerfile").write_text("FROM x\n")
    (context / "src" / "a.py").write_text("1\n")
    (context / ".dockerignore").write_text("# comment\n**/__pycache__\n*.md\n")
    return tmp_path


def test_the_same_input_has_the_same_tag(root: Path) -> None:
    assert content_tag(BUILD, {"A": "1"}, root) == content_tag(BUILD, {"A": "1"}, root)


def test_what_the_builder_does_not_see_changes_nothing(root: Path) -> None:
    before = content_tag(BUILD, {}, root)
    (root / "context" / "src" / "__pycache__").mkdir()
    (root / "context" / "src" / "__pycache__" / "a.pyc").write_bytes(b"x")
    (root / "context" / "NOTES.md").write_text("x")
    assert content_tag(BUILD, {}, root) == before, "a second update with nothing changed builds nothing"


@pytest.mark.parametrize("change", ["content", "name", "mode", "dockerfile", "argument"])
def test_every_change_that_reaches_the_builder_makes_another_tag(root: Path, change: str) -> None:
    before, source = content_tag(BUILD, {}, root), root / "context" / "src" / "a.py"
    if change == "content":
        source.write_text("2\n")
    elif change == "name":
        source.rename(source.with_name("b.py"))
    elif change == "mode":
        source.chmod(0o600)
    elif change == "dockerfile":
        (root / "context" / "Dockerfile").write_text("FROM y\n")
    assert content_tag(BUILD, {"A": "1"} if change == "argument" else {}, root) != before


def test_a_missing_dockerfile_is_named(root: Path) -> None:
    with pytest.raises(pulumi.RunError, match=r"nowhere\.Dockerfile does not exist"):
        content_tag(Build("context", "context/nowhere.Dockerfile"), {}, root)
