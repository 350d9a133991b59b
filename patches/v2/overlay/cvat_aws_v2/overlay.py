"""From environment variables to Django settings: pure, so that it is tested without Django."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cvat_aws import mail
from cvat_aws.environment import Reader
from cvat_aws.overlay import FRAMES_IN_FLIGHT, FUNCTION_SECONDS
from cvat_aws.web import secret_key

from cvat_aws_v2 import directory, logs, stores, web

FIRST = "cvat_aws_v2"
"""Before CVAT's own applications, whose commands it replaces."""


def overlay(env: Mapping[str, str], base: Mapping[str, Any]) -> dict[str, Any]:
    """What to change in CVAT's settings `base`; raises UnusableError with all that is wrong with `env`."""
    read = Reader(env)
    settings = {
        "SECRET_KEY": secret_key(read),
        "DEBUG": False,
        "INSTALLED_APPS": [FIRST, *base.get("INSTALLED_APPS", [])],
        "DATABASES": stores.databases(read, base.get("DATABASES", {})),
        **stores.redis(read, base),
        **web.hosts(read),
        **web.opa(read),
        **web.offers(read),
        **mail.smtp(read),
        **directory.ldap(read, base["AUTHENTICATION_BACKENDS"]),
        "REST_FRAMEWORK": web.rest_framework(read, base["REST_FRAMEWORK"]),
        "MIDDLEWARE": ["cvat_aws_v2.middleware.inner_calls", *base["MIDDLEWARE"]],
        "LOGGING": logs.logging(read, base["LOGGING"]),
        "NUCLIO": {
            **base["NUCLIO"],
            "HOST": read.text("CVAT_NUCLIO_HOST", "nuclio"),
            "PORT": read.number("CVAT_NUCLIO_PORT", 8070),
            # Seconds; more where a function may have to wake first (serverless/README.md, "Functions that sleep").
            "DEFAULT_TIMEOUT": read.number("CVAT_NUCLIO_DEFAULT_TIMEOUT", FUNCTION_SECONDS, high=3600),
            "FRAMES_IN_FLIGHT": read.number("CVAT_FRAMES_IN_FLIGHT", FRAMES_IN_FLIGHT, high=64),
            "INVOKE_METHOD": "dashboard",  # the other way calls a port of Nuclio's host for each function
        },
        "CLOUD_STORAGE_REGION": read.text("AWS_REGION", "us-east-1"),
        "CLOUD_STORAGE_ROLE_BUCKETS": read.words("CVAT_S3_ROLE_BUCKETS"),
    }
    read.finish()
    return settings


def with_searches(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Needs python-ldap where LDAP is on."""
    return directory.with_searches(settings)
