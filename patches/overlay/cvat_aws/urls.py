"""CVAT's routes, with registration closed unless the operator opened it."""

from __future__ import annotations

from typing import Any

from cvat.urls import urlpatterns as cvat_urlpatterns
from django.conf import settings
from django.http import JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt


@csrf_exempt  # type: ignore[untyped-decorator]  # Django has no types
def registration_closed(request: Any) -> JsonResponse:
    """The form posts here; what it gets back is shown to the visitor."""
    detail = "Registration is closed on this server. Ask an administrator for an account."
    return JsonResponse({"detail": detail}, status=403)


urlpatterns = list(cvat_urlpatterns)
if not settings.REGISTRATION_OPEN:
    urlpatterns.insert(0, path("api/v1/auth/register", registration_closed))
