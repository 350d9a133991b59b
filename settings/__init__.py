"""What an operator may choose: `load` turns a stack's configuration into frozen values, or says all that is wrong."""

from __future__ import annotations

from settings.load import ConfigurationError, load
from settings.model import Settings

__all__ = ["ConfigurationError", "Settings", "load"]
