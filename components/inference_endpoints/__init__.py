"""InferenceEndpoints: SageMaker models and endpoints for the auto-annotation functions that have an archive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_random as random

from components import iam
from components.context import StackContext
from components.ecs.scaling import INSTANCES_BY_CALLS, Scaled, track
from components.images import Image, pull_statements, repository_arn
from components.network import security_groups
from components.s3_bucket import PrivateBucket, PrivateBucketArgs
from components.scheduler.scheduled_calls import ResourceReference, SleepingEndpoint
from settings.functions import Deployable, LocalArchive, StoredArchive
from settings.values import EndpointSize

VARIANT = "all"
_LOG_FOLDER = "/aws/sagemaker/Endpoints/"
"""SageMaker writes an endpoint's logs to the group of its name in this folder."""


@dataclass(frozen=True, kw_only=True)
class InferenceEndpointsArgs:
    context: StackContext
    functions: Sequence[Deployable]
    """Functions that have an archive."""
    shared: bool
    """One endpoint with a container for each function, instead of an endpoint for each."""
    size: EndpointSize
    image: Image
    """The model image."""
    vpc_id: pulumi.Input[str]
    subnet_ids: pulumi.Input[Sequence[str]]
    """Private subnets for the containers."""
    log_retention_days: int = 30


@dataclass(frozen=True)
class Target:
    """Where a function answers."""

    endpoint: pulumi.Output[str]
    """Name of the endpoint."""
    arn: pulumi.Output[str]
    container: str | None = None
    """Container of a shared endpoint. Default: the endpoint has no other."""


def in_gateways_words(targets: Mapping[str, Target]) -> dict[str, dict[str, pulumi.Input[str]]]:
    """Function -> endpoint and container."""
    return {
        function: {"endpoint": target.endpoint, **({"container": target.container} if target.container else {})}
        for function, target in sorted(targets.items())
    }


class InferenceEndpoints(pulumi.ComponentResource):
    """Models, endpoints, and who answers for which function."""

    targets: Mapping[str, Target]
    """By function."""
    names: Mapping[str, pulumi.Output[str]]
    """Names of the endpoints, by a short name: `shared`, or the function's label."""
    sleepers: list[SleepingEndpoint]
    """How to make each endpoint again."""

    def __init__(self, name: str, args: InferenceEndpointsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cvat:index:InferenceEndpoints", name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        self._group = security_groups.group(f"{name}-models", "models", args.vpc_id, args.context.tags, self._child)
        security_groups.allow_out(f"{name}-models-out", self._group, args.context.tags, self._child)
        self._archives = self._upload()
        # One container cannot be in Direct mode: SageMaker asks for two or more.
        shared = args.shared and len(args.functions) > 1
        groups = {name: args.functions} if shared else {f"{name}-{one.function.label}": [one] for one in args.functions}
        self._log_groups = {group: self._log_group(group) for group in groups}
        self._role = self._execution_role()
        self.targets, self.names = {}, {}
        self.sleepers = []
        for group, functions in groups.items():
            label = "shared" if shared else functions[0].function.label
            known = self._known(group)
            config = self._configuration(group, functions)
            named = ResourceReference(name=config.name, arn=config.arn)
            self.sleepers.append(
                SleepingEndpoint(
                    label=label, endpoint=ResourceReference(name=known.endpoint, arn=known.arn), config=named
                )
            )
            if not args.context.asleep:
                endpoint = self._endpoint(group, known.endpoint, config)
                known = Target(endpoint.name, endpoint.arn)
                self.names[label] = endpoint.name
            for one in functions:
                self.targets[one.function.name] = replace(known, container=one.function.hostname if shared else None)
        self.register_outputs({name: target.endpoint for name, target in self.targets.items()})

    def _log_group(self, group: str) -> aws.cloudwatch.LogGroup:
        """SageMaker derives the log group from the endpoint's name, so that name is made before the endpoint is."""
        suffix = random.RandomId(group, random.RandomIdArgs(byte_length=4), opts=self._child).hex
        return aws.cloudwatch.LogGroup(
            group,
            aws.cloudwatch.LogGroupArgs(
                name=pulumi.Output.concat(_LOG_FOLDER, group, "-", suffix),
                retention_in_days=self._args.log_retention_days,
                kms_key_id=self._args.context.key,
                tags=dict(self._args.context.tags),
            ),
            opts=self._child,
        )

    def _upload(self) -> Mapping[str, pulumi.Input[str]]:
        """The S3 address of each function's archive; an address names its content, so a new archive is a new model."""
        name, args = f"{self._name}-models", self._args
        bucket = PrivateBucket(
            name, PrivateBucketArgs(context=args.context, key_arn=args.context.key_arn), opts=self._child
        )
        self._bucket = bucket
        return {one.function.name: self._address(one, bucket) for one in args.functions}

    def _address(self, one: Deployable, bucket: PrivateBucket) -> pulumi.Input[str]:
        if isinstance(one.archive, StoredArchive):
            return one.archive.url
        uploaded = aws.s3.BucketObjectv2(
            f"{self._name}-{one.function.label}",
            aws.s3.BucketObjectv2Args(
                bucket=bucket.bucket,
                key=f"{one.function.name}/{one.archive.digest}.tar.gz",
                source=pulumi.FileAsset(str(one.archive.path)),
                content_type="application/gzip",
                tags=dict(self._args.context.tags),
            ),
            # The endpoint in service loads the archive again whenever it adds an instance.
            opts=pulumi.ResourceOptions(parent=self, retain_on_delete=self._args.context.protect),
        )
        return pulumi.Output.concat("s3://", bucket.bucket, "/", uploaded.key)

    def _execution_role(self) -> tuple[aws.iam.Role, aws.iam.RolePolicy]:
        name, args = f"{self._name}-models", self._args
        role = aws.iam.Role(
            name,
            aws.iam.RoleArgs(
                assume_role_policy=iam.trust(args.context.region.principal("sagemaker")), tags=dict(args.context.tags)
            ),
            opts=self._child,
        )
        policy = aws.iam.RolePolicy(
            name,
            aws.iam.RolePolicyArgs(role=role.name, policy=iam.document(self._what_models_do())),
            opts=self._child,
        )
        return role, policy

    def _what_models_do(self) -> list[iam.Statement]:
        region, functions = self._args.context.region, self._args.functions
        others = [repository_arn(one.function.image) for one in functions if one.function.image]
        statements = pull_statements([self._args.image])
        statements[-1]["Resource"] += others
        stored = [one.archive for one in functions if isinstance(one.archive, StoredArchive)]
        objects = [region.arn("s3", f"{archive.bucket}/{archive.key}", region="") for archive in stored]
        if any(isinstance(one.archive, LocalArchive) for one in functions):
            statements += [*iam.read_objects(self._bucket.arn), *iam.decrypt(self._args.context.key_arn)]
        if objects:
            statements.append(iam.allow(["s3:GetObject"], objects))
        logs = [group.arn for group in self._log_groups.values()]
        statements.append(iam.write_logs(logs))
        return [*statements, iam.join_network()]

    def _known(self, name: str) -> Target:
        """What an endpoint is called, whether it exists at present or not."""
        context, endpoint = (
            self._args.context,
            self._log_groups[name].name.apply(lambda it: it.removeprefix(_LOG_FOLDER)),
        )
        return Target(
            endpoint,
            pulumi.Output.concat(context.region.arn("sagemaker", "endpoint/", account=context.account), endpoint),
        )

    def _configuration(self, name: str, functions: Sequence[Deployable]) -> aws.sagemaker.EndpointConfiguration:
        args, size = self._args, self._args.size
        return aws.sagemaker.EndpointConfiguration(
            name,
            aws.sagemaker.EndpointConfigurationArgs(
                production_variants=[
                    aws.sagemaker.EndpointConfigurationProductionVariantArgs(
                        variant_name=VARIANT,
                        model_name=self._model(name, functions).name,
                        instance_type=size.instance_type,
                        initial_instance_count=size.count,
                    )
                ],
                tags=dict(args.context.tags),
            ),
            opts=self._child,
        )

    def _endpoint(
        self, name: str, called: pulumi.Output[str], config: aws.sagemaker.EndpointConfiguration
    ) -> aws.sagemaker.Endpoint:
        args, size = self._args, self._args.size
        # The endpoint keeps its name: a new configuration replaces the instances behind it without a gap.
        endpoint = aws.sagemaker.Endpoint(
            name,
            aws.sagemaker.EndpointArgs(name=called, endpoint_config_name=config.name, tags=dict(args.context.tags)),
            opts=self._child,
        )
        if size.max_count > size.count:
            self._scaling(name, endpoint)
        return endpoint

    def _model(self, name: str, functions: Sequence[Deployable]) -> aws.sagemaker.Model:
        args = self._args
        role, policy = self._role
        containers = [self._container(one, len(functions)) for one in functions]
        shared = len(containers) > 1
        return aws.sagemaker.Model(
            name,
            aws.sagemaker.ModelArgs(
                execution_role_arn=role.arn,
                containers=[
                    aws.sagemaker.ModelContainerArgs(container_hostname=one.function.hostname, **container)
                    for one, container in zip(functions, containers, strict=True)
                ]
                if shared
                else None,
                primary_container=None if shared else aws.sagemaker.ModelPrimaryContainerArgs(**containers[0]),
                inference_execution_config=aws.sagemaker.ModelInferenceExecutionConfigArgs(mode="Direct")
                if shared
                else None,
                vpc_config=aws.sagemaker.ModelVpcConfigArgs(
                    subnets=args.subnet_ids, security_group_ids=[self._group.id]
                ),
                tags=dict(args.context.tags),
            ),
            # SageMaker reads archive and image with the role when the model is made.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )

    def _container(self, one: Deployable, side_by_side: int) -> dict[str, Any]:
        function = one.function
        own = {"FUNCTION": function.name, "MODEL_CONTAINERS": str(side_by_side)}
        return {
            "image": function.image or self._args.image.reference,
            "model_data_url": self._archives[function.name],
            "environment": {**own, **function.environment},
        }

    def _scaling(self, name: str, endpoint: aws.sagemaker.Endpoint) -> None:
        size = self._args.size
        resource = pulumi.Output.concat("endpoint/", endpoint.name, f"/variant/{VARIANT}")
        scaled = Scaled(resource_id=resource, least=size.count, most=size.max_count)
        track(name, scaled, INSTANCES_BY_CALLS, self._args.context.tags, self._child)
