"""The stack's configuration, checked exactly as the program will check it. Needs no credentials."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import boto3

from cvatctl.doctor.finding import Case, Finding
from cvatctl.errors import ProblemError
from region import Region
from settings import ConfigurationError, load, warnings
from settings.errors import FunctionsError, StackFileError
from settings.functions import deployable, local_archives, read_functions
from settings.keys import Images
from settings.model import Settings
from settings.secret_placeholders import with_placeholders
from settings.stack_file import read_configuration, read_project

_SERVICES = (
    "ecs", "ecr", "ec2", "elbv2", "rds", "elasticache", "efs", "secretsmanager", "logs", "sagemaker",
    "servicediscovery", "application-autoscaling", "s3",
)  # fmt: skip


def read(project: Path, stack: str | None) -> tuple[Case | None, list[Finding]]:
    """The stack of a project's folder, or None where its configuration is wrong, and what there is to say of it."""
    try:
        home = read_project(project)
        if stack is None:
            known = ", ".join(home.stacks()) or "none"
            raise ProblemError(
                f"Which stack? Name it with --stack. Stacks with a file in {project.resolve()}: {known}."
            )
        given = with_placeholders(read_configuration(home, stack, {}))
    except StackFileError as error:
        raise ProblemError(str(error)) from None
    try:
        settings, region = load(given.values, given.secrets)
    except ConfigurationError as error:
        return None, [Finding("problem", "configuration", problem) for problem in error.problems]
    findings = [Finding("advice", "configuration", said) for said in warnings(settings, region)]
    findings += [Finding("ok", "configuration", f"Pulumi.{stack}.yaml keeps all rules.")]
    findings += [*_region(region), *_zones(region), *_mirrors(settings, region)]
    count, said = _functions(project, settings)
    return Case(settings=settings, region=region, functions=count), findings + said


def _region(region: Region) -> Iterator[Finding]:
    session = boto3.session.Session()
    lacking = [
        service
        for service in _SERVICES
        if region.name not in session.get_available_regions(service, partition_name=region.partition)
    ]
    if len(lacking) == len(_SERVICES):
        yield Finding(
            "problem",
            "region",
            f"aws:region = {region.name}: no AWS region has this name. Correct it in the stack file.",
        )
    elif lacking:
        services = ", ".join(lacking)
        yield Finding("unknown", "region", f"botocore knows no {services} in {region.name}. Check that it is there.")
    else:
        yield Finding("ok", "region", f"{region.name} has all {len(_SERVICES)} services that a stack uses.")


def _zones(region: Region) -> Iterator[Finding]:
    if region.runs_fargate("a zone that no region has"):
        return
    yield Finding(
        "advice",
        "zones",
        f"Fargate does not run in every zone of {region.name}: tasks stay in those where it does, stores use all. "
        "Nothing to do.",
    )


def _mirrors(settings: Settings, region: Region) -> Iterator[Finding]:
    """In mainland China the public registries are slow or cannot be reached at all."""
    if not region.is_china:
        return
    builds = {"server", "ui", "gateway", "models"} - set(settings.given_images)
    if not builds:
        return
    for name, why in (
        ("mirror_base_registry", "Docker Hub cannot be reached from mainland China. Fill your ECR with "
         f"`make mirror-images REGION={region.name}`, and set cvat:mirrorBaseRegistry to the address it prints"),
        ("mirror_cvat_repository", "GitHub is slow from mainland China, and often cut off. Push CVAT's repository to "
         "one of your own and set cvat:mirrorCvatRepository"),
        ("mirror_pypi", "PyPI is slow from mainland China. Set cvat:mirrorPypi to a mirror inside"),
        ("mirror_npm", "npm is slow from mainland China. Set cvat:mirrorNpm to a mirror inside"),
        ("mirror_apt", "Debian's servers are slow from mainland China. Set cvat:mirrorApt to a mirror inside"),
    ):  # fmt: skip
        if getattr(settings.images, name) == Images.model_fields[name].default:
            yield Finding("advice", "mirrors", f"{why}, if the images are built there.")


def _functions(project: Path, settings: Settings) -> tuple[int, list[Finding]]:
    """How many functions will be deployed, and which not."""
    inference = settings.inference
    if inference.inference_layout == "none":
        return 0, [Finding("ok", "models", "auto-annotation is switched off (cvat:inferenceLayout).")]
    try:
        all_functions = read_functions(project / "serverless" / "functions")
        if inference.model_archives.startswith("s3://"):
            return len(all_functions), []
        archives = local_archives(project / inference.model_archives)
        ready, left_out = deployable(all_functions, archives, shared=inference.inference_layout == "shared")
    except FunctionsError as error:
        return 0, [Finding("problem", "models", str(error))]
    if not ready:
        return 0, [
            Finding(
                "advice",
                "models",
                f"{inference.model_archives} holds no model archive, so CVAT comes up without auto-annotation. Pack "
                "some (serverless/models/README.md), or set cvat:inferenceLayout to none.",
            )
        ]
    said = [Finding("advice", "models", one) for one in left_out]
    return len(ready), [*said, Finding("ok", "models", f"{len(ready)} functions have an archive.")]
