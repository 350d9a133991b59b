"""Runs an unmodified program as Pulumi's language host would, with this engine behind it."""

from __future__ import annotations

import asyncio
import logging
import os
import runpy
import sys
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest import mock

import pulumi
from pulumi.runtime import set_mocks
from pulumi.runtime.config import set_all_config
from pulumi.runtime.settings import SETTINGS, set_root_resource
from pulumi.runtime.stack import run_in_stack

from rehearsal.engine.core import Engine
from rehearsal.engine.state import Failure
from rehearsal.errors import RehearsalError, sentence

READABLE = (RehearsalError, pulumi.RunError, ValueError, SystemExit)
"""Exceptions whose message is meant for the operator; of others the place in the program is shown, too."""

ROUNDS = 100
"""How often tasks are cancelled: outputs of outputs may begin new ones meanwhile."""


@dataclass(frozen=True)
class Program:
    """A Pulumi program and the configuration that it reads."""

    folder: Path
    """With a __main__.py."""
    project: str
    """The project's name."""
    config: Mapping[str, str]
    """By full key (namespace:key)."""
    secrets: frozenset[str]
    """Keys whose values are secret."""


class OneAtATime(ThreadPoolExecutor):
    """Runs each job to its end before the event loop goes on, so that the order never depends on timing."""

    def __init__(self, on_thread: Callable[[], None]) -> None:
        self._on_thread = on_thread
        self._loop = asyncio.new_event_loop()  # Pulumi's mocks want one on this thread, and would not close it
        super().__init__(max_workers=1, initializer=self._begin)

    def _begin(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._on_thread()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run the job and wait for it."""
        future = super().submit(fn, *args, **kwargs)
        wait([future])
        return future

    def close(self) -> None:
        """End the thread and its event loop."""
        self.shutdown()
        self._loop.close()


def run(program: Program, engine: Engine, on_thread: Callable[[], None] = lambda: None) -> Failure | None:
    """Run the program to its end; what went wrong, or None. `on_thread` is called on each thread that it runs in."""
    caught: list[BaseException] = []

    def body() -> None:  # a new thread has an empty context: no trace of an earlier program's stack or configuration
        on_thread()
        try:
            _run(program, engine, on_thread)
        except BaseException as error:
            caught.append(error)

    with _as_started_by_pulumi(program.folder):
        thread = threading.Thread(target=body, name="program", daemon=True)
        thread.start()
        thread.join()
    return _failure(engine.failure or caught[0], engine, program.folder) if caught else None


def _run(program: Program, engine: Engine, on_thread: Callable[[], None]) -> None:
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    executor = OneAtATime(on_thread)
    loop.set_default_executor(executor)
    loop.set_exception_handler(lambda *_: None)  # after a failure, tasks that nobody awaits any more
    try:
        set_all_config(dict(program.config), list(program.secrets))
        set_mocks(
            engine,
            project=program.project,
            stack=engine.state.stack,
            preview=engine.preview,
            logger=_logger(engine.messages),
            monitor=engine.monitor,
        )
        set_root_resource(None)  # type: ignore[arg-type]  # run_in_stack makes its own, and registers the exports
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of libraries
            loop.run_until_complete(run_in_stack(lambda: _main(program.folder / "__main__.py")))
    finally:
        loop.run_until_complete(_end_tasks())
        SETTINGS.rpc_manager.clear()
        SETTINGS.outputs.clear()
        executor.close()
        loop.close()


async def _end_tasks() -> None:
    """Cancel what a failed program leaves behind, and wait until it has ended.

    An output whose task is still pending when its loop closes ends whenever it is thrown away: in the middle of the
    next rehearsal, with "Event loop is closed".
    """
    for _ in range(ROUNDS):
        left = asyncio.all_tasks() - {asyncio.current_task()}
        if not left:
            return
        for task in left:
            task.cancel()
        await asyncio.wait(left, timeout=1)


def _logger(messages: list[str]) -> logging.Logger:
    """A logger that keeps what the program logs by pulumi.info, warn and error."""
    logger = logging.Logger("program", logging.INFO)
    handler = logging.Handler()
    handler.emit = lambda record: messages.append(f"{record.levelname.lower()}: {record.getMessage()}")  # type: ignore[method-assign]
    logger.addHandler(handler)
    return logger


def _main(file: Path) -> None:
    runpy.run_path(str(file), run_name="__main__")


@contextmanager
def _as_started_by_pulumi(folder: Path) -> Iterator[None]:
    """Working directory, module path and environment as in `pulumi up`; the program's modules fresh."""
    own = {path.stem for path in folder.iterdir() if path.suffix == ".py" or path.is_dir()} - {"rehearsal", "tests"}
    kept = _forget(own)
    before = Path.cwd()
    os.chdir(folder)
    try:
        with (
            mock.patch.object(sys, "path", [str(folder), *sys.path]),
            mock.patch.object(sys, "argv", [str(folder)]),
            mock.patch.dict(os.environ, {"PULUMI_ERROR_OUTPUT_STRING": "true"}),
        ):
            yield
    finally:
        os.chdir(before)
        _forget(own)
        sys.modules.update(kept)


def _forget(names: set[str]) -> dict[str, ModuleType]:
    """Take modules of these top-level names out of sys.modules."""
    loaded = [name for name in sys.modules if name.partition(".")[0] in names]
    return {name: sys.modules.pop(name) for name in loaded}


def _failure(error: BaseException, engine: Engine, folder: Path) -> Failure:
    message = sentence(error)
    if isinstance(error, READABLE):
        return Failure(message, engine.failed_urn)
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).is_relative_to(folder) and "site-packages" not in frame.filename
    ]
    where = "\n".join(
        f"  {Path(frame.filename).relative_to(folder)}, line {frame.lineno}, in {frame.name}: {frame.line}"
        for frame in frames
        if not Path(frame.filename).is_relative_to(folder / "rehearsal")
    )
    name = type(error).__name__
    return Failure(message if message.startswith(name) else f"{name}: {message}", engine.failed_urn, where)
