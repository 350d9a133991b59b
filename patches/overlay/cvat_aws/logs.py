"""Logs go to standard output and nowhere else: a file in a task is lost with it, a shared one is torn."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping

from cvat_aws.environment import Reader

LEVELS = ["INFO", "DEBUG", "WARNING", "ERROR", "CRITICAL"]


def logging(read: Reader, base: Mapping[str, Any], scratch: str) -> Dict[str, Any]:
    """CVAT's LOGGING without its rotating file; its logstash handler stays where DJANGO_LOG_SERVER_HOST is set.

    The logstash buffer is an SQLite file, which must not be shared between tasks: it goes to `scratch`.
    """
    level = read.choice("DJANGO_LOG_LEVEL", LEVELS)
    handlers = {name: dict(handler) for name, handler in base["handlers"].items() if name != "server_file"}
    handlers["console"]["stream"] = "ext://sys.stdout"
    handlers["logstash"]["database_path"] = f"{scratch}/logstash.db"
    loggers = {name: _logger(logger, level) for name, logger in base["loggers"].items()}
    return {**base, "handlers": handlers, "loggers": loggers}


def _logger(logger: Mapping[str, Any], level: str) -> Dict[str, Any]:
    kept: List[str] = [handler for handler in logger["handlers"] if handler != "server_file"]
    return {**logger, "handlers": kept, "level": level}
