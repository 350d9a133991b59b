"""boto3 clients of the stack's region, and AWS's errors in sentences."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    NoCredentialsError,
    ProfileNotFound,
    TokenRetrievalError,
)

from cvatctl.errors import ProblemError

Clients = Callable[[str], Any]
"""Gives the boto3 client of a service."""

_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
_INVALID = frozenset(
    {
        "InvalidClientTokenId",
        "UnrecognizedClientException",
        "AuthFailure",
        "SignatureDoesNotMatch",
        "InvalidAccessKeyId",
    }
)
_REFUSED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})
_CONFIG = Config(connect_timeout=10, read_timeout=70, retries={"mode": "standard", "max_attempts": 4})


def clients(region: str, profile: str | None) -> Clients:
    """Clients of one region, each made once."""
    try:
        session = boto3.session.Session(region_name=region, profile_name=profile)
    except ProfileNotFound:
        raise ProblemError(
            f"--profile {profile}: ~/.aws/config has no such profile. Add it with `aws configure --profile {profile}`."
        ) from None
    return functools.cache(lambda service: session.client(service, config=_CONFIG))


def explain(error: BotoCoreError | ClientError) -> str:
    """AWS's error as a sentence with a remedy."""
    if isinstance(error, (NoCredentialsError, CredentialRetrievalError, TokenRetrievalError)):
        return f"There are no usable AWS credentials ({error}). Set AWS_PROFILE or --profile, or sign in again."
    if not isinstance(error, ClientError):
        return f"AWS could not be asked: {str(error).rstrip('.')}. Check the network, a proxy, and the region's name."
    code, message = error.response["Error"].get("Code", "?"), error.response["Error"].get("Message", str(error))
    if code in _EXPIRED:
        return f"The AWS credentials have expired ({message}). Sign in again, such as with `aws sso login`."
    if code in _INVALID:
        return (
            f"AWS does not know these credentials ({message}). Credentials of AWS China work in China only, and those "
            "of the other regions only outside: choose the profile that belongs to the stack's region."
        )
    refused = f"These credentials may not call {error.operation_name} ({message}). Ask for that permission."
    return refused if code in _REFUSED else f"{error.operation_name} failed: {message} ({code})."


@contextmanager
def sentences() -> Iterator[None]:
    """Turn AWS's errors inside the block into ProblemError."""
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise ProblemError(explain(error)) from error


def pages(client: Any, operation: str, key: str, **arguments: Any) -> list[Any]:
    """All items of a paginated answer."""
    found = client.get_paginator(operation).paginate(**arguments)
    return [item for page in found for item in page.get(key, [])]
