"""Names in code are those of AWS, Pulumi, Django and CVAT: docs/glossary.md. No file or function is too long."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator

from tests.support.source_tree import Source, bound_names, functions, sources

RETIRED: dict[str, str] = {
    "anew": "again",
    "bridge": "moto_patch",
    "bridges": "moto_patches",
    "calm": "no_faults",
    "conductor": "edge_routing",
    "conductors": "edge_routing",
    "damage": "mutation",
    "damages": "mutations",
    "demands": "StackPolicy",
    "door": "listener",
    "doors": "listeners",
    "errand": "scheduled_call",
    "errands": "scheduled_calls",
    "mend": "fix",
    "mended": "fixed",
    "nobody": "the passive, or who it is",
    "observability": "log_groups",
    "resting": "sleep",
    "site": "stack_context",
    "somebody": "the passive, or who it is",
    "told": "notifications, sleep_output or the passive",
}
"""A word that is no part of any name -> what to say instead."""

RETIRED_NAMES = re.compile(
    r"^(front_door|stop_again|put_off|asleep_page|cvat_release|task_end|fresh_clients|ways_out|why_not\w*"
    r"|Named(?!Tuple)[A-Z]\w*|\w+Facts|Stage|Play)$"
)
"""Whole names that have gone."""

RETIRED_MODULES = frozenset(
    "existing hands over updating make bridges locked stage ask places ways_out names purity units pack conductors "
    "claims resting damages asleep_page errands doors cvat_release fresh_clients task_end "
    "keys_given keys_access".split()
)

VAGUE = frozenset({"one", "found", "wanted"})
"""Variables that do not say what they hold."""

VAGUE_IN_LOOPS = VAGUE | {"made", "given"}

MOST_LINES_OF_A_FILE = 400
MOST_LINES_OF_A_FUNCTION = 60


def parts(name: str) -> set[str]:
    """The words of a name in snake case or camel case."""
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)}


def retired(source: Source) -> Iterator[str]:
    """Each retired name that a file binds, with its place."""
    stem = source.module.rpartition(".")[2]
    if stem in RETIRED_MODULES and not source.path.startswith(("demo/", "tests/")):
        yield f"{source.path}: the module's name"
    for name, line in bound_names(source):
        words = sorted(parts(name) & RETIRED.keys())
        if words or RETIRED_NAMES.match(name):
            yield f"{source.path}:{line}: {name}" + "".join(f" ({word}: say {RETIRED[word]})" for word in words)


def targets(node: ast.AST) -> set[str]:
    return {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}


def vague(source: Source) -> Iterator[str]:
    """Each variable that does not say what it holds, with its place."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
            names = targets(node.target) & VAGUE_IN_LOOPS
            place = getattr(node.target, "lineno", 0)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names, place = {node.id} & VAGUE, node.lineno
        elif isinstance(node, ast.arg):
            names, place = {node.arg} & VAGUE, node.lineno
        else:
            continue
        yield from (f"{source.path}:{place}: {name}" for name in sorted(names))


def everywhere(find: Callable[[Source], Iterator[str]]) -> list[str]:
    return [line for source in sources() for line in dict.fromkeys(find(source))]


def test_no_name_has_a_word_of_the_private_vocabulary() -> None:
    lines = everywhere(retired)
    assert not lines, "\n".join(lines)


def test_variables_say_what_they_hold() -> None:
    lines = everywhere(vague)
    assert not lines, "\n".join(lines)


def test_a_file_is_read_in_one_sitting() -> None:
    long = {source.path: lines for source in sources() if (lines := source.text.count("\n")) > MOST_LINES_OF_A_FILE}
    assert not long, f"over {MOST_LINES_OF_A_FILE} lines: {long}: a subject that outgrows its file becomes a folder"


def test_a_function_fits_on_a_screen() -> None:
    long = {
        f"{source.path}:{function.lineno} {function.name}": lines
        for source in sources()
        for function in functions(source)
        if (lines := (function.end_lineno or function.lineno) - function.lineno + 1) > MOST_LINES_OF_A_FUNCTION
    }
    assert not long, f"over {MOST_LINES_OF_A_FUNCTION} lines: {long}"
