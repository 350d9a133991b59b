"""`init` with a database and a user table that exist only here."""

from __future__ import annotations

from typing import Any

import pytest
from cvat_aws import initialise
from cvat_aws.environment import UnusableError


class Hasher:
    """Django's hashing, without the minutes."""

    @staticmethod
    def make_password(password: str) -> str:
        return f"hashed:{password}"

    @classmethod
    def check_password(cls, password: str, fingerprint: str) -> bool:
        return cls.make_password(password) == fingerprint


class User:
    def __init__(self, username: str, password: str) -> None:
        self.username, self.password = username, password
        self.is_staff = self.is_superuser = self.is_active = True
        self.saved = 0

    def set_password(self, password: str) -> None:
        self.password = password

    def save(self) -> None:
        self.saved += 1


class Users:
    def __init__(self) -> None:
        self.rows: list[User] = []

    def filter(self, username: str) -> Any:
        matches = [user for user in self.rows if user.username == username]
        return type("Query", (), {"first": lambda _: matches[0] if matches else None})()

    def create_superuser(self, username: str, _email: str, password: str) -> None:
        self.rows.append(User(username, password))


class Cursor:
    """Knows the statements of `init` and remembers what they store."""

    def __init__(self, busy: int = 0) -> None:
        self.applied: dict[str, str] = {}
        self.busy = busy
        self.row: Any = None

    def execute(self, statement: str, values: Any = ()) -> None:
        if "pg_try_advisory_lock" in statement:
            self.row, self.busy = (self.busy == 0,), max(0, self.busy - 1)
        elif statement.startswith("SELECT fingerprint"):
            self.row = (self.applied[values[0]],) if values[0] in self.applied else None
        elif statement.startswith("INSERT"):
            self.applied[values[0]] = values[1]
        else:
            assert "CREATE TABLE IF NOT EXISTS" in statement, statement

    def fetchone(self) -> Any:
        return self.row


def apply(cursor: Cursor, users: Users, password: str) -> str:
    return initialise.superuser(cursor, users, Hasher, "admin", "a@example.com", password)


def test_the_administrator_is_created_once() -> None:
    cursor, users = Cursor(), Users()
    assert "created" in apply(cursor, users, "one")
    assert "has not changed" in apply(cursor, users, "one")
    assert [user.password for user in users.rows] == ["one"]


def test_a_changed_secret_changes_the_password() -> None:
    cursor, users = Cursor(), Users()
    apply(cursor, users, "one")
    assert "new value" in apply(cursor, users, "two")
    assert users.rows[0].password == "two"
    assert users.rows[0].saved == 1


def test_a_password_that_was_changed_in_cvat_survives_an_unchanged_secret() -> None:
    cursor, users = Cursor(), Users()
    apply(cursor, users, "one")
    users.rows[0].set_password("chosen in CVAT")
    apply(cursor, users, "one")
    assert users.rows[0].password == "chosen in CVAT"


def test_an_administrator_that_was_deleted_comes_back() -> None:
    cursor, users = Cursor(), Users()
    apply(cursor, users, "one")
    users.rows.clear()
    assert "created" in apply(cursor, users, "one")


def test_an_account_of_that_name_from_before_becomes_the_administrator() -> None:
    cursor, users = Cursor(), Users()
    users.rows.append(User("admin", "old"))
    users.rows[0].is_superuser = False
    apply(cursor, users, "one")
    assert (users.rows[0].password, users.rows[0].is_superuser) == ("one", True)


def test_the_secret_itself_is_stored_nowhere() -> None:
    cursor = Cursor()
    apply(cursor, Users(), "one")
    assert cursor.applied == {"admin": "hashed:one"}, "only Django's salted hash of it"


def test_a_second_init_waits_for_the_first(capsys: pytest.CaptureFixture[str]) -> None:
    naps: list[float] = []
    initialise.lock(Cursor(busy=3), clock=lambda: 0.0, sleep=naps.append)
    assert len(naps) == 3
    assert "waiting" in capsys.readouterr().out


def test_waiting_ends_with_a_remedy() -> None:
    clock = iter([0.0, 1.0, 601.0])
    with pytest.raises(UnusableError, match="stop its task"):
        initialise.lock(Cursor(busy=99), clock=lambda: next(clock), sleep=lambda _: None)


def test_an_init_without_administrator_says_what_is_missing() -> None:
    with pytest.raises(UnusableError, match="DJANGO_SUPERUSER_PASSWORD is not set"):
        initialise.run({"DJANGO_SUPERUSER_USERNAME": "admin"})


def test_links_in_mails_go_to_the_address_that_users_open() -> None:
    rows: dict[int, Any] = {}

    class Sites:
        @staticmethod
        def update_or_create(*, id: int, defaults: Any) -> None:
            rows[id] = defaults

    settings = type("Settings", (), {"UI_URL": "https://cvat.example.com:8443", "SITE_ID": 1})
    initialise.public_name(settings, Sites)
    assert rows[1] == {"domain": "cvat.example.com:8443", "name": "cvat.example.com:8443"}, "Django says example.com"
