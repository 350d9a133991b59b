"""One probe for each bridge over what moto lacks: whether the account does as AWS does."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import botocore.exceptions

CN = "cn-northwest-1"
TAGS = [{"Key": "a", "Value": "b"}]

Client = Callable[[str], Any]


def subnets(client: Client) -> list[str]:
    return [one["SubnetId"] for one in client("ec2").describe_subnets()["Subnets"]]


def zones_of_beijing(client: Client) -> bool:
    zones = client("ec2").describe_availability_zones()["AvailabilityZones"]
    return ("cn-north-1d", "cnn1-az4") in {(one["ZoneName"], one["ZoneId"]) for one in zones}


def database(client: Client, name: str) -> dict[str, Any]:
    settings = {
        "DBInstanceClass": "db.m6g.large",
        "Engine": "postgres",
        "EngineVersion": "16.9",
        "AllocatedStorage": 20,
    }
    user = {"MasterUsername": "cvat", "MasterUserPassword": "x" * 20}
    made: dict[str, Any] = client("rds").create_db_instance(DBInstanceIdentifier=name, **settings, **user)["DBInstance"]
    return made


def host_names(client: Client) -> bool:
    balancer = client("elbv2").create_load_balancer(Name="lb", Subnets=subnets(client)[:2])["LoadBalancers"][0]
    hosts = [
        database(client, "one")["Endpoint"]["Address"],
        balancer["DNSName"],
        client("ecr").create_repository(repositoryName="images")["repository"]["repositoryUri"].partition("/")[0],
        client("ecr").get_authorization_token()["authorizationData"][0]["proxyEndpoint"],
    ]
    return all(host.endswith(".amazonaws.com.cn") for host in hosts)


def subnet_arns(client: Client) -> bool:
    return all(one["SubnetArn"].startswith("arn:aws-cn:") for one in client("ec2").describe_subnets()["Subnets"])


def replication_group(client: Client) -> dict[str, Any]:
    made = client("elasticache").create_replication_group(
        ReplicationGroupId="group",
        ReplicationGroupDescription="d",
        Engine="redis",
        CacheNodeType="cache.m6g.large",
        NumCacheClusters=2,
        AutomaticFailoverEnabled=True,
        Tags=TAGS,
    )
    return dict(made["ReplicationGroup"])


def caches(client: Client) -> bool:
    text = json.dumps(replication_group(client), default=str)
    group = client("elasticache").create_cache_subnet_group(
        CacheSubnetGroupName="group", CacheSubnetGroupDescription="d", SubnetIds=subnets(client)
    )["CacheSubnetGroup"]
    return "arn:aws:" not in text and "us-east-1" not in text and group["ARN"].startswith("arn:aws-cn:")


def replicas(client: Client) -> bool:
    return len(replication_group(client)["MemberClusters"]) == 2


def cache_parameters(client: Client) -> bool:
    names = {"CacheParameterGroupName": "p"}
    cache = client("elasticache")
    cache.create_cache_parameter_group(**names, CacheParameterGroupFamily="redis7", Description="d", Tags=TAGS)
    values = [{"ParameterName": "maxmemory-policy", "ParameterValue": "noeviction"}]
    cache.modify_cache_parameter_group(**names, ParameterNameValues=values)
    found = cache.describe_cache_parameter_groups(**names)["CacheParameterGroups"]
    return bool(found) and cache.list_tags_for_resource(ResourceName=found[0]["ARN"])["TagList"] == TAGS


def backup_policy(client: Client) -> bool:
    efs = client("efs")
    system = efs.create_file_system(CreationToken="t")["FileSystemId"]
    efs.put_backup_policy(FileSystemId=system, BackupPolicy={"Status": "ENABLED"})
    return bool(efs.describe_backup_policy(FileSystemId=system)["BackupPolicy"]["Status"] == "ENABLED")


def direct_models(client: Client) -> bool:
    sagemaker = client("sagemaker")
    sagemaker.create_model(
        ModelName="m",
        ExecutionRoleArn="arn:aws-cn:iam::123456789012:role/x-of-many",
        Containers=[{"Image": "i", "ContainerHostname": "a"}],
        InferenceExecutionConfig={"Mode": "Direct"},
    )
    return bool(sagemaker.describe_model(ModelName="m").get("InferenceExecutionConfig") == {"Mode": "Direct"})


def scaling_tags(client: Client) -> bool:
    scaling = client("application-autoscaling")
    client("ecs").create_cluster(clusterName="c")
    target = scaling.register_scalable_target(
        ServiceNamespace="sagemaker",
        ResourceId="endpoint/e/variant/v",
        ScalableDimension="sagemaker:variant:DesiredInstanceCount",
        MinCapacity=1,
        MaxCapacity=2,
        Tags={"a": "b"},
    )["ScalableTargetARN"]
    return bool(scaling.list_tags_for_resource(ResourceARN=target)["Tags"] == {"a": "b"})


def guarded_bucket(client: Client) -> bool:
    s3 = client("s3")
    s3.create_bucket(Bucket="guarded", CreateBucketConfiguration={"LocationConstraint": CN})
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws-cn:s3:::guarded/*"}
    deny["Condition"] = {"Bool": {"aws:SecureTransport": "false"}}  # type: ignore[assignment]
    s3.put_bucket_policy(Bucket="guarded", Policy=json.dumps({"Version": "2012-10-17", "Statement": [deny]}))
    s3.put_object(Bucket="guarded", Key="k", Body=b"")
    return True


def fargate_task(client: Client) -> bool:
    ecs = client("ecs")
    ecs.create_cluster(clusterName="c")
    container = {"name": "one", "image": "i", "essential": True}
    definition = ecs.register_task_definition(
        family="f", cpu="256", memory="512", networkMode="awsvpc", containerDefinitions=[container]
    )["taskDefinition"]["taskDefinitionArn"]
    network = {"awsvpcConfiguration": {"subnets": subnets(client)[:1], "securityGroups": []}}
    started = ecs.run_task(cluster="c", taskDefinition=definition, launchType="FARGATE", networkConfiguration=network)
    return len(started["tasks"]) == 1


def database_ids(client: Client) -> bool:
    return bool(database(client, "one")["DbiResourceId"] != database(client, "two")["DbiResourceId"])


def alarm_states(client: Client) -> bool:
    cloudwatch, about = client("cloudwatch"), {"Namespace": "N", "MetricName": "m"}
    cloudwatch.put_metric_alarm(
        AlarmName="a", **about, Statistic="Sum", Period=60, EvaluationPeriods=1, Threshold=1.0,
        ComparisonOperator="GreaterThanThreshold",
    )  # fmt: skip
    cloudwatch.put_metric_data(Namespace="N", MetricData=[{"MetricName": "m", "Value": 2.0}])
    return bool(cloudwatch.describe_alarms(AlarmNames=["a"])["MetricAlarms"][0]["StateValue"] == "ALARM")


def queue(client: Client) -> tuple[str, str]:
    url = client("sqs").create_queue(QueueName="q")["QueueUrl"]
    arn = client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    return url, arn


def send(client: Client, pattern: dict[str, Any], target: str, detail: dict[str, Any]) -> None:
    events = client("events")
    events.put_rule(Name="r", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="r", Targets=[{"Id": "t", "Arn": target}])
    events.put_events(Entries=[{"Source": "s", "DetailType": "d", "Detail": json.dumps(detail)}])


def event_patterns(client: Client) -> bool:
    url, arn = queue(client)
    send(client, {"detail": {"list": {"code": [{"anything-but": 0}]}}}, arn, {"list": [{"code": 0}, {"code": 1}]})
    return "Messages" in client("sqs").receive_message(QueueUrl=url)


def event_topics(client: Client) -> bool:
    url, arn = queue(client)
    topic = client("sns").create_topic(Name="t")["TopicArn"]
    client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    send(client, {"source": ["s"]}, topic, {"a": 1})
    return "Messages" in client("sqs").receive_message(QueueUrl=url)


def backup_selections(client: Client) -> bool:
    backup = client("backup")
    rule = {"RuleName": "r", "TargetBackupVaultName": "v"}
    plan = backup.create_backup_plan(BackupPlan={"BackupPlanName": "p", "Rules": [rule]})["BackupPlanId"]
    wanted = {"SelectionName": "s", "IamRoleArn": "arn:aws-cn:iam::123456789012:role/r", "Resources": ["arn:x"]}
    made = backup.create_backup_selection(BackupPlanId=plan, BackupSelection=wanted)["SelectionId"]
    (listed,) = backup.list_backup_selections(BackupPlanId=plan)["BackupSelectionsList"]
    found = backup.get_backup_selection(BackupPlanId=plan, SelectionId=listed["SelectionId"])
    return bool(listed["SelectionId"] == made and found["BackupSelection"] == wanted)


def aws_policies(client: Client) -> bool:
    iam, policy = client("iam"), "arn:aws-cn:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup"
    iam.create_role(RoleName="r", AssumeRolePolicyDocument="{}")
    iam.attach_role_policy(RoleName="r", PolicyArn=policy)
    (attached,) = iam.list_attached_role_policies(RoleName="r")["AttachedPolicies"]
    return bool(attached["PolicyArn"] == policy)


def missing_endpoint(client: Client) -> bool:
    """An endpoint that does not exist is an error, not an answer."""
    try:
        client("sagemaker-runtime").invoke_endpoint(EndpointName="nobody", Body=b"{}")
    except botocore.exceptions.ClientError as error:
        return bool(error.response["Error"]["Code"] == "ValidationError")
    return False


def private_zone(client: Client) -> bool:
    """The zone of a private namespace has the namespace's name, and its VPC can ask it."""
    vpc = client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
    client("servicediscovery").create_private_dns_namespace(Name="cvat.internal", Vpc=vpc)
    (zone,) = client("route53").list_hosted_zones()["HostedZones"]
    joined = client("route53").get_hosted_zone(Id=zone["Id"])["VPCs"]
    return bool(zone["Name"] == "cvat.internal." and [one["VPCId"] for one in joined] == [vpc])


def image_digests(client: Client) -> bool:
    """The digest is that of the manifest's bytes, so that images with other configurations have others."""
    ecr, kind = client("ecr"), "application/vnd.docker.distribution.manifest.v2+json"
    ecr.create_repository(repositoryName="images")
    manifests = [json.dumps({"mediaType": kind, "config": {"digest": f"sha256:{n * 64}"}, "layers": []}) for n in "12"]
    found = [
        ecr.put_image(repositoryName="images", imageTag=f"t{n}", imageManifest=one)["image"]["imageId"]["imageDigest"]
        for n, one in enumerate(manifests)
    ]
    return found == [f"sha256:{hashlib.sha256(one.encode()).hexdigest()}" for one in manifests]


def bounded_tasks(client: Client) -> bool:
    """A service that was put to sleep wakes when its scaling is registered again."""
    ecs = client("ecs")
    ecs.create_cluster(clusterName="c")
    ecs.register_task_definition(family="f", containerDefinitions=[{"name": "f", "image": "i", "memory": 128}])
    ecs.create_service(cluster="c", serviceName="s", taskDefinition="f", desiredCount=0)
    client("application-autoscaling").register_scalable_target(
        ServiceNamespace="ecs", ResourceId="service/c/s", ScalableDimension="ecs:service:DesiredCount",
        MinCapacity=2, MaxCapacity=4,
    )  # fmt: skip
    return bool(ecs.describe_services(cluster="c", services=["s"])["services"][0]["desiredCount"] == 2)


def mount_target_interfaces(client: Client) -> bool:
    """A mount target's network interface says which file system it belongs to, so that it can be found by that."""
    efs, ec2 = client("efs"), client("ec2")
    system = efs.create_file_system(CreationToken="t")["FileSystemId"]
    efs.create_mount_target(FileSystemId=system, SubnetId=subnets(client)[0])
    wanted = [{"Name": "description", "Values": [f"*{system}*"]}]
    return len(ec2.describe_network_interfaces(Filters=wanted)["NetworkInterfaces"]) == 1


PROBES: dict[str, tuple[Callable[[Client], bool], str]] = {
    "third_zone_in_beijing": (zones_of_beijing, "cn-north-1"),
    "host_names_in_china": (host_names, CN),
    "arns_of_subnets": (subnet_arns, CN),
    "caches_outside_the_first_region": (caches, CN),
    "replicas_counted_as_clusters": (replicas, CN),
    "cache_parameter_groups": (cache_parameters, CN),
    "backup_policy_of_file_systems": (backup_policy, CN),
    "how_models_are_invoked": (direct_models, CN),
    "tags_of_scalable_targets": (scaling_tags, CN),
    "tasks_within_their_bounds": (bounded_tasks, CN),
    "conditions_of_bucket_policies": (guarded_bucket, CN),
    "memory_of_the_whole_task": (fargate_task, CN),
    "identity_of_databases": (database_ids, CN),
    "calls_of_endpoints": (missing_endpoint, CN),
    "zones_of_private_namespaces": (private_zone, CN),
    "alarms_that_follow_their_metrics": (alarm_states, CN),
    "events_in_lists": (event_patterns, CN),
    "topics_as_targets_of_events": (event_topics, CN),
    "selections_of_backup_plans": (backup_selections, CN),
    "policies_of_aws": (aws_policies, CN),
    "digests_of_images": (image_digests, CN),
    "interfaces_of_mount_targets": (mount_target_interfaces, CN),
}
