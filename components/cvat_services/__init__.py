"""CvatServices: CVAT's processes and the gateway as ECS services."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from components import iam
from components.context import StackContext
from components.data_tier.secrets import SecretValue, given_secrets
from components.data_tier.store_access import StoreAccess
from components.ecs.container_definitions import ContainerSpec, LogTarget
from components.ecs.fargate_task import FargateTask, FargateTaskArgs
from components.ecs.log_groups import LogGroup
from components.ecs.queue_scaling import follow_queue
from components.ecs.scaling import TASKS_BY_CPU, Scaled, track
from components.images import Image
from components.inference_endpoints import Target, in_gateways_words
from components.load_balancer import LoadBalancer
from components.network import security_groups
from components.processes import (
    DATA_FOLDER,
    GATEWAY,
    GATEWAY_NAME,
    GATEWAY_PORT,
    METRICS_NAMESPACE,
    PROCESSES,
    SCHEDULER,
    SHARE_FOLDER,
    Process,
    service_environment,
)
from settings.values import TaskSize

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
    load_balancer: LoadBalancer
    images: Mapping[str, Image]
    """For server, ui and, with targets, gateway."""
    sizes: Mapping[str, TaskSize]
    """By the name in each process's `size`."""
    log_groups: Mapping[str, LogGroup]
    """By kind of task."""
    stores: StoreAccess
    """For the processes that use them."""
    media_buckets: Sequence[str] = ()
    """Buckets that CVAT's processes may read with their role, as cloud storages."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """More variables for CVAT's processes."""
    secrets: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """More secrets for CVAT's processes: variable -> ARN, key."""
    targets: Mapping[str, Target] = field(default_factory=dict)
    """Function -> endpoint. Default: no auto-annotation, no gateway."""
    initialised: Sequence[pulumi.Resource] = ()
    """What server and workers wait for: a database as this release needs it."""
    spot: bool = False
    """Run on Fargate Spot what AWS may interrupt."""
    enable_exec: bool = False
    """Allow ECS Exec."""


class CvatServices(pulumi.ComponentResource):
    """A service for each process; see cvat_release.py for what each needs."""

    service_names: Mapping[str, pulumi.Output[str]]
    """By kind of task."""
    endpoints: Mapping[str, pulumi.Output[str]]
    """Names, by function."""

    def __init__(self, name: str, args: CvatServicesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cvat:index:CvatServices", name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        processes = [process for process in PROCESSES if process is not GATEWAY or args.targets]
        self._groups = {edge: self._group(edge) for edge in dict.fromkeys(process.edge for process in processes)}
        self._doors(processes)
        self._gateway_client = self._gateway_edge() if args.targets else None
        self._gateway_registry = self._namespace() if args.targets else None
        services = {process.kind: self._service(process, self._task(process)) for process in processes}
        for process in processes:
            if args.sizes[process.size].scales or args.context.hours:
                self._scale(process, services[process.kind])
        self.service_names = {kind: service.name for kind, service in services.items()}
        self.endpoints = {function: target.endpoint for function, target in args.targets.items()}
        self.register_outputs({"service_names": self.service_names})

    def _scale(self, process: Process, service: aws.ecs.Service) -> None:
        name, args, size = f"{self._name}-{process.kind}", self._args, self._args.sizes[process.size]
        resource = pulumi.Output.concat("service/", args.cluster, "/", service.name)
        most = max(size.count, size.max_count)
        scaled = Scaled(resource_id=resource, least=size.count, most=most, hours=args.context.hours)
        if process.queue:
            dimensions = {"Stack": args.context.stack, "Queue": process.queue}
            follow_queue(name, scaled, dimensions, args.context.tags, self._child)
        else:
            track(name, scaled, TASKS_BY_CPU, args.context.tags, self._child)

    def _group(self, edge: str) -> aws.ec2.SecurityGroup:
        name, args = f"{self._name}-{edge}", self._args
        group = security_groups.group(name, edge, args.vpc_id, args.context.tags, self._child)
        security_groups.allow_out(f"{name}-out", group, args.context.tags, self._child)
        return group

    def _doors(self, processes: Sequence[Process]) -> None:
        """Load balancer -> each process that it has a target group for."""
        balancer, args = self._args.load_balancer, self._args
        for process in processes:
            if process.port and process.kind in balancer.target_groups:
                name, group = f"{self._name}-alb-to-{process.kind}", self._groups[process.edge]
                security_groups.allow(name, balancer.group, group, process.port, args.context.tags, self._child)

    def _gateway_edge(self) -> aws.ec2.SecurityGroup:
        """The group that lets its carriers call the gateway."""
        name, args = f"{self._name}-gateway", self._args
        client = security_groups.group(f"{name}-client", "gateway-client", args.vpc_id, args.context.tags, self._child)
        gateway = self._groups[GATEWAY.edge]
        security_groups.allow(f"{name}-calls", client, gateway, GATEWAY_PORT, args.context.tags, self._child)
        return client

    @property
    def _namespace_name(self) -> str:
        return f"{self._args.context.stack}.cvat.internal"

    def _namespace(self) -> aws.servicediscovery.Service:
        """`serverless.<namespace>`: the gateway's name for CVAT. A private zone: two VPCs may have the same."""
        name, args = f"{self._name}-gateway", self._args
        namespace = aws.servicediscovery.PrivateDnsNamespace(
            self._name,
            aws.servicediscovery.PrivateDnsNamespaceArgs(
                name=self._namespace_name, vpc=args.vpc_id, tags=dict(args.context.tags)
            ),
            opts=self._child,
        )
        record = aws.servicediscovery.ServiceDnsConfigDnsRecordArgs(ttl=10, type="A")
        return aws.servicediscovery.Service(
            name,
            aws.servicediscovery.ServiceArgs(
                name=GATEWAY_NAME,
                dns_config=aws.servicediscovery.ServiceDnsConfigArgs(
                    namespace_id=namespace.id, dns_records=[record], routing_policy="MULTIVALUE"
                ),
                force_destroy=True,
                tags=dict(args.context.tags),
            ),
            opts=self._child,
        )

    def _task(self, process: Process) -> FargateTask:
        args, log_group = self._args, self._args.log_groups[process.kind]
        return FargateTask(
            f"{self._name}-{process.kind}",
            FargateTaskArgs(
                context=args.context,
                kind=process.kind,
                size=args.sizes[process.size],
                containers=self._containers(process, log_group),
                images=[args.images[name] for name in dict.fromkeys(one.image for one in process.containers)],
                log_group_arn=log_group.arn,
                secrets=list(self._secrets(process).values()),
                volumes=args.stores.volumes if process.stores else {},
                writable=frozenset({"data"}),
                statements=self._statements(process),
                enable_exec=args.enable_exec,
            ),
            opts=self._child,
        )

    def _statements(self, process: Process) -> list[iam.Statement]:
        """What a process itself calls."""
        if process is GATEWAY:
            return [iam.allow(["sagemaker:InvokeEndpoint"], self._endpoint_arns())]
        context, buckets = self._args.context, self._args.media_buckets if process.stores else ()
        arns = [context.region.arn("s3", bucket, region="") for bucket in buckets]
        statements = [statement for arn in arns for statement in iam.read_objects(arn)]
        if process is SCHEDULER:
            statements.append(iam.tell_metrics(METRICS_NAMESPACE))
        if process.queue:
            cluster = pulumi.Output.from_input(self._args.cluster)
            tasks = cluster.apply(lambda name: context.region.arn("ecs", f"task/{name}/*", account=context.account))
            statements.append(iam.protect_tasks(tasks))
        return statements

    def _secrets(self, process: Process) -> Mapping[str, SecretValue]:
        return {**self._args.stores.secrets, **given_secrets(self._args.secrets)} if process.stores else {}

    def _containers(self, process: Process, log_group: LogGroup) -> list[ContainerSpec]:
        args = self._args
        environment = self._environment(process)
        secrets = {variable: value.reference for variable, value in self._secrets(process).items()}
        folders = {"data": DATA_FOLDER, "share": SHARE_FOLDER} if process.stores else {}
        return [
            ContainerSpec(
                name=one.name,
                image=args.images[one.image].reference,
                command=one.command,
                environment={name: value for name, value in environment.items() if one.gets(name)},
                secrets={name: value for name, value in secrets.items() if one.gets(name)},
                port=process.port,
                logs=LogTarget(group=log_group.name, region=args.context.region.name),
                mounts={} if one.given else folders,
                read_only=frozenset({"share"}),
                health=one.health,
                stop_seconds=process.stop_seconds,
            )
            for one in process.containers
        ]

    def _environment(self, process: Process) -> Mapping[str, pulumi.Input[str]]:
        args = self._args
        if process is GATEWAY:
            return {
                "SERVERLESS_ENDPOINTS": pulumi.Output.json_dumps(in_gateways_words(args.targets)),
                "PORT": str(GATEWAY_PORT),
                "AWS_REGION": args.context.region.name,
            }
        if not process.stores:
            return {}
        host = f"{GATEWAY_NAME}.{self._namespace_name}" if args.targets else None
        buckets = {"CVAT_S3_ROLE_BUCKETS": ",".join(args.media_buckets)} if args.media_buckets else {}
        stack = {"CVAT_STACK": args.context.stack} if process is SCHEDULER else {}
        own = {**args.stores.environment, **buckets, **stack, **args.environment}
        return {**own, **service_environment(args.load_balancer.base_url, host)}

    def _endpoint_arns(self) -> list[pulumi.Output[str]]:
        return list({id(target.arn): target.arn for target in self._args.targets.values()}.values())

    def _service(self, process: Process, task: FargateTask) -> aws.ecs.Service:
        args = self._args
        groups = [self._groups[process.edge], *(args.stores.clients if process.stores else ())]
        if process.calls_gateway and self._gateway_client:
            groups.append(self._gateway_client)
        target_group = args.load_balancer.target_groups.get(process.kind)
        waits: list[pulumi.Resource] = [task, *(args.initialised if process.stores else ())]
        balancers = [
            aws.ecs.ServiceLoadBalancerArgs(
                target_group_arn=group.arn, container_name=process.containers[0].name, container_port=process.port or 0
            )
            for group in (target_group,)
            if group
        ]
        return aws.ecs.Service(
            f"{self._name}-{process.kind}",
            aws.ecs.ServiceArgs(
                cluster=args.cluster,
                task_definition=task.arn,
                desired_count=args.sizes[process.size].count,
                capacity_provider_strategies=[
                    aws.ecs.ServiceCapacityProviderStrategyArgs(
                        capacity_provider="FARGATE_SPOT" if args.spot and process.interruptible else "FARGATE", weight=1
                    )
                ],
                deployment_circuit_breaker=aws.ecs.ServiceDeploymentCircuitBreakerArgs(enable=True, rollback=True),
                deployment_minimum_healthy_percent=100,
                deployment_maximum_percent=200,
                health_check_grace_period_seconds=_GRACE_SECONDS if balancers else None,
                enable_execute_command=args.enable_exec,
                network_configuration=aws.ecs.ServiceNetworkConfigurationArgs(
                    subnets=args.subnet_ids, security_groups=[group.id for group in groups], assign_public_ip=False
                ),
                load_balancers=balancers,
                service_registries=self._registration(process),
                propagate_tags="SERVICE",
                enable_ecs_managed_tags=True,
                # A worker at work is replaced when its job is done: an update must not wait hours for that, but for one
                # that puts the stack to sleep and stops the database next.
                wait_for_steady_state=args.context.asleep or not process.queue,
                tags=dict(args.context.tags),
            ),
            opts=pulumi.ResourceOptions(
                parent=self,
                # ECS refuses target groups that no listener leads to, and Pulumi cannot see that edge.
                depends_on=[*waits, *([args.load_balancer] if balancers else [])],
                # The next update must not undo what scaling policy or office hours have decided since. After a sleep it
                # would stay 0, but registering the scalable target raises it (RegisterScalableTarget, API reference).
                ignore_changes=["desired_count"] if args.sizes[process.size].scales or args.context.hours else None,
            ),
        )

    def _registration(self, process: Process) -> aws.ecs.ServiceServiceRegistriesArgs | None:
        if process is not GATEWAY or self._gateway_registry is None:
            return None
        return aws.ecs.ServiceServiceRegistriesArgs(registry_arn=self._gateway_registry.arn)
