"""What the web sees: host names, HTTPS behind a load balancer, cookies, throttling, registration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cvat_aws import web
from cvat_aws.environment import Reader

HEALTH_PATH = "/cvat-aws/health"
"""Answered before anything else of Django: without login, database, Redis and OPA."""
RULES_PATH = "/api/auth/rules"
"""Where OPA, beside the server, gets its policies from every few seconds."""
OPA_URL = "http://127.0.0.1:8181"
THROTTLES = ("cvat_aws_v2.throttling.PublicRateThrottle", "rest_framework.throttling.ScopedRateThrottle")


def hosts(read: Reader) -> dict[str, Any]:
    """As for c48411ae. A client's X-Forwarded-Host passes the load balancer: CVAT must not build links from it."""
    settings = web.hosts(read)
    origin = settings["UI_URL"]
    return {**settings, "CSRF_TRUSTED_ORIGINS": [origin], "CVAT_BASE_URL": origin, "USE_X_FORWARDED_HOST": False}


def rest_framework(read: Reader, base: Mapping[str, Any]) -> dict[str, Any]:
    """Count a caller without login by the address that the load balancer saw: nginx passes its header as it is."""
    calls = read.number("CVAT_ANONYMOUS_CALLS_PER_MINUTE", web.ANONYMOUS_CALLS)
    return {
        **base,
        "DEFAULT_THROTTLE_CLASSES": list(THROTTLES),
        "DEFAULT_THROTTLE_RATES": {**base.get("DEFAULT_THROTTLE_RATES", {}), "anon": f"{calls}/minute"},
        "NUM_PROXIES": 1,
    }


def opa(read: Reader) -> dict[str, Any]:
    url = read.text("CVAT_OPA_URL", OPA_URL).rstrip("/")
    return {"IAM_OPA_URL": url, "IAM_OPA_DATA_URL": f"{url}/v1/data"}


def offers(read: Reader) -> dict[str, Any]:
    return {
        "REGISTRATION_OPEN": read.choice("CVAT_REGISTRATION", ["closed", "open"]) == "open",
        "ROOT_URLCONF": "cvat_aws_v2.urls",
    }
