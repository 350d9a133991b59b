"""What a patch of moto is, and the ways to change moto's classes."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from types import ModuleType
from typing import Any
from unittest import mock

import botocore.exceptions
from moto.core.exceptions import ServiceException

from region import Region

Client = Callable[[str], Any]
"""A boto3 client by the name of its service."""

Probe = Callable[[Client], bool]
"""Whether the account does as AWS does."""

CHINA = "cn-northwest-1"


class RefusedError(ServiceException):
    """An error of whichever service is called: code and message."""


@dataclass(frozen=True)
class MotoPatch:
    """One difference between moto and AWS that is removed; its function's docstring says which, and the source."""

    apply: Callable[[ExitStack], None]
    """Enters its changes into the stack that it is given."""
    probe: Probe
    region: str
    """Where the probe runs."""

    @property
    def name(self) -> str:
        """The function's."""
        return self.apply.__name__


def moto_patch(probe: Probe, region: str = CHINA) -> Callable[[Callable[[ExitStack], None]], MotoPatch]:
    """Makes a patch of a function."""
    return lambda apply: MotoPatch(apply, probe, region)


def patches_of(module: ModuleType) -> list[MotoPatch]:
    """The patches that a module defines, in its order."""
    return [value for value in vars(module).values() if isinstance(value, MotoPatch)]


def replace(stack: ExitStack, owner: Any, name: str, value: Any) -> None:
    """Let a class of moto have another attribute, or one that it lacks."""
    stack.enter_context(mock.patch.object(owner, name, value, create=not hasattr(owner, name)))


def before(stack: ExitStack, owner: Any, name: str, check: Callable[..., None]) -> None:
    """Let `check(self, *arguments)` refuse, by an exception, what a method of moto would accept."""
    original = getattr(owner, name)

    def checked(self: Any, *args: Any, **kwargs: Any) -> Any:
        check(self, *args, **kwargs)
        return original(self, *args, **kwargs)

    replace(stack, owner, name, checked)


def after(stack: ExitStack, owner: Any, name: str, then: Callable[..., Any]) -> None:
    """Let `then(result, self, *arguments)` change what a method of moto returns."""
    original = getattr(owner, name)

    def changed(self: Any, *args: Any, **kwargs: Any) -> Any:
        return then(original(self, *args, **kwargs), self, *args, **kwargs)

    replace(stack, owner, name, changed)


def with_partition(arn: str, region: str) -> str:
    """An ARN that moto has written in the commercial partition, in the region's own."""
    return ":".join(["arn", Region(region).partition, *arn.split(":")[2:]])


def with_dns_suffix(host: str, region: str) -> str:
    """A host name that moto has made for the commercial partition, with the region's own suffix."""
    commercial, own = Region("").dns_suffix, Region(region).dns_suffix
    return host if own == commercial else re.sub(rf"\.{re.escape(commercial)}(?=$|[/:])", f".{own}", host)


def refusal(call: Callable[..., Any], **parameters: Any) -> str:
    """The error code of a call, for probes; empty if it succeeds."""
    try:
        call(**parameters)
    except botocore.exceptions.ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


def subnet_ids(client: Client) -> list[str]:
    """Of the default VPC, for probes."""
    return [subnet["SubnetId"] for subnet in client("ec2").describe_subnets()["Subnets"]]


def new_database(client: Client, name: str, **inputs: str) -> dict[str, Any]:
    """Creates one, for probes; what CreateDBInstance answers. `inputs`: more of that call's."""
    answer = client("rds").create_db_instance(
        DBInstanceIdentifier=name,
        DBInstanceClass="db.m6g.large",
        Engine="postgres",
        EngineVersion="16.9",
        AllocatedStorage=20,
        MasterUsername="admin",
        MasterUserPassword="x" * 20,
        **inputs,
    )
    return dict(answer["DBInstance"])
