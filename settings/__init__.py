"""What an operator may choose: `load` turns a configuration into frozen values, or says all that is wrong with it."""

from __future__ import annotations

from settings.errors import ConfigurationError
from settings.load import load, warnings
from settings.settings import Settings

__all__ = ["ConfigurationError", "Settings", "load", "warnings"]
