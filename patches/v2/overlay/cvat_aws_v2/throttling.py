"""Throttling of callers who have not logged in."""

from __future__ import annotations

from typing import Any

from rest_framework.throttling import AnonRateThrottle

from cvat_aws_v2.web import RULES_PATH


class PublicRateThrottle(AnonRateThrottle):  # type: ignore[misc]  # Django REST framework has no types
    """CVAT's limit, which does not count OPA's calls.

    CVAT counts in Redis, for all servers together, and every OPA calls from 127.0.0.1: with nine servers their polling
    alone would reach 100 calls a minute. OPA would keep old policies, and answer with an error after a restart.
    """

    def allow_request(self, request: Any, view: Any) -> bool:
        if request.path == RULES_PATH and "HTTP_X_FORWARDED_FOR" not in request.META:
            return True
        return bool(super().allow_request(request, view))
