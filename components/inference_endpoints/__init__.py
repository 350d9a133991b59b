"""InferenceEndpoints: SageMaker models and endpoints for the auto-annotation functions that have an archive."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import pulumi
import pulumi_aws as aws
import pulumi_random as random

from components import iam
from components.context import StackContext
from components.ecs.scaling import INSTANCES_BY_CALLS, ScalableTarget, track
from components.images import Image, repository_arn
from components.inference_endpoints import batch
from components.inference_endpoints.targets import BatchTarget, Target
from components.network import security_groups
from components.s3_bucket import PrivateBucket, PrivateBucketArgs
from components.scheduler.scheduled_calls import ResourceReference, SleepingEndpoint
from settings.functions import Archive, Deployable, LocalArchive, StoredArchive
from settings.values import BatchEndpointSize, EndpointSize

SHARED_BATCH = "batch-shared"
_LOG_FOLDER = "/aws/sagemaker/Endpoints/"
"""SageMaker writes an endpoint's logs to the group of its name in this folder."""


@dataclass(frozen=True, kw_only=True)
class _Group:
    """Functions that share an endpoint."""

    name: str
    """Logical name of its resources."""
    label: str
    """`shared`, `batch-shared`, or the function's label."""
    functions: Sequence[Deployable]
    batch: bool = False
    archive: LocalArchive | None = None
    """Of all the functions, which then have one container. None: each has its own."""

    @property
    def direct(self) -> bool:
        """Whether containers are told apart. SageMaker refuses the Direct mode for a single one."""
        return len(self.functions) > 1 and not self.archive


@dataclass(frozen=True, kw_only=True)
class InferenceEndpointsArgs:
    context: StackContext
    functions: Sequence[Deployable]
    """Functions that have an archive."""
    shared: bool
    """One endpoint with a container for each function, instead of an endpoint for each."""
    size: EndpointSize
    batch_size: BatchEndpointSize
    """Of each endpoint of batch functions."""
    batch_archive: LocalArchive | None = None
    """Of the batch functions that share a container. None: each has its own endpoint."""
    image: Image
    """The model image."""
    vpc_id: pulumi.Input[str]
    subnet_ids: pulumi.Input[Sequence[str]]
    """Private subnets for the containers."""
    log_retention_days: int = 30


class InferenceEndpoints(pulumi.ComponentResource):
    targets: dict[str, Target]
    """By function."""
    names: dict[str, pulumi.Output[str]]
    """Names of the real-time endpoints that exist, by a short name: `shared`, or the function's label."""
    batch_names: dict[str, pulumi.Output[str]]
    """Of the asynchronous and the recreated endpoints, by a short name: `batch-shared`, or the function's label."""
    sleeping: list[SleepingEndpoint]
    """Endpoints that are deleted for a sleep, and what creates each again."""

    def __init__(self, name: str, args: InferenceEndpointsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cvat:index:InferenceEndpoints", name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        self._group = security_groups.group(f"{name}-models", "models", args.vpc_id, self._child)
        security_groups.allow_out(f"{name}-models-out", self._group, self._child)
        bucket = PrivateBucketArgs(context=args.context, key_arn=args.context.key_arn, uploads=True)
        self._bucket = PrivateBucket(f"{name}-models", bucket, opts=self._child)
        groups = list(_groups(name, args))
        self._archives = {key: url for group in groups for key, url in self._archive_urls(group)}
        self._log_groups = {group.name: self._log_group(group) for group in groups}
        self._batch_bucket = self._bucket_of_calls() if any(group.batch for group in groups) else None
        interactive = [group for group in groups if not group.batch]
        self._roles = {False: self._execution_role(f"{name}-models", interactive)} if interactive else {}
        if len(interactive) < len(groups):
            self._roles[True] = self._execution_role(f"{name}-batch", [group for group in groups if group.batch])
        self.targets, self.names, self.batch_names, self.sleeping = {}, {}, {}, []
        for group in groups:
            self._deploy(group)
        self.register_outputs({name: target.endpoint for name, target in self.targets.items()})

    def _deploy(self, group: _Group) -> None:
        """One endpoint, and where its functions answer."""
        args, target, config = self._args, self._target(group), self._configuration(group)
        by_gateway = group.batch and args.batch_size.recreated
        if by_gateway or not group.batch:
            reference = ResourceReference(name=target.endpoint, arn=target.arn)
            config_reference = ResourceReference(name=config.name, arn=config.arn)
            self.sleeping.append(
                SleepingEndpoint(
                    label=group.label, endpoint=reference, config=config_reference, created_by_gateway=by_gateway
                )
            )
        config_name = config.name
        if not args.context.asleep:
            endpoint = self._endpoint(group, target.endpoint, config)
            target, config_name = Target(endpoint.name, endpoint.arn), endpoint.endpoint_config_name
            (self.batch_names if group.batch else self.names)[group.label] = endpoint.name
        for deployable in group.functions:
            function = deployable.function
            self.targets[function.name] = replace(
                target,
                container=function.hostname if group.direct else None,
                batch=self._batch_target(config, config_name) if group.batch else None,
            )

    def _batch_target(
        self, config: aws.sagemaker.EndpointConfiguration, config_name: pulumi.Output[str]
    ) -> BatchTarget:
        assert self._batch_bucket  # noqa: S101 - there is one where there are batch functions
        return BatchTarget(
            recreated=self._args.batch_size.recreated,
            folder=pulumi.Output.concat("s3://", self._batch_bucket.bucket),
            bucket_arn=self._batch_bucket.arn,
            config=config_name,
            config_arn=config.arn,
        )

    def _bucket_of_calls(self) -> PrivateBucket:
        context = self._args.context
        args = PrivateBucketArgs(
            context=context,
            expire_days=batch.KEPT_DAYS,
            uploads=True,  # it holds what can be sent again
            old_version_days=1,
            key_arn=context.key_arn,
        )
        return PrivateBucket(f"{self._name}-batch", args, opts=self._child)

    def _log_group(self, group: _Group) -> aws.cloudwatch.LogGroup:
        """SageMaker derives the log group from the endpoint's name, so that name exists before the endpoint does."""
        # SageMaker refuses another instance type for a variant that is registered for scaling (UpdateEndpoint, API
        # reference), and Pulumi deletes the registration last: so a new type gets a new endpoint beside the old one.
        suffix = random.RandomId(group.name, byte_length=4, keepers=self._keepers(group), opts=self._child).hex
        return aws.cloudwatch.LogGroup(
            group.name,
            name=pulumi.Output.concat(_LOG_FOLDER, group.name, "-", suffix),
            retention_in_days=self._args.log_retention_days,
            kms_key_id=self._args.context.key,
            opts=self._child,
        )

    def _keepers(self, group: _Group) -> dict[str, str] | None:
        """What an endpoint cannot change: with another value it gets another name."""
        args = self._args
        if group.batch:
            kind = "recreated" if args.batch_size.recreated else "asynchronous"
            return {"instance_type": args.batch_size.instance_type, "kind": kind}
        return {"instance_type": args.size.instance_type} if _scales(args.size) else None

    def _archive_urls(self, group: _Group) -> Iterator[tuple[str, pulumi.Input[str]]]:
        """The S3 address of each container's archive, by the function's name or by the group's label."""
        if group.archive:
            yield group.label, self._archive_url(group.label, group.label, group.archive)
            return
        for deployable in group.functions:
            name, label = deployable.function.name, deployable.function.label
            yield name, self._archive_url(label, name, deployable.archive)

    def _archive_url(self, label: str, folder: str, archive: Archive) -> pulumi.Input[str]:
        """The S3 address of an archive. It contains the digest, so that a new archive becomes a new model."""
        if isinstance(archive, StoredArchive):
            return archive.url
        uploaded = aws.s3.BucketObjectv2(
            f"{self._name}-{label}",
            bucket=self._bucket.bucket,
            key=f"{folder}/{archive.digest}.tar.gz",
            source=pulumi.FileAsset(str(archive.path)),
            content_type="application/gzip",
            # The endpoint in service loads the archive again whenever it adds an instance.
            opts=pulumi.ResourceOptions(parent=self, retain_on_delete=self._args.context.protect),
        )
        return pulumi.Output.concat("s3://", self._bucket.bucket, "/", uploaded.key)

    def _execution_role(self, name: str, groups: Sequence[_Group]) -> tuple[aws.iam.Role, aws.iam.RolePolicy]:
        context = self._args.context
        trust = iam.trust(context.region.principal("sagemaker"), context.account)
        role = aws.iam.Role(name, assume_role_policy=trust, opts=self._child)
        policy = aws.iam.RolePolicy(
            name, role=role.name, policy=iam.document(self._model_statements(groups)), opts=self._child
        )
        return role, policy

    def _model_statements(self, groups: Sequence[_Group]) -> list[iam.Statement]:
        """Permissions with which SageMaker loads images and archives, writes logs and joins the VPC."""
        args, region = self._args, self._args.context.region
        functions = [deployable for group in groups for deployable in group.functions]
        images = [deployable.function.image for deployable in functions if deployable.function.image]
        statements = iam.pull_images([args.image.repository_arn, *(repository_arn(image) for image in images)])
        archives = [deployable.archive for deployable in functions]
        if any(isinstance(archive, LocalArchive) for archive in archives):
            statements += [*iam.read_objects(self._bucket.arn), *iam.decrypt(args.context.key_arn)]
        stored = [archive for archive in archives if isinstance(archive, StoredArchive)]
        if stored:
            arns = [region.arn("s3", f"{archive.bucket}/{archive.key}", region="") for archive in stored]
            statements.append(iam.allow(["s3:GetObject"], arns))
        statements.append(iam.write_logs([self._log_groups[group.name].arn for group in groups]))
        if self._batch_bucket and groups[0].batch and not args.batch_size.recreated:
            statements += batch.model_statements(self._batch_bucket.arn, args.context.key_arn)
        return [*statements, iam.join_network()]

    def _target(self, group: _Group) -> Target:
        """Name and ARN of an endpoint, whether it exists at present or not."""
        context, log_group = self._args.context, self._log_groups[group.name]
        endpoint = log_group.name.apply(lambda name: name.removeprefix(_LOG_FOLDER))
        prefix = context.region.arn("sagemaker", "endpoint/", account=context.account)
        return Target(endpoint, pulumi.Output.concat(prefix, endpoint))

    def _configuration(self, group: _Group) -> aws.sagemaker.EndpointConfiguration:
        args, asynchronous = self._args, None
        if group.batch and self._batch_bucket and not args.batch_size.recreated:
            asynchronous = batch.asynchronous_config(self._batch_bucket, group.label, args.context.key_arn)
        return aws.sagemaker.EndpointConfiguration(
            group.name,
            production_variants=[
                {
                    "variant_name": batch.VARIANT,
                    "model_name": self._model(group).name,
                    "instance_type": args.batch_size.instance_type if group.batch else args.size.instance_type,
                    "initial_instance_count": 1 if group.batch else args.size.count,
                }
            ],
            async_inference_config=asynchronous,
            tags={"cvat:service": "batch"} if group.batch else None,  # the report reads it
            opts=self._child,
        )

    def _endpoint(
        self, group: _Group, name: pulumi.Output[str], config: aws.sagemaker.EndpointConfiguration
    ) -> aws.sagemaker.Endpoint:
        args = self._args
        # The endpoint keeps its name: a new configuration replaces the instances behind it without a gap.
        endpoint = aws.sagemaker.Endpoint(group.name, name=name, endpoint_config_name=config.name, opts=self._child)
        if group.batch and not args.batch_size.recreated:
            scaling = batch.BatchScaling(
                name=group.name, endpoint=endpoint.name, size=args.batch_size, hours=args.context.hours
            )
            batch.scale_from_zero(scaling, self._child)
        elif not group.batch and _scales(args.size):
            resource = pulumi.Output.concat("endpoint/", endpoint.name, f"/variant/{batch.VARIANT}")
            target = ScalableTarget(resource_id=resource, least=args.size.count, most=args.size.max_count)
            track(group.name, target, INSTANCES_BY_CALLS, self._child)
        return endpoint

    def _model(self, group: _Group) -> aws.sagemaker.Model:
        args, functions = self._args, group.functions
        role, policy = self._roles[group.batch]
        direct: aws.sagemaker.ModelInferenceExecutionConfigArgsDict = {"mode": "Direct"}
        if group.archive:
            containers = [self._container_of_several(group)]
        else:
            containers = [self._container(deployable, len(functions)) for deployable in functions]
        return aws.sagemaker.Model(
            group.name,
            execution_role_arn=role.arn,
            containers=containers if group.direct else None,
            primary_container=None if group.direct else containers[0],
            inference_execution_config=direct if group.direct else None,
            # The containers call nothing. SageMaker loads the archives for them, through the VPC, with the role.
            enable_network_isolation=True,
            vpc_config={"subnets": args.subnet_ids, "security_group_ids": [self._group.id]},
            # SageMaker reads archive and image with the role when the model is created.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )

    def _container_of_several(self, group: _Group) -> aws.sagemaker.ModelContainerArgsDict:
        """One container for all functions of a group: it finds their folders in the archive."""
        return {"image": self._args.image.reference, "model_data_url": self._archives[group.label]}

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


def _groups(name: str, args: InferenceEndpointsArgs) -> Iterator[_Group]:
    """One shared endpoint for all interactive functions, or one each. Batch functions share a container or nothing:
    an asynchronous call names none of several (InvokeEndpointAsync, API reference: no TargetContainerHostname)."""
    interactive = [deployable for deployable in args.functions if not deployable.function.batch]
    if args.shared and len(interactive) > 1:
        yield _Group(name=name, label="shared", functions=interactive)
        interactive = []
    batch_functions = [deployable for deployable in args.functions if deployable.function.batch]
    if args.batch_archive:
        together = [deployable for deployable in batch_functions if deployable.function.shares]
        batch_functions = [deployable for deployable in batch_functions if not deployable.function.shares]
        label, archive = SHARED_BATCH, args.batch_archive
        yield _Group(name=f"{name}-{label}", label=label, functions=together, batch=True, archive=archive)
    alone = [*interactive, *batch_functions]
    for deployable in alone:
        label = deployable.function.label
        yield _Group(name=f"{name}-{label}", label=label, functions=[deployable], batch=deployable.function.batch)


def _scales(size: EndpointSize) -> bool:
    return size.max_count > size.count
