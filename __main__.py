"""CVAT on AWS: settings -> components -> exports."""

import pulumi

from components import lookups
from components.adopted import find
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
from components.processes import task_kinds
from components.sleep import Sleep, SleepArgs
from settings import warnings

chosen, region = lookups.settings()
lookups.warn(warnings(chosen, region))
net, inference, init = chosen.network, chosen.inference, chosen.init
context = lookups.stack_context(region, chosen.policy)
functions = lookups.functions(inference.inference_layout, inference.model_archives)
existing = find(context, chosen.named, chosen.database)

network = Network(
    "network",
    NetworkArgs(
        context=context,
        zones=() if existing.network else lookups.zones(net.availability_zones),
        addresses=chosen.addresses,
        single_nat=chosen.single_nat,
        interface_endpoints=net.interface_endpoints,
        adopted=existing.network,
    ),
)
logs = LogGroups(
    "logs",
    LogGroupsArgs(
        context=context, task_kinds=task_kinds(canary=chosen.canary), retention_days=chosen.services.log_retention_days
    ),
)
cluster = Cluster("cluster", ClusterArgs(context=context))
images = Images(
    "images",
    ImagesArgs(
        context=context, wanted=chosen.wanted_images(functions), mirrors=chosen.mirrors, given=chosen.given_images
    ),
).by_name
data = DataTier(
    "data",
    DataTierArgs(
        context=context,
        vpc_id=network.vpc_id,
        subnet_ids=network.private_subnet_ids,
        mount_subnet_ids=network.each_private_subnet_id,
        database=chosen.database,
        cache=chosen.cache,
        admin_user=init.admin_user,
        backup_times=chosen.backup_times,
        existing=existing,
    ),
)
backups = (
    Backups(
        "backups",
        BackupsArgs(
            context=context,
            stores={"database": data.database.arn, "files": data.file_system_arn},
            days=chosen.backup_days,
            times=chosen.backup_times,
            key_arn=chosen.data.backup_key_arn,
        ),
    )
    if chosen.backup_days
    else None
)
endpoints = (
    InferenceEndpoints(
        "inference",
        InferenceEndpointsArgs(
            context=context,
            functions=functions,
            shared=inference.inference_layout == "shared",
            size=chosen.endpoint,
            image=images["models"],
            vpc_id=network.vpc_id,
            subnet_ids=network.private_subnet_ids,
            log_retention_days=chosen.services.log_retention_days,
        ),
    )
    if functions
    else None
)
balancer = LoadBalancer(
    "cvat",
    LoadBalancerArgs(
        context=context,
        vpc_id=network.vpc_id,
        public_subnet_ids=network.public_subnet_ids,
        private_subnet_ids=network.private_subnet_ids,
        front=chosen.ingress,
        existing=existing.balancer,
    ),
)
first = InitTask(
    "init",
    InitTaskArgs(
        context=context,
        base_url=balancer.base_url,
        stores=data.access,
        cluster_arn=cluster.arn,
        vpc_id=network.vpc_id,
        subnet_ids=network.fargate_subnet_ids,
        image=images["server"],
        size=chosen.tasks["worker"],
        admin=data.admin_secret,
        log_group=logs.log_groups["init"],
        demo_data=init.demo_data,
        timeout_minutes=init.init_timeout_minutes,
        snapshot=chosen.snapshot_before_migration,
        admin_email=init.admin_email,
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
        targets=endpoints.targets if endpoints else {},
        load_balancer=balancer,
        images=images,
        sizes=chosen.tasks,
        log_groups=logs.log_groups,
        stores=data.access,
        media_buckets=chosen.data.media_buckets,
        initialised=[first],
        environment=chosen.server_environment,
        secrets=chosen.server_secrets,
        spot=chosen.services.fargate_spot,
        enable_exec=chosen.access.enable_exec,
    ),
)
canary = (
    Canary(
        "canary",
        CanaryArgs(
            context=context,
            balancer=balancer,
            network=network,
            cluster_arn=cluster.arn,
            image=images["canary"],
            services=services,
            admin=data.admin_secret,
            log_group=logs.log_groups["canary"],
        ),
    )
    if chosen.canary
    else None
)
alarms = Alarms(
    "alarms",
    AlarmsArgs(
        context=context,
        load_balancer=balancer,
        data=data,
        cluster_arn=cluster.arn,
        services=services.service_names,
        init_family=first.family,
        canary=canary,
        log_groups=logs.log_groups,
        vault=backups.vault if backups else None,
        endpoints=endpoints.names if endpoints else {},
        to=chosen.notifications,
    ),
)
if chosen.page:
    Sleep(
        "sleep",
        SleepArgs(
            context=context,
            database=data.database,
            page_rule=balancer.page_rule,
            alarms=alarms,
            after=[services],
            endpoints=endpoints.sleepers if endpoints else (),
        ),
    )

for name, value in {
    "url": balancer.base_url,
    "admin_user": init.admin_user,
    "admin_secret_arn": data.admin_secret.arn,
    "cluster": cluster.name,
    "services": services.service_names,
    "stores": data.identifiers,
    "log_groups": logs.names,
    "endpoints": services.endpoints,
    "backups": backups.outputs if backups else {},
    "alarms": alarms.outputs,
    "sleep": chosen.sleep_output,
}.items():
    pulumi.export(name, value)
