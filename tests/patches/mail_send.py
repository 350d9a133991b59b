"""`python -m tests.patches.mail_send`: send a mail as CVAT does, with our settings; prints what its user is answered.

Runs in CVAT's Python of either release, without CVAT.
"""

from __future__ import annotations

import os
import sys

import django
from cvat_aws import mail
from cvat_aws.environment import Reader
from django.conf import settings


def main() -> None:
    read = Reader(os.environ)
    smtp = mail.smtp(read)
    read.finish()
    settings.configure(INSTALLED_APPS=[], DATABASES={}, **smtp)
    django.setup()
    from cvat_aws.mail_backend import MailNotSentError  # noqa: PLC0415 - imports REST framework, which reads settings
    from django.core.mail import send_mail  # noqa: PLC0415

    try:
        send_mail("Grüße", "https://cvat.example.com/a?b=c&d=e", None, ["ann@example.com"])
    except MailNotSentError as error:
        sys.stdout.write(f"{error.status_code} {error.detail}\n")
    else:
        sys.stdout.write("sent\n")


if __name__ == "__main__":
    main()
