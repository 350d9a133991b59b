"""What an operator may choose: `load` turns a configuration into frozen values, or says all that is wrong with it."""

from __future__ import annotations

from settings.errors import ConfigurationError
from settings.load import load
from settings.model import Settings
from settings.rules_access import warnings

__all__ = ["ConfigurationError", "Settings", "load", "warnings"]
