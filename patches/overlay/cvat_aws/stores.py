"""PostgreSQL and Redis: addresses, and TLS with verified certificates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cvat_aws.environment import Reader, UnusableError

RDS_ROOTS = "/etc/ssl/certs/rds.pem"  # put there by server.Dockerfile
RQ_DB, CACHEOPS_DB, CACHE_DB = 0, 1, 2  # RQ and cacheops as CVAT has them
JOB_TIMEOUTS = {"default": "4h", "low": "24h"}  # CVAT's own


def databases(read: Reader) -> dict[str, Any]:
    """PGSSLMODE and PGSSLROOTCERT mean what libpq means; by default chain and host name are checked."""
    return {
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "HOST": read.required("CVAT_POSTGRES_HOST", "the host name of PostgreSQL"),
            "PORT": read.number("CVAT_POSTGRES_PORT", 5432),
            "NAME": read.text("CVAT_POSTGRES_DBNAME", "cvat"),
            "USER": read.required("CVAT_POSTGRES_USER", "the PostgreSQL user"),
            "PASSWORD": read.required("CVAT_POSTGRES_PASSWORD", "the PostgreSQL user's password"),
            # What costs is a verified TLS handshake per request; a minute's reuse leaves it to the first.
            "CONN_MAX_AGE": 60,
            "OPTIONS": {
                "sslmode": read.text("PGSSLMODE", "verify-full"),
                "sslrootcert": read.text("PGSSLROOTCERT", RDS_ROOTS),
                "connect_timeout": 10,
                "keepalives_idle": 30,  # an RDS instance that failed over does not close its connections
                "keepalives_interval": 10,
                "keepalives_count": 3,
            },
        }
    }


def check_roots(read: Reader) -> None:
    """Without root certificates libpq would say so only after a connection, and not how to get them.

    Raises UnusableError.
    """
    roots, mode = Path(read.text("PGSSLROOTCERT", RDS_ROOTS)), read.text("PGSSLMODE", "verify-full")
    if mode.startswith("verify") and not (roots.is_file() and roots.stat().st_size):
        raise UnusableError(
            f"PGSSLMODE is {mode}, but there are no root certificates in {roots}. Build the image with "
            "RDS_TRUSTSTORES, or mount a bundle and name it in PGSSLROOTCERT."
        )


def _connection(read: Reader) -> dict[str, Any]:
    """Keyword arguments for redis-py. Not a URL: redis-py 3.5 does not decode the password in one."""
    connection: dict[str, Any] = {
        "host": read.required("CVAT_REDIS_HOST", "the host name of Redis"),
        "port": read.number("CVAT_REDIS_PORT", 6379),
        "password": read.text("CVAT_REDIS_PASSWORD") or None,
        "socket_keepalive": True,
        "health_check_interval": 30,
    }
    return connection


def _tls(read: Reader) -> dict[str, Any]:
    """redis-py 3.5 checks the chain by default, but not the host name."""
    if not read.flag("CVAT_REDIS_SSL", default=True):
        return {}
    ca = read.text("CVAT_REDIS_CA")
    return {"ssl_check_hostname": True, **({"ssl_ca_certs": ca} if ca else {})}


def _cache(connection: dict[str, Any], tls: dict[str, Any], db: int, scheme: str) -> dict[str, Any]:
    pool = {key: value for key, value in connection.items() if key not in ("host", "port", "password")}
    return {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": f"{scheme}://{connection['host']}:{connection['port']}/{db}",
        "OPTIONS": {
            "PASSWORD": connection["password"],
            "CONNECTION_POOL_KWARGS": {**pool, **tls},
        },
    }


def _client(connection: dict[str, Any], tls: dict[str, Any], db: int) -> dict[str, Any]:
    return {**connection, **({"ssl": True, **tls} if tls else {}), "db": db}


def rq_client(read: Reader) -> dict[str, Any]:
    """Keyword arguments of a redis-py client for RQ's database."""
    return _client(_connection(read), _tls(read), RQ_DB)


def redis(read: Reader) -> dict[str, Any]:
    """Settings of everything in CVAT that talks to Redis: RQ and its scheduler, cacheops, cache, sessions.

    RQ takes its connection from a cache alias because django-rq 2.3 has no option for a host name check.
    """
    connection, tls = _connection(read), _tls(read)
    scheme = "rediss" if tls else "redis"
    return {
        "CACHES": {
            "default": _cache(connection, tls, CACHE_DB, scheme),
            "rq": _cache(connection, tls, RQ_DB, scheme),
        },
        "RQ_QUEUES": {
            queue: {"USE_REDIS_CACHE": "rq", "DEFAULT_TIMEOUT": timeout} for queue, timeout in JOB_TIMEOUTS.items()
        },
        "CACHEOPS_REDIS": _client(connection, tls, CACHEOPS_DB),
        "SESSION_ENGINE": "django.contrib.sessions.backends.cached_db",
    }
