"""Throttling of callers who have not logged in."""

from __future__ import annotations

from typing import Any

from rest_framework.throttling import AnonRateThrottle

from cvat_aws.web import HEALTH_PATH


class PublicRateThrottle(AnonRateThrottle):  # type: ignore[misc]  # Django REST framework has no types
    """CVAT's limit, which does not count health checks: 100 a minute is soon reached by a load balancer.

    A probe goes straight to the task; whatever passes through the load balancer gets an X-Forwarded-For.
    """

    def allow_request(self, request: Any, view: Any) -> bool:
        if request.path == HEALTH_PATH and "HTTP_X_FORWARDED_FOR" not in request.META:
            return True
        return bool(super().allow_request(request, view))
