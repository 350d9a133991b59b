"""Sending mail: password resets, and the invitations of CVAT v2's organisations."""

from __future__ import annotations

from typing import Any

from cvat_aws.environment import Reader

TIMEOUT_S = 10
"""For connecting, and for each answer."""


def smtp(read: Reader) -> dict[str, Any]:
    """Without a server, nothing may look as if it was sent; printing it would put reset links into the logs."""
    host = read.text("CVAT_SMTP_HOST")
    if not host:
        return {"MAIL_IS_SENT": False, "EMAIL_BACKEND": "cvat_aws.mail_backend.NoMail"}
    encryption = read.choice("CVAT_SMTP_ENCRYPTION", ["starttls", "tls", "none"])
    for name in ("CVAT_SMTP_USER", "CVAT_SMTP_PASSWORD"):
        if not read.text(name).isascii():  # smtplib would fail at every mail
            read.problems.append(f"{name} has a letter outside of ASCII, which Python cannot send. Choose another one.")
    return {
        "MAIL_IS_SENT": True,
        "EMAIL_BACKEND": "cvat_aws.mail_backend.VerifiedMail",
        "EMAIL_CA": read.text("CVAT_SMTP_CA"),
        "EMAIL_HOST": host,
        "EMAIL_PORT": read.number("CVAT_SMTP_PORT", 465 if encryption == "tls" else 587),
        "EMAIL_HOST_USER": read.text("CVAT_SMTP_USER"),
        "EMAIL_HOST_PASSWORD": read.text("CVAT_SMTP_PASSWORD"),
        "EMAIL_USE_TLS": encryption == "starttls",
        "EMAIL_USE_SSL": encryption == "tls",
        "EMAIL_TIMEOUT": TIMEOUT_S,
        "DEFAULT_FROM_EMAIL": read.required("CVAT_SMTP_FROM", "the sender's address, as CVAT_SMTP_HOST is set"),
    }
