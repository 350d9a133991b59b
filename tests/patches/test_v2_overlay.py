"""The settings overlay of CVAT v2, without Django: literal environments in, settings out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cvat_aws.environment import UnusableError
from cvat_aws_v2 import commands, directory, front, initialise, queue_metrics, upgrade
from cvat_aws_v2.__main__ import parser
from cvat_aws_v2.overlay import overlay

V2 = Path(__file__).parents[2] / "patches" / "v2"
DECLARATION = json.loads((V2 / "server.environment.json").read_text(encoding="utf-8"))
ODD = "r3d!s/p@ss:w#rd%2F?"
ENV = {
    "DJANGO_SECRET_KEY": "k" * 50,
    "CVAT_BASE_URL": "https://cvat.example.com.cn:8443",
    "CVAT_POSTGRES_HOST": "db.example",
    "CVAT_POSTGRES_USER": "cvat",
    "CVAT_POSTGRES_PASSWORD": "p%ss/w@rd",
    "CVAT_REDIS_HOST": "jobs.example",
    "CVAT_REDIS_PASSWORD": ODD,
    "CVAT_MEDIA_REDIS_HOST": "media.example",
    "CVAT_MEDIA_REDIS_PASSWORD": "m/" + ODD,
    "AWS_REGION": "cn-northwest-1",
}
BASE: dict[str, Any] = {
    "INSTALLED_APPS": ["cvat.apps.redis_handler"],
    "AUTHENTICATION_BACKENDS": ["django.contrib.auth.backends.ModelBackend"],
    "REST_FRAMEWORK": {"PAGE_SIZE": 10, "DEFAULT_THROTTLE_RATES": {"anon": "100/minute", "dj_rest_auth": None}},
    "MIDDLEWARE": ["django.middleware.security.SecurityMiddleware"],
    "NUCLIO": {"SCHEME": "http", "HOST": "localhost", "PORT": 8070, "INVOKE_METHOD": "direct"},
    "DATABASES": {"default": {"OPTIONS": {"options": "-c lock_timeout=10000"}}},
    "RQ_QUEUES": {"import": {"HOST": "localhost", "DEFAULT_TIMEOUT": "4h", "PARSED_JOB_ID_CLASS": "x"}},
    "CACHES": {"media": {"LOCATION": "redis://:p@h", "TIMEOUT": 86400}},
    "LOGGING": {
        "handlers": {"console": {"class": "x"}, "dataset_handler": {"class": "y"}, "vector": {"class": "z"}},
        "loggers": {"cvat": {"level": "DEBUG"}, "dataset_logger": {"handlers": ["dataset_handler"]}},
    },
}


def settings(**changed: str) -> dict[str, Any]:
    return overlay({**ENV, **changed}, BASE)


def test_every_mistake_is_named_at_once_and_as_a_sentence() -> None:
    with pytest.raises(UnusableError) as caught:
        overlay({"CVAT_BASE_URL": "cvat.example.com", "CVAT_MEDIA_REDIS_PORT": "many"}, BASE)
    problems = str(caught.value)
    for name in ("DJANGO_SECRET_KEY", "CVAT_REDIS_HOST", "CVAT_MEDIA_REDIS_HOST", "CVAT_MEDIA_REDIS_PORT"):
        assert name in problems


def test_no_password_is_put_into_a_url() -> None:
    built = settings()
    for name, password in (("default", ODD), ("media", "m/" + ODD)):
        cache = built["CACHES"][name]
        assert password not in cache["LOCATION"]
        assert cache["OPTIONS"]["password"] == password, "redis-py would decode what a URL holds"
        assert cache["LOCATION"].startswith("rediss://")
        assert cache["OPTIONS"]["ssl_check_hostname"] is True
    assert built["CACHES"]["default"]["LOCATION"].endswith("jobs.example:6379/1"), "RQ has database 0"


def test_queues_have_tls_and_keep_what_cvat_says_of_them() -> None:
    queue = settings()["RQ_QUEUES"]["import"]
    assert queue["SSL"] is True
    assert (queue["HOST"], queue["PASSWORD"]) == ("jobs.example", ODD)
    assert queue["REDIS_CLIENT_KWARGS"]["ssl_check_hostname"] is True
    assert queue["REDIS_CLIENT_KWARGS"]["socket_timeout"] is None, "RQ below 2 waits longer than redis-py would"
    assert (queue["DEFAULT_TIMEOUT"], queue["PARSED_JOB_ID_CLASS"]) == ("4h", "x")


def test_postgresql_is_verified_and_cvats_lock_timeout_stays() -> None:
    database = settings()["DATABASES"]["default"]
    assert database["OPTIONS"]["sslmode"] == "verify-full"
    assert database["OPTIONS"]["options"] == "-c lock_timeout=10000"
    assert database["CONN_MAX_AGE"] == 0, "connections of threads that have gone would stay open"


def test_a_clients_forwarded_host_is_not_believed_and_its_address_is_the_balancers() -> None:
    built = settings()
    assert built["USE_X_FORWARDED_HOST"] is False
    assert built["ALLOWED_HOSTS"] == ["cvat.example.com.cn"]
    assert built["CSRF_TRUSTED_ORIGINS"] == ["https://cvat.example.com.cn:8443"], "Django wants the scheme since 4.0"
    assert built["REST_FRAMEWORK"]["NUM_PROXIES"] == 1
    assert built["REST_FRAMEWORK"]["DEFAULT_THROTTLE_RATES"] == {"anon": "100/minute", "dj_rest_auth": None}
    assert built["SESSION_COOKIE_SECURE"]
    assert built["CSRF_COOKIE_SECURE"]


def test_the_overlay_comes_before_cvat() -> None:
    built = settings()
    assert built["INSTALLED_APPS"][0] == "cvat_aws_v2", "Django takes `migrateredis` from the first that has it"
    assert built["MIDDLEWARE"][0] == "cvat_aws_v2.middleware.inner_calls", "a probe must not meet the check of hosts"
    assert built["NUCLIO"]["FRAMES_IN_FLIGHT"] == 4, "one call after the other takes four times as long"
    assert built["NUCLIO"]["INVOKE_METHOD"] == "dashboard", "the gateway is no host with a port for each function"


def test_no_log_is_a_file_of_the_task() -> None:
    logging = settings()["LOGGING"]
    assert set(logging["handlers"]) == {"console"}
    assert logging["loggers"]["dataset_logger"]["handlers"] == []
    assert set(settings(DJANGO_LOG_SERVER_HOST="vector")["LOGGING"]["handlers"]) == {"console", "vector"}


def test_ldap_groups_of_the_old_release_are_the_roles_of_today() -> None:
    ldap = settings(
        CVAT_LDAP_URL="ldaps://ad.example",
        CVAT_LDAP_USER_BASE="ou=people",
        CVAT_LDAP_GROUP_BASE="ou=groups",
        CVAT_LDAP_ADMIN_GROUPS="CN=Admins,DC=x",
        CVAT_LDAP_ANNOTATOR_GROUPS="cn=a;cn=b",
        CVAT_LDAP_OBSERVER_GROUPS="cn=o",
    )
    assert ldap["IAM_TYPE"] == "LDAP"
    assert directory.roles(ldap) == {
        "admin": ["cn=admins,dc=x"],
        "user": [],
        "worker": ["cn=a", "cn=b", "cn=o"],
    }


def test_an_answer_may_take_as_long_as_the_balancer_waits_and_longer_than_a_function() -> None:
    configuration = front.configuration(Path("/tmp/n"), Path("/home/django"), 8080, 8081, commands.TIMEOUT_S)
    assert "proxy_read_timeout 300s;" in configuration, "CVAT's own nginx gives up a function after 60 s"
    assert "X-Forwarded-For $" not in configuration, "Django counts exactly one proxy"
    assert "internal;" in configuration.partition("location /data/")[2].partition("}")[0]
    assert "CVAT_API_PORT" in DECLARATION["properties"]


def test_uvicorn_believes_no_header_and_outlives_nginxs_idle_connections() -> None:
    arguments = commands.web_arguments({})
    assert "--no-proxy-headers" in arguments
    keep_alive = int(arguments[arguments.index("--timeout-keep-alive") + 1])
    assert keep_alive > 30, "nginx would use a connection that uvicorn has just closed: 502"
    assert int(arguments[arguments.index("--timeout-graceful-shutdown") + 1]) < 120


def test_declared_are_the_commands_and_queues_of_the_entry_point() -> None:
    (subparsers,) = [action for action in parser()._actions if action.choices]
    assert subparsers.choices is not None
    assert set(DECLARATION["commands"]) == set(subparsers.choices)
    assert tuple(DECLARATION["commands"]["worker"]["arguments"]) == queue_metrics.QUEUES


@pytest.mark.parametrize("command", [name for name in DECLARATION["commands"] if name not in ("copy-demo", "health")])
def test_a_command_starts_with_what_it_requires_and_not_with_less(command: str) -> None:
    required = DECLARATION["commands"][command]["required"]
    values = ENV | {"CVAT_STACK": "s", "DJANGO_SUPERUSER_USERNAME": "a", "DJANGO_SUPERUSER_PASSWORD": "p"}

    def start(environment: dict[str, str]) -> None:
        if command == "queue-metrics":
            queue_metrics.settings(environment)
        elif command == "init":
            initialise.options(environment)
        if command in ("web", "worker", "scheduler", "init"):
            overlay(environment, BASE)

    start({name: values[name] for name in required})
    for left_out in required:
        with pytest.raises(UnusableError, match=left_out):
            start({name: values[name] for name in required if name != left_out})


def test_unknown_queues_are_refused() -> None:
    with pytest.raises(UnusableError, match="CVAT_QUEUES names 'low'"):
        queue_metrics.settings(ENV | {"CVAT_STACK": "s", "CVAT_QUEUES": "import,low"})


class Cursor:
    """Answers of PostgreSQL, in order."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.statements: list[str] = []

    def execute(self, statement: str, _values: Any = None) -> None:
        self.statements.append(statement)

    def fetchone(self) -> Any:
        return (self.answers.pop(0),)


@pytest.mark.parametrize(
    ("answers", "sentence"), [((None,), "the database is empty"), (("django_migrations", 0), "the container `upgrade`")]
)
def test_an_upgrade_without_its_first_half_says_what_is_wrong(answers: tuple[Any, ...], sentence: str) -> None:
    with pytest.raises(UnusableError, match=sentence):
        upgrade.before(Cursor(*answers), lambda _: None)
