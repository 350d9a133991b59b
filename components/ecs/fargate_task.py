"""FargateTask: a task definition with its two roles, each with exactly the permissions that this task needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from components import iam
from components.context import StackContext
from components.data_tier.file_system import Folder
from components.data_tier.secrets import SecretValue
from components.ecs.container_definitions import ContainerSpec, definition
from components.images import Image, pull_statements
from settings.values import TaskSize


@dataclass(frozen=True, kw_only=True)
class FargateTaskArgs:
    context: StackContext
    kind: str
    """Kind of task; with the stack's name, the family of the task definition."""
    size: TaskSize
    containers: Sequence[ContainerSpec]
    images: Sequence[Image]
    """Images that the containers run."""
    log_group_arn: pulumi.Input[str]
    secrets: Sequence[SecretValue] = ()
    """Secrets of the containers."""
    volumes: Mapping[str, Folder] = field(default_factory=dict)
    """Volume -> folder of the file system."""
    writable: frozenset[str] = frozenset()
    """Volumes that the task may write to. Default: none."""
    statements: Sequence[iam.Statement] = ()
    """What the containers may call. Default: nothing."""
    enable_exec: bool = False
    """Allow ECS Exec."""


def family(context: StackContext, kind: str) -> str:
    """Pulumi gives families no random suffix, so the stack's name makes them unique."""
    return f"cvat-{context.stack}-{kind}"


class FargateTask(pulumi.ComponentResource):
    """Depend on this component to run the task: a role without its policy cannot start a container."""

    arn: pulumi.Output[str]
    """With revision."""
    role_arns: tuple[pulumi.Output[str], pulumi.Output[str]]
    """Execution role and task role."""

    def __init__(self, name: str, args: FargateTaskArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cvat:index:FargateTask", name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        execution = self._role("execution", self._execution_statements())
        task = self._role("task", self._task_statements())
        self.role_arns = (execution.arn, task.arn)
        self.arn = self._definition(execution, task).arn
        self.register_outputs({"arn": self.arn})

    def _execution_statements(self) -> list[iam.Statement]:
        args = self._args
        statements = [*pull_statements(args.images), iam.write_logs([args.log_group_arn])]
        if args.secrets:
            statements.append(iam.read_secrets(list(dict.fromkeys(value.secret_arn for value in args.secrets))))
        for key_arn in dict.fromkeys(value.key_arn for value in args.secrets):
            statements += iam.decrypt(key_arn)
        return statements

    def _task_statements(self) -> list[iam.Statement]:
        args = self._args
        statements = list(args.statements)
        for write in (True, False):
            folders = [folder for volume, folder in args.volumes.items() if (volume in args.writable) is write]
            if folders:
                points = [folder.access_point_arn for folder in folders]
                statements.append(iam.mount_file_system(folders[0].file_system_arn, points, write=write))
        return statements + ([iam.open_shell()] if args.enable_exec else [])

    def _role(self, noun: str, statements: Sequence[iam.Statement]) -> aws.iam.Role:
        name, args = f"{self._name}-{noun}", self._args
        role = aws.iam.Role(
            name,
            assume_role_policy=iam.trust(args.context.region.principal("ecs-tasks"), args.context.account),
            path=args.context.role_path,
            tags=args.context.role_tags,
            opts=self._child,
        )
        if statements:
            aws.iam.RolePolicy(
                name,
                role=role.name,
                policy=iam.document(statements),
                opts=self._child,
            )
        return role

    def _definition(self, execution: aws.iam.Role, task: aws.iam.Role) -> aws.ecs.TaskDefinition:
        args = self._args
        return aws.ecs.TaskDefinition(
            self._name,
            family=family(args.context, args.kind),
            cpu=str(args.size.cpu),
            memory=str(args.size.memory),
            network_mode="awsvpc",
            requires_compatibilities=["FARGATE"],
            runtime_platform={"cpu_architecture": "X86_64", "operating_system_family": "LINUX"},
            execution_role_arn=execution.arn,
            task_role_arn=task.arn,
            container_definitions=pulumi.Output.json_dumps(
                [definition(spec, writable_root=args.enable_exec) for spec in args.containers]
            ),
            volumes=[*(_volume(name, folder) for name, folder in sorted(args.volumes.items())), *self._scratch()],
            opts=self._child,
        )

    def _scratch(self) -> list[aws.ecs.TaskDefinitionVolumeArgsDict]:
        """Empty volumes that live as long as the task; owner and mode come from the image's `VOLUME` (ECS developer
        guide, "Use bind mounts", read 2026-11)."""
        return [{"name": spec.scratch_volume} for spec in self._args.containers if spec.scratch]


def _volume(name: str, folder: Folder) -> aws.ecs.TaskDefinitionVolumeArgsDict:
    return {
        "name": name,
        "efs_volume_configuration": {
            "file_system_id": folder.file_system_id,
            "transit_encryption": "ENABLED",
            "authorization_config": {"access_point_id": folder.access_point_id, "iam": "ENABLED"},
        },
    }
