"""patches/server.environment.json says what the image reads, requires and refuses; here it is held against the code."""

from __future__ import annotations

import argparse
import ast
import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import cvat_aws
import pytest
from cvat_aws import commands, demo, initialise, queue_metrics
from cvat_aws.__main__ import parser
from cvat_aws.environment import UnusableError
from cvat_aws.overlay import overlay

from rehearsal.checks.image_environment import ImageEnvironment

OVERLAY = Path(cvat_aws.__file__).parent
DECLARATION = json.loads((OVERLAY.parent.parent / "server.environment.json").read_text(encoding="utf-8"))
DECLARED = ImageEnvironment(DECLARATION)

READING = ("text", "required", "flag", "number", "choice", "words", "url", "get", "getenv")
"""Methods of the overlay's Reader, and of mappings, whose first argument names a variable."""

CVATS_SETTINGS = {
    "LOGGING": {"handlers": {"console": {}, "logstash": {}}, "loggers": {}},
    "REST_FRAMEWORK": {},
    "NUCLIO": {},
    "AUTHENTICATION_BACKENDS": [],
    "MIDDLEWARE": [],
}
"""As much of CVAT's own settings as the overlay looks at."""

USABLE = {
    "DJANGO_SECRET_KEY": "k" * 50,
    "CVAT_BASE_URL": "https://cvat.example.com:8443",
    "DEMO_SOURCE": "s3://bucket/prefix",
    "CVAT_SMTP_HOST": "mail.example.com",
    "CVAT_SMTP_FROM": "cvat@example.com",
    "CVAT_LDAP_URL": "ldap://directory.example.com",
    "CVAT_LDAP_USER_BASE": "ou=people",
    "CVAT_LDAP_GROUP_BASE": "ou=groups",
}
"""Values that are accepted, where any text will not do, and what makes the image read further variables."""


def names_in_the_code() -> Iterator[str]:
    """Each variable's name; where a part of it is computed, as a regular expression."""
    for path in sorted(OVERLAY.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
                name = pattern(node.args[0]) if node.func.attr in READING else ""
                if name:
                    yield name


def pattern(argument: ast.expr) -> str:
    parts: list[Any] = argument.values if isinstance(argument, ast.JoinedStr) else [argument]
    text = "".join(
        re.escape(part.value) if isinstance(part, ast.Constant) and isinstance(part.value, str) else "[A-Z]+"
        for part in parts
    )
    return text if re.match(r"[A-Z][A-Z0-9]*_", text) else ""


def start(command: str, environment: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """All that the image checks before it does anything; raises UnusableError."""
    if command == "copy-demo":
        demo.source(environment)
    elif command == "queue-metrics":
        queue_metrics.settings(environment)
    elif command != "health":
        overlay(environment, CVATS_SETTINGS)
        monkeypatch.setattr(commands, "_become", lambda _: 0)
        monkeypatch.setattr(commands, "_serve", lambda _options, _apache: 0)
        monkeypatch.setattr(os, "environ", dict(environment))
        if command == "web":
            commands.web()
        elif command == "worker":
            commands.worker("default")
        elif command == "init":
            try:
                initialise.run(environment)
            except ImportError:
                return  # the environment is accepted, and Django is imported


def usable(command: str) -> dict[str, str]:
    """The least environment of a command."""
    required = DECLARATION["commands"][command]["required"]
    return {name: USABLE.get(name, "value") for name in required}


def test_declared_are_the_variables_that_the_code_reads_and_no_others() -> None:
    own = {name for name, rule in DECLARATION["properties"].items() if rule.get("readBy") != "cvat"}
    in_code = set(names_in_the_code())
    undeclared = {name for name in in_code if not any(re.fullmatch(name, variable) for variable in own)}
    assert not undeclared, "declare them in patches/server.environment.json"
    unread = {variable for variable in own if not any(re.fullmatch(name, variable) for name in in_code)}
    assert not unread, "nothing reads these: remove them from patches/server.environment.json"


def test_declared_are_the_commands_of_the_entry_point() -> None:
    (commands_of_parser,) = [
        action.choices for action in parser()._actions if isinstance(action, argparse._SubParsersAction)
    ]
    assert DECLARATION["commands"].keys() == commands_of_parser.keys()
    for name, command in DECLARATION["commands"].items():
        choices = [list(action.choices) for action in commands_of_parser[name]._actions if action.choices]
        assert ([command["arguments"]] if "arguments" in command else []) == choices, name


@pytest.mark.parametrize("command", DECLARATION["commands"])
def test_a_command_starts_with_what_it_requires(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    start(command, usable(command), monkeypatch)
    arguments = [command, *DECLARATION["commands"][command].get("arguments", [])[:1]]
    assert not list(DECLARED.problems(arguments, usable(command)))


@pytest.mark.parametrize(
    ("command", "name"),
    [(command, name) for command, rule in DECLARATION["commands"].items() for name in rule["required"]],
)
def test_a_command_does_not_start_without(command: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnusableError, match=f"{name} is not set"):
        start(command, {**usable(command), name: ""}, monkeypatch)


@pytest.mark.parametrize(
    ("variable", "required"),
    [(variable, name) for variable, names in DECLARATION["dependentRequired"].items() for name in names],
)
def test_a_variable_requires_another(variable: str, required: str) -> None:
    with pytest.raises(UnusableError, match=f"{required} is not set"):
        overlay(usable("web") | {variable: USABLE[variable]}, CVATS_SETTINGS)


def refused(rule: Mapping[str, Any]) -> str:
    """A value that a rule forbids; empty where it forbids none."""
    if "enum" in rule or rule.get("type") == "integer":
        return str(rule["maximum"] + 1) if "maximum" in rule else "perhaps"
    return "x" if "pattern" in rule or "minLength" in rule else ""


@pytest.mark.parametrize(
    ("variable", "value"),
    [(name, refused(rule)) for name, rule in DECLARATION["properties"].items() if refused(rule)],
)
def test_what_the_declaration_refuses_the_code_refuses(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = {"DEMO_SOURCE": "copy-demo", "CVAT_WORKER_DRAIN_S": "worker"}.get(variable, "web")
    environment = usable(command) | ({} if command == "copy-demo" else USABLE) | {variable: value}
    assert [problem for problem in DECLARED.problems([command, "low"][: 1 + (command == "worker")], environment)]
    with pytest.raises(UnusableError, match=variable):
        start(command, environment, monkeypatch)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        *((name, value) for name, rule in DECLARATION["properties"].items() for value in rule.get("enum", ())),
        *((name, value) for name, rule in DECLARATION["properties"].items() for value in rule.get("examples", ())),
        *((name, str(rule["minimum"])) for name, rule in DECLARATION["properties"].items() if "minimum" in rule),
        *((name, str(rule["maximum"])) for name, rule in DECLARATION["properties"].items() if "maximum" in rule),
    ],
)
def test_what_the_declaration_accepts_the_code_accepts(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = {"DEMO_SOURCE": "copy-demo", "CVAT_WORKER_DRAIN_S": "worker"}.get(variable, "web")
    start(command, usable(command) | USABLE | {variable: value}, monkeypatch)
