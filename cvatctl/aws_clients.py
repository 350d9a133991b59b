"""boto3 clients of the stack's region, and AWS's errors as sentences."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from botocore import exceptions
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from cvatctl.errors import CommandError

Clients = Callable[[str], Any]
"""Returns the boto3 client of a service."""

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
_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})
_NO_CREDENTIALS = (
    exceptions.NoCredentialsError,
    exceptions.PartialCredentialsError,
    exceptions.CredentialRetrievalError,
    exceptions.TokenRetrievalError,
    exceptions.SSOError,
)
_UNREADABLE_CONFIGURATION = (exceptions.ConfigNotFound, exceptions.ConfigParseError, exceptions.InvalidConfigError)
_CONCERN_EVERY_CALL = (
    exceptions.ProfileNotFound,
    exceptions.InvalidRegionError,
    *_NO_CREDENTIALS,
    *_UNREADABLE_CONFIGURATION,
)
CONFIG = Config(connect_timeout=5, read_timeout=70, retries={"mode": "standard", "total_max_attempts": 3})
"""Seconds. Where the network drops every packet, a call ends after 20 seconds for each address of its name."""


def clients(region: str, profile: str | None) -> Clients:
    """Clients of one region, each created once. Raises CommandError."""
    with aws_errors_as_sentences():
        session = boto3.session.Session(region_name=region, profile_name=profile)
    return functools.cache(lambda service: session.client(service, config=CONFIG))


def explain(error: BotoCoreError | ClientError) -> str:
    """AWS's error as a sentence with a remedy."""
    return _explain_answer(error) if isinstance(error, ClientError) else _explain_no_answer(error)


def _explain_no_answer(error: BotoCoreError) -> str:
    """The call was never answered: configuration, credentials, network."""
    text = str(error).rstrip(".")
    if isinstance(error, exceptions.ProfileNotFound):
        return _unknown_profile(str(error.kwargs["profile"]))
    if isinstance(error, _NO_CREDENTIALS):
        return f"There are no usable AWS credentials ({text}). Set AWS_PROFILE or --profile, or sign in again."
    if isinstance(error, _UNREADABLE_CONFIGURATION):
        return f"The AWS configuration cannot be read ({text}). Correct ~/.aws/config or ~/.aws/credentials."
    if isinstance(error, exceptions.InvalidRegionError):
        return f"{text}. A region's name looks like cn-northwest-1."
    if isinstance(error, exceptions.SSLError):
        return (
            f"The TLS connection to AWS failed: {text}. Behind a proxy that replaces certificates, set AWS_CA_BUNDLE "
            "to its CA certificate."
        )
    return f"AWS could not be reached: {text}. Check the network, HTTPS_PROXY, and the region's name."


def _unknown_profile(profile: str) -> str:
    source = "AWS_PROFILE" if os.environ.get("AWS_PROFILE") == profile else "--profile"
    return (
        f"{source} = {profile}: ~/.aws/config and ~/.aws/credentials have no such profile. Add it with `aws configure "
        f"--profile {profile}`, or name another."
    )


def _explain_answer(error: ClientError) -> str:
    code, message = error.response["Error"].get("Code", "?"), error.response["Error"].get("Message", str(error))
    if code in _EXPIRED:
        return f"The AWS credentials have expired ({message}). Sign in again, such as with `aws sso login`."
    if code in _INVALID:
        return (
            f"AWS does not know these credentials ({message}). Credentials of AWS China work in China only, and those "
            "of the other regions only outside: choose the profile that belongs to the stack's region."
        )
    if code in _DENIED:
        return f"These credentials may not call {error.operation_name} ({message}). Ask for that permission."
    return f"{error.operation_name} failed: {message} ({code})."


def concerns_every_call(error: BotoCoreError | ClientError) -> bool:
    """Whether the credentials or the configuration are at fault, so that the next call would fail alike."""
    if isinstance(error, ClientError):
        return error.response["Error"].get("Code") in _EXPIRED | _INVALID
    return isinstance(error, _CONCERN_EVERY_CALL)


def not_answered(error: BotoCoreError | ClientError) -> bool:
    """Whether AWS was not reached, or gave no answer in time."""
    return isinstance(error, (exceptions.ConnectionError, exceptions.HTTPClientError))


@contextmanager
def aws_errors_as_sentences() -> Iterator[None]:
    """Raises AWS's errors inside the block as CommandError."""
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise CommandError(explain(error)) from error


def all_pages(client: Any, operation: str, key: str, **arguments: Any) -> list[Any]:
    """All items of a paginated answer."""
    pages = client.get_paginator(operation).paginate(**arguments)
    return [item for page in pages for item in page.get(key, [])]
