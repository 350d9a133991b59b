"""No test is skipped without a word: the reasons are known, said at the end of a run, and few of them count in CI."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import skips
from tests.support.paths import ROOT
from tests.support.source_tree import sources


def run(folder: Path, reason: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """pytest on one test that is skipped, and one that passes, with our hooks."""
    (folder / "conftest.py").write_text(
        "from tests.support.skips import pytest_sessionfinish, pytest_terminal_summary\n", encoding="utf-8"
    )
    (folder / "test_it.py").write_text(
        f"import pytest\ndef test_a():\n    pytest.skip({reason!r})\ndef test_b():\n    pass\n", encoding="utf-8"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", str(folder)]
    bare = {key: value for key, value in os.environ.items() if key != "CI" and not key.startswith("PYTEST_")}
    variables = bare | {"PYTHONPATH": str(ROOT)} | environment
    return subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=False)  # noqa: S603


def test_on_a_laptop_a_skipped_test_is_named_with_what_to_install(tmp_path: Path) -> None:
    done = run(tmp_path, "redis-server is not installed (Debian: ...)")
    assert done.returncode == 0, done.stdout
    assert "1 test skipped: redis-server is not installed. To run: apt-get install redis-server" in done.stdout


@pytest.mark.parametrize("reason", ["redis-server is not installed", "I did not feel like it"])
def test_in_ci_a_skipped_test_fails_the_run(tmp_path: Path, reason: str) -> None:
    done = run(tmp_path, reason, CI="true")
    assert done.returncode == 1, done.stdout
    assert f"no test may be skipped because {reason}" in done.stdout


def test_in_ci_a_test_may_be_skipped_for_a_named_reason(tmp_path: Path) -> None:
    done = run(tmp_path, "CVAT_CHECKOUT does not name a clone of CVAT", CI="true")
    assert done.returncode == 0, done.stdout


def test_where_the_engine_is_required_its_absence_is_an_error(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", "tests/engine"]
    command.append("--collect-only")
    variables = os.environ | {"PATH": str(tmp_path), "ENGINE_REQUIRED": "true"}
    done = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == pytest.ExitCode.USAGE_ERROR, done.stdout
    assert "no Pulumi CLI with its AWS plugin is on PATH" in done.stderr


def reasons() -> Iterator[str]:
    """The beginnings of all reasons that tests give."""
    for source in sources():
        if not source.path.startswith("tests/") or source.path == "tests/unit/test_skips.py":
            continue
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and "skip" in node.func.attr:
                given = next((keyword.value for keyword in node.keywords if keyword.arg == "reason"), None)
                yield literal(given or node.args[0])


def literal(node: ast.expr) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "0" * 40 for part in node.values)
    assert isinstance(node, ast.Constant), "a reason is written where it is given, so that it can be read here"
    return str(node.value)


def test_every_reason_that_a_test_gives_is_known() -> None:
    unknown = [reason for reason in reasons() if skips.entry(reason) is None]
    assert not unknown, f"add them to tests/support/skips.py, with the way to run the tests: {unknown}"


def test_every_known_reason_is_given_by_a_test() -> None:
    used = {skips.entry(reason) for reason in reasons()}
    unused = [skip.reason for skip in skips.SKIPS if skip not in used]
    assert not unused, "an entry that no test needs hides nothing and helps nobody"
