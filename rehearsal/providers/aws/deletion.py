"""How each resource type is deleted: one line where one call does it, a function where the provider does more."""

from __future__ import annotations

import botocore.exceptions

from rehearsal.providers.aws.balancers import ATTRIBUTES
from rehearsal.providers.aws.ingress import record_set
from rehearsal.providers.change import deleted, deletes, forgotten
from rehearsal.providers.resource import Make

forgotten(
    "random:index/randomId:RandomId",
    "random:index/randomPassword:RandomPassword",
    "docker:index/image:Image",  # its provider leaves what it has pushed
    "aws:acm/certificateValidation:CertificateValidation",
    "aws:secretsmanager/secretVersion:SecretVersion",  # it goes with its secret
)

deleted("aws:acm/certificate:Certificate", "acm:DeleteCertificate", CertificateArn="id")
deleted("aws:backup/plan:Plan", "backup:DeleteBackupPlan", BackupPlanId="id")
deleted("aws:backup/selection:Selection", "backup:DeleteBackupSelection", BackupPlanId="planId", SelectionId="id")
deleted("aws:backup/vault:Vault", "backup:DeleteBackupVault", BackupVaultName="id")
deleted("aws:cloudwatch/dashboard:Dashboard", "cloudwatch:DeleteDashboards", DashboardNames="id")
deleted("aws:cloudwatch/eventRule:EventRule", "events:DeleteRule", Name="id")
deleted("aws:cloudwatch/eventTarget:EventTarget", "events:RemoveTargets", Rule="rule", Ids="targetId")
deleted("aws:cloudwatch/logGroup:LogGroup", "logs:DeleteLogGroup", logGroupName="id")
deleted("aws:cloudwatch/metricAlarm:MetricAlarm", "cloudwatch:DeleteAlarms", AlarmNames="id")
deleted("aws:ec2/eip:Eip", "ec2:ReleaseAddress", AllocationId="id")
deleted("aws:ec2/natGateway:NatGateway", "ec2:DeleteNatGateway", NatGatewayId="id")
deleted(
    "aws:ec2/route:Route",
    "ec2:DeleteRoute",
    RouteTableId="routeTableId",
    DestinationCidrBlock="destinationCidrBlock",
)
deleted("aws:ec2/routeTable:RouteTable", "ec2:DeleteRouteTable", RouteTableId="id")
deleted("aws:ec2/routeTableAssociation:RouteTableAssociation", "ec2:DisassociateRouteTable", AssociationId="id")
deleted("aws:ec2/securityGroup:SecurityGroup", "ec2:DeleteSecurityGroup", GroupId="id")
deleted("aws:ec2/subnet:Subnet", "ec2:DeleteSubnet", SubnetId="id")
deleted("aws:ec2/vpc:Vpc", "ec2:DeleteVpc", VpcId="id")
deleted("aws:ec2/vpcEndpoint:VpcEndpoint", "ec2:DeleteVpcEndpoints", VpcEndpointIds="id")
deleted("aws:ecr/lifecyclePolicy:LifecyclePolicy", "ecr:DeleteLifecyclePolicy", repositoryName="id")
deleted("aws:ecs/cluster:Cluster", "ecs:DeleteCluster", cluster="id")
deleted("aws:ecs/taskDefinition:TaskDefinition", "ecs:DeregisterTaskDefinition", taskDefinition="arn")
deleted("aws:efs/accessPoint:AccessPoint", "efs:DeleteAccessPoint", AccessPointId="id")
deleted("aws:efs/fileSystem:FileSystem", "efs:DeleteFileSystem", FileSystemId="id")
deleted("aws:efs/fileSystemPolicy:FileSystemPolicy", "efs:DeleteFileSystemPolicy", FileSystemId="id")
deleted("aws:efs/mountTarget:MountTarget", "efs:DeleteMountTarget", MountTargetId="id")
deleted(
    "aws:elasticache/parameterGroup:ParameterGroup",
    "elasticache:DeleteCacheParameterGroup",
    CacheParameterGroupName="id",
)
deleted("aws:elasticache/subnetGroup:SubnetGroup", "elasticache:DeleteCacheSubnetGroup", CacheSubnetGroupName="id")
deleted("aws:iam/role:Role", "iam:DeleteRole", RoleName="id")
deleted("aws:iam/rolePolicy:RolePolicy", "iam:DeleteRolePolicy", RoleName="role", PolicyName="name")
deleted(
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    "iam:DetachRolePolicy",
    RoleName="role",
    PolicyArn="policyArn",
)
deleted("aws:kms/alias:Alias", "kms:DeleteAlias", AliasName="id")
deleted("aws:lb/listener:Listener", "elbv2:DeleteListener", ListenerArn="id")
deleted("aws:lb/listenerRule:ListenerRule", "elbv2:DeleteRule", RuleArn="id")
deleted("aws:lb/targetGroup:TargetGroup", "elbv2:DeleteTargetGroup", TargetGroupArn="id")
deleted("aws:rds/parameterGroup:ParameterGroup", "rds:DeleteDBParameterGroup", DBParameterGroupName="id")
deleted("aws:rds/subnetGroup:SubnetGroup", "rds:DeleteDBSubnetGroup", DBSubnetGroupName="id")
deleted("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", "s3:DeleteBucketLifecycle", Bucket="bucket")
deleted("aws:s3/bucketOwnershipControls:BucketOwnershipControls", "s3:DeleteBucketOwnershipControls", Bucket="bucket")
deleted("aws:s3/bucketPolicy:BucketPolicy", "s3:DeleteBucketPolicy", Bucket="bucket")
deleted("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "s3:DeletePublicAccessBlock", Bucket="bucket")
deleted(
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    "s3:DeleteBucketEncryption",
    Bucket="bucket",
)
deleted("aws:sagemaker/endpoint:Endpoint", "sagemaker:DeleteEndpoint", EndpointName="id")
deleted(
    "aws:sagemaker/endpointConfiguration:EndpointConfiguration",
    "sagemaker:DeleteEndpointConfig",
    EndpointConfigName="id",
)
deleted("aws:sagemaker/model:Model", "sagemaker:DeleteModel", ModelName="id")
deleted("aws:scheduler/schedule:Schedule", "scheduler:DeleteSchedule", Name="name", GroupName="groupName")
deleted("aws:scheduler/scheduleGroup:ScheduleGroup", "scheduler:DeleteScheduleGroup", Name="id")
deleted("aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace", "servicediscovery:DeleteNamespace", Id="id")
deleted("aws:servicediscovery/service:Service", "servicediscovery:DeleteService", Id="id")
deleted("aws:sns/topic:Topic", "sns:DeleteTopic", TopicArn="id")
deleted("aws:sns/topicSubscription:TopicSubscription", "sns:Unsubscribe", SubscriptionArn="id")
deleted("aws:wafv2/webAclAssociation:WebAclAssociation", "wafv2:DisassociateWebACL", ResourceArn="resourceArn")
deleted(
    "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration",
    "wafv2:DeleteLoggingConfiguration",
    ResourceArn="id",
)

SCALED = {"ServiceNamespace": "serviceNamespace", "ResourceId": "resourceId", "ScalableDimension": "scalableDimension"}
deleted("aws:appautoscaling/target:Target", "application-autoscaling:DeregisterScalableTarget", **SCALED)
deleted("aws:appautoscaling/policy:Policy", "application-autoscaling:DeleteScalingPolicy", PolicyName="name", **SCALED)
deleted(
    "aws:appautoscaling/scheduledAction:ScheduledAction",
    "application-autoscaling:DeleteScheduledAction",
    ScheduledActionName="name",
    **SCALED,
)


@deletes("aws:wafv2/ipSet:IpSet")
def ip_set(make: Make) -> None:
    """With the token of its present state."""
    who = {"Name": make.known("name"), "Scope": make.known("scope"), "Id": make.id}
    make.ask("wafv2", "DeleteIPSet", **who, LockToken=make.ask("wafv2", "GetIPSet", **who)["LockToken"])


@deletes("aws:wafv2/webAcl:WebAcl")
def web_acl(make: Make) -> None:
    """With the token of its present state."""
    who = {"Name": make.known("name"), "Scope": make.known("scope"), "Id": make.id}
    make.ask("wafv2", "DeleteWebACL", **who, LockToken=make.ask("wafv2", "GetWebACL", **who)["LockToken"])


@deletes("aws:route53/record:Record")
def dns_record(make: Make) -> None:
    """Route 53 wants to be told the whole record that goes."""
    zone, gone = make.inputs.take("zoneId"), record_set(make.inputs)
    batch = {"Changes": [{"Action": "DELETE", "ResourceRecordSet": gone}]}
    make.ask("route53", "ChangeResourceRecordSets", HostedZoneId=zone, ChangeBatch=batch)


@deletes("aws:ec2/internetGateway:InternetGateway")
def internet_gateway(make: Make) -> None:
    """Detached first."""
    make.ask("ec2", "DetachInternetGateway", InternetGatewayId=make.id, VpcId=make.known("vpcId"))
    make.ask("ec2", "DeleteInternetGateway", InternetGatewayId=make.id)


@deletes("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
def ingress_rule(make: Make) -> None:
    """Taken from its group."""
    group = make.known("securityGroupId")
    make.ask("ec2", "RevokeSecurityGroupIngress", GroupId=group, SecurityGroupRuleIds=[make.id])


@deletes("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule")
def egress_rule(make: Make) -> None:
    """Taken from its group."""
    group = make.known("securityGroupId")
    make.ask("ec2", "RevokeSecurityGroupEgress", GroupId=group, SecurityGroupRuleIds=[make.id])


@deletes("aws:ec2/securityGroupRule:SecurityGroupRule")
def old_rule(make: Make) -> None:
    """The older resource knows no identifier of its rule: it is found by what it says."""
    group, port = make.known("securityGroupId"), make.known("fromPort")
    way = str(make.known("type"))
    filters = [{"Name": "group-id", "Values": [group]}]
    rules = make.ask("ec2", "DescribeSecurityGroupRules", Filters=filters)["SecurityGroupRules"]
    found = [
        one["SecurityGroupRuleId"]
        for one in rules
        if one["IsEgress"] == (way == "egress") and one.get("FromPort") == port
    ]
    make.ask("ec2", f"RevokeSecurityGroup{way.capitalize()}", GroupId=group, SecurityGroupRuleIds=found)


@deletes("aws:ecr/repository:Repository")
def repository(make: Make) -> None:
    """With its images only where the program says so; ECR refuses otherwise."""
    make.ask("ecr", "DeleteRepository", repositoryName=make.id, force=bool(make.known("forceDelete")))


@deletes("aws:ecs/service:Service")
def service(make: Make) -> None:
    """Its tasks are stopped first."""
    where = {"cluster": make.known("cluster"), "service": make.known("name")}
    client = make.client("ecs")
    client.update_service(**where, desiredCount=0)
    client.delete_service(**where, force=bool(make.known("forceDelete")))


@deletes("aws:ecs/clusterCapacityProviders:ClusterCapacityProviders")
def capacity_providers(make: Make) -> None:
    """The cluster is left without any."""
    nothing: list[str] = []
    make.ask(
        "ecs",
        "PutClusterCapacityProviders",
        cluster=make.id,
        capacityProviders=nothing,
        defaultCapacityProviderStrategy=nothing,
    )


@deletes("aws:efs/backupPolicy:BackupPolicy")
def backup_policy(make: Make) -> None:
    """Switched off."""
    make.ask("efs", "PutBackupPolicy", FileSystemId=make.id, BackupPolicy={"Status": "DISABLED"})


@deletes("aws:elasticache/replicationGroup:ReplicationGroup")
def replication_group(make: Make) -> None:
    """With a last snapshot where it has a name for one."""
    last = make.known("finalSnapshotIdentifier")
    extra = {"FinalSnapshotIdentifier": last} if last else {}
    make.ask("elasticache", "DeleteReplicationGroup", ReplicationGroupId=make.id, **extra)


@deletes("aws:rds/instance:Instance")
def instance(make: Make) -> None:
    """With a last snapshot unless it is skipped; RDS refuses while its own protection is on."""
    wanted = {"DBInstanceIdentifier": make.known("identifier"), "SkipFinalSnapshot": False}
    wanted["DeleteAutomatedBackups"] = bool(make.inputs.take("deleteAutomatedBackups", True))
    if make.known("skipFinalSnapshot"):
        wanted["SkipFinalSnapshot"] = True
    else:
        wanted["FinalDBSnapshotIdentifier"] = make.inputs.require("finalSnapshotIdentifier")
    make.ask("rds", "DeleteDBInstance", **wanted)


@deletes("aws:kms/key:Key")
def key(make: Make) -> None:
    """KMS waits for some days, the provider's default is 30."""
    days = make.inputs.take("deletionWindowInDays", 30)
    make.ask("kms", "ScheduleKeyDeletion", KeyId=make.id, PendingWindowInDays=days)


@deletes("aws:secretsmanager/secret:Secret")
def secret(make: Make) -> None:
    """After some days, or at once for none; the provider's default is 30."""
    days = make.inputs.take("recoveryWindowInDays", 30)
    how = {"RecoveryWindowInDays": days} if days else {"ForceDeleteWithoutRecovery": True}
    make.ask("secretsmanager", "DeleteSecret", SecretId=make.id, **how)


@deletes("aws:sns/topicPolicy:TopicPolicy")
def topic_policy(make: Make) -> None:
    """Back to a policy for the account alone; topics are never without one."""
    own = f'{{"Statement":[{{"Effect":"Allow","Principal":{{"AWS":"{make.account.id}"}},"Action":"sns:Publish",'
    own += f'"Resource":"{make.id}"}}]}}'
    make.ask("sns", "SetTopicAttributes", TopicArn=make.id, AttributeName="Policy", AttributeValue=own)


@deletes("aws:lb/loadBalancer:LoadBalancer")
def load_balancer(make: Make) -> None:
    """The provider does not switch its protection off; ELB refuses while it is on."""
    answer = make.ask("elbv2", "DescribeLoadBalancerAttributes", LoadBalancerArn=make.id)["Attributes"]
    if any(one["Key"] == ATTRIBUTES["enableDeletionProtection"] and one["Value"] == "true" for one in answer):
        refusal = {"Code": "OperationNotPermitted", "Message": f"Load balancer '{make.id}' cannot be deleted because "}
        refusal["Message"] += "deletion protection is enabled"
        raise botocore.exceptions.ClientError({"Error": refusal}, "DeleteLoadBalancer")
    make.ask("elbv2", "DeleteLoadBalancer", LoadBalancerArn=make.id)


@deletes("aws:s3/bucketVersioning:BucketVersioning")
def versioning(make: Make) -> None:
    """Suspended: S3 knows no way back to none."""
    make.ask("s3", "PutBucketVersioning", Bucket=make.id, VersioningConfiguration={"Status": "Suspended"})


@deletes("aws:s3/bucketObjectv2:BucketObjectv2")
def stored_object(make: Make) -> None:
    """With all its versions."""
    _empty(make, str(make.known("bucket")), str(make.known("key")))


@deletes("aws:s3/bucket:Bucket")
def bucket(make: Make) -> None:
    """Emptied only where the program says so; S3 refuses otherwise."""
    if make.known("forceDestroy"):
        _empty(make, make.id, "")
    make.ask("s3", "DeleteBucket", Bucket=make.id)


def _empty(make: Make, name: str, key: str) -> None:
    """Every version of one object, or of all of them."""
    listed = make.ask("s3", "ListObjectVersions", Bucket=name, Prefix=key)
    for one in [*listed.get("Versions", []), *listed.get("DeleteMarkers", [])]:
        if key in ("", one["Key"]):
            make.ask("s3", "DeleteObject", Bucket=name, Key=one["Key"], VersionId=one["VersionId"])
