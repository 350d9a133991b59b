"""How each resource type is changed in place. What no line here carries to the API is an error, by type and input.

`make.inputs` holds the inputs that differ only; one that is no longer given is None, or what `resets` says.
"""

from __future__ import annotations

from typing import Any

from rehearsal.engine.inputs import Inputs
from rehearsal.errors import RehearsalError
from rehearsal.providers.aws import access, backups, caches, containers, databases, files
from rehearsal.providers.change import again, updates
from rehearsal.providers.resource import Made, Make

again(
    "aws:appautoscaling/policy:Policy",
    "aws:appautoscaling/scheduledAction:ScheduledAction",
    "aws:appautoscaling/target:Target",
    "aws:cloudwatch/dashboard:Dashboard",
    "aws:cloudwatch/eventRule:EventRule",
    "aws:cloudwatch/eventTarget:EventTarget",
    "aws:cloudwatch/metricAlarm:MetricAlarm",
    "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders",
    "aws:efs/backupPolicy:BackupPolicy",
    "aws:efs/fileSystemPolicy:FileSystemPolicy",
    "aws:iam/rolePolicy:RolePolicy",
    "aws:route53/record:Record",
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    "aws:s3/bucketObjectv2:BucketObjectv2",
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
    "aws:s3/bucketPolicy:BucketPolicy",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    "aws:s3/bucketVersioning:BucketVersioning",
    "aws:scheduler/schedule:Schedule",
    "aws:sns/topicPolicy:TopicPolicy",
    "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration",
    "docker:index/image:Image",
)


@updates("aws:cloudwatch/logGroup:LogGroup", resets={"retentionInDays": 0})
def log_group(make: Make) -> None:
    """How long lines are kept; 0 is for ever."""
    days = make.inputs.take("retentionInDays")
    if days:
        make.ask("logs", "PutRetentionPolicy", logGroupName=make.id, retentionInDays=days)
    else:
        make.ask("logs", "DeleteRetentionPolicy", logGroupName=make.id)


@updates("aws:iam/role:Role", resets={"description": ""})
def role(make: Make) -> None:
    """Who may take it, and what is said of it."""
    if trust := make.inputs.take("assumeRolePolicy"):
        make.ask("iam", "UpdateAssumeRolePolicy", RoleName=make.id, PolicyDocument=trust)
    if make.inputs.left():
        make.call("iam", "UpdateRole", {"RoleName": make.id})


@updates("aws:kms/key:Key", resets={"description": "", "enableKeyRotation": False})
def key(make: Make) -> None:
    """Policy, description and rotation."""
    if "policy" in make.inputs.left():
        make.ask("kms", "PutKeyPolicy", KeyId=make.id, PolicyName="default", Policy=make.inputs.require("policy"))
    if "description" in make.inputs.left():
        make.ask("kms", "UpdateKeyDescription", KeyId=make.id, Description=make.inputs.take("description"))
    if "enableKeyRotation" in make.inputs.left():
        word = "Enable" if make.inputs.take("enableKeyRotation") else "Disable"
        make.ask("kms", f"{word}KeyRotation", KeyId=make.id)


@updates("aws:secretsmanager/secret:Secret", resets={"description": "", "policy": ""})
def secret(make: Make) -> None:
    """Its description, its key and who may read it; never its value."""
    if "policy" in make.inputs.left():
        policy = make.inputs.take("policy")
        extra = {"ResourcePolicy": policy} if policy else {}
        make.ask("secretsmanager", f"{'Put' if policy else 'Delete'}ResourcePolicy", SecretId=make.id, **extra)
    if make.inputs.left():
        make.call("secretsmanager", "UpdateSecret", {"SecretId": make.id})


@updates("aws:sns/topic:Topic", resets={key: "" for key in access.TOPIC})
def topic(make: Make) -> None:
    """Attributes, one call each."""
    for key, name in access.TOPIC.items():
        if key in make.inputs.left():
            value = make.inputs.take(key)
            make.ask("sns", "SetTopicAttributes", TopicArn=make.id, AttributeName=name, AttributeValue=value)


@updates("aws:backup/plan:Plan")
def backup_plan(make: Make) -> None:
    """The plan as a whole; a new version of it."""
    rules = [backups.rule(one) for one in make.inputs.take("rules")]
    document = {"BackupPlanName": make.known("name"), "Rules": rules}
    make.ask("backup", "UpdateBackupPlan", BackupPlanId=make.id, BackupPlan=document)


@updates("aws:ecr/repository:Repository")
def repository(make: Make) -> None:
    """Whether tags can move, and whether images are scanned."""
    name = {"repositoryName": make.id}
    if mutability := make.inputs.take("imageTagMutability"):
        make.ask("ecr", "PutImageTagMutability", **name, imageTagMutability=mutability)
    if "imageScanningConfiguration" in make.inputs.left():
        make.call("ecr", "PutImageScanningConfiguration", name)


@updates("aws:ecs/cluster:Cluster")
def cluster(make: Make) -> None:
    """Settings such as Container Insights."""
    make.call("ecs", "UpdateCluster", {"cluster": make.id})


@updates(
    "aws:ecs/service:Service",
    resets={"healthCheckGracePeriodSeconds": 0, "enableExecuteCommand": False, "loadBalancers": []},
)
def service(make: Make) -> None:
    """A deployment, unless only the number of tasks differs."""
    given = make.inputs
    extra: dict[str, Any] = {"service": make.known("name"), "cluster": make.known("cluster")}
    deployment = ("deploymentCircuitBreaker", "alarms", "deploymentMaximumPercent", "deploymentMinimumHealthyPercent")
    if set(deployment) & set(given.left()):
        for key in deployment:
            given.take(key)
        extra["deploymentConfiguration"] = containers.deployment(Inputs(make.whole))
    if network := given.take("networkConfiguration"):
        extra["networkConfiguration"] = containers.network(network)
    if registry := given.take("serviceRegistries"):
        extra["serviceRegistries"] = [registry]
    make.call("ecs", "UpdateService", extra, renames=containers.SERVICE)


@updates("aws:servicediscovery/service:Service")
def discovery_service(make: Make) -> None:
    """Its records and description."""
    wanted: dict[str, Any] = {}
    if dns := make.inputs.take("dnsConfig"):
        wanted["DnsConfig"] = {
            "DnsRecords": [{"Type": one["type"], "TTL": one["ttl"]} for one in dns["dnsRecords"]],
        }
    if text := make.inputs.take("description"):
        wanted["Description"] = text
    make.ask("servicediscovery", "UpdateService", Id=make.id, Service=wanted)


@updates("aws:efs/fileSystem:FileSystem", resets={"lifecyclePolicies": []})
def file_system(make: Make) -> None:
    """Throughput, where files move when nobody reads them, and protection from replication."""
    if "lifecyclePolicies" in make.inputs.left():
        wanted = files.lifecycle(make.inputs.take("lifecyclePolicies"))
        make.ask("efs", "PutLifecycleConfiguration", FileSystemId=make.id, LifecyclePolicies=wanted)
    if protection := make.inputs.take("protection"):
        value = protection["replicationOverwrite"]
        make.ask("efs", "UpdateFileSystemProtection", FileSystemId=make.id, ReplicationOverwriteProtection=value)
    if make.inputs.left():
        make.call("efs", "UpdateFileSystem", {"FileSystemId": make.id})


@updates("aws:efs/mountTarget:MountTarget")
def mount_target(make: Make) -> None:
    """Its groups are all that can be changed."""
    make.call("efs", "ModifyMountTargetSecurityGroups", {"MountTargetId": make.id})


@updates("aws:elasticache/subnetGroup:SubnetGroup")
def cache_subnet_group(make: Make) -> None:
    """Other subnets of the same VPC."""
    renames = {"description": "CacheSubnetGroupDescription"}
    make.call("elasticache", "ModifyCacheSubnetGroup", {"CacheSubnetGroupName": make.id}, renames=renames)


@updates("aws:elasticache/parameterGroup:ParameterGroup")
def cache_parameter_group(make: Make) -> None:
    """Other values; none can be taken away here."""
    values = caches.parameters(make.inputs.take("parameters") or [])
    make.ask("elasticache", "ModifyCacheParameterGroup", CacheParameterGroupName=make.id, ParameterNameValues=values)


@updates("aws:elasticache/replicationGroup:ReplicationGroup")
def replication_group(make: Make) -> Made:
    """At once. Replicas come before failover is switched on, and go after it is switched off."""
    name = {"ReplicationGroupId": make.id}
    before, clusters = int(make.known("numCacheClusters") or 1), int(make.inputs.take("numCacheClusters") or 0)
    replicas = {**name, "NewReplicaCount": clusters - 1, "ApplyImmediately": True}
    if clusters > before:
        make.ask("elasticache", "IncreaseReplicaCount", **replicas)
    if "authToken" in make.inputs.left():
        make.inputs.put("authTokenUpdateStrategy", make.inputs.peek("authTokenUpdateStrategy") or "ROTATE")
    if set(make.inputs.left()) - {"applyImmediately"}:
        make.call("elasticache", "ModifyReplicationGroup", {**name, "ApplyImmediately": True}, renames=caches.GROUP)
    if 0 < clusters < before:
        make.ask("elasticache", "DecreaseReplicaCount", **replicas)
    (found,) = make.ask("elasticache", "DescribeReplicationGroups", **name)["ReplicationGroups"]
    return Made(make.id, {"memberClusters": found["MemberClusters"]})


@updates("aws:rds/subnetGroup:SubnetGroup")
def database_subnet_group(make: Make) -> None:
    """Other subnets of the same VPC; RDS refuses others."""
    renames = {"description": "DBSubnetGroupDescription"}
    subnets = make.inputs.take("subnetIds") or make.known("subnetIds")
    extra = {"DBSubnetGroupName": make.id, "SubnetIds": subnets}
    make.call("rds", "ModifyDBSubnetGroup", extra, renames=renames)


@updates("aws:rds/parameterGroup:ParameterGroup")
def database_parameter_group(make: Make) -> None:
    """Other values; none can be taken away here."""
    values = databases.parameters(make.inputs.take("parameters") or [])
    make.ask("rds", "ModifyDBParameterGroup", DBParameterGroupName=make.id, Parameters=values)


MODIFIED = {
    **databases.INSTANCE,
    "port": "DBPortNumber",
    "dbSubnetGroupName": "DBSubnetGroupName",
}
"""ModifyDBInstance's names of members."""


@updates("aws:rds/instance:Instance", resets={"maxAllocatedStorage": None})
def instance(make: Make) -> None:
    """In place. Autoscaling of storage is switched off by its present size; logs are switched one by one."""
    extra: dict[str, Any] = {"DBInstanceIdentifier": make.known("identifier")}
    before = make.old.inputs if make.old else {}
    _no_smaller(make.inputs.left().get("allocatedStorage"), before.get("allocatedStorage"))
    if "maxAllocatedStorage" in make.inputs.left() and make.inputs.peek("maxAllocatedStorage") is None:
        make.inputs.take("maxAllocatedStorage")
        extra["MaxAllocatedStorage"] = make.inputs.peek("allocatedStorage") or before["allocatedStorage"]
    if "enabledCloudwatchLogsExports" in make.inputs.left():
        old, new = before.get("enabledCloudwatchLogsExports") or [], make.inputs.take("enabledCloudwatchLogsExports")
        on, off = sorted(set(new or []) - set(old)), sorted(set(old) - set(new or []))
        extra["CloudwatchLogsExportConfiguration"] = {"EnableLogTypes": on, "DisableLogTypes": off}
    # What waits for the maintenance window on real AWS is done at once here, so that it can be seen.
    make.call("rds", "ModifyDBInstance", {**extra, "ApplyImmediately": True}, renames=MODIFIED)


def _no_smaller(new: int | None, old: int | None) -> None:
    """RDS grows storage and never shrinks it; moto would."""
    if new is not None and old is not None and new < old:
        raise RehearsalError(
            f"allocatedStorage: the requested size ({new} GB) cannot be less than the current size ({old} GB): RDS "
            "shrinks no storage. Keep the old size, or restore into a new stack."
        )


@updates("aws:sagemaker/endpoint:Endpoint")
def endpoint(make: Make) -> None:
    """Another configuration, without a gap."""
    make.call("sagemaker", "UpdateEndpoint", {"EndpointName": make.id})
    make.client("sagemaker").get_waiter("endpoint_in_service").wait(EndpointName=make.id)
