"""CVAT on AWS: settings -> components -> exports."""

from dataclasses import replace

import pulumi

from components import adopted, lookups, stack_wide
from components.backup import Backups, BackupsArgs
from components.cvat_services import CvatServices, CvatServicesArgs
from components.data_tier import DataTier, DataTierArgs
from components.ecs.cluster import Cluster, ClusterArgs
from components.ecs.log_groups import LogGroups, LogGroupsArgs
from components.images import Images, ImagesArgs
from components.inference_endpoints import InferenceEndpoints, InferenceEndpointsArgs
from components.init_task import InitTask, InitTaskArgs
from components.load_balancer import LoadBalancer, LoadBalancerArgs
from components.monitoring import Alarms, AlarmsArgs
from components.monitoring.canary import Canary, CanaryArgs
from components.network import Network, NetworkArgs
from components.scheduler import ScheduleGroup
from components.sleep import Sleep, SleepArgs
from components.sleep.wake_up import WakeUp, WakeUpArgs
from settings import warnings

settings = lookups.settings()
lookups.warn(warnings(settings))
context = lookups.stack_context(settings.region, settings.policy)
running = lookups.running(context, settings)
context = replace(context, running_version=running.version)
stack_wide.apply_to_all(context.tags, settings.policy.boundary_arn, context.default_tags)
functions = lookups.functions(settings.inference)
settings = settings.with_functions(deployable.function for deployable in functions)
image_names = settings.image_names(functions)
digests = lookups.base_image_digests(settings, image_names)
demand = settings.addresses(*lookups.endpoint_demand(settings.inference, functions))
zones = lookups.zones(running, settings.network, demand)
existing = adopted.find(context, settings.references, settings.data.database, demand)
lookups.check_load_balancer(context, settings.ingress, settings.references.balancer.arn)

# Where everything runs

network = Network(
    "network",
    NetworkArgs(
        context=context,
        zones=zones,
        addresses=settings.network.addresses,
        single_nat=settings.network.single_nat,
        isolated=settings.network.isolated,
        interface_endpoints=lookups.interface_endpoints(context, settings.interface_endpoints, zones),
        flow_logs=settings.network.flow_log_traffic,
        log_retention_days=settings.services.log_retention_days,
        adopted=existing.network,
    ),
)
logs = LogGroups(
    "logs",
    LogGroupsArgs(
        context=context,
        task_kinds=list(context.release.task_kinds(canary=settings.canary)),
        retention_days=settings.services.log_retention_days,
    ),
)
cluster = Cluster("cluster", ClusterArgs(context=context))
images = Images(
    "images",
    ImagesArgs(
        context=context,
        names=image_names,
        mirrors=settings.mirrors,
        digests=digests,
        references=settings.images.ready,
    ),
).by_name

# Stores and their backups

data = DataTier(
    "data",
    DataTierArgs(
        context=context,
        vpc_id=network.vpc_id,
        subnet_ids=network.private_subnet_ids,
        mount_subnet_ids=network.each_private_subnet_id,
        database=settings.data.database,
        cache=settings.data.cache,
        media_cache=settings.data.media_cache if context.release.media_cache else None,
        admin_user=settings.init.admin_user,
        log_retention_days=settings.services.log_retention_days,
        backup_times=settings.backup_times,
        adopted=existing,
    ),
)
backups = None
if settings.data.backup_days:
    backups = Backups(
        "backups",
        BackupsArgs(
            context=context,
            stores={"database": data.database.arn, "files": data.file_system_arn},
            days=settings.data.backup_days,
            times=settings.backup_times,
            key_arn=settings.data.backup_key_arn,
        ),
    )

# Auto-annotation

endpoints = None
if functions:
    endpoints = InferenceEndpoints(
        "inference",
        InferenceEndpointsArgs(
            context=context,
            functions=functions,
            shared=settings.inference.inference_layout == "shared",
            batch_archive=lookups.batch_archive(settings.inference, functions),
            size=settings.inference.endpoint,
            batch_size=settings.inference.batch_endpoint,
            image=images["models"],
            vpc_id=network.vpc_id,
            subnet_ids=network.private_subnet_ids,
            log_retention_days=settings.services.log_retention_days,
        ),
    )

# CVAT

balancer = LoadBalancer(
    "cvat",
    LoadBalancerArgs(
        context=context,
        vpc_id=network.vpc_id,
        public_subnet_ids=network.public_subnet_ids,
        private_subnet_ids=network.private_subnet_ids,
        ingress=settings.ingress,
        adopted=existing.load_balancer,
    ),
)
init = InitTask(
    "init",
    InitTaskArgs(
        context=context,
        base_url=balancer.base_url,
        stores=data.access,
        cluster_arn=cluster.arn,
        vpc_id=network.vpc_id,
        subnet_ids=network.fargate_subnet_ids,
        egress=network.egress,
        image=images["server"],
        size=settings.services.worker,
        admin_user=settings.init.admin_user,
        admin=data.admin_secret,
        admin_email=settings.init.admin_email,
        log_group=logs.log_groups["init"],
        demo_data=settings.init.demo_data,
        upgrade_from=settings.cvat.upgrade_from,
        upgrade_images={name: images[name] for name in settings.cvat.upgrade_images},
        timeout_minutes=settings.init.init_timeout_minutes,
        snapshot=settings.snapshot_before_migration,
        wait_for=[network, data],
    ),
)
services = CvatServices(
    "cvat",
    CvatServicesArgs(
        context=context,
        cluster=cluster.name,
        vpc_id=network.vpc_id,
        subnet_ids=network.fargate_subnet_ids,
        egress=network.egress,
        base_url=balancer.base_url,
        load_balancer_group=balancer.group,
        target_group_arns=balancer.target_group_arns,
        listeners=[balancer],
        targets=endpoints.targets if endpoints else {},
        images=images,
        sizes=settings.tasks,
        log_groups=logs.log_groups,
        stores=data.access,
        media_buckets=settings.data.media_buckets,
        initialised=[init],
        environment=settings.services.environment,
        outward_ports=settings.services.outward_ports,
        secrets=settings.services.secrets,
        spot=settings.services.fargate_spot,
        enable_exec=settings.access.enable_exec,
    ),
)

# Who notices what goes wrong

schedule_groups = {}
canary = None
if settings.canary:
    canary = Canary(
        "canary",
        CanaryArgs(
            context=context,
            base_url=balancer.base_url,
            ingress=settings.ingress,
            load_balancer_group=balancer.group,
            vpc_id=network.vpc_id,
            subnet_ids=network.fargate_subnet_ids,
            egress=network.egress,
            nat_addresses=network.nat_addresses,
            cluster_arn=cluster.arn,
            image=images["canary"],
            admin=data.admin_secret,
            log_group=logs.log_groups["canary"],
            functions=list(services.endpoints),
            wait_for=[services],
        ),
    )
    schedule_groups["canary"] = canary.schedule_group
sleep_group = ScheduleGroup("sleep") if settings.page else None
if sleep_group and settings.hours:  # the calls of a stack asleep fail by intention: they stop what is stopped already
    schedule_groups["sleep"] = sleep_group.name
alarms = Alarms(
    "alarms",
    AlarmsArgs(
        context=context,
        load_balancer=balancer.arn_suffix,
        target_groups=balancer.target_group_suffixes,
        cluster_arn=cluster.arn,
        services=services.service_names,
        stores=data.monitored,
        endpoints=endpoints.names if endpoints else {},
        batch_endpoints=endpoints.batch_names if endpoints else {},
        schedule_groups=schedule_groups,
        log_groups=logs.log_groups,
        init_family=init.family,
        canary_family=canary.family if canary else "",
        vault=backups.vault if backups else None,
        notifications=settings.alarms.notifications,
    ),
)

# Sleep and office hours

sleep = None
if sleep_group:
    sleep = Sleep(
        "sleep",
        SleepArgs(
            context=context,
            database=data.database,
            page_rule_arn=balancer.page_rule_arn,
            endpoints=endpoints.sleeping if endpoints else (),
            alarms=alarms.quiet,
            schedule_group=sleep_group.name,
            database_started=[data.database.started, init.database_started] if data.database.started else (),
            wait_for=[services],
        ),
    )
if not context.asleep:
    WakeUp(
        "awake",
        WakeUpArgs(
            context=context,
            cluster=cluster.name,
            capacities=services.capacities,
            endpoints=endpoints.sleeping if endpoints else (),
            alarms=alarms.quiet,
            wait_for=[services, alarms, *filter(None, (endpoints, sleep))],
        ),
    )

outputs = {
    "url": balancer.base_url,
    "release": context.release.name,
    "admin_user": settings.init.admin_user,
    "admin_secret_arn": data.admin_secret.arn,
    "cluster": cluster.name,
    "services": services.service_names,
    "stores": data.identifiers,
    "log_groups": logs.names,
    "endpoints": services.endpoints,
    "batch_configs": services.batch_configs,
    "backups": backups.outputs if backups else {},
    "alarms": alarms.outputs,
    "sleep": settings.sleep_output,
}
for name, value in outputs.items():
    pulumi.export(name, value)
