"""Caches for work that Python, moto and botocore repeat; they save a third of a rehearsal's time."""

from __future__ import annotations

import functools
import gc
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

from botocore.loaders import JSONFileLoader
from botocore.useragent import UserAgentString
from moto.core import responses

_GARBAGE = (50_000, 10, 10)
"""An account is hundreds of thousands of small objects that stay: with Python's own threshold of 700 new ones, looking
through them for garbage took a third of the time."""
_NAMES = "method_names_from_class"
_load_file = JSONFileLoader.load_file


@functools.cache
def _loaded(path: str) -> Any:
    return _load_file(JSONFileLoader(), path)


def _load_once(_: JSONFileLoader, file_path: str) -> Any:
    """One of botocore's service models, read once in a process.

    The program makes a new session for each client, and each session would parse megabytes of JSON again.
    """
    return _loaded(file_path)


@contextmanager
def taken() -> Iterator[None]:
    """While an account is open. Enter it after the patches, which add methods to moto's classes."""
    # moto looks through all methods of a service for each request.
    names = functools.cache(getattr(responses, _NAMES))
    usual = gc.get_threshold()
    with ExitStack() as patches:
        gc.set_threshold(*_GARBAGE)
        patches.callback(gc.set_threshold, *usual)
        patches.enter_context(mock.patch.object(JSONFileLoader, "load_file", _load_once))
        patches.enter_context(mock.patch.object(responses, _NAMES, names))
        patches.enter_context(mock.patch.object(UserAgentString, "to_string", lambda _: "rehearsal"))
        yield
