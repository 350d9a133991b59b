"""`init` of release v2: what it finds in the database before it migrates."""

from __future__ import annotations

from cvat_aws_v2.initialise import newer

KNOWN = [
    *(("engine", name) for name in ("0001_squashed_0051_auto_20220512_1133", "0052_alter_cloudstorage", "0099_last")),
    ("auth", "0012_alter_user_first_name_max_length"),
    ("rest", "initial_without_number"),
]


def test_what_a_newer_cvat_has_migrated_is_found_by_the_numbers_of_migrations() -> None:
    applied = [*KNOWN, ("engine", "0100_columns"), ("engine", "0101_more"), ("auth", "0013_of_a_newer_django")]
    assert newer(applied, KNOWN) == [
        ("auth", "0013_of_a_newer_django"),
        ("engine", "0100_columns"),
        ("engine", "0101_more"),
    ]


def test_migrations_of_before_are_no_concern() -> None:
    of_before = [("engine", "0040_of_c48411ae"), ("engine", "0051_squashed_since"), ("git", "0009_application_is_gone")]
    assert newer(of_before, KNOWN) == []
    assert newer(KNOWN, KNOWN) == []
    assert newer([], KNOWN) == [], "a new database"
