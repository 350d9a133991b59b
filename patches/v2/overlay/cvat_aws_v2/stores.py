"""PostgreSQL and the two Redis groups: addresses, and TLS with verified certificates.

CVAT's own settings know no TLS for Redis, and write the passwords into URLs in which a `/` ends the host name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from cvat_aws import stores
from cvat_aws.environment import Reader

RQ_DB, CACHE_DB, MEDIA_DB = 0, 1, 0
"""As CVAT has them; media are in a Redis of their own."""
KEEPALIVE: dict[str, Any] = {"socket_keepalive": True, "health_check_interval": 30}


class Group(NamedTuple):
    """An ElastiCache replication group, or what stands for one in a trial."""

    host: str
    port: int
    password: str
    tls: Mapping[str, Any]
    """Arguments of redis-py's connection; empty: no TLS."""

    def url(self, database: int) -> str:
        """Without the password: it may hold any character."""
        return f"{'rediss' if self.tls else 'redis'}://{self.host}:{self.port}/{database}"


def databases(read: Reader, base: Mapping[str, Any]) -> dict[str, Any]:
    """CVAT's lock timeout and application name stay. No connection outlives its request: uvicorn's threads do not
    last, and the connection of a thread that has gone is never closed (Django, "Asynchronous support").
    """
    database = stores.databases(read)["default"]
    own = base.get("default", {}).get("OPTIONS", {})
    return {"default": {**database, "OPTIONS": {**own, **database["OPTIONS"]}, "CONN_MAX_AGE": 0}}


def _tls(read: Reader) -> dict[str, Any]:
    if not read.flag("CVAT_REDIS_SSL", default=True):
        return {}
    ca = read.text("CVAT_REDIS_CA")
    return {"ssl_check_hostname": True, **({"ssl_ca_certs": ca} if ca else {})}


def jobs(read: Reader) -> Group:
    """Jobs, locks and Django's cache; never evicted."""
    return Group(
        read.required("CVAT_REDIS_HOST", "the host name of Redis for jobs"),
        read.number("CVAT_REDIS_PORT", 6379),
        read.text("CVAT_REDIS_PASSWORD"),
        _tls(read),
    )


def media(read: Reader) -> Group:
    """Chunks, previews and context images: all of it can be made again, the least recently used is evicted."""
    return Group(
        read.required("CVAT_MEDIA_REDIS_HOST", "the host name of Redis for media"),
        read.number("CVAT_MEDIA_REDIS_PORT", 6379),
        read.text("CVAT_MEDIA_REDIS_PASSWORD"),
        _tls(read),
    )


def client(group: Group, database: int = RQ_DB) -> dict[str, Any]:
    """Keyword arguments of redis-py's client."""
    tls = {"ssl": True, **group.tls} if group.tls else {}
    password = group.password or None
    return {"host": group.host, "port": group.port, "db": database, "password": password, **KEEPALIVE, **tls}


def redis(read: Reader, base: Mapping[str, Any]) -> dict[str, Any]:
    """CVAT's settings of its queues and caches with TLS; what CVAT says of each queue (time limit ...) stays."""
    in_memory, on_disk = jobs(read), media(read)
    connection = {
        "HOST": in_memory.host,
        "PORT": in_memory.port,
        "DB": RQ_DB,
        "PASSWORD": in_memory.password or None,
        "SSL": bool(in_memory.tls),
        # CVAT's `socket_timeout: None` is for RQ below 2, which waits longer for a job than redis-py for an answer.
        "REDIS_CLIENT_KWARGS": {"socket_timeout": None, **KEEPALIVE, **in_memory.tls},
    }
    return {
        "REDIS_INMEM_SETTINGS": connection,
        "RQ_QUEUES": {name: {**queue, **connection} for name, queue in base.get("RQ_QUEUES", {}).items()},
        "CACHES": {
            name: {**base.get("CACHES", {}).get(name, {}), **_cache(group, database)}
            for name, group, database in (("default", in_memory, CACHE_DB), ("media", on_disk, MEDIA_DB))
        },
    }


def _cache(group: Group, database: int) -> dict[str, Any]:
    return {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": group.url(database),
        "OPTIONS": {"password": group.password or None, **KEEPALIVE, **group.tls},
    }
