"""InitTask: migrates the database, creates the administrator, copies demo files; once for each release."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pulumi
import pulumi_aws as aws

from components import iam
from components.adopted.restore import PUT_IN_PLACE
from components.context import StackContext
from components.data_tier.secrets import SecretValue, StoredSecret
from components.data_tier.store_access import StoreAccess
from components.dynamic.run_once import RunOnce
from components.ecs.container_definitions import ContainerSpec, LogTarget
from components.ecs.fargate_task import FargateTask, FargateTaskArgs, family
from components.ecs.log_groups import LogGroup
from components.images import Image
from components.network import security_groups
from components.network.egress import Egress
from components.s3_bucket import PrivateBucket, PrivateBucketArgs
from settings.releases.release import DATA, FOLDERS
from settings.values import TaskSize

_KIND = "init"
_RESTORED = "restored"
_PUT_IN_PLACE = "put-in-place"
_DATABASE = ("CVAT_POSTGRES_", "DJANGO_SECRET_KEY")
"""Beginnings of the variables that a migration needs."""
_DEMO_FOLDER = Path("demo/files")
_BUILTIN_PREFIX = "demo/"


@dataclass(frozen=True, kw_only=True)
class InitTaskArgs:
    context: StackContext
    cluster_arn: pulumi.Input[str]
    vpc_id: pulumi.Input[str]
    subnet_ids: pulumi.Input[Sequence[str]]
    """Private subnets in which Fargate runs."""
    egress: Egress
    stores: StoreAccess
    base_url: pulumi.Input[str]
    """CVAT's public address; its settings do not load without one."""
    image: Image
    """CVAT's server image."""
    size: TaskSize
    admin_user: str
    """Name of the administrator. With another one, the task runs again and creates that one."""
    admin: StoredSecret
    """Name and password of the administrator to create."""
    admin_email: str
    log_group: LogGroup
    demo_data: str = "builtin"
    """`builtin` (the repository's demo files), `none`, or an S3 address."""
    timeout_minutes: int = 30
    """Minutes after which the task is stopped and counts as failed."""
    upgrade_from: str = ""
    """Release that has filled the database. Default: the stack's own, or none."""
    upgrade_images: Mapping[str, Image] = field(default_factory=dict)
    """By the command of their entry point: images of the steps that migrate its database before the release's own
    migration does."""
    snapshot: bool
    """Whether to snapshot the database before a new image migrates it."""
    wait_for: Sequence[pulumi.Resource] = ()
    """What the task needs, and no input refers to: routes, mount targets, versions of secrets."""


class InitTask(pulumi.ComponentResource):
    """Depend on this component to start only once the database is migrated to the release."""

    task_arn: pulumi.Output[str]
    """The task that ran."""
    database_started: pulumi.Output[str]
    """When it last found the database stopped, and started it; empty: never."""
    family: str
    """Family of its task definitions."""

    def __init__(self, name: str, args: InitTaskArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cvat:index:InitTask", name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        group = security_groups.group(name, _KIND, args.vpc_id, self._child)
        security_groups.allow_out(f"{name}-out", group, self._child)
        args.egress.allow(name, group, self._child)
        demo, uploaded = self._demo()
        task = self._task(demo)
        self.family = family(args.context, _KIND)
        run = RunOnce(
            name,
            {
                **args.context.client_props,
                "cluster": args.cluster_arn,
                "task_definition": task.arn,
                "image": args.image.reference,
                "demo_data": demo.digest if demo else "",
                "admin_user": args.admin_user,
                "subnets": args.subnet_ids,
                "security_groups": [group.id, *(client.id for client in args.stores.clients)],
                "log_group": args.log_group.name,
                "timeout_minutes": args.timeout_minutes,
                "snapshot_of": args.stores.database if args.snapshot else None,
                "database": args.stores.database if args.stores.database_is_managed else None,
                "asleep": args.context.asleep,
                **args.context.hours_props,
                **({"upgrade_from": args.upgrade_from} if args.upgrade_from else {}),
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=[task, *uploaded, *args.wait_for]),
        )
        self.task_arn, self.database_started = run.task_arn, run.database_started
        self.register_outputs({"task_arn": self.task_arn})

    def _demo(self) -> tuple[_DemoSource | None, list[pulumi.Resource]]:
        """The source of the demo files, and the uploads to wait for."""
        args = self._args
        if args.demo_data == "none":
            return None, []
        if args.demo_data != "builtin":
            bucket, _, prefix = args.demo_data.removeprefix("s3://").partition("/")
            arn = args.context.region.arn("s3", bucket, region="")
            return _DemoSource(pulumi.Output.from_input(args.demo_data), arn, prefix, args.demo_data), []
        return self._builtin()

    def _builtin(self) -> tuple[_DemoSource, list[pulumi.Resource]]:
        name, args = f"{self._name}-demo", self._args
        bucket_args = PrivateBucketArgs(context=args.context, key_arn=args.context.key_arn, uploads=True)
        bucket = PrivateBucket(name, bucket_args, opts=self._child)
        files = [path for path in sorted(_DEMO_FOLDER.rglob("*")) if path.is_file()]
        uploads: list[pulumi.Resource] = [
            aws.s3.BucketObjectv2(
                f"{name}-{path.relative_to(_DEMO_FOLDER).as_posix()}",
                bucket=bucket.bucket,
                key=f"{_BUILTIN_PREFIX}{path.relative_to(_DEMO_FOLDER).as_posix()}",
                source=pulumi.FileAsset(str(path)),
                opts=self._child,
            )
            for path in files
        ]
        address = pulumi.Output.concat("s3://", bucket.bucket, "/", _BUILTIN_PREFIX)
        return _DemoSource(address, bucket.arn, _BUILTIN_PREFIX, _digest(files), args.context.key_arn), uploads

    def _task(self, demo: _DemoSource | None) -> FargateTask:
        args = self._args
        root = args.stores.restored
        containers = [self._put_in_place()] if root else []
        containers += self._steps()
        containers += [self._initialise(last=demo is None), *([self._copy(demo)] if demo else [])]
        volumes = {name: folder for name, folder in args.stores.volumes.items() if demo or name == "data"}
        volumes |= {_RESTORED: root} if root else {}
        statements = demo.read() if demo else []
        statements += [iam.mount_as_root(root.file_system_arn, root.access_point_arn)] if root else []
        return FargateTask(
            self._name,
            FargateTaskArgs(
                context=args.context,
                kind=_KIND,
                size=args.size,
                containers=containers,
                images=[args.image, *args.upgrade_images.values()],
                log_group_arn=args.log_group.arn,
                secrets=list(self._secrets().values()),
                volumes=volumes,
                writable=frozenset(volumes),
                statements=statements,
            ),
            opts=self._child,
        )

    def _secrets(self) -> dict[str, SecretValue]:
        """The stores' secrets, and the administrator by the variables of Django's createsuperuser."""
        args = self._args
        return {
            **args.stores.secrets,
            "DJANGO_SUPERUSER_USERNAME": args.admin.value("username"),
            "DJANGO_SUPERUSER_PASSWORD": args.admin.value("password"),
        }

    def _steps(self) -> list[ContainerSpec]:
        """The containers that migrate the database of an older release as far as theirs, one after the other."""
        args = self._args
        names = list(args.upgrade_images)
        environment = {name: value for name, value in args.stores.environment.items() if name.startswith(_DATABASE)}
        secrets = {name: value for name, value in args.stores.secrets.items() if name.startswith(_DATABASE)}
        return [
            ContainerSpec(
                name=name,
                image=image.reference,
                command=(name,),
                environment=environment,
                secrets={variable: value.reference for variable, value in secrets.items()},
                logs=LogTarget(group=args.log_group.name, region=args.context.region.name),
                mounts={DATA: FOLDERS[DATA]},
                scratch=True,
                after=names[number - 1] if number else self._first_step,
                essential=False,
            )
            for number, (name, image) in enumerate(args.upgrade_images.items())
        ]

    @property
    def _first_step(self) -> str | None:
        """The container that comes before all migrations."""
        return _PUT_IN_PLACE if self._args.stores.restored else None

    def _environment(self) -> dict[str, pulumi.Input[str]]:
        args = self._args
        upgrade = {"CVAT_UPGRADE_FROM": args.upgrade_from} if args.upgrade_from else {}
        outward = args.egress.environment_of_cvat()
        return {**args.stores.environment, "CVAT_BASE_URL": args.base_url, **outward, **upgrade}

    def _initialise(self, *, last: bool) -> ContainerSpec:
        args = self._args
        return ContainerSpec(
            name="init",
            image=args.image.reference,
            command=("init",),
            environment={**self._environment(), "DJANGO_SUPERUSER_EMAIL": args.admin_email},
            secrets={variable: value.reference for variable, value in self._secrets().items()},
            logs=LogTarget(group=args.log_group.name, region=args.context.region.name),
            mounts={DATA: FOLDERS[DATA]},
            scratch=True,
            after=[self._first_step, *args.upgrade_images][-1],
            essential=last,
        )

    def _put_in_place(self) -> ContainerSpec:
        """The first container: moves what AWS Backup restored beside CVAT's folders into them."""
        args, root = self._args, "/restored"
        return ContainerSpec(
            name=_PUT_IN_PLACE,
            image=args.image.reference,
            entry_point=("sh", "-c", PUT_IN_PLACE, "sh"),
            command=(root, *sorted(args.stores.volumes)),
            logs=LogTarget(group=args.log_group.name, region=args.context.region.name),
            mounts={_RESTORED: root, **FOLDERS},  # mounting makes the folders
            essential=False,
        )

    def _copy(self, demo: _DemoSource) -> ContainerSpec:
        args = self._args
        return ContainerSpec(
            name="copy-demo",
            image=args.image.reference,
            command=("copy-demo",),
            environment={
                "DEMO_SOURCE": demo.address,
                "AWS_REGION": args.context.region.name,
                **args.egress.environment_of_cvat(),
            },
            logs=LogTarget(group=args.log_group.name, region=args.context.region.name),
            # It records in the data folder what it has copied, so that the next release knows users' files from it.
            mounts=FOLDERS,
            after="init",
        )


@dataclass(frozen=True)
class _DemoSource:
    """Where demo files lie, and what a task needs to read them."""

    address: pulumi.Output[str]
    """s3://bucket/prefix."""
    bucket_arn: pulumi.Input[str]
    prefix: str
    digest: str
    """Changes with the files."""
    key_arn: str = ""
    """KMS key that encrypts them. Default: one that readers need no permission for."""

    def read(self) -> list[iam.Statement]:
        """Permissions to copy the files."""
        return [*iam.read_objects(self.bucket_arn, self.prefix), *iam.decrypt(self.key_arn)]


def _digest(files: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    for path in files:
        digest.update(f"{path.as_posix()}\0{path.stat().st_size}\0".encode() + path.read_bytes())
    return digest.hexdigest()
