"""Answers to the functions that a program may call, such as aws.get_availability_zones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rehearsal.aws.account import Account
from rehearsal.engine.inputs import Inputs

Answer = Callable[["FunctionCall"], dict[str, Any]]

FUNCTIONS: dict[str, Answer] = {}
"""By Pulumi token."""


@dataclass(frozen=True)
class FunctionCall:
    """A call of a provider's function: where, and with which arguments."""

    account: Account
    region: str
    arguments: Inputs

    def client(self, service: str) -> Any:
        """A boto3 client in the call's region."""
        return self.account.client(service, self.region)


def function(token: str) -> Callable[[Answer], Answer]:
    """Register the answer to a function, by its Pulumi token."""

    def register(function: Answer) -> Answer:
        FUNCTIONS[token] = function
        return function

    return register
