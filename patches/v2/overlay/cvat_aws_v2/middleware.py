"""Django middleware: the load balancer's probe, and OPA's calls for its policies."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.http import HttpResponse
from django.utils.decorators import sync_and_async_middleware

from cvat_aws_v2.web import HEALTH_PATH, RULES_PATH


def _from_inside(request: Any) -> bool:
    """Whatever passes the load balancer has an X-Forwarded-For."""
    return "HTTP_X_FORWARDED_FOR" not in request.META


def _answer(request: Any) -> HttpResponse | None:
    """Both callers name the task's own address as Host, which no setting can know. Others' hosts are checked."""
    if request.path == HEALTH_PATH:
        return HttpResponse("ok\n", content_type="text/plain")
    if request.path == RULES_PATH and _from_inside(request):
        request.META["HTTP_HOST"] = settings.ALLOWED_HOSTS[0]
    return None


@sync_and_async_middleware  # type: ignore[untyped-decorator]  # Django has no types
def inner_calls(get_response: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Comes first. The probe is answered in uvicorn's event loop, whatever the threads of requests are busy with."""
    if iscoroutinefunction(get_response):

        async def later(request: Any) -> Any:
            answer: Awaitable[Any] = get_response(request) if (early := _answer(request)) is None else _done(early)
            return await answer

        return later

    def at_once(request: Any) -> Any:
        early = _answer(request)
        return get_response(request) if early is None else early

    return at_once


async def _done(response: HttpResponse) -> HttpResponse:
    return response
