"""What an operator may choose, read from an environment mapping; all mistakes are reported at once."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, Field, Json, ValidationError

from .errors import ConfigError

MIB = 1024 * 1024

Name = Annotated[str, Field(pattern=r"^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$")]  # SageMaker's rule for both names
Version = Annotated[tuple[int, ...] | None, BeforeValidator(lambda text: None if text == "auto" else text.split("."))]


class Target(BaseModel, frozen=True, extra="forbid"):
    """Where a function runs: a SageMaker endpoint, and the container in it when several share it."""

    endpoint: Name
    container: Name | None = None


class Settings(BaseModel, frozen=True, alias_generator=str.upper):
    """One field per environment variable, which has the field's name in capitals; botocore reads the other AWS_*."""

    serverless_sagemaker_endpoint: Name | None = None  # of every function that has no entry of its own
    serverless_endpoints: Json[dict[str, Target]] = {}  # by function; one with neither is not deployed
    functions_dir: Path = Path(__file__).parents[2] / "functions"
    backend: Literal["sagemaker", "echo"] = "sagemaker"
    port: int = Field(8070, ge=0, le=65535)
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    request_timeout_s: float = Field(115.0, gt=0, le=3600)  # CVAT waits 120 s and cannot show a later reason
    max_payload_bytes: int = Field(6_291_456, ge=1024)  # SageMaker's limit for one real-time call
    max_in_flight_bytes: int = Field(128 * MIB, ge=2 * MIB)  # more wait, then get 503; one request may take half of it
    cvat_version: Version = None  # of the CVAT that calls, where it does not tell (before v2.4); auto: guess
    aws_region: str | None = None

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Self:
        """Read and check the settings; an empty variable counts as absent. Raises ConfigError."""
        try:
            return cls.model_validate({name: value for name, value in environ.items() if value})
        except ValidationError as error:
            raise ConfigError(sentences(error, "environment variable ")) from None

    def target(self, function: str) -> Target | None:
        """Where a function runs, if it does; containers in a shared endpoint are named after their functions."""
        shared, container = self.serverless_sagemaker_endpoint, re.sub(r"[^A-Za-z0-9]+", "-", function)
        default = Target(endpoint=shared, container=container) if shared else None
        return self.serverless_endpoints.get(function, default)


def sentences(error: ValidationError, where: str) -> str:
    """Pydantic's findings, a line each that names the field, the value and the rule."""
    lines = []
    for item in error.errors(include_url=False):
        field, value = ".".join(map(str, item["loc"])), repr(item["input"])
        lines.append(f"{where}{field} is {value:.60}: {item['msg'].removeprefix('Value error, ')}")
    return "\n".join(lines)
