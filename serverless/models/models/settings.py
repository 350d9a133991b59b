"""What the container's environment decides."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from models.errors import ModelError

MODEL_DIR = "/opt/ml/model"
"""Where SageMaker unpacks model.tar.gz."""

MAX_BODY_BYTES = 32 * 1024 * 1024
"""CVAT's own functions take 32 MB (maxRequestBodySize); SageMaker refuses more than 6 MB before we see it."""

REQUEST_TIMEOUT_S = 55.0
"""SageMaker gives up after 60 s: a sentence at 55 s beats a broken connection."""

MAX_WAITING = 16
"""Requests accepted beside the one in work. One model at a time keeps the memory bounded."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Environment of one container, read once."""

    model_dir: Path = Path(MODEL_DIR)
    """Folder of the unpacked archive, with its function.yaml, or with a folder for each of several functions."""
    function: str | None = None
    """Name that the archive must carry; None accepts any."""
    port: int = 8080
    """SageMaker's SAGEMAKER_BIND_TO_PORT; several containers of one endpoint share the instance's ports."""
    containers: int = 1
    """Containers that share the instance, this one included."""
    threads: int = 1
    """Cores of the instance divided by MODEL_CONTAINERS, at least 1."""
    runtime: str | None = None
    """A name of models.runtime.RUNTIMES; None: the one that is installed."""
    log_level: str = "INFO"
    """A level of Python's logging."""


def read_settings(environment: Mapping[str, str] | None = None, cores: int | None = None) -> Settings:
    """Settings from the environment; every wrong variable is named in one ModelError."""
    source = os.environ if environment is None else environment
    cores = len(os.sched_getaffinity(0)) if cores is None else cores
    errors: list[str] = []
    port = _whole_number(source, "SAGEMAKER_BIND_TO_PORT", 8080, 65535, errors)
    containers = _whole_number(source, "MODEL_CONTAINERS", 1, 15, errors)
    level = source.get("LOG_LEVEL", "INFO").upper()
    if level not in ("DEBUG", "INFO", "WARNING", "ERROR"):
        errors.append(f"LOG_LEVEL is {level!r}: it must be DEBUG, INFO, WARNING or ERROR")
    if errors:
        raise ModelError("; ".join(errors))
    return Settings(
        model_dir=Path(source.get("MODEL_DIR", MODEL_DIR)),
        function=source.get("FUNCTION") or None,
        port=port,
        containers=containers,
        threads=max(1, cores // containers),
        runtime=source.get("RUNTIME") or None,
        log_level=level,
    )


def _whole_number(source: Mapping[str, str], name: str, default: int, highest: int, errors: list[str]) -> int:
    text = source.get(name, str(default))
    if text.isascii() and text.isdigit() and 1 <= int(text) <= highest:
        return int(text)
    errors.append(f"{name} is {text!r}: it must be a whole number from 1 to {highest}")
    return default
