"""Each command of the AWS CLI on a page exists, with its options and the members that its --query reads.

The AWS CLI makes its commands from botocore's service models, so that they are what a command is compared with.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import bashlex.ast
import bashlex.parser
import botocore.session
import pytest
from botocore import xform_name
from botocore.model import OperationModel
from markdown_it import MarkdownIt

from tests.support.jmespath_members import lost_members
from tests.support.paths import ROOT
from tests.support.source_tree import sources
from tests.unit.docs.test_references import pages

WHOLE = re.compile(r"(?<![\w./-])aws [a-z0-9-]+ [a-z0-9-]+")
MESSAGE = re.compile(r"(?<![\w./-])aws ([a-z0-9]+) ([a-z]+-[a-z-]+|ls|cp|rb|mb|sync)([^`\n]*)")
OWN = {"configure": set[str](), "s3": {"ls", "cp", "mb", "rb", "sync", "rm"}, "sso": {"login"}, "logs": {"tail"}}
"""Commands that the CLI has beside those of the service models; empty: all of a name."""
EVERYWHERE = {"query", "output", "region", "profile", "endpoint-url", "no-cli-pager", "max-items", "page-size"}
MODELS = {"s3api": "s3"}
FLAT = {"put-metric-data": {"metric-name", "value", "dimensions"}}
"""Options that the CLI makes of a list's members (awscli/customizations/putmetricdata.py)."""
SESSION = botocore.session.Session()


class Command(NamedTuple):
    place: str
    """A page or a module."""
    words: list[str]

    def value(self, option: str) -> str:
        """What follows an option; empty if the command does not have it."""
        flag = f"--{option}"
        return self.words[self.words.index(flag) + 1] if flag in self.words else ""


class Collector(bashlex.ast.nodevisitor):  # type: ignore[misc]
    """Finds the commands of the AWS CLI in a piece of bash, also in what is substituted."""

    def __init__(self) -> None:
        self.found: list[list[str]] = []

    def visitcommand(self, _node: Any, parts: list[Any]) -> None:
        words = [part.word for part in parts if part.kind == "word"]
        if words[:1] == ["aws"] and len(words) > 1:
            self.found.append(words[1:])


def code(page: Path) -> Iterator[str]:
    for token in MarkdownIt().enable("table").parse(page.read_text(encoding="utf-8")):
        inline = [child.content for child in token.children or () if child.type == "code_inline"]
        yield from (text for text in (token.content if token.type == "fence" else "", *inline) if WHOLE.search(text))


def commands() -> list[Command]:
    """Of all pages."""
    listed = []
    for page in pages():
        collector = Collector()
        for text in code(page):
            for tree in bashlex.parser.parse(text):
                collector.visit(tree)
        listed += [Command(page.relative_to(ROOT).as_posix(), words) for words in collector.found]
    return listed


def printed() -> list[Command]:
    """Commands in what the program and its tools print, with their options."""
    listed = []
    for source in sources():
        for text in filter(MESSAGE.search, texts(source.tree)):
            for service, verb, rest in MESSAGE.findall(text):
                listed.append(Command(source.module, [service, verb, *re.findall(r"--[a-z-]+", rest)]))
    return listed


def texts(tree: ast.AST) -> Iterator[str]:
    """Texts of a module, with an X for each value that is put into one."""
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "X" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def model(command: Command) -> OperationModel | None:
    """What botocore knows of a command; None for one of the CLI's own. Raises LookupError."""
    service, verb, *_ = command.words
    if service in OWN and (verb in OWN[service] or not OWN[service]):
        return None
    if MODELS.get(service, service) not in SESSION.get_available_services():
        raise LookupError(f"there is no service {service}")
    described = SESSION.get_service_model(MODELS.get(service, service))
    named = {xform_name(name, "-"): name for name in described.operation_names}
    if verb not in named:
        raise LookupError(f"{service} has no command {verb}")
    return described.operation_model(named[verb])


def unknown_options(command: Command, operation: OperationModel) -> set[str]:
    members = operation.input_shape.members if operation.input_shape else {}
    known = {xform_name(name, "-") for name in members}
    known |= {f"no-{xform_name(name, '-')}" for name, shape in members.items() if shape.type_name == "boolean"}
    return (
        {word.removeprefix("--") for word in command.words if word.startswith("--")}
        - known
        - EVERYWHERE
        - FLAT.get(command.words[1], set())
    )


def problems(command: Command) -> Iterator[str]:
    """Sentences about a command of a page that a reader could not run."""
    try:
        operation = model(command)
    except LookupError as error:
        yield str(error)
        return
    if operation is None:
        return
    yield from (f"it has no option --{option}" for option in sorted(unknown_options(command, operation)))
    query = command.value("query")
    if query:
        lost = lost_members(query, operation.output_shape)
        yield from (f"its answer has no member {member}" for member in sorted(lost))


def test_each_command_of_the_aws_cli_can_be_run_as_it_stands() -> None:
    assert len(commands()) > 100, "the pages have commands"
    assert not wrong(commands())


def test_each_command_of_the_aws_cli_that_is_printed_exists() -> None:
    assert len(printed()) > 20, "remedies have commands"
    assert not wrong(printed())


def wrong(listed: list[Command]) -> list[str]:
    return [f"{cmd.place}: aws {' '.join(cmd.words)}: {problem}" for cmd in listed for problem in problems(cmd)]


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ("sagemaker list-endpoint", "sagemaker has no command list-endpoint"),
        ("sage-maker list-endpoints", "there is no service sage-maker"),
        ("rds modify-db-instance --no-delete-protection", "it has no option --no-delete-protection"),
        ("rds describe-db-instances --query DBInstances[].Status", "its answer has no member Status"),
        ("ecs describe-services --query services[?Status=='ACTIVE'].events[:3]", "its answer has no member Status"),
        (
            "elbv2 describe-listeners --query reverse(sort_by(Listeners,&Port))[].Ports",
            "its answer has no member Ports",
        ),
        ("s3 list", "s3 has no command list"),
    ],
)
def test_a_command_that_does_not_exist_is_named(words: str, problem: str) -> None:
    assert list(problems(Command("page", words.split()))) == [problem]
