"""How each resource type is created on the emulated account: one module per area, one small function per type.

A handler takes what it needs from `make.inputs` and calls the API through `make.call`, which carries every unused input
that the operation knows. What is left at the end is an error. Add a type by writing such a function here.
"""

from __future__ import annotations

import importlib
import pkgutil


def load() -> None:
    """Import every handler module, which fills rehearsal.make.KINDS."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
