"""Logs go to standard output only: a file in a task is lost with it, and several writers would garble a shared one."""

from __future__ import annotations

from typing import Any, Mapping

from cvat_aws.environment import Reader

LEVELS = ["INFO", "DEBUG", "WARNING", "ERROR", "CRITICAL"]


def logging(read: Reader, base: Mapping[str, Any], scratch: str) -> dict[str, Any]:
    """CVAT's LOGGING without its rotating file; logstash stays where DJANGO_LOG_SERVER_HOST is set.

    The logstash buffer is an SQLite file, which must not be shared between tasks: it goes to `scratch`.
    """
    level = read.choice("DJANGO_LOG_LEVEL", LEVELS)
    handlers = {"console": {**base["handlers"]["console"], "stream": "ext://sys.stdout"}}
    if read.text("DJANGO_LOG_SERVER_HOST"):  # a handler that is defined is also made: a thread and a file
        handlers["logstash"] = {**base["handlers"]["logstash"], "database_path": f"{scratch}/logstash.db"}
    loggers = {name: _logger(logger, level, list(handlers)) for name, logger in base["loggers"].items()}
    return {**base, "handlers": handlers, "loggers": loggers}


def _logger(logger: Mapping[str, Any], level: str, there: list[str]) -> dict[str, Any]:
    return {**logger, "handlers": [name for name in logger["handlers"] if name in there], "level": level}
