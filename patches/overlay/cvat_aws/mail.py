"""Sending mail: password resets, mostly."""

from __future__ import annotations

from typing import Any

from cvat_aws.environment import Reader


def smtp(read: Reader) -> dict[str, Any]:
    """Without a server, mail is dropped: printing it would put password reset links into the logs."""
    host = read.text("CVAT_SMTP_HOST")
    if not host:
        return {"MAIL_IS_SENT": False, "EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend"}
    encryption = read.choice("CVAT_SMTP_ENCRYPTION", ["starttls", "tls", "none"])
    return {
        "MAIL_IS_SENT": True,
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": host,
        "EMAIL_PORT": read.number("CVAT_SMTP_PORT", 465 if encryption == "tls" else 587),
        "EMAIL_HOST_USER": read.text("CVAT_SMTP_USER"),
        "EMAIL_HOST_PASSWORD": read.text("CVAT_SMTP_PASSWORD"),
        "EMAIL_USE_TLS": encryption == "starttls",
        "EMAIL_USE_SSL": encryption == "tls",
        "EMAIL_TIMEOUT": 10,
        "DEFAULT_FROM_EMAIL": read.required("CVAT_SMTP_FROM", "the sender's address, as CVAT_SMTP_HOST is set"),
    }
