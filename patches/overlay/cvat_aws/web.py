"""What the web sees: host names, HTTPS behind a load balancer, cookies, throttling, registration."""

from __future__ import annotations

from typing import Any, Mapping

from cvat_aws.environment import Reader

HEALTH_PATH = "/api/v1/restrictions/user-agreements"  # answers 200 without login and without the database
ANONYMOUS_CALLS = 100  # CVAT's own, a minute
AUTHENTICATION = "DEFAULT_AUTHENTICATION_CLASSES"
OURS = {"rest_framework.authentication.SessionAuthentication": "cvat_aws.authentication.SessionAuthentication"}
SHORTEST_KEY = 32  # characters; Django warns below 50, Secrets Manager's default is 32


def secret_key(read: Reader) -> str:
    key = read.required("DJANGO_SECRET_KEY", "the key that signs sessions, the same in every task")
    if key and len(key) < SHORTEST_KEY:
        read.problems.append(
            f"DJANGO_SECRET_KEY has {len(key)} characters, but needs {SHORTEST_KEY} or more. "
            "Let Secrets Manager generate one."
        )
    return key


def hosts(read: Reader) -> dict[str, Any]:
    """One public URL decides hosts, CSRF and cookies. Health checks need no entry: see `middleware`."""
    base = read.url("CVAT_BASE_URL", "the URL that users open, with scheme and port")
    https = base.scheme == "https"
    names = [base.hostname or "", *read.words("CVAT_ALLOWED_HOSTS")]
    return {
        "ALLOWED_HOSTS": names,
        "CSRF_TRUSTED_ORIGINS": [base.netloc],
        # The load balancer sets this header itself, whatever a client sends.
        "SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https"),
        "SESSION_COOKIE_SECURE": https,
        "CSRF_COOKIE_SECURE": https,
        "ACCOUNT_DEFAULT_HTTP_PROTOCOL": base.scheme,
        "UI_URL": base.geturl().rstrip("/"),
    }


def rest_framework(read: Reader, base: Mapping[str, Any]) -> dict[str, Any]:
    """Count a caller without login by the address that the load balancer saw (the last one), not by what it claims.

    All of an office behind one NAT gateway has one address: CVAT_ANONYMOUS_CALLS_PER_MINUTE is its limit, too.
    """
    calls = read.number("CVAT_ANONYMOUS_CALLS_PER_MINUTE", ANONYMOUS_CALLS)
    return {
        **base,
        AUTHENTICATION: [OURS.get(name, name) for name in base.get(AUTHENTICATION, [])],
        "DEFAULT_THROTTLE_CLASSES": ["cvat_aws.throttling.PublicRateThrottle"],
        "DEFAULT_THROTTLE_RATES": {"anon": f"{calls}/minute"},
        "NUM_PROXIES": 1,
    }


def middleware(base: list[str]) -> list[str]:
    return ["cvat_aws.middleware.HealthCheckHost", *base]


def offers(read: Reader) -> dict[str, Any]:
    """What the interface offers, beside what CVAT itself decides; see `urls`."""
    return {
        "REGISTRATION_OPEN": read.choice("CVAT_REGISTRATION", ["closed", "open"]) == "open",
        "DATASET_REPOSITORIES": read.flag("CVAT_DATASET_REPOSITORIES", default=False),
        "ROOT_URLCONF": "cvat_aws.urls",
    }


def restrictions(read: Reader, base: Mapping[str, Any]) -> dict[str, Any]:
    """CVAT shows a task that nobody is assigned to to every account, until this is set."""
    return {**base, "reduce_task_visibility": read.flag("CVAT_REDUCE_TASK_VISIBILITY", default=False)}
