"""The repository's Python files and what each of them imports, read from their text: nothing is run."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from tests.support.paths import ROOT

IMPORT_ROOTS = ("serverless/gateway/", "serverless/models/", "patches/overlay/")
"""Folders that are on the path of what runs there (pythonpath in pyproject.toml)."""


@dataclass(frozen=True)
class Source:
    """A Python file of the repository."""

    path: str
    """Relative to the repository, with slashes."""

    module: str
    """Dotted name under which others import it."""

    @property
    def text(self) -> str:
        return (ROOT / self.path).read_text(encoding="utf-8")

    @property
    def tree(self) -> ast.Module:
        return _parsed(self.path)


@cache
def _parsed(path: str) -> ast.Module:
    return ast.parse((ROOT / path).read_text(encoding="utf-8"), path)


def _module(path: str) -> str:
    relative = path
    for root in IMPORT_ROOTS:
        relative = relative.removeprefix(root)
    return relative.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


@cache
def sources() -> tuple[Source, ...]:
    """All Python files that git tracks, or would track, without the small Pulumi programs of the tests."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.py"],  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    paths = sorted(path for path in set(listed) if (ROOT / path).is_file() and "/programs/" not in path)
    return tuple(Source(path, _module(path)) for path in paths)


def _names(source: Source) -> Iterator[str]:
    """Dotted names that a file imports, with those under TYPE_CHECKING and inside functions."""
    package = source.module.split(".")
    if not source.path.endswith("__init__.py"):
        package = package[:-1]
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            prefix = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{prefix}.{alias.name}" for alias in node.names)


def third_party(source: Source) -> set[str]:
    """First parts of all dotted names that a file imports."""
    return {name.partition(".")[0] for name in _names(source)}


@cache
def imports() -> dict[str, frozenset[str]]:
    """Path of each file -> paths of the repository's files that it imports.

    `from package import name` leads to the module package/name.py where there is one, and to package/__init__.py
    otherwise. That Python runs a package's __init__ before each of its modules is not counted.
    """
    by_module = {source.module: source.path for source in sources()}
    edges: dict[str, frozenset[str]] = {}
    for source in sources():
        targets: set[str] = set()
        for name in _names(source):
            target = by_module.get(name) or by_module.get(name.rpartition(".")[0])
            if target is not None and target != source.path:
                targets.add(target)
        edges[source.path] = frozenset(targets)
    return edges


def circles(edges: dict[str, frozenset[str]]) -> list[list[str]]:
    """Groups of files each of which reaches all others of its group by imports (Tarjan's algorithm)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    groups: list[list[str]] = []

    def visit(path: str) -> None:
        index[path] = low[path] = len(index)
        stack.append(path)
        for target in sorted(edges.get(path, ())):
            if target not in index:
                visit(target)
                low[path] = min(low[path], low[target])
            elif target in stack:
                low[path] = min(low[path], index[target])
        if low[path] == index[path]:
            group = stack[stack.index(path) :]
            del stack[stack.index(path) :]
            if len(group) > 1:
                groups.append(sorted(group))

    for path in edges:
        if path not in index:
            visit(path)
    return groups


def bound_names(source: Source) -> Iterator[tuple[str, int]]:
    """Names that a file gives to something, with their lines: functions, classes, arguments, variables, attributes."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name, node.lineno
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id, node.lineno
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr, node.lineno
        elif isinstance(node, ast.arg):
            yield node.arg, node.lineno
        elif isinstance(node, ast.alias) and node.asname:
            yield node.asname, node.lineno


def functions(source: Source) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """All functions and methods of a file."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node
