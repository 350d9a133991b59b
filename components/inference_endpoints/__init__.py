"""InferenceEndpoints: SageMaker models and endpoints for the auto-annotation functions that have an archive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pulumi
import pulumi_aws as aws
import pulumi_random as random

from components import iam
from components.context import StackContext
from components.ecs.scaling import INSTANCES_BY_CALLS, ScalableTarget, track
from components.images import Image, repository_arn
from components.inference_endpoints.targets import Target
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


class InferenceEndpoints(pulumi.ComponentResource):
    targets: Mapping[str, Target]
    """By function."""
    names: Mapping[str, pulumi.Output[str]]
    """Names of the endpoints that exist, by a short name: `shared`, or the function's label."""
    sleeping: Sequence[SleepingEndpoint]
    """What creates each endpoint again after a sleep."""

    def __init__(self, name: str, args: InferenceEndpointsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cvat:index:InferenceEndpoints", name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        self._group = security_groups.group(f"{name}-models", "models", args.vpc_id, self._child)
        security_groups.allow_out(f"{name}-models-out", self._group, self._child)
        bucket = PrivateBucketArgs(context=args.context, key_arn=args.context.key_arn, uploads=True)
        self._bucket = PrivateBucket(f"{name}-models", bucket, opts=self._child)
        self._archives = {deployable.function.name: self._archive_url(deployable) for deployable in args.functions}
        # SageMaker refuses the Direct mode for a single container.
        shared = args.shared and len(args.functions) > 1
        groups = (
            {name: args.functions}
            if shared
            else {f"{name}-{deployable.function.label}": [deployable] for deployable in args.functions}
        )
        self._log_groups = {group: self._log_group(group) for group in groups}
        self._role = self._execution_role()
        self.targets, self.names = {}, {}
        sleeping = []
        for group, functions in groups.items():
            label = "shared" if shared else functions[0].function.label
            target, config = self._target(group), self._configuration(group, functions)
            sleeping.append(
                SleepingEndpoint(
                    label=label,
                    endpoint=ResourceReference(name=target.endpoint, arn=target.arn),
                    config=ResourceReference(name=config.name, arn=config.arn),
                )
            )
            if not args.context.asleep:
                endpoint = self._endpoint(group, target.endpoint, config)
                target = Target(endpoint.name, endpoint.arn)
                self.names[label] = endpoint.name
            for deployable in functions:
                function = deployable.function
                self.targets[function.name] = replace(target, container=function.hostname if shared else None)
        self.sleeping = sleeping
        self.register_outputs({name: target.endpoint for name, target in self.targets.items()})

    def _log_group(self, group: str) -> aws.cloudwatch.LogGroup:
        """SageMaker derives the log group from the endpoint's name, so that name exists before the endpoint does."""
        size = self._args.size
        # SageMaker refuses another instance type for a variant that is registered for scaling (UpdateEndpoint, API
        # reference), and Pulumi deletes the registration last: so a new type gets a new endpoint beside the old one.
        keepers = {"instance_type": size.instance_type} if _scales(size) else None
        suffix = random.RandomId(group, byte_length=4, keepers=keepers, opts=self._child).hex
        return aws.cloudwatch.LogGroup(
            group,
            name=pulumi.Output.concat(_LOG_FOLDER, group, "-", suffix),
            retention_in_days=self._args.log_retention_days,
            kms_key_id=self._args.context.key,
            opts=self._child,
        )

    def _archive_url(self, deployable: Deployable) -> pulumi.Input[str]:
        """The S3 address of an archive. It contains the digest, so that a new archive becomes a new model."""
        archive, function = deployable.archive, deployable.function
        if isinstance(archive, StoredArchive):
            return archive.url
        uploaded = aws.s3.BucketObjectv2(
            f"{self._name}-{function.label}",
            bucket=self._bucket.bucket,
            key=f"{function.name}/{archive.digest}.tar.gz",
            source=pulumi.FileAsset(str(archive.path)),
            content_type="application/gzip",
            # The endpoint in service loads the archive again whenever it adds an instance.
            opts=pulumi.ResourceOptions(parent=self, retain_on_delete=self._args.context.protect),
        )
        return pulumi.Output.concat("s3://", self._bucket.bucket, "/", uploaded.key)

    def _execution_role(self) -> tuple[aws.iam.Role, aws.iam.RolePolicy]:
        name, context = f"{self._name}-models", self._args.context
        trust = iam.trust(context.region.principal("sagemaker"), context.account)
        role = aws.iam.Role(name, assume_role_policy=trust, opts=self._child)
        policy = aws.iam.RolePolicy(
            name, role=role.name, policy=iam.document(self._model_statements()), opts=self._child
        )
        return role, policy

    def _model_statements(self) -> list[iam.Statement]:
        """Permissions with which SageMaker loads images and archives, writes logs and joins the VPC."""
        args, region = self._args, self._args.context.region
        images = [deployable.function.image for deployable in args.functions if deployable.function.image]
        statements = iam.pull_images([args.image.repository_arn, *(repository_arn(image) for image in images)])
        archives = [deployable.archive for deployable in args.functions]
        if any(isinstance(archive, LocalArchive) for archive in archives):
            statements += [*iam.read_objects(self._bucket.arn), *iam.decrypt(args.context.key_arn)]
        stored = [archive for archive in archives if isinstance(archive, StoredArchive)]
        if stored:
            arns = [region.arn("s3", f"{archive.bucket}/{archive.key}", region="") for archive in stored]
            statements.append(iam.allow(["s3:GetObject"], arns))
        statements.append(iam.write_logs([group.arn for group in self._log_groups.values()]))
        return [*statements, iam.join_network()]

    def _target(self, group: str) -> Target:
        """Name and ARN of an endpoint, whether it exists at present or not."""
        context, log_group = self._args.context, self._log_groups[group]
        endpoint = log_group.name.apply(lambda name: name.removeprefix(_LOG_FOLDER))
        prefix = context.region.arn("sagemaker", "endpoint/", account=context.account)
        return Target(endpoint, pulumi.Output.concat(prefix, endpoint))

    def _configuration(self, group: str, functions: Sequence[Deployable]) -> aws.sagemaker.EndpointConfiguration:
        size = self._args.size
        return aws.sagemaker.EndpointConfiguration(
            group,
            production_variants=[
                {
                    "variant_name": VARIANT,
                    "model_name": self._model(group, functions).name,
                    "instance_type": size.instance_type,
                    "initial_instance_count": size.count,
                }
            ],
            opts=self._child,
        )

    def _endpoint(
        self, group: str, name: pulumi.Output[str], config: aws.sagemaker.EndpointConfiguration
    ) -> aws.sagemaker.Endpoint:
        size = self._args.size
        # The endpoint keeps its name: a new configuration replaces the instances behind it without a gap.
        endpoint = aws.sagemaker.Endpoint(group, name=name, endpoint_config_name=config.name, opts=self._child)
        if _scales(size):
            resource = pulumi.Output.concat("endpoint/", endpoint.name, f"/variant/{VARIANT}")
            target = ScalableTarget(resource_id=resource, least=size.count, most=size.max_count)
            track(group, target, INSTANCES_BY_CALLS, self._child)
        return endpoint

    def _model(self, group: str, functions: Sequence[Deployable]) -> aws.sagemaker.Model:
        args = self._args
        role, policy = self._role
        direct: aws.sagemaker.ModelInferenceExecutionConfigArgsDict = {"mode": "Direct"}
        shared = len(functions) > 1
        containers = [self._container(deployable, len(functions)) for deployable in functions]
        return aws.sagemaker.Model(
            group,
            execution_role_arn=role.arn,
            containers=containers if shared else None,
            primary_container=None if shared else containers[0],
            inference_execution_config=direct if shared else None,
            # The containers call nothing. SageMaker loads the archives for them, through the VPC, with the role.
            enable_network_isolation=True,
            vpc_config={"subnets": args.subnet_ids, "security_group_ids": [self._group.id]},
            # SageMaker reads archive and image with the role when the model is created.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )

    def _container(self, deployable: Deployable, containers: int) -> aws.sagemaker.ModelContainerArgsDict:
        """A container of a model; `containers`: how many share its instances."""
        function = deployable.function
        own = {"FUNCTION": function.name, "MODEL_CONTAINERS": str(containers)}
        container: aws.sagemaker.ModelContainerArgsDict = {
            "image": function.image or self._args.image.reference,
            "model_data_url": self._archives[function.name],
            "environment": {**own, **function.environment},
        }
        return container | {"container_hostname": function.hostname} if containers > 1 else container


def _scales(size: EndpointSize) -> bool:
    return size.max_count > size.count
