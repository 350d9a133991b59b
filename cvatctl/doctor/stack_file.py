"""The stack's configuration, checked exactly as the program will check it. Needs no credentials."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import botocore.session

from cvatctl.doctor.finding import Finding, PlannedStack
from cvatctl.errors import CommandError
from region import Region
from settings import ConfigurationError, Settings, base_images, load_configuration, warnings
from settings.errors import FunctionsError, StackFileError
from settings.functions import Function, batch_endpoints, deployable, local_archives, of_class_batch, read_functions
from settings.sections.images import Images
from settings.stack_file import read_configuration, read_project

_SERVICES = (
    *("ecs", "ecr", "ec2", "elbv2", "rds", "elasticache", "efs", "secretsmanager", "logs", "sagemaker"),
    *("servicediscovery", "application-autoscaling", "s3"),
)
_NO_PROFILE = {"profile": (None, None, None, None)}
"""For botocore: ignore AWS_PROFILE, because its own region data is all that is read."""


def read(project: Path, stack: str | None) -> tuple[PlannedStack | None, list[Finding]]:
    """The stack of a project's folder (None: its configuration is wrong), and the findings on its configuration.

    Raises CommandError where there is no such stack.
    """
    try:
        pulumi_project = read_project(project)
        if stack is None:
            names = ", ".join(pulumi_project.stacks()) or "none"
            raise CommandError(
                f"Which stack? Name it with --stack. Stacks with a file in {project.resolve()}: {names}."
            )
        configuration = read_configuration(pulumi_project, stack, {})
    except StackFileError as error:
        raise CommandError(str(error)) from None
    except OSError as error:
        raise CommandError(f"{error.filename} cannot be read ({error.strerror}).") from None
    try:
        settings = load_configuration(configuration)
    except ConfigurationError as error:
        return None, [Finding("problem", "configuration", problem) for problem in error.problems]
    findings = [Finding("advice", "configuration", warning) for warning in warnings(settings)]
    findings += [Finding("ok", "configuration", f"Pulumi.{stack}.yaml keeps all rules.")]
    region = settings.region
    findings += [*_region(region), *_zones(region), *_mirrors(settings, region), *_base_images(project, settings)]
    functions, function_findings = _functions(project, settings)
    planned = PlannedStack(
        settings=settings,
        region=region,
        functions=len(functions),
        batch_functions=sum(function.batch for function in functions),
        batch_endpoints=batch_endpoints(functions, shared=settings.inference.batch_shared),
    )
    return planned, findings + function_findings


def _region(region: Region) -> Iterator[Finding]:
    session = botocore.session.Session(session_vars=_NO_PROFILE)
    missing = [
        service
        for service in _SERVICES
        if region.name not in session.get_available_regions(service, partition_name=region.partition)
    ]
    if missing:
        services = ", ".join(missing)
        yield Finding(
            "unknown", "region", f"botocore lists no {services} in {region.name}. Check that it exists there."
        )
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


_MIRRORS = {
    "mirror_base_registry": "Docker Hub cannot be reached from mainland China. Fill your ECR with `make mirror-images "
    "REGION={region}`, and set cvat:mirrorBaseRegistry to the address it prints",
    "mirror_cvat_repository": "GitHub is slow from mainland China, and often cut off. Push CVAT's repository to one of "
    "your own and set cvat:mirrorCvatRepository",
    "mirror_pypi": "PyPI is slow from mainland China. Set cvat:mirrorPypi to a mirror inside",
    "mirror_npm": "npm is slow from mainland China. Set cvat:mirrorNpm to a mirror inside",
    "mirror_apt": "Debian's servers are slow from mainland China. Set cvat:mirrorApt to a mirror inside",
}
"""Advice by field of the section `images`."""


def _base_images(project: Path, settings: Settings) -> Iterator[Finding]:
    """Published images without a digest, from which the program builds nothing."""
    digests = base_images.digests(project, settings.images.base_image_digests)
    to_build = [image for image in settings.image_names(()) if image not in settings.images.ready]
    try:
        base_images.check(settings.release, to_build, settings.mirrors, digests)
    except ConfigurationError as error:
        yield from (Finding("problem", "images", problem) for problem in error.problems)


def _mirrors(settings: Settings, region: Region) -> Iterator[Finding]:
    """Public registries that are slow in mainland China, or cannot be reached, if images are built here."""
    if not region.is_china or not {"server", "ui", "gateway", "models"} - set(settings.images.ready):
        return
    for field, advice in _MIRRORS.items():
        if field == "mirror_cvat_repository" and "server" in settings.release.base_images:
            continue  # such a release is not built from source
        if getattr(settings.images, field) == Images.model_fields[field].default:
            yield Finding(
                "advice", "mirrors", f"{advice.format(region=region.name)}, if the images are built inside China."
            )


def _functions(project: Path, settings: Settings) -> tuple[list[Function], list[Finding]]:
    """The functions that will be deployed, and a finding for each that will not."""
    inference = settings.inference
    if inference.inference_layout == "none":
        return [], [Finding("ok", "models", "auto-annotation is switched off (cvat:inferenceLayout).")]
    try:
        all_functions = read_functions(project / "serverless" / "functions")
        all_functions = of_class_batch(all_functions, inference.batch_functions)
        if inference.model_archives.startswith("s3://"):
            return all_functions, []
        archives = local_archives(project / inference.model_archives)
        ready, left_out = deployable(all_functions, archives, shared=inference.inference_layout == "shared")
    except FunctionsError as error:
        return [], [Finding("problem", "models", str(error))]
    if not ready:
        return [], [
            Finding(
                "advice",
                "models",
                f"{inference.model_archives} holds no model archive, so CVAT comes up without auto-annotation. Pack "
                "some (serverless/models/README.md), or set cvat:inferenceLayout to none.",
            )
        ]
    advice = [Finding("advice", "models", warning) for warning in left_out]
    functions = [with_archive.function for with_archive in ready]
    return functions, [*advice, Finding("ok", "models", f"{len(ready)} functions have an archive.")]
