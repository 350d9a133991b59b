"""What can go wrong in a rehearsal, said in sentences."""

from __future__ import annotations

import botocore.exceptions

ALREADY_THERE = (
    "AlreadyExist",
    "AlreadyOwned",
    "Duplicate",
    "ResourceExists",
    "ResourceInUse",
    "ResourceConflict",
)
"""Fragments of the codes with which AWS's services refuse a name that is taken."""


class RehearsalError(Exception):
    """A problem that the person at the keyboard can act on; its text is the whole message."""


class MissingHandlerError(RehearsalError):
    """The program uses something that the rehearsal was not taught; nothing is dropped in silence."""


class TakenError(RehearsalError):
    """A physical name is in use already; moto would have let it pass."""


class UserInputError(RehearsalError):
    """The command line, Pulumi.yaml or the stack's configuration is wrong."""


def is_taken(error: Exception) -> bool:
    """Whether an API call failed because the physical name exists already."""
    if isinstance(error, TakenError):
        return True
    if not isinstance(error, botocore.exceptions.ClientError):
        return False
    code = error.response.get("Error", {}).get("Code", "")
    message = error.response.get("Error", {}).get("Message", "")
    return any(part in code for part in ALREADY_THERE) or "already exists" in message.lower()


def sentence(error: BaseException) -> str:
    """The message of an exception, never empty and never only a class name for known kinds."""
    text = str(error).strip()
    if isinstance(error, botocore.exceptions.ClientError):
        return text
    if isinstance(error, KeyError):
        return f"KeyError: {text}"
    return text or type(error).__name__
