"""CvatServices: CVAT's processes and the gateway as ECS services."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from components import iam
from components.context import StackContext
from components.data_tier.secrets import SecretValue, existing_secrets
from components.data_tier.store_access import StoreAccess
from components.ecs.container_definitions import ContainerSpec, LogTarget
from components.ecs.fargate_task import FargateTask, FargateTaskArgs
from components.ecs.log_groups import LogGroup
from components.ecs.queue_scaling import Queues, follow_queues
from components.ecs.scaling import TASKS_BY_CPU, ScalableTarget, track
from components.images import Image
from components.inference_endpoints.targets import Target, gateway_endpoints, gateway_statements
from components.network import security_groups
from components.network.egress import Egress
from settings.releases.release import (
    BATCH_PORT,
    BATCH_SECONDS,
    DATA,
    FOLDERS,
    GATEWAY,
    GATEWAY_NAME,
    GATEWAY_PORT,
    METRICS_NAMESPACE,
    SHARE,
    Container,
    Process,
)
from settings.values import TaskSize

_SERVER = "server"
"""Edge of CVAT's server."""
_GRACE_SECONDS = 300
"""Time in which a new server may fail its health check: Django's imports take long on a small CPU."""


@dataclass(frozen=True, kw_only=True)
class CvatServicesArgs:
    context: StackContext
    cluster: pulumi.Input[str]
    """Name of the ECS cluster."""
    vpc_id: pulumi.Input[str]
    subnet_ids: pulumi.Input[Sequence[str]]
    """Private subnets in which Fargate runs."""
    egress: Egress
    base_url: pulumi.Input[str]
    """CVAT's public address."""
    load_balancer_group: security_groups.AnyGroup
    target_group_arns: Mapping[str, pulumi.Input[str]]
    """By kind of task."""
    listeners: Sequence[pulumi.Resource]
    """What leads to the target groups: ECS refuses one that no listener leads to, and Pulumi does not see that."""
    images: Mapping[str, Image]
    """For server, ui and, with targets, gateway."""
    sizes: Mapping[str, TaskSize]
    """While the stack is awake, by kind of task."""
    log_groups: Mapping[str, LogGroup]
    """By kind of task."""
    stores: StoreAccess
    """For the processes that use them."""
    media_buckets: Sequence[str] = ()
    """Buckets that CVAT's processes may read with their role, as cloud storages."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """More variables for CVAT's processes."""
    outward_ports: Sequence[int] = ()
    """Of a mail server and a directory, which CVAT's server calls."""
    secrets: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """More secrets for CVAT's processes: variable -> ARN, key."""
    targets: Mapping[str, Target] = field(default_factory=dict)
    """Function -> endpoint. Default: no auto-annotation, no gateway."""
    initialised: Sequence[pulumi.Resource] = ()
    """What server and workers wait for: a database that is migrated to this release."""
    spot: bool = False
    """Run interruptible processes on Fargate Spot."""
    enable_exec: bool = False
    """Allow ECS Exec."""


@dataclass(frozen=True, kw_only=True)
class Capacity:
    """How many tasks of a service run while the stack is awake."""

    service: pulumi.Output[str]
    """The service's name."""
    least: int
    most: int
    wait: bool
    """Whether a wake-up waits for them: nobody sees CVAT without them."""


class CvatServices(pulumi.ComponentResource):
    """A service for each process of the stack's release."""

    service_names: Mapping[str, pulumi.Output[str]]
    """By kind of task."""
    capacities: Sequence[Capacity]
    endpoints: Mapping[str, pulumi.Output[str]]
    """Names, by function."""
    batch_configs: Mapping[str, pulumi.Output[str]]
    """Names of the configurations of endpoints that sleep while nobody uses them, by function."""

    def __init__(self, name: str, args: CvatServicesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cvat:index:CvatServices", name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        processes = [process for process in args.context.release.services if process is not GATEWAY or args.targets]
        self._groups = {edge: self._group(edge) for edge in dict.fromkeys(process.edge for process in processes)}
        for edge in dict.fromkeys(process.edge for process in processes if process.stores or process is GATEWAY):
            args.egress.allow(f"{name}-{edge}", self._groups[edge], self._child)
        self._allow_load_balancer(processes)
        self._allow_out()
        self._gateway_clients = {
            port: self._gateway_client_group(port)
            for port in dict.fromkeys(self._gateway_port(process) for process in processes)
            if port
        }
        self._gateway_registry = self._namespace() if args.targets else None
        services = {process.kind: self._service(process, self._task(process)) for process in processes}
        for process in processes:
            if self._scales(process):
                self._scale(process, services[process.kind])
        self.service_names = {kind: service.name for kind, service in services.items()}
        self.capacities = [self._capacity(process, services[process.kind]) for process in processes]
        self.endpoints = {function: target.endpoint for function, target in args.targets.items()}
        self.batch_configs = {
            function: target.batch.config for function, target in args.targets.items() if target.batch
        }
        self.register_outputs({"service_names": self.service_names})

    def _size(self, process: Process) -> TaskSize:
        size = self._args.sizes[process.kind]
        return size.asleep if self._args.context.asleep else size

    def _capacity(self, process: Process, service: aws.ecs.Service) -> Capacity:
        size = self._args.sizes[process.kind]
        return Capacity(
            service=service.name, least=size.count, most=max(size.count, size.max_count), wait=not process.queues
        )

    def _scales(self, process: Process) -> bool:
        return self._args.sizes[process.kind].scales or self._args.context.hours is not None

    def _scale(self, process: Process, service: aws.ecs.Service) -> None:
        """A stack that falls asleep keeps its scalable targets, without a task: deleted, they would go last, and until
        then the policies would start tasks again for the jobs that wait."""
        name, args, size = f"{self._name}-{process.kind}", self._args, self._size(process)
        target = ScalableTarget(
            resource_id=pulumi.Output.concat("service/", args.cluster, "/", service.name),
            least=size.count,
            most=max(size.count, size.max_count),
            hours=args.context.hours,
        )
        if process.queues:
            follow_queues(
                name,
                target,
                Queues(stack=args.context.stack, names=process.queues, awaited=process.awaited),
                self._child,
            )
        else:
            track(name, target, TASKS_BY_CPU, self._child)

    def _group(self, edge: str) -> aws.ec2.SecurityGroup:
        name = f"{self._name}-{edge}"
        group = security_groups.group(name, edge, self._args.vpc_id, self._child)
        security_groups.allow_out(f"{name}-out", group, self._child)
        return group

    def _allow_load_balancer(self, processes: Sequence[Process]) -> None:
        """Load balancer -> each process that has a target group."""
        args = self._args
        for process in processes:
            if process.port and process.kind in args.target_group_arns:
                name, group = f"{self._name}-alb-to-{process.kind}", self._groups[process.edge]
                security_groups.allow(name, args.load_balancer_group, group, process.port, self._child)

    def _allow_out(self) -> None:
        """Server -> mail server and directory, wherever they are. 443 is open already, and so is a proxy's port."""
        args, group = self._args, self._groups[_SERVER]
        for port in args.outward_ports:
            if port not in (security_groups.HTTPS, args.egress.proxy_port):
                security_groups.allow_out(f"{self._name}-{_SERVER}-to-{port}", group, self._child, port=port)

    def _gateway_port(self, process: Process) -> int:
        """The gateway's port that a process calls; 0: none."""
        if not self._args.targets or not process.calls_gateway:
            return 0
        return BATCH_PORT if process.waits_for_functions and self._batch else GATEWAY_PORT

    def _gateway_client_group(self, port: int) -> aws.ec2.SecurityGroup:
        """The group whose members may call one of the gateway's ports."""
        name, edge = f"{self._name}-gateway", "gateway-client"
        if port == BATCH_PORT:
            name, edge = f"{name}-batch", "gateway-batch-client"
        client = security_groups.group(f"{name}-client", edge, self._args.vpc_id, self._child)
        security_groups.allow(f"{name}-calls", client, self._groups[GATEWAY.edge], port, self._child)
        return client

    @property
    def _namespace_name(self) -> str:
        return f"{self._args.context.stack}.cvat.internal"

    def _namespace(self) -> aws.servicediscovery.Service:
        """`serverless.<namespace>`: the gateway's name for CVAT. A private zone: two VPCs may have the same."""
        namespace = aws.servicediscovery.PrivateDnsNamespace(
            self._name, name=self._namespace_name, vpc=self._args.vpc_id, opts=self._child
        )
        return aws.servicediscovery.Service(
            f"{self._name}-gateway",
            name=GATEWAY_NAME,
            dns_config={
                "namespace_id": namespace.id,
                "dns_records": [{"ttl": 10, "type": "A"}],
                "routing_policy": "MULTIVALUE",
            },
            force_destroy=True,
            opts=self._child,
        )

    def _task(self, process: Process) -> FargateTask:
        args, log_group = self._args, self._args.log_groups[process.kind]
        images = dict.fromkeys(container.image for container in process.containers)
        return FargateTask(
            f"{self._name}-{process.kind}",
            FargateTaskArgs(
                context=args.context,
                kind=process.kind,
                size=args.sizes[process.kind],
                containers=self._containers(process, log_group),
                images=[args.images[image] for image in images],
                log_group_arn=log_group.arn,
                secrets=list(self._secrets(process).values()),
                volumes=args.stores.volumes if process.stores else {},
                writable=frozenset({DATA}),
                statements=self._statements(process),
                enable_exec=args.enable_exec,
            ),
            opts=self._child,
        )

    def _statements(self, process: Process) -> list[iam.Statement]:
        """Permissions of a process's containers."""
        if process is GATEWAY:
            return gateway_statements(self._args.targets, self._args.context.key_arn)
        context, buckets = self._args.context, self._args.media_buckets if process.stores else ()
        arns = [context.region.arn("s3", bucket, region="") for bucket in buckets]
        statements = [statement for arn in arns for statement in iam.read_objects(arn)]
        if process.publishes_metrics:
            statements.append(iam.put_metrics(METRICS_NAMESPACE))
        if process.queues:
            cluster = pulumi.Output.from_input(self._args.cluster)
            tasks = cluster.apply(lambda name: context.region.arn("ecs", f"task/{name}/*", account=context.account))
            statements.append(iam.protect_tasks(tasks))
        return statements

    def _secrets(self, process: Process) -> Mapping[str, SecretValue]:
        return {**self._args.stores.secrets, **existing_secrets(self._args.secrets)} if process.stores else {}

    def _containers(self, process: Process, log_group: LogGroup) -> list[ContainerSpec]:
        args = self._args
        environment = self._environment(process)
        secrets = {variable: secret.reference for variable, secret in self._secrets(process).items()}
        return [
            ContainerSpec(
                name=container.name,
                image=args.images[container.image].reference,
                command=container.command,
                environment={variable: value for variable, value in environment.items() if container.gets(variable)},
                secrets={variable: value for variable, value in secrets.items() if container.gets(variable)},
                ports=self._ports(process, container),
                logs=LogTarget(group=log_group.name, region=args.context.region.name),
                mounts={folder: FOLDERS[folder] for folder in container.folders} if process.stores else {},
                read_only=frozenset({SHARE} if container.writes else {DATA, SHARE}),
                starts_after=container.starts_after,
                scratch=container.scratch,
                health=container.health,
                stop_seconds=process.stop_seconds,
            )
            for container in process.containers
        ]

    @property
    def _batch(self) -> bool:
        """Whether some function may be asleep."""
        return any(target.batch for target in self._args.targets.values())

    def _ports(self, process: Process, container: Container) -> tuple[int, ...]:
        """Ports that a container of a process listens on."""
        batch = (BATCH_PORT,) if process is GATEWAY and self._batch else ()
        return (*((container.port,) if container.port else ()), *batch)

    def _environment(self, process: Process) -> Mapping[str, pulumi.Input[str]]:
        args = self._args
        if process is GATEWAY:
            batch = {"BATCH_PORT": str(BATCH_PORT), "TIME_ZONE": args.context.region.time_zone} if self._batch else {}
            entries = gateway_endpoints(args.targets, args.context.later_tags)
            return {
                "SERVERLESS_ENDPOINTS": pulumi.Output.json_dumps(entries),
                "PORT": str(GATEWAY_PORT),
                "AWS_REGION": args.context.region.name,
                **args.egress.environment(),
                **batch,
            }
        if not process.stores:
            return {}
        buckets = {"CVAT_S3_ROLE_BUCKETS": ",".join(args.media_buckets)} if args.media_buckets else {}
        stack = {"CVAT_STACK": args.context.stack} if process.publishes_metrics else {}
        serverless = self._serverless(process)
        outward = args.egress.environment_of_cvat([host] if (host := serverless.get("CVAT_NUCLIO_HOST")) else [])
        own = {**args.stores.environment, **buckets, **stack, **outward, **process.variables, **args.environment}
        return {**own, "CVAT_BASE_URL": args.base_url, **serverless}

    def _serverless(self, process: Process) -> Mapping[str, str]:
        """The gateway, by the variables that name Nuclio."""
        if not self._args.targets:
            return {"CVAT_SERVERLESS": "no"}
        port = self._gateway_port(process) or GATEWAY_PORT
        limit = {"CVAT_NUCLIO_DEFAULT_TIMEOUT": str(BATCH_SECONDS)} if port == BATCH_PORT else {}
        host = f"{GATEWAY_NAME}.{self._namespace_name}"
        return {"CVAT_SERVERLESS": "yes", "CVAT_NUCLIO_HOST": host, "CVAT_NUCLIO_PORT": str(port), **limit}

    def _service(self, process: Process, task: FargateTask) -> aws.ecs.Service:
        args, targets = self._args, self._load_balancers(process)
        groups = [self._groups[process.edge], *(args.stores.clients if process.stores else ())]
        if client := self._gateway_clients.get(self._gateway_port(process)):
            groups.append(client)
        provider = "FARGATE_SPOT" if args.spot and process.interruptible else "FARGATE"
        return aws.ecs.Service(
            f"{self._name}-{process.kind}",
            cluster=args.cluster,
            task_definition=task.arn,
            desired_count=self._size(process).count,
            capacity_provider_strategies=[{"capacity_provider": provider, "weight": 1}],
            deployment_circuit_breaker={"enable": True, "rollback": True},
            deployment_minimum_healthy_percent=100,
            deployment_maximum_percent=200,
            health_check_grace_period_seconds=_GRACE_SECONDS if targets else None,
            enable_execute_command=args.enable_exec,
            network_configuration={
                "subnets": args.subnet_ids,
                "security_groups": [group.id for group in groups],
                "assign_public_ip": False,
            },
            load_balancers=targets,
            service_registries=self._registration(process),
            tags=args.context.service_tags,
            propagate_tags="SERVICE",
            enable_ecs_managed_tags=True,
            # A busy worker is replaced when its job is done, and an update must not wait hours for that, except one
            # that puts the stack to sleep and stops the database next.
            wait_for_steady_state=args.context.asleep or not process.queues,
            opts=self._service_options(process, task),
        )

    def _service_options(self, process: Process, task: FargateTask) -> pulumi.ResourceOptions:
        args = self._args
        wait_for: list[pulumi.Resource] = [task]
        if process.stores:
            wait_for += args.initialised
        if process.kind in args.target_group_arns:
            wait_for += args.listeners
        # The next update must not undo what a scaling policy or the office hours have decided since. After a sleep the
        # count would stay 0, but registering the scalable target raises it (RegisterScalableTarget, API reference).
        follows_load = self._scales(process) and not args.context.asleep
        return pulumi.ResourceOptions(
            parent=self, depends_on=wait_for, ignore_changes=["desired_count"] if follows_load else None
        )

    def _load_balancers(self, process: Process) -> list[aws.ecs.ServiceLoadBalancerArgsDict]:
        target_group_arn = self._args.target_group_arns.get(process.kind)
        listener = process.listener
        if target_group_arn is None or listener is None:
            return []
        return [
            {
                "target_group_arn": target_group_arn,
                "container_name": listener.name,
                "container_port": listener.port or 0,
            }
        ]

    def _registration(self, process: Process) -> aws.ecs.ServiceServiceRegistriesArgsDict | None:
        if process is not GATEWAY or self._gateway_registry is None:
            return None
        return {"registry_arn": self._gateway_registry.arn}
