"""Section "Auto-annotation": SageMaker endpoints and their models."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from region import Region
from settings.fields import S3_ADDRESS, InstanceType, Many, Pattern
from settings.instance_types import offer_problem
from settings.sections.section import Section
from settings.sections.sleep import Sleep
from settings.values import BatchEndpointSize, EndpointSize

Archives = Annotated[
    str,
    AfterValidator(
        Pattern(
            example="build/models",
            optional=False,
            pattern=rf"(?!s3:)\S(.*\S)?|{S3_ADDRESS}",
            rule="must be a folder, or an S3 address such as s3://my-bucket/models",
        )
    ),
]

FunctionName = Annotated[
    str,
    AfterValidator(
        Pattern(
            example="pth-faster-rcnn",
            optional=False,
            pattern=r"[a-zA-Z0-9](?:[a-zA-Z0-9_.-]{0,61}[a-zA-Z0-9])?",
            rule="must be the name of a file of serverless/functions without .yaml, such as pth-faster-rcnn",
        )
    ),
]


class Inference(Section):
    """Auto-annotation"""

    inference_layout: Literal["shared", "dedicated", "none"] = "shared"
    """`shared`: one endpoint holds a container for each function (15 at most). `dedicated`: an endpoint for
    each. `none`: no auto-annotation."""
    inference_instance_type: Annotated[str, AfterValidator(InstanceType(service="hosting", example="ml.c5d.xlarge"))]
    """SageMaker instance type, such as ml.c5d.xlarge."""
    inference_instance_count: Annotated[int, Field(ge=1)]
    """Instances of each endpoint."""
    inference_max_instance_count: Annotated[int, Field(ge=1)]
    """Instances to which each endpoint scales with its invocations; the same as the count: it does not, as always with
    office hours."""
    batch_functions: Annotated[tuple[FunctionName, ...], Many] = ()
    """Functions that are of class batch in this stack, beside those whose file says so (`sagemaker.service`)."""
    inference_batch_instance_type: Annotated[
        str, AfterValidator(InstanceType(service="hosting", example="ml.g4dn.xlarge"))
    ] = ""
    """SageMaker instance type of the functions with `sagemaker.service: batch`, such as ml.g4dn.xlarge. They
    have no instance while nobody uses them, and need five to ten minutes for the first answer. Empty:
    inferenceInstanceType."""
    inference_batch_max_instance_count: Annotated[int, Field(ge=1)] = 1
    """Instances to which each batch function's endpoint scales with its waiting calls."""
    inference_batch_layout: Literal["dedicated", "shared"] = "dedicated"
    """`dedicated`: an endpoint for each batch function. `shared`: one for all of them, which wakes once and needs one
    instance; its container loads each network when it is called, and as many as its memory holds. Functions with an
    image or an environment of their own keep their endpoints. The archives must be in a folder."""
    inference_idle: Literal["zero", "one"] = "zero"
    """Instances of a batch function that nobody uses. `one`: it answers at once, and costs as much as an interactive
    one does."""
    inference_batch_endpoints: Literal["asynchronous", "recreated"] = "asynchronous"
    """How batch functions sleep. `asynchronous`: endpoints that scale from zero. `recreated`: real-time endpoints
    that are deleted after 15 minutes without a call and created again, for regions without asynchronous inference."""
    model_archives: Archives = "build/models"
    """Folder that holds <function>.tar.gz for each function, or an S3 address (s3://bucket/prefix) of one. A
    function without an archive is left out with a warning."""

    @property
    def enabled(self) -> bool:
        return self.inference_layout != "none"

    def endpoints(self, functions: int) -> int:
        """Endpoints of so many functions with an archive."""
        if not self.enabled:
            return 0
        return min(functions, 1) if self.inference_layout == "shared" else functions

    @property
    def batch_shared(self) -> bool:
        """Whether one endpoint serves all batch functions that can share one."""
        return self.inference_batch_layout == "shared"

    @property
    def endpoint(self) -> EndpointSize:
        return EndpointSize(
            instance_type=self.inference_instance_type,
            count=self.inference_instance_count,
            max_count=self.inference_max_instance_count,
        )

    @property
    def batch_endpoint(self) -> BatchEndpointSize:
        return BatchEndpointSize(
            instance_type=self.inference_batch_instance_type or self.inference_instance_type,
            least=0 if self.inference_idle == "zero" else 1,
            max_count=self.inference_batch_max_instance_count,
            recreated=self.inference_batch_endpoints == "recreated",
        )


def instance_type(inference: Inference, region: Region) -> Iterator[str]:
    for key, value in (
        ("inferenceInstanceType", inference.inference_instance_type),
        ("inferenceBatchInstanceType", inference.inference_batch_instance_type),
    ):
        problem = offer_problem("hosting", value, region.name) if value else None
        if problem and inference.enabled:
            yield f"cvat:{key} = {value}: {problem}. Choose one of those."


def recreated_endpoints(inference: Inference) -> Iterator[str]:
    """A real-time endpoint has an instance for as long as it exists, and the gateway alone creates it again."""
    if inference.inference_batch_endpoints == "asynchronous":
        return
    if inference.inference_batch_max_instance_count > 1:
        yield (
            f"cvat:inferenceBatchMaxInstanceCount = {inference.inference_batch_max_instance_count} and "
            "cvat:inferenceBatchEndpoints = recreated: such endpoints have one instance. Scale none: pulumi config "
            "set cvat:inferenceBatchMaxInstanceCount 1"
        )
    if inference.inference_idle == "one":
        yield (
            "cvat:inferenceIdle = one and cvat:inferenceBatchEndpoints = recreated: such endpoints are deleted when "
            "they are idle. Make the functions interactive (sagemaker.service), or: pulumi config set "
            "cvat:inferenceIdle zero"
        )


def shared_batch_archives(inference: Inference) -> Iterator[str]:
    """The program puts the archives of one container together, for which it reads them."""
    if inference.batch_shared and inference.model_archives.startswith("s3://"):
        folder = Inference.model_fields["model_archives"].default
        yield (
            f"cvat:inferenceBatchLayout = shared and cvat:modelArchives = {inference.model_archives}: the archives of "
            f"a shared endpoint are put together on this machine, so they must be in a folder: aws s3 sync "
            f"{inference.model_archives} {folder} && pulumi config set cvat:modelArchives {folder}. Or: pulumi config "
            "set cvat:inferenceBatchLayout dedicated"
        )


def maximum(inference: Inference) -> Iterator[str]:
    size = inference.endpoint
    if size.max_count < size.count:
        yield (
            f"cvat:inferenceMaxInstanceCount = {size.max_count}: it must not be below cvat:inferenceInstanceCount = "
            f"{size.count}. Raise it, or make both the same: pulumi config set cvat:inferenceMaxInstanceCount "
            f"{size.count}"
        )


def scaling_and_office_hours(inference: Inference, sleep: Sleep) -> Iterator[str]:
    size = inference.endpoint
    if sleep.office_hours and size.max_count > size.count and inference.enabled:
        yield (
            f"cvat:inferenceMaxInstanceCount = {size.max_count} and cvat:officeHours: endpoints are "
            "removed every evening, and their scaling with them. Make it the same as cvat:inferenceInstanceCount "
            f"({size.count})."
        )
