"""CVAT's routes, without what is switched off on this server: the interface offers only what CVAT's schema names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cvat.apps.iam import urls as iam
from cvat.urls import urlpatterns as cvat_urlpatterns
from django.conf import settings
from django.http import JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from cvat_aws_v2 import invitations


def refuse(status: int, detail: str) -> Callable[..., JsonResponse]:
    """A view that answers every method so."""

    @csrf_exempt  # type: ignore[untyped-decorator]  # Django has no types
    def refused(_request: Any, **_: Any) -> JsonResponse:
        return JsonResponse({"detail": detail}, status=status)

    return refused  # type: ignore[no-any-return]  # for the decorator's sake


def drop(*names: str) -> None:
    """Take CVAT's routes of these names away. Each is a page of its own, so no other route refers to them."""
    routes = iam.urlpatterns[0].url_patterns
    routes[:] = [route for route in routes if route.name not in names]


closed = refuse(403, "Registration is closed on this server. Ask an administrator for an account.")
no_mail = refuse(404, "This server sends no mail. Ask an administrator for a new password.")

invitations.install()
urlpatterns = list(cvat_urlpatterns)
if not settings.REGISTRATION_OPEN:
    drop("rest_register")
    urlpatterns.insert(0, path("api/auth/register", closed))
if not settings.MAIL_IS_SENT:
    drop("rest_password_reset", "rest_password_reset_confirm")
    urlpatterns.insert(0, path("api/auth/password/reset", no_mail))
