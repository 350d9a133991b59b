"""A dynamic resource that writes down what its provider was asked to do. Programs under tests/support/programs use it.

It is a module because Pulumi pickles a provider of the program itself by value, with all that it refers to; in a test
process that has run many programs, that exceeded Python's recursion limit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import boto3
from pulumi.dynamic import CreateResult, DiffResult, Resource, ResourceProvider, UpdateResult

Props = Mapping[str, Any]


def said(text: str) -> None:
    """What the provider was asked to do, where a test finds it."""
    ssm = boto3.client("ssm", region_name="cn-northwest-1")
    known = [parameter["Value"] for parameter in ssm.get_parameters(Names=["said"])["Parameters"]]
    ssm.put_parameter(Name="said", Type="String", Overwrite=True, Value="; ".join([*known, text]))


class WordProvider(ResourceProvider):
    """Looks at `word` only."""

    def diff(self, _id: str, olds: Props, news: Props) -> DiffResult:
        replaces = ["kind"] if olds.get("kind") != news.get("kind") else []
        return DiffResult(changes=bool(replaces) or olds.get("word") != news.get("word"), replaces=replaces)

    def create(self, props: Props) -> CreateResult:
        said(f"created {props['word']}")
        return CreateResult(id_=f"id-{props['kind']}", outs=dict(props))

    def update(self, _id: str, olds: Props, news: Props) -> UpdateResult:
        said(f"{olds['word']} became {news['word']}")
        return UpdateResult(outs=dict(news))

    def delete(self, _id: str, _props: Props) -> None:
        said(f"deleted {_id}")


class Word(Resource, module="changing", name="Word"):
    """A resource with this provider."""
