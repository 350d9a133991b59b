"""From git revisions and folders to a verdict: the command as a pull request's workflow runs it."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from rehearsal.cli import main
from rehearsal.diff import render
from rehearsal.diff.model import Change, Danger, Diff, Property, Resource
from rehearsal.diff.revisions import git, program
from rehearsal.errors import UserInputError
from tests.support.documents import Documents
from tests.support.paths import PROGRAMS


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a small program in two revisions: `before`, and HEAD with another log retention."""
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    folder = tmp_path / "project"
    shutil.copytree(PROGRAMS / "small", folder, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.chdir(folder)
    for variable in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(variable, raising=False)
    commands = (
        "init -q -b main",
        "config user.email a@example.com",
        "config user.name A",
        "add .",
        "commit -q -m before",
        "tag before",
    )
    for command in commands:
        run(command, folder)
    return folder


def run(command: str, folder: Path) -> None:
    subprocess.run(["git", *command.split()], cwd=folder, check=True)  # noqa: S603, S607


def edit(folder: Path) -> None:
    """Add a resource to the program."""
    with (folder / "__main__.py").open("a") as file:
        file.write(EXTRA)


EXTRA = """
import pulumi_aws as aws
from tests.support.paths import PROGRAMS
aws.cloudwatch.LogGroup("added", retention_in_days=7)
"""


def test_two_revisions_differ_by_what_was_committed_between_them(
    repository: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    edit(repository)
    run("commit -qam after", repository)
    comment = tmp_path / "out" / "comment.md"
    code = main(["diff", "before", "HEAD", "--jobs", "1", "--json", "--markdown", str(comment)])
    (diff,) = json.loads(capsys.readouterr().out)
    assert [(change["kind"], change["resource"]["name"]) for change in diff["changes"]] == [("added", "added")]
    assert code == 2, "the new log group lacks the stack's tags, which is a broken invariant"
    assert {danger["kind"] for danger in diff["dangers"]} == {"invariant"}
    assert "dangerous change" in comment.read_text()
    assert (repository / ".git" / "worktrees").exists() is False, "the repository is left as it was"


def test_a_checkout_is_taken_with_its_uncommitted_changes(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", "HEAD", ".", "--jobs", "1"]) == 0
    assert "no change" in capsys.readouterr().out
    edit(repository)
    assert main(["diff", "HEAD", ".", "--jobs", "1"]) == 2
    assert "+ aws:cloudwatch:LogGroup added" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere", "HEAD"], "nowhere is neither a git revision nor a folder with a program"),
        (["--cost-share", "HEAD", "HEAD"], "'--cost-share': 'HEAD' is not a valid float"),
        (["before", "HEAD", "--stack", "nobody"], "Neither side has a stack named nobody"),
        (["before", "HEAD", "--config", "nonsense"], "it must have the form key=value"),
    ],
)
def test_what_cannot_be_compared_is_a_sentence_and_exit_code_1(
    repository: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    assert main(["diff", *arguments]) == 1
    assert words in capsys.readouterr().err


def test_a_program_that_fails_is_named_with_its_side_and_its_own_words(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (repository / "__main__.py").write_text("raise ValueError('the roof is on fire')\n")
    assert main(["diff", "HEAD", ".", "--jobs", "1"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("., stack cn-northwest-1: the rehearsal fails.")
    assert "the roof is on fire" in error


def test_a_revision_without_a_program_is_reported(repository: Path) -> None:
    run("rm -q Pulumi.yaml", repository)
    run("commit -q -m none", repository)
    with pytest.raises(UserInputError, match=r"has no Pulumi\.yaml"), program("HEAD", repository):
        pass
    with pytest.raises(UserInputError, match="neither a git revision nor a folder"), program("--exec=x", repository):
        pass
    assert git(repository, "status", "--porcelain") == b""


def test_folders_of_reports_are_compared_without_any_rehearsal(
    documents: Documents, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for side, document in (("old", documents()), ("new", {**documents(), "outputs": {"url": "http://other"}})):
        (tmp_path / side / "cn-northwest-1").mkdir(parents=True)
        (tmp_path / side / "cn-northwest-1" / "resources.json").write_text(json.dumps(document))
    assert main(["diff", str(tmp_path / "old"), str(tmp_path / "new")]) == 0
    out = capsys.readouterr().out
    assert "no change" in out
    assert "output url:" in out
    (tmp_path / "new" / "cn-northwest-1" / "resources.json").write_text("{}")
    assert main(["diff", str(tmp_path / "old"), str(tmp_path / "new")]) == 1
    assert "is no report of a rehearsal" in capsys.readouterr().err


def long_diff(text: str, count: int = 1) -> Diff:
    resource = Resource("urn", "aws:rds/instance:Instance", text, {})
    changes = tuple(Change("updated", resource, (Property("path", text, text),)) for _ in range(count))
    return Diff("team", changes, dangers=(Danger("store", text, text),))


def test_a_strangers_text_cannot_break_out_of_the_comment() -> None:
    shown = render.markdown([long_diff("`</details><img src=x> @everyone\n# Approved")], "`base`", "<head>")
    assert "<img" not in shown
    assert "@everyone" not in shown
    assert "\n# Approved" not in shown
    assert shown.count("<details>") == shown.count("</details>")


def test_a_huge_diff_is_cut_where_github_would_refuse_it_and_says_so() -> None:
    shown = render.markdown([long_diff("x" * 90, 2000)], "a", "b")
    assert len(shown) < 65_536
    assert "cut here" in shown
    assert shown.count("<details>") == shown.count("</details>")
    assert "dangerous change" in shown[:100], "what matters most comes first"
