"""Who may write with a session: browsers, as before, and scripts such as CVAT's own CLI."""

from __future__ import annotations

from typing import Any

from rest_framework import authentication


class SessionAuthentication(authentication.SessionAuthentication):  # type: ignore[misc]  # DRF has no types
    """Django's CSRF check, which scripts can pass, too.

    Over HTTPS Django refuses a write without a Referer. Browsers send one, `requests` does not: CVAT's CLI, which
    logs in and then sends cookie and X-CSRFToken, could read only. A request that another site provokes always has
    an Origin or a Referer, and cannot have the header X-CSRFToken: that takes a preflight, and no site is allowed
    here. Where all three say "script", only header and cookie are compared, as always.
    """

    def enforce_csrf(self, request: Any) -> None:
        headers = request.META
        script = "HTTP_X_CSRFTOKEN" in headers and not {"HTTP_REFERER", "HTTP_ORIGIN"} & set(headers)
        if not script:
            super().enforce_csrf(request)
            return
        headers["HTTP_REFERER"] = request.build_absolute_uri("/")
        try:
            super().enforce_csrf(request)
        finally:
            del headers["HTTP_REFERER"]
