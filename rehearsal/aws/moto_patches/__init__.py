"""Where moto differs from AWS, and what is done about it: one module a service, one function a difference.

Each patch stands behind its probe: a few calls that AWS would answer as the probe expects, and moto alone does not. A
test runs every probe with and without the patches, so that a patch can be removed on the day moto has learnt it. ECS's
tasks have a module of their own, `rehearsal.aws.task_runner`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from rehearsal.aws.moto_patches import (
    acm,
    application_autoscaling,
    backup,
    backup_jobs,
    cloudwatch,
    dependents,
    ec2,
    ecr,
    ecs,
    efs,
    elasticache,
    elasticache_members,
    elbv2,
    events,
    iam,
    logs,
    rds,
    regions,
    route53,
    s3,
    sagemaker,
    sagemaker_runtime,
    scheduler,
    secretsmanager,
    servicediscovery,
    tags,
    vpc_endpoints,
)
from rehearsal.aws.moto_patches.patch import MotoPatch, patches_of

MOTO_PATCHES: tuple[MotoPatch, ...] = tuple(
    patch
    for module in (
        acm,
        application_autoscaling,
        backup,
        backup_jobs,
        cloudwatch,
        ec2,
        ecr,
        ecs,
        efs,
        elasticache,
        elasticache_members,
        elbv2,
        events,
        iam,
        logs,
        rds,
        regions,
        route53,
        s3,
        sagemaker,
        sagemaker_runtime,
        scheduler,
        secretsmanager,
        servicediscovery,
        vpc_endpoints,
        dependents,
        tags,
    )
    for patch in patches_of(module)
)
"""All patches, in the order in which they are applied."""


@contextmanager
def installed() -> Iterator[None]:
    """Applies all patches, until the block ends."""
    with ExitStack() as stack:
        for patch in MOTO_PATCHES:
            patch.apply(stack)
        yield
