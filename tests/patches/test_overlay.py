"""The settings overlay, without Django: literal environments in, settings out."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest
from cvat_aws.environment import UnusableError
from cvat_aws.overlay import overlay

OVERLAY = Path(__file__).parents[2] / "patches" / "overlay" / "cvat_aws"
ENV = {
    "DJANGO_SECRET_KEY": "k" * 50,
    "CVAT_BASE_URL": "https://cvat.example.com.cn:8443",
    "CVAT_POSTGRES_HOST": "db.example",
    "CVAT_POSTGRES_USER": "cvat",
    "CVAT_POSTGRES_PASSWORD": "p%ss/w@rd",
    "CVAT_REDIS_HOST": "redis.example",
    "CVAT_REDIS_PASSWORD": "r#dis%41@",
    "AWS_REGION": "cn-northwest-1",
}
BASE: dict[str, Any] = {
    "AUTHENTICATION_BACKENDS": ["django.contrib.auth.backends.ModelBackend"],
    "REST_FRAMEWORK": {
        "PAGE_SIZE": 10,
        "DEFAULT_THROTTLE_RATES": {"anon": "100/minute"},
        "DEFAULT_AUTHENTICATION_CLASSES": [
            "cvat.apps.authentication.auth.TokenAuthentication",
            "rest_framework.authentication.SessionAuthentication",
        ],
    },
    "RESTRICTIONS": {"reduce_task_visibility": False, "task_limit": None},
    "MIDDLEWARE": ["django.middleware.common.CommonMiddleware"],
    "NUCLIO": {"SCHEME": "http", "HOST": "localhost", "PORT": 8070, "DEFAULT_TIMEOUT": 120},
    "LOGGING": {
        "version": 1,
        "handlers": {"console": {"class": "x"}, "server_file": {"class": "y"}, "logstash": {"class": "z"}},
        "loggers": {"cvat.server": {"handlers": ["console", "server_file", "logstash"], "level": "DEBUG"}},
    },
}


def settings(**changed: str) -> dict[str, Any]:
    return overlay({**ENV, **changed}, BASE)


def test_every_mistake_is_named_at_once_and_as_a_sentence() -> None:
    with pytest.raises(UnusableError) as caught:
        overlay({"CVAT_BASE_URL": "cvat.example.com", "CVAT_REDIS_PORT": "many", "CVAT_REDIS_SSL": "maybe"}, BASE)
    problems = str(caught.value).splitlines()
    for name in (
        "DJANGO_SECRET_KEY",
        "CVAT_BASE_URL",
        "CVAT_POSTGRES_HOST",
        "CVAT_REDIS_PORT",
        "CVAT_REDIS_SSL",
    ):
        assert sum(name in line for line in problems) == 1, f"{name} should be named once in {problems}"
    assert all(line.endswith(".") or "must be like" in line for line in problems), "each problem is a sentence"


def test_a_short_secret_key_is_refused() -> None:
    with pytest.raises(UnusableError, match="has 5 characters, but needs 32"):
        settings(DJANGO_SECRET_KEY="short")


@pytest.mark.parametrize("url", ["ftp://x", "https://", "https://x:port", "https://x:99999"])
def test_a_base_url_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(UnusableError, match="CVAT_BASE_URL"):
        settings(CVAT_BASE_URL=url)


def test_postgresql_is_reached_over_verified_tls_unless_configured_otherwise() -> None:
    database = settings()["DATABASES"]["default"]
    assert (database["HOST"], database["PORT"], database["PASSWORD"]) == ("db.example", 5432, "p%ss/w@rd")
    assert database["OPTIONS"]["sslmode"] == "verify-full"
    assert database["OPTIONS"]["sslrootcert"] == "/etc/ssl/certs/rds.pem"
    local = settings(PGSSLMODE="disable", CVAT_POSTGRES_PORT="6432")["DATABASES"]["default"]
    assert (local["OPTIONS"]["sslmode"], local["PORT"]) == ("disable", 6432)


def test_all_that_talks_to_redis_checks_the_host_name_and_gives_the_password_as_it_is() -> None:
    overlaid = settings()
    for alias, db in (("rq", 0), ("default", 2)):
        cache = overlaid["CACHES"][alias]
        assert cache["LOCATION"] == f"rediss://redis.example:6379/{db}", "no password belongs into an address"
        assert cache["OPTIONS"]["PASSWORD"] == "r#dis%41@"
        assert cache["OPTIONS"]["CONNECTION_POOL_KWARGS"]["ssl_check_hostname"] is True
    cacheops = overlaid["CACHEOPS_REDIS"]
    assert (cacheops["ssl"], cacheops["ssl_check_hostname"], cacheops["db"]) == (True, True, 1)
    assert overlaid["RQ_QUEUES"]["low"] == {"USE_REDIS_CACHE": "rq", "DEFAULT_TIMEOUT": "24h"}
    assert overlaid["SESSION_ENGINE"].endswith("cached_db")


def test_redis_without_tls_asks_for_none() -> None:
    overlaid = settings(CVAT_REDIS_SSL="no")
    assert overlaid["CACHES"]["rq"]["LOCATION"].startswith("redis://")
    assert not [key for key in overlaid["CACHEOPS_REDIS"] if key.startswith("ssl")]
    assert not [key for key in overlaid["CACHES"]["rq"]["OPTIONS"]["CONNECTION_POOL_KWARGS"] if key.startswith("ssl")]


def test_a_private_certificate_authority_for_redis_can_be_named() -> None:
    overlaid = settings(CVAT_REDIS_CA="/ca.pem")
    assert overlaid["CACHEOPS_REDIS"]["ssl_ca_certs"] == "/ca.pem"
    assert overlaid["CACHES"]["default"]["OPTIONS"]["CONNECTION_POOL_KWARGS"]["ssl_ca_certs"] == "/ca.pem"


def test_the_public_url_decides_hosts_csrf_and_cookies() -> None:
    overlaid = settings()
    assert overlaid["ALLOWED_HOSTS"] == ["cvat.example.com.cn"], "'*' would let anyone forge links in mails"
    assert overlaid["CSRF_TRUSTED_ORIGINS"] == ["cvat.example.com.cn:8443"], "Django 3.1 compares host and port"
    assert overlaid["SESSION_COOKIE_SECURE"]
    assert overlaid["CSRF_COOKIE_SECURE"]
    assert overlaid["SECURE_PROXY_SSL_HEADER"] == ("HTTP_X_FORWARDED_PROTO", "https")
    plain = settings(CVAT_BASE_URL="http://10.0.0.1:81", CVAT_ALLOWED_HOSTS="a.example, b.example")
    assert not plain["SESSION_COOKIE_SECURE"], "over HTTP a secure cookie would never come back"
    assert plain["ALLOWED_HOSTS"] == ["10.0.0.1", "a.example", "b.example"]


def test_registration_is_closed_unless_opened() -> None:
    assert settings()["REGISTRATION_OPEN"] is False
    assert settings(CVAT_REGISTRATION="open")["REGISTRATION_OPEN"] is True


def test_throttling_keeps_cvats_limit_and_counts_by_the_load_balancers_word() -> None:
    throttling = settings()["REST_FRAMEWORK"]
    assert throttling["DEFAULT_THROTTLE_RATES"] == {"anon": "100/minute"}
    assert throttling["NUM_PROXIES"] == 1
    assert throttling["PAGE_SIZE"] == 10, "the rest of CVAT's settings stays"
    office = settings(CVAT_ANONYMOUS_CALLS_PER_MINUTE="2000")["REST_FRAMEWORK"]
    assert office["DEFAULT_THROTTLE_RATES"] == {"anon": "2000/minute"}, "many users may have one address"


def test_scripts_with_a_session_are_authenticated_by_our_class_in_the_place_of_djangos() -> None:
    classes = settings()["REST_FRAMEWORK"]["DEFAULT_AUTHENTICATION_CLASSES"]
    assert classes == [
        "cvat.apps.authentication.auth.TokenAuthentication",
        "cvat_aws.authentication.SessionAuthentication",
    ]


def test_logs_go_to_standard_output_only() -> None:
    logging = settings()["LOGGING"]
    assert set(logging["handlers"]) == {"console"}
    assert logging["loggers"]["cvat.server"]["handlers"] == ["console"]
    assert "server_file" in BASE["LOGGING"]["handlers"], "CVAT's own settings must not be changed in place"


def test_the_logstash_buffer_is_local_to_the_task() -> None:
    logging = settings(DJANGO_LOG_SERVER_HOST="logs.example")["LOGGING"]
    assert logging["handlers"]["logstash"]["database_path"] == "/tmp/cvat/logstash.db"
    assert logging["loggers"]["cvat.server"]["handlers"] == ["console", "logstash"]


def test_mail_is_refused_without_a_server_and_encrypted_with_one() -> None:
    assert settings()["EMAIL_BACKEND"].endswith("NoMail"), "printing it would log reset links"
    mail = settings(CVAT_SMTP_HOST="smtp.example", CVAT_SMTP_FROM="cvat@example.com")
    assert (mail["EMAIL_PORT"], mail["EMAIL_USE_TLS"], mail["EMAIL_USE_SSL"]) == (587, True, False)
    with pytest.raises(UnusableError, match="CVAT_SMTP_FROM"):
        settings(CVAT_SMTP_HOST="smtp.example")
    with pytest.raises(UnusableError, match="CVAT_SMTP_PASSWORD has a letter outside of ASCII"):
        settings(CVAT_SMTP_HOST="smtp.example", CVAT_SMTP_FROM="cvat@example.com", CVAT_SMTP_PASSWORD="wörd")


def test_ldap_is_off_without_a_server_and_maps_groups_with_one() -> None:
    assert "DJANGO_AUTH_TYPE" not in settings()
    overlaid = settings(
        CVAT_LDAP_URL="ldaps://ldap.example",
        CVAT_LDAP_USER_BASE="ou=people,dc=example",
        CVAT_LDAP_GROUP_BASE="ou=groups,dc=example",
        CVAT_LDAP_ADMIN_GROUPS="cn=admins,dc=example; cn=ops,dc=example",
    )
    assert overlaid["DJANGO_AUTH_TYPE"] == "LDAP"
    assert overlaid["AUTH_LDAP_ADMIN_GROUPS"] == ["cn=admins,dc=example", "cn=ops,dc=example"]
    assert overlaid["AUTH_LDAP_OBSERVER_GROUPS"] == []
    assert overlaid["AUTH_LDAP_START_TLS"] is False, "ldaps is encrypted already"
    assert overlaid["AUTHENTICATION_BACKENDS"][0] == BASE["AUTHENTICATION_BACKENDS"][0], "the administrator can log in"


def test_the_interface_offers_what_works() -> None:
    overlaid = settings()
    assert (overlaid["REGISTRATION_OPEN"], overlaid["MAIL_IS_SENT"], overlaid["DATASET_REPOSITORIES"]) == (
        False,
        False,
        False,
    )
    overlaid = settings(CVAT_SMTP_HOST="mail", CVAT_SMTP_FROM="cvat@example.com", CVAT_DATASET_REPOSITORIES="yes")
    assert (overlaid["MAIL_IS_SENT"], overlaid["DATASET_REPOSITORIES"]) == (True, True)


def test_tasks_without_an_assignee_can_be_hidden_from_other_accounts() -> None:
    assert settings()["RESTRICTIONS"] == {"reduce_task_visibility": False, "task_limit": None}
    assert settings(CVAT_REDUCE_TASK_VISIBILITY="yes")["RESTRICTIONS"]["reduce_task_visibility"] is True


LDAP = {
    "CVAT_LDAP_URL": "ldaps://ldap.example",
    "CVAT_LDAP_USER_BASE": "dc=example",
    "CVAT_LDAP_GROUP_BASE": "dc=example",
}


@pytest.mark.parametrize(
    ("group_type", "nested", "class_name", "object_class"),
    [
        ("", "no", "GroupOfNamesType", "groupOfNames"),
        ("groupOfUniqueNames", "yes", "NestedGroupOfUniqueNamesType", "groupOfUniqueNames"),
        ("activeDirectory", "yes", "NestedActiveDirectoryGroupType", "group"),
        ("posixGroup", "no", "PosixGroupType", "posixGroup"),
    ],
)
def test_the_type_of_ldap_groups_decides_how_they_are_searched(
    group_type: str, nested: str, class_name: str, object_class: str
) -> None:
    overlaid = settings(**LDAP, CVAT_LDAP_GROUP_TYPE=group_type, CVAT_LDAP_NESTED_GROUPS=nested)
    assert overlaid["AUTH_LDAP_GROUP_TYPE"] == class_name
    assert overlaid["AUTH_LDAP_GROUP_SEARCH"] == ("dc=example", f"(objectClass={object_class})")


@pytest.mark.parametrize(
    ("url", "start_tls", "sentence"),
    [
        ("directory.example", "", "CVAT_LDAP_URL is 'directory.example', but must be like ldaps://"),
        ("ldaps://directory.example", "yes", "encrypted from the first byte. Set it to no, or use ldap://"),
    ],
)
def test_an_address_that_no_login_could_use_is_refused(url: str, start_tls: str, sentence: str) -> None:
    with pytest.raises(UnusableError, match=sentence):
        settings(**{**LDAP, "CVAT_LDAP_URL": url, "CVAT_LDAP_START_TLS": start_tls})


def test_ldap_groups_that_cannot_be_nested_are_refused() -> None:
    with pytest.raises(UnusableError, match="CVAT_LDAP_NESTED_GROUPS is yes, but a posixGroup has users only"):
        settings(**LDAP, CVAT_LDAP_GROUP_TYPE="posixGroup", CVAT_LDAP_NESTED_GROUPS="yes")


def test_what_must_not_be_shared_stays_in_the_task() -> None:
    assert settings()["CACHE_ROOT"] == "/tmp/cvat/cache"


def test_buckets_opened_by_role_are_those_that_are_listed() -> None:
    assert settings()["CLOUD_STORAGE_ROLE_BUCKETS"] == []
    overlaid = settings(CVAT_S3_ROLE_BUCKETS="one, two")
    assert overlaid["CLOUD_STORAGE_ROLE_BUCKETS"] == ["one", "two"]
    assert overlaid["CLOUD_STORAGE_REGION"] == "cn-northwest-1"


def test_the_gateway_is_where_the_environment_says() -> None:
    nuclio = settings(CVAT_NUCLIO_HOST="gateway.local")["NUCLIO"]
    assert (nuclio["HOST"], nuclio["PORT"], nuclio["DEFAULT_TIMEOUT"]) == ("gateway.local", 8070, 120)


@pytest.mark.parametrize("path", sorted(OVERLAY.glob("*.py")), ids=lambda path: str(path.name))
def test_the_overlay_is_python_3_8(path: Path) -> None:
    ast.parse(path.read_text(), feature_version=(3, 8))
