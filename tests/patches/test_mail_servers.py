"""Sending mail to a real SMTP server with TLS and a login, with the Python of either release."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from patches.trial.mail import PASSWORD, MailServer, links, mail_server
from patches.trial.services import certificates
from patches.trial.serving import free_port

ROOT = Path(__file__).parents[2]
NOT_SENT = "503 The mail could not be sent. Try again later, or tell an administrator of this server."


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("mail")
    certificates(path)
    return path


@pytest.fixture(params=["starttls", "tls"])
def encryption(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def server(folder: Path, encryption: str) -> Iterator[MailServer]:
    with mail_server(folder, encryption) as server:
        yield server


def send(python: str, variables: dict[str, str]) -> str:
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": f"{ROOT}/patches/overlay", "PYTHONDONTWRITEBYTECODE": "1"}
    command = [python, "-W", "ignore", "-m", "tests.patches.mail_send"]
    done = subprocess.run(  # noqa: S603
        command, env={**env, **variables}, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_mail_arrives_by_either_encryption_with_a_login(
    python: str, server: MailServer, folder: Path, encryption: str
) -> None:
    assert send(python, {**server.environment(encryption), "CVAT_SMTP_CA": f"{folder}/ca.pem"}) == "sent"
    (message,) = server.messages
    assert (message["Subject"], message["From"]) == ("Grüße", "CVAT <cvat@example.com>")
    assert links(message) == {"https://cvat.example.com/a?b=c&d=e"}


def test_a_server_with_a_certificate_of_an_unknown_authority_gets_no_password(
    python: str, server: MailServer, encryption: str
) -> None:
    assert send(python, server.environment(encryption)) == NOT_SENT
    assert server.logins == 0, "Django 3.1 would have sent it"


@pytest.mark.parametrize("encryption", ["starttls"], indirect=True)
def test_a_user_is_answered_503_where_the_server_refuses_or_is_away(
    python: str, server: MailServer, folder: Path, encryption: str
) -> None:
    ca = {"CVAT_SMTP_CA": f"{folder}/ca.pem"}
    assert send(python, {**server.environment(encryption, PASSWORD + "x"), **ca}) == NOT_SENT, "a wrong password"
    server.refusal = "550 5.7.1 relaying denied"
    assert send(python, {**server.environment(encryption), **ca}) == NOT_SENT
    away = {"CVAT_SMTP_PORT": str(free_port())}
    assert send(python, {**server.environment(encryption), **ca, **away}) == NOT_SENT
    assert server.messages == []


def test_without_a_server_nothing_looks_as_if_it_was_sent(python: str) -> None:
    assert send(python, {}) == "503 This server sends no mail. Ask an administrator."
