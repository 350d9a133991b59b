"""What an operator may choose: variables of the environment; all mistakes are reported at once."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, Json, ValidationError

from gateway.errors import ConfigError
from gateway.registry import FOLDER, Function, container_hostname

MIB = 1024 * 1024

EndpointName = Annotated[str, Field(pattern=r"^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$")]
"""SageMaker's rule, which is the same for endpoints and for the host names of containers."""


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, OSError) as error:  # ZoneInfoNotFoundError is a KeyError
        raise ValueError(f"it is no time zone: {error}") from None
    except KeyError:
        raise ValueError("it is no time zone, such as Asia/Shanghai") from None
    return name


Version = Annotated[tuple[int, ...] | None, BeforeValidator(lambda text: None if text == "auto" else text.split("."))]


class Batch(BaseModel, frozen=True, extra="forbid"):
    """How an endpoint that sleeps while nobody uses it is called and woken."""

    driver: Literal["asynchronous", "recreated"]
    """`asynchronous`: it scales from zero, and its calls wait in SageMaker's queue. `recreated`: a real-time endpoint
    that is deleted when it is idle, and created again."""
    folder: Annotated[str, Field(pattern=r"^s3://[^/]+(/[^/]+)*$")]
    """S3 address below which requests and answers are kept."""
    config: EndpointName
    """The endpoint's configuration. Answers of another one are not used again."""
    variant: EndpointName = "all"
    tags: dict[str, str] = {}
    """Of an endpoint that is created again."""


class Target(BaseModel, frozen=True, extra="forbid"):
    """Where a function runs: a SageMaker endpoint, and the container in it when several share it."""

    endpoint: EndpointName
    container: EndpointName | None = None
    batch: Batch | None = None
    """None: the endpoint is always there, and answers at once."""


class Settings(BaseModel, frozen=True, alias_generator=str.upper):
    """One field per environment variable, which has the field's name in capitals; botocore reads the other AWS_*."""

    serverless_sagemaker_endpoint: EndpointName | None = None
    """Of every function that has no entry of its own."""
    serverless_endpoints: Json[dict[str, Target]] = {}
    """By function. One with neither is not deployed."""
    functions_dir: Path = FOLDER
    backend: Literal["sagemaker", "echo"] = "sagemaker"
    port: int = Field(8070, ge=0, le=65535)
    """For people: a call of a function that is asleep is answered at once, with the time to try again."""
    batch_port: int = Field(8071, ge=0, le=65535)
    """For CVAT's annotation worker: such a call waits until the function is awake."""
    batch_timeout_s: float = Field(1425.0, gt=0, le=3600)
    """95 % of what the worker waits (CVAT_NUCLIO_DEFAULT_TIMEOUT, 1500 s)."""
    time_zone: Annotated[str, AfterValidator(_known_zone)] = "UTC"
    """Of the times that people are told."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    request_timeout_s: float = Field(115.0, gt=0, le=3600)
    """CVAT waits 120 s and cannot show a later reason."""
    shutdown_delay_s: float = Field(15.0, ge=0, le=100)
    """How long new calls are taken after SIGTERM: CVAT may still have the address, which DNS gives for 10 s."""
    max_payload_bytes: int = Field(6_291_456, ge=1024)
    """SageMaker's limit for one real-time call."""
    max_in_flight_bytes: int = Field(96 * MIB, ge=2 * MIB)
    """Of requests and answers. More wait, then get 503. One request may have half of it."""
    cvat_version: Version = None
    """Of the CVAT that calls, where it does not say (before v2.4). `auto`: from its headers."""
    aws_region: str | None = None

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Self:
        """The checked settings; an empty variable counts as absent. Raises ConfigError."""
        try:
            return cls.model_validate({name: value for name, value in environ.items() if value})
        except ValidationError as error:
            raise ConfigError(_sentences(error)) from None

    def target(self, function: str) -> Target | None:
        """Where a function runs, if it does; containers in a shared endpoint are named after their functions."""
        if function in self.serverless_endpoints:
            return self.serverless_endpoints[function]
        if not self.serverless_sagemaker_endpoint:
            return None
        return Target(endpoint=self.serverless_sagemaker_endpoint, container=container_hostname(function))

    def sleeps(self, function: str) -> bool:
        """Whether a function's endpoint may be asleep."""
        target = self.target(function)
        return bool(target and target.batch)


def _sentences(error: ValidationError) -> str:
    """Pydantic's findings, a line each that names the variable, its value and the rule."""
    return "\n".join(
        f"environment variable {'.'.join(map(str, item['loc']))} is {item['input']!r:.60}: "
        f"{item['msg'].removeprefix('Value error, ')}"
        for item in error.errors(include_url=False)
    )


def deployed(functions: Mapping[str, Function], settings: Settings) -> dict[str, Function]:
    """The functions that can be called: those with an endpoint, or all of them with an echo. Raises ConfigError."""
    unknown = sorted(settings.serverless_endpoints.keys() - functions.keys())
    if unknown:
        folder = settings.functions_dir
        raise ConfigError(f"SERVERLESS_ENDPOINTS names {', '.join(unknown)}: add a file to {folder}, or drop it")
    return {
        name: function for name, function in functions.items() if settings.target(name) or settings.backend == "echo"
    }
