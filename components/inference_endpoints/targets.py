"""Where each auto-annotation function answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from components import iam


@dataclass(frozen=True, kw_only=True)
class BatchTarget:
    """How an endpoint that sleeps while nobody uses it is called and woken."""

    recreated: bool
    """Whether it is deleted and created again, instead of scaling from zero."""
    folder: pulumi.Output[str]
    """S3 address below which the gateway keeps requests and answers."""
    bucket_arn: pulumi.Output[str]
    config: pulumi.Output[str]
    """Name of the endpoint's configuration, known once the endpoint has it."""
    config_arn: pulumi.Output[str]


@dataclass(frozen=True)
class Target:
    endpoint: pulumi.Output[str]
    """Name of the endpoint."""
    arn: pulumi.Output[str]
    container: str | None = None
    """Container of a shared endpoint. None: the endpoint has no other."""
    batch: BatchTarget | None = None
    """None: the endpoint is always there."""


def gateway_endpoints(targets: Mapping[str, Target], tags: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Function -> endpoint and container, as the gateway reads SERVERLESS_ENDPOINTS; values may be outputs."""
    return {function: dict(_entry(target, tags)) for function, target in sorted(targets.items())}


def _entry(target: Target, tags: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    yield "endpoint", target.endpoint
    if target.container:
        yield "container", target.container
    if target.batch:
        driver = "recreated" if target.batch.recreated else "asynchronous"
        own_tags = {"tags": dict(tags)} if target.batch.recreated else {}
        yield "batch", {"driver": driver, "folder": target.batch.folder, "config": target.batch.config, **own_tags}


def gateway_statements(targets: Mapping[str, Target], key_arn: str) -> list[iam.Statement]:
    """What the gateway may do: call its endpoints, and wake those that sleep."""
    now = [target for target in targets.values() if not target.batch or target.batch.recreated]
    statements = [iam.allow(["sagemaker:InvokeEndpoint"], _arns(now))] if now else []
    batch = {target.endpoint: target for target in targets.values() if target.batch}
    if batch:
        statements += _batch_statements(list(batch.values()), key_arn)
    return statements


def _batch_statements(targets: list[Target], key_arn: str) -> Iterator[iam.Statement]:
    yield iam.allow(["sagemaker:DescribeEndpoint"], _arns(targets))
    asynchronous = [target for target in targets if target.batch and not target.batch.recreated]
    if asynchronous:
        actions = ["sagemaker:InvokeEndpointAsync", "sagemaker:UpdateEndpointWeightsAndCapacities"]
        yield iam.allow(actions, _arns(asynchronous))
    recreated = [target for target in targets if target.batch and target.batch.recreated]
    if recreated:
        configs = [target.batch.config_arn for target in recreated if target.batch]
        yield iam.allow(["sagemaker:CreateEndpoint"], [*_arns(recreated), *configs])
        yield iam.allow(["sagemaker:AddTags", "sagemaker:DeleteEndpoint"], _arns(recreated))
    bucket = next(target.batch.bucket_arn for target in targets if target.batch)
    folders = ("in", "calls") if asynchronous else ("in", "out", "used")
    kept = [pulumi.Output.concat(bucket, f"/{folder}/*") for folder in folders]
    yield iam.allow(["s3:GetObject", "s3:PutObject"], kept)
    if asynchronous:
        yield iam.allow(["s3:DeleteObject"], [pulumi.Output.concat(bucket, "/calls/*")])
        yield iam.allow(
            ["s3:GetObject"], [pulumi.Output.concat(bucket, f"/{name}/*") for name in ("answers", "failures")]
        )
    # Without it, S3 answers 403 and not 404 for an object that is not there (GetObject, API reference).
    yield iam.allow(["s3:ListBucket"], [bucket])
    yield from iam.encrypt(key_arn)


def _arns(targets: list[Target]) -> list[pulumi.Input[str]]:
    return list(dict.fromkeys(target.arn for target in targets))
