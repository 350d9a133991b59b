"""Which members a JMESPath expression reads that an answer of AWS does not have."""

from __future__ import annotations

from typing import Any

import jmespath
from botocore.model import Shape

SAME_FORM = {"sort_by", "reverse"}
"""Functions whose result has the form of their first argument."""

Tree = dict[str, Any]
"""A node of jmespath's syntax tree: type, children, and the value of some types."""


def lost_members(expression: str, shape: Shape | None) -> set[str]:
    """Names that the expression reads where the shape of the answer has no such member."""
    reader = _Reader()
    reader.follow(jmespath.compile(expression).parsed, shape)
    return reader.lost


class _Reader:
    """Follows an expression through a shape. None is a shape that is not known: what a function gives, for example."""

    def __init__(self) -> None:
        self.lost: set[str] = set()

    def follow(self, tree: Tree, shape: Shape | None) -> Shape | None:
        """The shape of what the expression gives."""
        result: Shape | None = getattr(self, f"_{tree['type']}", self._each)(tree, shape)
        return result

    def _field(self, tree: Tree, shape: Shape | None) -> Shape | None:
        if shape is None or shape.type_name == "map":
            return shape and shape.value
        member = shape.members.get(tree["value"]) if shape.type_name == "structure" else None
        self.lost |= set() if member else {tree["value"]}
        return member

    def _subexpression(self, tree: Tree, shape: Shape | None) -> Shape | None:
        left, right = tree["children"]
        return self.follow(right, self.follow(left, shape))

    _index_expression = _pipe = _subexpression

    def _projection(self, tree: Tree, shape: Shape | None) -> Shape | None:
        left, right, *filters = tree["children"]
        element = _element(self.follow(left, shape))
        for condition in filters:
            self.follow(condition, element)
        return self.follow(right, element)

    _filter_projection = _value_projection = _projection

    def _flatten(self, tree: Tree, shape: Shape | None) -> Shape | None:
        listed = self.follow(tree["children"][0], shape)
        element = _element(listed)
        return element if element is not None and element.type_name == "list" else listed

    def _index(self, _tree: Tree, shape: Shape | None) -> Shape | None:
        return _element(shape)

    def _identity(self, _tree: Tree, shape: Shape | None) -> Shape | None:
        return shape

    _current = _slice = _identity

    def _function_expression(self, tree: Tree, shape: Shape | None) -> Shape | None:
        first, *others = tree["children"]
        listed = self.follow(first, shape)
        for argument in others:
            self.follow(argument, _element(listed) if argument["type"] == "expref" else shape)
        return listed if tree["value"] in SAME_FORM else None

    def _each(self, tree: Tree, shape: Shape | None) -> None:
        for child in tree["children"]:
            self.follow(child, shape)


def _element(shape: Shape | None) -> Shape | None:
    return shape.member if shape is not None and shape.type_name == "list" else shape
