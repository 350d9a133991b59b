"""How Django sends mail here: to a server whose certificate is verified, and with an answer where it cannot.

Django 3.1 takes any certificate, and would give its password to whoever stands between; Django 5.2 verifies.
"""

from __future__ import annotations

import logging
import smtplib
import ssl
from typing import Any

from django.conf import settings
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.backends.smtp import EmailBackend
from rest_framework.exceptions import APIException

log = logging.getLogger("cvat_aws.mail")
DJANGOS = ("keyfile", "certfile", "context")
"""Arguments by which Django says how to encrypt; which ones depends on its version."""


class MailNotSentError(APIException):  # type: ignore[misc]  # has no types
    """CVAT's views do not catch what sending raises; REST framework answers this as it is."""

    status_code = 503
    default_detail = "The mail could not be sent. Try again later, or tell an administrator of this server."


def _context() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=settings.EMAIL_CA or None)


class _StartTls(smtplib.SMTP):
    def starttls(self, **_: Any) -> Any:  # type: ignore[override]
        return super().starttls(context=_context())


class _Encrypted(smtplib.SMTP_SSL):
    def __init__(self, host: str, port: int, **more: Any) -> None:
        super().__init__(host, port, context=_context(), **{n: more[n] for n in more if n not in DJANGOS})


class VerifiedMail(EmailBackend):  # type: ignore[misc]  # has no types
    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        return _Encrypted if self.use_ssl else _StartTls

    def send_messages(self, messages: Any) -> Any:
        try:
            return super().send_messages(messages)
        except (smtplib.SMTPException, OSError) as error:
            log.error("Mail was not sent by %s:%s: %s", self.host, self.port, error)
            raise MailNotSentError from error


class NoMail(BaseEmailBackend):  # type: ignore[misc]  # has no types
    def send_messages(self, _messages: Any) -> Any:
        raise MailNotSentError("This server sends no mail. Ask an administrator.")
