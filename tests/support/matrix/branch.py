"""Work in a copy of this process: an emulated account is copied with it, and what is done to the copy is forgotten."""

from __future__ import annotations

import gc
import os
import pickle
import sys
import traceback
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


class BranchError(Exception):
    """The work failed; the text is the traceback."""


def branch(work: Callable[[], Result]) -> Result:
    """What the work gives, when done in a forked process; the result travels pickled. Raises BranchError."""
    reader, writer = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    gc.freeze()  # else a collection in the copy would touch, and so really copy, all of the parent's memory
    child = os.fork()
    if child == 0:
        _answer(work, writer)
    os.close(writer)
    with os.fdopen(reader, "rb") as answer:
        text = answer.read()
    os.waitpid(child, 0)
    if not text:
        raise BranchError("the forked process ended without an answer")
    failed, result = pickle.loads(text)  # noqa: S301  (of our own child)
    if failed:
        raise BranchError(result)
    return result  # type: ignore[no-any-return]


def _answer(work: Callable[[], object], writer: int) -> None:
    """Never returns: neither pytest nor an exit handler of the parent may run in the child."""
    gc.disable()  # the child ends soon
    try:
        try:
            answer = pickle.dumps((False, work()))
        except BaseException:
            answer = pickle.dumps((True, traceback.format_exc()))
        with os.fdopen(writer, "wb") as pipe:
            pipe.write(answer)
    finally:
        os._exit(0)
