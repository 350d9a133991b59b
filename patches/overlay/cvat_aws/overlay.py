"""From environment variables to Django settings: pure, so that it is tested without Django."""

from __future__ import annotations

from typing import Any, Mapping

from cvat_aws import directory, logs, mail, stores, web
from cvat_aws.environment import Reader

SCRATCH = "/tmp/cvat"  # noqa: S108 - local to the task by design, and the only user of the task's /tmp
FUNCTION_SECONDS = 120
"""CVAT's own limit for a call of a function (cvat/settings/base.py)."""
FRAMES_IN_FLIGHT = 4
"""Calls of a function at a time in one automatic annotation: what an endpoint of one small instance takes."""


def overlay(env: Mapping[str, str], base: Mapping[str, Any]) -> dict[str, Any]:
    """What to change in CVAT's settings `base`; raises UnusableError with all that is wrong with `env`."""
    read = Reader(env)
    scratch = read.text("CVAT_SCRATCH_DIR", SCRATCH)
    settings = {
        "SECRET_KEY": web.secret_key(read),
        "DEBUG": False,
        "DATABASES": stores.databases(read),
        **stores.redis(read),
        **web.hosts(read),
        **web.offers(read),
        **mail.smtp(read),
        **directory.ldap(read, base["AUTHENTICATION_BACKENDS"]),
        "REST_FRAMEWORK": web.rest_framework(read, base["REST_FRAMEWORK"]),
        "RESTRICTIONS": web.restrictions(read, base.get("RESTRICTIONS", {})),
        "MIDDLEWARE": web.middleware(base["MIDDLEWARE"]),
        "LOGGING": logs.logging(read, base["LOGGING"], scratch),
        # Chunks made on demand are kept in SQLite in WAL mode, which no network file system can carry.
        "CACHE_ROOT": f"{scratch}/cache",
        "MIGRATIONS_LOGS_ROOT": f"{scratch}/migrations",
        "NUCLIO": {
            **base["NUCLIO"],
            "HOST": read.text("CVAT_NUCLIO_HOST", "nuclio"),
            "PORT": read.number("CVAT_NUCLIO_PORT", 8070),
            # Seconds; more where a function may have to wake first (serverless/README.md, "Functions that sleep").
            "DEFAULT_TIMEOUT": read.number("CVAT_NUCLIO_DEFAULT_TIMEOUT", FUNCTION_SECONDS, high=3600),
            "FRAMES_IN_FLIGHT": read.number("CVAT_FRAMES_IN_FLIGHT", FRAMES_IN_FLIGHT, high=64),
        },
        "CLOUD_STORAGE_REGION": read.text("AWS_REGION", "us-east-2"),
        "CLOUD_STORAGE_ROLE_BUCKETS": read.words("CVAT_S3_ROLE_BUCKETS"),
    }
    read.finish()
    return settings
