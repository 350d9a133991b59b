"""`python -m tests.patches.csrf_requests`: writes over HTTPS with a session, judged by Django REST framework and by us.

Runs in CVAT's Python, without CVAT. A line for each request: "allowed", or the reason of the refusal.
"""

from __future__ import annotations

import sys
from typing import Any

import django
from django.conf import settings
from django.test import RequestFactory

TOKEN = "t" * 64  # a mask of 32 characters, and the secret under it
COOKIE = {"csrftoken": TOKEN}
SCRIPT = {"HTTP_X_CSRFTOKEN": TOKEN}
REQUESTS: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "browser": (COOKIE, {**SCRIPT, "HTTP_REFERER": "https://testserver/tasks"}),
    "script": (COOKIE, SCRIPT),
    "script with another token": (COOKIE, {"HTTP_X_CSRFTOKEN": "x" * 32 + "y" * 32}),
    "script without the cookie": ({}, SCRIPT),
    "form of another site": (COOKIE, {}),
    "script of another site": (COOKIE, {**SCRIPT, "HTTP_ORIGIN": "https://evil.example"}),
    "sandbox of another site": (COOKIE, {**SCRIPT, "HTTP_ORIGIN": "null"}),
    "page of another site": (COOKIE, {**SCRIPT, "HTTP_REFERER": "https://evil.example/"}),
}


def main() -> None:
    settings.configure(ALLOWED_HOSTS=["testserver"], ROOT_URLCONF="")
    django.setup()
    from cvat_aws.authentication import SessionAuthentication  # noqa: PLC0415 - Django must be set up
    from rest_framework import authentication, exceptions  # noqa: PLC0415

    for judge in (authentication.SessionAuthentication, SessionAuthentication):
        for name, (cookies, headers) in REQUESTS.items():
            factory = RequestFactory()
            factory.cookies.load(cookies)
            request: Any = factory.post("/api/v1/tasks", secure=True, **headers)
            try:
                judge().enforce_csrf(request)
                outcome = "allowed"
            except exceptions.PermissionDenied as refusal:
                outcome = str(refusal)
            left = "" if request.META.get("HTTP_REFERER") == headers.get("HTTP_REFERER") else " (and a Referer is left)"
            sys.stdout.write(f"{judge.__module__.split('.')[0]} {name}: {outcome}{left}\n")


if __name__ == "__main__":
    main()
