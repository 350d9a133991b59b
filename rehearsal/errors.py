"""What can go wrong in a rehearsal. The text of each exception is the whole message."""

from __future__ import annotations


class RehearsalError(Exception):
    """A problem that the person at the keyboard can act on."""


class MissingHandlerError(RehearsalError):
    """The program uses something that the rehearsal does not carry out; nothing is dropped in silence."""


class FunctionError(RehearsalError):
    """A provider's function was refused by the API, which a program may expect and handle."""


class UserInputError(RehearsalError):
    """The command line, Pulumi.yaml or the stack's configuration is wrong."""


def sentence(error: BaseException) -> str:
    """The message of an exception, never empty."""
    text = str(error).strip()
    if isinstance(error, KeyError):
        return f"KeyError: {text}"
    return text or type(error).__name__
