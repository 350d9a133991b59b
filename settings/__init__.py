"""What an operator may choose: `load` turns a configuration into frozen values, or says all that is wrong with it."""

from __future__ import annotations

from settings.errors import ConfigurationError, StackFileError
from settings.load import load, load_configuration, warnings
from settings.secret_placeholders import with_placeholders
from settings.settings import Settings

__all__ = [
    "ConfigurationError",
    "Settings",
    "StackFileError",
    "load",
    "load_configuration",
    "warnings",
    "with_placeholders",
]
