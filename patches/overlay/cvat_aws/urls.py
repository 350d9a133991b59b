"""CVAT's routes, without what cannot work on this server: the interface does not offer it, or shows a sentence."""

from __future__ import annotations

from typing import Any, Callable

from cvat.apps.engine.views import ServerViewSet
from cvat.urls import urlpatterns as cvat_urlpatterns
from django.conf import settings
from django.http import JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt


def refuse(status: int, detail: str) -> Callable[..., JsonResponse]:
    """A view that answers every method so; the interface shows `detail` to its user."""

    @csrf_exempt  # type: ignore[untyped-decorator]  # Django has no types
    def refused(_request: Any, **_: Any) -> JsonResponse:
        return JsonResponse({"detail": detail}, status=status)

    return refused  # type: ignore[no-any-return]  # for the decorator's sake


def plugins(request: Any) -> Any:
    """CVAT's list of what the interface shows, without linked git repositories."""
    response = ServerViewSet.as_view({"get": "plugins"})(request)
    if response.status_code == 200:  # noqa: PLR2004
        response.data["GIT_INTEGRATION"] = False
    return response


closed = refuse(403, "Registration is closed on this server. Ask an administrator for an account.")
# 404: the interface then does not show its link "Forgot your password?".
no_mail = refuse(404, "This server sends no mail. Ask an administrator for a new password.")
no_git = refuse(403, "Dataset repositories are switched off on this server.")

urlpatterns = list(cvat_urlpatterns)
if not settings.REGISTRATION_OPEN:
    urlpatterns.insert(0, path("api/v1/auth/register", closed))
if not settings.MAIL_IS_SENT:
    urlpatterns.insert(0, path("api/v1/auth/password/reset", no_mail))
if not settings.DATASET_REPOSITORIES:
    urlpatterns.insert(0, path("api/v1/server/plugins", plugins))
    urlpatterns.insert(0, path("git/repository/create/<int:tid>", no_git))
