"""A mail server of the trial and of tests: TLS, a login, and what it was sent."""

from __future__ import annotations

import logging
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from patches.trial.serving import free_port

USER, PASSWORD = "cvat@example.com", "m@il p/w:%&=+"
logging.getLogger("mail.log").setLevel(logging.ERROR)  # aiosmtpd warns of what it does itself at each login
LINK = re.compile(r"https?://[^\s\"'<>]+")


class MailServer:
    """Takes mail from who has logged in. `messages`: what came; `refusal`: its answer to any mail, unless empty;
    `logins`: how many were tried.
    """

    def __init__(self, port: int) -> None:
        self.port = port
        self.messages: list[EmailMessage] = []
        self.refusal = ""
        self.logins = 0

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, _server: Any, session: Any, envelope: Any
    ) -> str:
        """Called by aiosmtpd, in its thread."""
        if not session.authenticated or self.refusal:
            return self.refusal or "530 5.7.0 log in first"
        self.messages.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"

    def authenticate(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        self.logins += 1
        known = isinstance(data, LoginPassword) and (data.login, data.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(success=known, handled=False)

    def environment(self, encryption: str, password: str = PASSWORD) -> dict[str, str]:
        """What CVAT is told of it."""
        return {
            **{"CVAT_SMTP_HOST": "localhost", "CVAT_SMTP_PORT": str(self.port), "CVAT_SMTP_ENCRYPTION": encryption},
            **{"CVAT_SMTP_USER": USER, "CVAT_SMTP_PASSWORD": password, "CVAT_SMTP_FROM": "CVAT <cvat@example.com>"},
        }


def links(message: EmailMessage) -> set[str]:
    """All addresses in a mail."""
    parts = [part for part in message.walk() if part.get_content_maintype() == "text"]
    return {link for part in parts for link in LINK.findall(part.get_content())}


@contextmanager
def mail_server(certificates: Path, encryption: str = "starttls") -> Iterator[MailServer]:
    """`certificates`: a folder with server.pem and server.key; `encryption`: starttls, or tls from the first byte."""
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificates / "server.pem", certificates / "server.key")
    server = MailServer(free_port())
    first = encryption == "tls"
    controller = Controller(
        server,
        hostname="127.0.0.1",
        port=server.port,
        ssl_context=tls if first else None,
        tls_context=None if first else tls,
        require_starttls=not first,
        authenticator=server.authenticate,
        auth_require_tls=not first,
    )
    controller.start()
    try:
        yield server
    finally:
        controller.stop()
