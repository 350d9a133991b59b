"""How the command learns of the stack: from the Pulumi CLI, or from a file. And what it says without credentials."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from cvatctl import stack_outputs
from cvatctl.errors import CommandError

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
    outputs = stack_outputs.read("team", None, Path())
    assert outputs.cluster == "cluster-1"
    assert outputs.region == "cn-north-1", "told by the secret's ARN"
    assert arguments.read_text(encoding="utf-8").split() == "stack output --json --stack team --non-interactive".split()
    assert "--show-secrets" not in arguments.read_text(encoding="utf-8")


def test_what_the_pulumi_cli_complains_of_is_passed_on(pulumi: Callable[[str], Path]) -> None:
    pulumi("echo 'error: no stack named nope found' >&2; exit 255")
    with pytest.raises(CommandError, match=r"no stack named nope found(.|\n)*--outputs FILE"):
        stack_outputs.read("nope", None, Path())


def test_without_the_pulumi_cli_a_file_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(CommandError, match=r"Pulumi CLI was not found.*--outputs FILE"):
        stack_outputs.read(None, None, Path())


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("not json", "is not JSON"),
        ("[]", "is not a JSON object"),
        (json.dumps({**DOCUMENT, "services": ["server"]}), "services = ['server']"),
        (json.dumps({**DOCUMENT, "stores": {"database": 5}}), "stores = {'database': 5}"),
        (json.dumps({**DOCUMENT, "stores": {"database": "db"}}), "lacks stores.cache, stores.files"),
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
