"""Logs go to standard output only: a file in a task is lost with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cvat_aws.environment import Reader
from cvat_aws.logs import LEVELS


def logging(read: Reader, base: Mapping[str, Any]) -> dict[str, Any]:
    """CVAT's LOGGING without its file; `vector` stays where DJANGO_LOG_SERVER_HOST is set.

    A handler that is defined is also made: a thread and an SQLite file for `vector`, an open file for the other.
    """
    level = read.choice("DJANGO_LOG_LEVEL", LEVELS)
    unwanted = {"dataset_handler"} | (set() if read.text("DJANGO_LOG_SERVER_HOST") else {"vector"})
    handlers = {name: handler for name, handler in base["handlers"].items() if name not in unwanted}
    handlers["console"] = {**handlers.get("console", {}), "stream": "ext://sys.stdout"}
    loggers = {name: _logger(logger, unwanted) for name, logger in base["loggers"].items()}
    if "cvat" in loggers:
        loggers["cvat"]["level"] = level
    return {**base, "handlers": handlers, "loggers": loggers}


def _logger(logger: Mapping[str, Any], unwanted: set[str]) -> dict[str, Any]:
    handlers = [name for name in logger.get("handlers", []) if name not in unwanted]
    return {**logger, "handlers": handlers}
