"""Django middleware."""

from __future__ import annotations

from typing import Any, Callable

from cvat_aws.web import HEALTH_PATH


class HealthCheckHost:
    """Let the load balancer's probe in: its Host header is the task's address, which no setting can know.

    Everything else keeps Django's host check, so ALLOWED_HOSTS need not be '*'.
    """

    def __init__(self, get_response: Callable[[Any], Any]) -> None:
        from django.conf import settings

        self.get_response = get_response
        self.host = settings.ALLOWED_HOSTS[0]

    def __call__(self, request: Any) -> Any:
        if request.path == HEALTH_PATH:
            request.META["HTTP_HOST"] = self.host
        return self.get_response(request)
