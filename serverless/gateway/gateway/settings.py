"""What an operator may choose, read from an environment mapping; all mistakes are reported at once."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AliasChoices, BaseModel, BeforeValidator, Field, Json, ValidationError

from .errors import ConfigError

REGION = AliasChoices("AWS_REGION", "AWS_DEFAULT_REGION")
ENDPOINT_URL = AliasChoices("AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", "AWS_ENDPOINT_URL")
MIB = 1024 * 1024
VALUE_LENGTH = 60  # characters of a wrong value that an error repeats

Name = Annotated[str, Field(pattern=r"^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$")]  # SageMaker's rule for both names
Parts = tuple[int, int] | tuple[int, int, int] | None
Version = Annotated[Parts, BeforeValidator(lambda text: None if text == "auto" else text.split("."))]


class Target(BaseModel, frozen=True, extra="forbid"):
    """Where a function runs: a SageMaker endpoint, and the container in it when several share it."""

    endpoint: Name
    container: Name | None = None


class Settings(BaseModel, frozen=True):
    """One field per environment variable; the aliases are the variables' names."""

    endpoint: Annotated[Name | None, Field(alias="SERVERLESS_SAGEMAKER_ENDPOINT")] = None
    """Shared endpoint of every function that has no entry of its own."""
    endpoints: Annotated[Json[dict[str, Target]], Field(alias="SERVERLESS_ENDPOINTS")] = {}
    """Function name -> target. A function with neither an entry nor a default endpoint is not deployed."""
    functions_dir: Annotated[Path, Field(alias="FUNCTIONS_DIR")] = Path(__file__).parents[2] / "functions"
    backend: Annotated[Literal["sagemaker", "echo"], Field(alias="BACKEND")] = "sagemaker"
    port: Annotated[int, Field(alias="PORT", ge=0, le=65535)] = 8070
    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], Field(alias="LOG_LEVEL")] = "INFO"
    request_timeout: Annotated[float, Field(alias="REQUEST_TIMEOUT_S", gt=0, le=3600)] = 115.0
    """Seconds. CVAT gives up after 120 s and cannot show a reason that comes later."""
    max_payload: Annotated[int, Field(alias="MAX_PAYLOAD_BYTES", ge=1024)] = 6_291_456
    """Bytes that SageMaker takes in one real-time call; larger requests are re-encoded."""
    max_in_flight: Annotated[int, Field(alias="MAX_IN_FLIGHT_BYTES", ge=2 * MIB)] = 128 * MIB
    """Bytes of all requests being worked on; more wait, then get 503. One request may take half of it."""
    cvat_version: Annotated[Version, Field(alias="CVAT_VERSION")] = None
    """Version of the CVAT that calls, where its requests do not tell (before v2.4); auto: guess."""
    region: Annotated[str | None, Field(validation_alias=REGION)] = None
    endpoint_url: Annotated[str | None, Field(validation_alias=ENDPOINT_URL)] = None

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Self:
        """Read and check the settings; an empty variable counts as absent. Raises ConfigError."""
        try:
            return cls.model_validate({name: value for name, value in environ.items() if value})
        except ValidationError as error:
            raise ConfigError(sentences(error, "environment variable ")) from None


def sentences(error: ValidationError, where: str) -> str:
    """Pydantic's findings, a line each that names the field, the value and the rule."""
    lines = []
    for item in error.errors(include_url=False):
        value = repr(item["input"])
        value = value if len(value) <= VALUE_LENGTH else value[:VALUE_LENGTH] + "..."
        field = ".".join(map(str, item["loc"]))
        lines.append(f"{where}{field} is {value}: {item['msg'].removeprefix('Value error, ')}")
    return "\n".join(lines)
