"""How the command learns of the stack: from the Pulumi CLI, or from a file. And what it says without credentials."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cvatctl import outputs
from cvatctl.__main__ import parser
from cvatctl.errors import ProblemError
from rehearsal.run import HOME

Run = Callable[..., tuple[int, str, str]]
DOCUMENT = {
    "url": "https://cvat.example.com",
    "admin_user": "admin",
    "admin_secret_arn": "arn:aws-cn:secretsmanager:cn-north-1:123456789012:secret:data-admin-abc",
    "cluster": "cluster-1",
    "services": {"server": "cvat-server-1"},
    "log_groups": {"server": "logs-server-1", "init": "logs-init-1"},
    "stores": {"database": "db", "cache": "redis", "files": "fs-1"},
    "endpoints": {},
}


@pytest.fixture
def pulumi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Put a Pulumi CLI on the path that does what the shell lines say, and notes its arguments."""

    def install(lines: str) -> Path:
        file = tmp_path / "pulumi"
        file.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/arguments\n{lines}\n', encoding="utf-8")
        file.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
        return tmp_path / "arguments"

    return install


def test_the_pulumi_cli_is_asked_for_the_stacks_outputs(pulumi: Callable[[str], Path]) -> None:
    arguments = pulumi(f"cat <<'END'\n{json.dumps(DOCUMENT)}\nEND")
    found = outputs.load("team", None, Path())
    assert found.cluster == "cluster-1"
    assert found.region == "cn-north-1", "told by the secret's ARN"
    assert arguments.read_text(encoding="utf-8").split() == "stack output --json --non-interactive --stack team".split()
    assert "--show-secrets" not in arguments.read_text(encoding="utf-8")


def test_what_the_pulumi_cli_complains_of_is_passed_on(pulumi: Callable[[str], Path]) -> None:
    pulumi("echo 'error: no stack named nope found' >&2; exit 255")
    with pytest.raises(ProblemError, match=r"no stack named nope found(.|\n)*--outputs FILE"):
        outputs.load("nope", None, Path())


def test_without_the_pulumi_cli_a_file_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(ProblemError, match=r"Pulumi CLI was not found.*--outputs FILE"):
        outputs.load(None, None, Path())


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("not json", "is not JSON"),
        ("[]", "lacks everything"),
        (json.dumps({**DOCUMENT, "admin_secret_arn": "x"}), "is not an ARN"),
        (
            json.dumps({key: DOCUMENT[key] for key in ("url", "cluster")}),
            "lacks admin_user, admin_secret_arn, services",
        ),
    ],
)
def test_a_file_that_is_no_output_is_a_sentence(run: Run, tmp_path: Path, content: str, said: str) -> None:
    file = tmp_path / "outputs.json"
    file.write_text(content, encoding="utf-8")
    code, _, err = run("status", "--outputs", str(file))
    assert code == 2
    assert said in err


def test_a_missing_file_says_how_to_write_it(run: Run, tmp_path: Path) -> None:
    code, _, err = run("status", "--outputs", str(tmp_path / "none.json"))
    assert code == 2
    assert "pulumi stack output --json > outputs.json" in err


def test_no_credentials_and_an_unknown_profile_are_sentences(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "outputs.json"
    file.write_text(json.dumps(DOCUMENT), encoding="utf-8")
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    assert "no usable AWS credentials" in run("admin-password", "--reveal", "--outputs", str(file))[2]
    assert "no such profile" in run("status", "--profile", "nobody", "--outputs", str(file))[2]


def test_the_help_teaches_and_does_not_wait_for_pulumi() -> None:
    script = "import sys; from cvatctl.__main__ import parser; parser().format_help(); print('pulumi' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], cwd=HOME, capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.strip() == "False", "--help must answer at once"
    text = parser().format_help()
    for command in ("status", "logs", "shell", "admin-password", "smoke", "doctor", "import-cfn"):
        assert command in text
    assert "exit codes: 0 all is well; 1 something needs attention; 2" in text
