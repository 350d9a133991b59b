"""Every command ends with a sentence: unknown profile, credentials, network, Pulumi, closed pipe, Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from botocore import exceptions
from botocore.config import Config
from botocore.exceptions import ClientError

from cvatctl.__main__ import ENTRIES, cli
from cvatctl.command import OperatorCommand
from rehearsal.defaults import HOME
from tests.support.cvatctl_command import Run, Stack
from tests.support.silent_network import silent_address

OUTPUTS = {
    "url": "https://cvat.example.com",
    "admin_user": "admin",
    "admin_secret_arn": "arn:aws-cn:secretsmanager:cn-north-1:123456789012:secret:data-admin-abc",
    "cluster": "cluster-1",
    "services": {"server": "cvat-server-1"},
    "log_groups": {"server": "logs-server-1", "init": "logs-init-1"},
    "stores": {"database": "db", "cache": "redis", "files": "fs-1"},
    "endpoints": {"detector": "endpoint-1"},
    "batch_configs": {"detector": "config-1"},
}
DEPLOYED = ("status", "logs", "shell", "admin-password", "smoke", "wake")
"""Commands that ask about a deployed stack."""


@pytest.fixture
def words(tmp_path: Path, stack: Stack) -> Callable[[str], list[str]]:
    """A command line that is right in itself, for every command."""
    outputs = tmp_path / "outputs.json"
    outputs.write_text(json.dumps(OUTPUTS), encoding="utf-8")
    state = tmp_path / "state.json"
    state.write_text(json.dumps({"deployment": {"resources": []}}), encoding="utf-8")
    for tool in ("aws", "session-manager-plugin"):
        (tmp_path / tool).write_text("#!/bin/sh\n", encoding="utf-8")
        (tmp_path / tool).chmod(0o755)
    arguments = {
        "doctor": ["--stack", "own", "--project", str(stack())],
        "kept": ["--stack", "team", "--region", "cn-north-1"],
        "import-cfn": ["OLD", "--region", "cn-north-1"],
        "prices": ["--region", "cn-north-1"],
        "orphans": ["--stack", "team", "--region", "cn-north-1", "--state", str(state)],
        "logs": ["server"],
        "shell": ["server"],
        "wake": ["detector"],
        "admin-password": ["--reveal"],
    }
    return lambda name: [name, *arguments.get(name, []), *(["--outputs", str(outputs)] if name in DEPLOYED else [])]


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """A shell without anything of AWS's."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)


def test_every_command_is_of_the_kind_that_ends_with_a_sentence() -> None:
    context = click.Context(cli)
    for name in ENTRIES:
        assert isinstance(cli.get_command(context, name), OperatorCommand), name


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize("name", ENTRIES)
@pytest.mark.parametrize("way", ["AWS_PROFILE", "--profile"])
def test_an_unknown_profile_is_one_sentence_that_names_it(
    run: Run, words: Callable[[str], list[str]], monkeypatch: pytest.MonkeyPatch, name: str, way: str
) -> None:
    if way == "AWS_PROFILE":
        monkeypatch.setenv("AWS_PROFILE", "nobody")
    code, out, err = run(*words(name), *(["--profile", "nobody"] if way == "--profile" else []))
    assert code == (1 if name == "doctor" else 2)
    (sentence,) = [line for line in (out + err).splitlines() if "profile" in line and "advice" not in line]
    assert f"{way} = nobody: ~/.aws/config and ~/.aws/credentials have no such profile." in sentence


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize("name", ENTRIES)
def test_no_credentials_are_one_sentence(run: Run, words: Callable[[str], list[str]], name: str) -> None:
    code, out, err = run(*words(name))
    assert code == (1 if name == "doctor" else 2)
    assert (out + err).count("There are no usable AWS credentials") == 1, "not once a section"


REFUSALS = {
    "The AWS credentials have expired": ClientError({"Error": {"Code": "ExpiredToken", "Message": "old"}}, "Call"),
    "AWS does not know these credentials": ClientError(
        {"Error": {"Code": "InvalidClientTokenId", "Message": "?"}}, "Call"
    ),
    "These credentials may not call Call": ClientError(
        {"Error": {"Code": "AccessDenied", "Message": "not you"}}, "Call"
    ),
    "Call failed: busy": ClientError({"Error": {"Code": "InternalFailure", "Message": "busy"}}, "Call"),
    "AWS could not be reached": exceptions.EndpointConnectionError(endpoint_url="https://ecs.cn-north-1.example"),
    "TLS connection to AWS failed": exceptions.SSLError(endpoint_url="https://x", error="self-signed"),
    "Check the network, HTTPS_PROXY": exceptions.ProxyConnectionError(proxy_url="http://proxy:3128"),
    "no usable AWS credentials": exceptions.UnauthorizedSSOTokenError(),
}


@pytest.mark.parametrize("name", ENTRIES)
@pytest.mark.parametrize("sentence", REFUSALS)
def test_whatever_aws_answers_is_a_sentence(
    run: Run, words: Callable[[str], list[str]], monkeypatch: pytest.MonkeyPatch, name: str, sentence: str
) -> None:
    def refuse(*_: object) -> None:
        raise REFUSALS[sentence]

    monkeypatch.setattr("botocore.client.BaseClient._make_api_call", refuse)
    code, out, err = run(*words(name))
    assert code in (1, 2)
    assert sentence in out + err


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize("name", ENTRIES)
def test_a_network_that_drops_packets_ends_every_command_with_a_sentence(
    run: Run, words: Callable[[str], list[str]], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """In time, however many calls a command makes: here, where a call waits for 0.2 seconds."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    impatient = Config(connect_timeout=0.2, retries={"total_max_attempts": 1})
    monkeypatch.setattr("cvatctl.aws_clients.CONFIG", impatient)
    with silent_address() as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        code, out, err = run(*words(name))
    assert code in (1, 2)
    assert (out + err).count("could not be reached") == 1 if name != "smoke" else "could not be reached" in out + err


@pytest.mark.parametrize("name", DEPLOYED)
def test_without_pulumi_and_outputs_the_sentence_names_both(
    run: Run, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    named = {"logs": ["server"], "shell": ["server"], "wake": ["detector"]}.get(name, [])
    code, _, err = run(name, *named, *(["--reveal"] if "-" in name else []))
    assert code == 2
    assert "The Pulumi CLI was not found" in err
    assert "--outputs FILE" in err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["status", "--project", "/nowhere"], "--project /nowhere: there is no such folder"),
        (["doctor", "--project", "/nowhere", "--stack", "own"], "/nowhere/Pulumi.yaml does not exist"),
        (["stauts"], "No such command 'stauts'"),
        (["logs"], "Missing argument 'SERVICE'"),
        (["kept", "--stack", "team"], "Missing option '--region'"),
        (["kept", "--stack", "team", "--region", "nowhere at all"], "A region's name looks like cn-northwest-1"),
    ],
)
def test_a_wrong_command_line_is_a_sentence(run: Run, arguments: list[str], sentence: str) -> None:
    code, _, err = run(*arguments)
    assert code == 2
    assert sentence in err


def test_a_fault_of_the_command_itself_says_how_to_report_it(
    run: Run, words: Callable[[str], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(*_: object, **__: object) -> None:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr("botocore.client.BaseClient._make_api_call", break_down)
    code, _, err = run(*words("status"))
    assert code == 2
    assert "unexpected ZeroDivisionError: by zero" in err
    monkeypatch.setenv("CVATCTL_TRACEBACK", "1")
    with pytest.raises(ZeroDivisionError):
        run(*words("status"))


FOLLOWER = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job ignores it, and so do its children
from cvatctl import logs
from cvatctl.__main__ import main
{lines}
sys.exit(main(["logs", "server", "-f", "--outputs", sys.argv[1]]))
"""


def follower(tmp_path: Path, lines: str) -> subprocess.Popen[str]:
    """`logs -f` in a process of its own, over a stand-in for CloudWatch Logs."""
    outputs = tmp_path / "outputs.json"
    outputs.write_text(json.dumps(OUTPUTS), encoding="utf-8")
    command = [sys.executable, "-c", FOLLOWER.format(lines=lines), str(outputs)]
    return subprocess.Popen(command, cwd=HOME, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # noqa: S603


def test_ctrl_c_ends_a_wait_with_one_line_and_130(tmp_path: Path) -> None:
    wait = "logs._events, logs._POLL_S = lambda *_: print('polled', flush=True) or [], 3600"
    with follower(tmp_path, wait) as process:
        assert process.stdout
        assert process.stdout.readline() == "polled\n"
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.strip().splitlines() == ["cvatctl: interrupted."]


def test_a_closed_pipe_ends_it_without_a_word(tmp_path: Path) -> None:
    endless = """
def events(*_):
    event = {"timestamp": 1, "message": "x" * 99, "logStreamName": "a/b/c"}
    return [{**event, "eventId": f"{time.time_ns()}-{number}"} for number in range(999)]
logs._events, logs._POLL_S = events, 0
"""
    with follower(tmp_path, endless) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.readline()
        process.stdout.close()
        err = process.stderr.read()
    assert (process.returncode, err) == (0, "")


def test_the_help_names_every_command_and_imports_no_aws_client() -> None:
    script = (
        "import sys; from cvatctl.__main__ import main; main(['--help']); sys.stderr.write(str(sorted(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=HOME, capture_output=True, text=True, check=True)  # noqa: S603
    for name, entry in ENTRIES.items():
        assert f"  {name} " in done.stdout
        assert " ".join(entry.summary.split()) in " ".join(done.stdout.split())
    assert "Exit codes: 0 all is well; 1 something needs attention; 2" in " ".join(done.stdout.split())
    for package in ("boto3", "botocore", "pydantic", "pulumi", "rich", "yaml"):
        assert f"'{package}'" not in done.stderr, "--help must answer at once"
