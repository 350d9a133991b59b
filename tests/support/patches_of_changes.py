"""Probes of the bridges for changes and deletions; test_rehearsal_bridges.py runs them, bridged and not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import botocore.exceptions

Client = Callable[[str], Any]


def _subnets(client: Client) -> list[str]:
    return [one["SubnetId"] for one in client("ec2").describe_subnets()["Subnets"]]


def database_subnets(client: Client) -> bool:
    """Another list of subnets is kept, and one of another VPC is refused."""
    rds, known = client("rds"), _subnets(client)
    rds.create_db_subnet_group(DBSubnetGroupName="g", DBSubnetGroupDescription="d", SubnetIds=known[:2])
    rds.modify_db_subnet_group(DBSubnetGroupName="g", SubnetIds=known)
    (group,) = rds.describe_db_subnet_groups(DBSubnetGroupName="g")["DBSubnetGroups"]
    vpc = client("ec2").create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    other = client("ec2").create_subnet(VpcId=vpc, CidrBlock="10.9.0.0/24")["Subnet"]["SubnetId"]
    try:
        rds.modify_db_subnet_group(DBSubnetGroupName="g", SubnetIds=[other])
    except botocore.exceptions.ClientError as error:
        return len(group["Subnets"]) == len(known) and "same Vpc" in str(error)
    return False


def cache_subnets(client: Client) -> bool:
    cache, name, known = client("elasticache"), {"CacheSubnetGroupName": "g"}, _subnets(client)
    cache.create_cache_subnet_group(**name, CacheSubnetGroupDescription="d", SubnetIds=known[:2])
    cache.modify_cache_subnet_group(**name, SubnetIds=known)
    (group,) = cache.describe_cache_subnet_groups(**name)["CacheSubnetGroups"]
    cache.delete_cache_subnet_group(**name)
    return len(group["Subnets"]) == len(known) and cache.describe_cache_subnet_groups()["CacheSubnetGroups"] == []


def gone_cache_parameters(client: Client) -> bool:
    cache, name = client("elasticache"), {"CacheParameterGroupName": "p"}
    cache.create_cache_parameter_group(**name, CacheParameterGroupFamily="redis7", Description="d")
    cache.delete_cache_parameter_group(**name)
    return bool(cache.describe_cache_parameter_groups()["CacheParameterGroups"] == [])


def _group(client: Client) -> Any:
    cache = client("elasticache")
    settings = {"CacheNodeType": "cache.m6g.large", "Engine": "redis", "NumCacheClusters": 2}
    cache.create_replication_group(ReplicationGroupId="g", ReplicationGroupDescription="d", **settings)
    return cache


def replica_counts(client: Client) -> bool:
    cache = _group(client)
    cache.increase_replica_count(ReplicationGroupId="g", NewReplicaCount=2, ApplyImmediately=True)
    more = len(cache.describe_replication_groups()["ReplicationGroups"][0]["MemberClusters"])
    cache.decrease_replica_count(ReplicationGroupId="g", NewReplicaCount=0, ApplyImmediately=True)
    fewer = len(cache.describe_replication_groups()["ReplicationGroups"][0]["MemberClusters"])
    return (more, fewer) == (3, 1)


def gone_caches(client: Client) -> bool:
    cache = _group(client)
    cache.delete_replication_group(ReplicationGroupId="g")
    return bool(cache.describe_replication_groups()["ReplicationGroups"] == [])


def endpoint_configurations(client: Client) -> bool:
    maker = client("sagemaker")
    maker.create_model(ModelName="m", ExecutionRoleArn="arn:aws-cn:iam::123456789012:role/FakeRole")
    for name, count in (("one", 1), ("two", 2)):
        variant = {"VariantName": "v", "ModelName": "m", "InstanceType": "ml.m5.large", "InitialInstanceCount": count}
        maker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    maker.create_endpoint(EndpointName="e", EndpointConfigName="one")
    maker.update_endpoint(EndpointName="e", EndpointConfigName="two")
    found = maker.describe_endpoint(EndpointName="e")
    return (found["EndpointConfigName"], found["ProductionVariants"][0]["CurrentInstanceCount"]) == ("two", 2)


def file_system_changes(client: Client) -> bool:
    efs = client("efs")
    name = {"FileSystemId": efs.create_file_system(CreationToken="t")["FileSystemId"]}
    efs.put_file_system_policy(**name, Policy="{}")
    efs.delete_file_system_policy(**name)
    efs.update_file_system(**name, ThroughputMode="elastic")
    try:
        efs.describe_file_system_policy(**name)
    except botocore.exceptions.ClientError:
        return bool(efs.describe_file_systems(**name)["FileSystems"][0]["ThroughputMode"] == "elastic")
    return False


def backup_plan_changes(client: Client) -> bool:
    backup, rule = client("backup"), {"RuleName": "r", "TargetBackupVaultName": "v"}
    made = backup.create_backup_plan(BackupPlan={"BackupPlanName": "p", "Rules": [rule]})
    plan = {"BackupPlanId": made["BackupPlanId"]}
    wanted = {"SelectionName": "s", "IamRoleArn": "arn:aws-cn:iam::123456789012:role/r", "Resources": ["arn:x"]}
    selection = backup.create_backup_selection(**plan, BackupSelection=wanted)["SelectionId"]
    backup.delete_backup_selection(**plan, SelectionId=selection)
    backup.update_backup_plan(**plan, BackupPlan={"BackupPlanName": "p", "Rules": [{**rule, "RuleName": "other"}]})
    found = backup.get_backup_plan(**plan)["BackupPlan"]["Rules"][0]["RuleName"]
    return bool(found == "other" and backup.list_backup_selections(**plan)["BackupSelectionsList"] == [])


def scaling_tag_changes(client: Client) -> bool:
    scaling = client("application-autoscaling")
    what = {"ServiceNamespace": "ecs", "ResourceId": "service/c/s", "ScalableDimension": "ecs:service:DesiredCount"}
    client("ecs").create_cluster(clusterName="c")
    client("ecs").register_task_definition(family="f", containerDefinitions=[{"name": "a", "image": "i", "memory": 64}])
    client("ecs").create_service(cluster="c", serviceName="s", taskDefinition="f", desiredCount=1)
    made = scaling.register_scalable_target(**what, MinCapacity=1, MaxCapacity=2, Tags={"a": "b"})
    who = {"ResourceARN": made["ScalableTargetARN"]}
    scaling.tag_resource(**who, Tags={"c": "d"})
    scaling.untag_resource(**who, TagKeys=["a"])
    return bool(scaling.list_tags_for_resource(**who)["Tags"] == {"c": "d"})


def gone_nat_gateways(client: Client) -> bool:
    ec2 = client("ec2")
    made = ec2.create_nat_gateway(SubnetId=_subnets(client)[0], ConnectivityType="private")["NatGateway"]
    before = len(ec2.describe_network_interfaces()["NetworkInterfaces"])
    ec2.delete_nat_gateway(NatGatewayId=made["NatGatewayId"])
    return (before, len(ec2.describe_network_interfaces()["NetworkInterfaces"])) == (1, 0)


PROBES: dict[str, Callable[[Client], bool]] = {
    "other_subnets_for_databases": database_subnets,
    "other_subnets_for_caches": cache_subnets,
    "end_of_cache_parameter_groups": gone_cache_parameters,
    "more_and_fewer_replicas": replica_counts,
    "other_configurations_of_endpoints": endpoint_configurations,
    "changes_of_file_systems": file_system_changes,
    "changes_of_backup_plans": backup_plan_changes,
    "other_tags_of_scalable_targets": scaling_tag_changes,
    "end_of_nat_gateways": gone_nat_gateways,
    "end_of_replication_groups": gone_caches,
}
"""By bridge."""
