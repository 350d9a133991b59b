"""For which inputs the providers make a resource anew instead of changing it.

Taken from the schemas of the Terraform AWS provider 6 that pulumi-aws 7.51 bridges (`ForceNew` and CustomizeDiff of
internal/service/<service>/<resource>.go, read 2026-11), and of pulumi-random, pulumi-docker. `*` stands for every
input. Inputs that the program does not use yet are listed too, so that using them is judged rightly from the start.
"""

from __future__ import annotations

from typing import Any

from rehearsal.diff.model import Resource

CACHE = "aws:elasticache/replicationGroup:ReplicationGroup"
EVERY = frozenset({"*"})
TAGS = frozenset({"tags", "tagsAll"})


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


FORCED: dict[str, frozenset[str]] = {
    # An imported certificate is renewed under its ARN; one that was asked for is made anew.
    "aws:acm/certificate:Certificate": _words(
        "certificateAuthorityArn domainName keyAlgorithm subjectAlternativeNames validationMethod validationOptions"
    ),
    "aws:acm/certificateValidation:CertificateValidation": _words("certificateArn validationRecordFqdns"),
    "aws:appautoscaling/policy:Policy": _words("name resourceId scalableDimension serviceNamespace"),
    "aws:appautoscaling/scheduledAction:ScheduledAction": _words("name resourceId scalableDimension serviceNamespace"),
    "aws:appautoscaling/target:Target": _words("resourceId scalableDimension serviceNamespace"),
    "aws:backup/plan:Plan": _words("name"),
    "aws:backup/selection:Selection": _words("iamRoleArn name planId resources notResources selectionTags conditions"),
    "aws:backup/vault:Vault": _words("name kmsKeyArn"),
    "aws:cloudwatch/eventRule:EventRule": _words("name namePrefix eventBusName"),
    "aws:cloudwatch/eventTarget:EventTarget": _words("rule targetId eventBusName"),
    "aws:cloudwatch/dashboard:Dashboard": _words("dashboardName"),
    "aws:cloudwatch/logGroup:LogGroup": _words("name namePrefix logGroupClass"),
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": _words("name logGroupName"),
    "aws:cloudwatch/metricAlarm:MetricAlarm": _words("name"),
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": _words("vpcId"),
    "aws:ec2/eip:Eip": _words("address customerOwnedIpv4Pool domain ipamPoolId networkBorderGroup publicIpv4Pool"),
    "aws:ec2/flowLog:FlowLog": _words(
        "destinationOptions eniId iamRoleArn logDestination logDestinationType logFormat logGroupName "
        "maxAggregationInterval subnetId trafficType vpcId"
    ),
    "aws:ec2/internetGateway:InternetGateway": frozenset(),
    "aws:ec2/natGateway:NatGateway": _words("allocationId connectivityType privateIp subnetId vpcId"),
    "aws:ec2/route:Route": _words("destinationCidrBlock destinationIpv6CidrBlock destinationPrefixListId routeTableId"),
    "aws:ec2/routeTable:RouteTable": _words("vpcId"),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": _words("gatewayId subnetId"),
    "aws:ec2/securityGroup:SecurityGroup": _words("description name namePrefix vpcId"),
    "aws:ec2/securityGroupRule:SecurityGroupRule": EVERY,
    "aws:ec2/subnet:Subnet": _words(
        "availabilityZone availabilityZoneId cidrBlock ipv4IpamPoolId ipv4NetmaskLength ipv6Native outpostArn vpcId"
    ),
    "aws:ec2/vpc:Vpc": _words("cidrBlock ipv4IpamPoolId ipv4NetmaskLength"),
    "aws:ec2/vpcEndpoint:VpcEndpoint": _words(
        "resourceConfigurationArn serviceName serviceNetworkArn serviceRegion vpcEndpointType vpcId"
    ),
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": _words("policy repository"),
    "aws:ecr/repository:Repository": _words("encryptionConfigurations name"),
    "aws:ecs/cluster:Cluster": _words("name"),
    "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders": _words("clusterName"),
    "aws:ecs/service:Service": _words(
        "capacityProviderStrategies cluster deploymentController.type iamRole launchType name schedulingStrategy"
    ),
    "aws:ecs/taskDefinition:TaskDefinition": EVERY,
    "aws:efs/accessPoint:AccessPoint": _words("fileSystemId posixUser rootDirectory"),
    "aws:efs/backupPolicy:BackupPolicy": _words("fileSystemId"),
    "aws:efs/fileSystem:FileSystem": _words("availabilityZoneName creationToken encrypted kmsKeyId performanceMode"),
    "aws:efs/fileSystemPolicy:FileSystemPolicy": _words("fileSystemId"),
    "aws:efs/mountTarget:MountTarget": _words("fileSystemId ipAddress ipAddressType ipv6Address subnetId"),
    "aws:elasticache/parameterGroup:ParameterGroup": _words("description family name"),
    CACHE: _words(
        "atRestEncryptionEnabled dataTieringEnabled globalReplicationGroupId kmsKeyId networkType port "
        "replicationGroupId securityGroupNames snapshotArns snapshotName subnetGroupName"
    ),
    "aws:elasticache/subnetGroup:SubnetGroup": _words("name"),
    "aws:iam/role:Role": _words("name namePrefix path"),
    "aws:iam/rolePolicy:RolePolicy": _words("name namePrefix role"),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": EVERY,
    "aws:kms/alias:Alias": _words("name namePrefix"),
    "aws:kms/key:Key": _words("customKeyStoreId customerMasterKeySpec keyUsage multiRegion xksKeyId"),
    "aws:lb/listener:Listener": _words("loadBalancerArn"),
    "aws:lb/listenerRule:ListenerRule": _words("listenerArn"),
    "aws:lb/loadBalancer:LoadBalancer": _words("customerOwnedIpv4Pool internal loadBalancerType name namePrefix"),
    "aws:lb/targetGroup:TargetGroup": _words(
        "ipAddressType name namePrefix port protocol protocolVersion targetType vpcId"
    ),
    "aws:rds/instance:Instance": _words(
        "availabilityZone characterSetName customIamInstanceProfile dbName engine identifier identifierPrefix kmsKeyId "
        "ncharCharacterSetName restoreToPointInTime s3Import snapshotIdentifier storageEncrypted timezone username"
    ),
    "aws:rds/parameterGroup:ParameterGroup": _words("description family name namePrefix"),
    "aws:rds/subnetGroup:SubnetGroup": _words("name namePrefix"),
    "aws:route53/record:Record": _words("zoneId name type setIdentifier"),
    "aws:s3/bucket:Bucket": _words("bucket bucketPrefix objectLockEnabled"),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": _words("bucket expectedBucketOwner"),
    "aws:s3/bucketLogging:BucketLogging": _words("bucket expectedBucketOwner"),
    "aws:s3/bucketObjectv2:BucketObjectv2": _words("bucket key"),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": _words("bucket"),
    "aws:s3/bucketPolicy:BucketPolicy": _words("bucket"),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": _words("bucket"),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": _words(
        "bucket expectedBucketOwner"
    ),
    "aws:s3/bucketVersioning:BucketVersioning": _words("bucket expectedBucketOwner"),
    "aws:sagemaker/endpoint:Endpoint": _words("name"),
    "aws:sagemaker/endpointConfiguration:EndpointConfiguration": EVERY,
    "aws:sagemaker/model:Model": EVERY,
    "aws:scheduler/schedule:Schedule": _words("groupName name namePrefix"),
    "aws:scheduler/scheduleGroup:ScheduleGroup": _words("name namePrefix"),
    "aws:secretsmanager/secret:Secret": _words("name namePrefix"),
    "aws:secretsmanager/secretVersion:SecretVersion": _words("secretBinary secretId secretString"),
    "aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace": _words("name vpc"),
    "aws:servicediscovery/service:Service": _words(
        "dnsConfig.namespaceId dnsConfig.routingPolicy dnsConfig.dnsRecords.type healthCheckConfig.type "
        "healthCheckCustomConfig name namespaceId type"
    ),
    "aws:sns/topic:Topic": _words("fifoTopic name namePrefix"),
    "aws:sns/topicPolicy:TopicPolicy": _words("arn"),
    "aws:sns/topicSubscription:TopicSubscription": _words("endpoint protocol subscriptionRoleArn topic"),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": _words("securityGroupId"),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": _words("securityGroupId"),
    "aws:wafv2/ipSet:IpSet": _words("ipAddressVersion name namePrefix scope"),
    "aws:wafv2/webAcl:WebAcl": _words("name namePrefix scope"),
    "aws:wafv2/webAclAssociation:WebAclAssociation": _words("resourceArn webAclArn"),
    "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration": _words("resourceArn"),
    "docker:index/image:Image": frozenset(),
    "random:index/randomId:RandomId": EVERY,
    "random:index/randomPassword:RandomPassword": EVERY,
}
"""By type token: the top-level inputs, or dotted paths of inputs, that force a replacement."""

REGIONAL = frozenset({"region"})
"""Every resource of the AWS provider is made anew in another region (its version 6 on)."""

NOT_AN_IDENTITY = frozenset(
    {"forceDestroy", "forceDelete", "skipDestroy", "trackLatest", "sourceHash", "waitForSteadyState"}
)
"""Inputs that no API sees: they never replace, whatever the table says of the type."""

RENAMED = frozenset({"docker:index/image:Image", "pulumi-python:dynamic/cvat:RunOnce"})
"""Types whose identity (digest, task) is another after any change, though nothing is replaced."""

TRIGGERS: dict[str, frozenset[str]] = {
    "pulumi-python:dynamic/cvat:RunOnce": frozenset({"task_definition", "demo_data"}),
    "pulumi-python:dynamic/cvat:DatabaseSwitch": frozenset({"instance", "state"}),
}
"""Dynamic resources whose provider looks at some inputs only: others differ without any effect."""


def replaces(kind: str, path: str, old: Any, new: Any) -> bool:
    """Whether the provider makes the resource anew when the value at this path changes."""
    top = path.partition(".")[0]
    if top in TAGS or top in NOT_AN_IDENTITY or kind in TRIGGERS:
        return False
    if kind == CACHE and _goes_back(path, old, new):
        return True
    if kind not in FORCED:
        return True  # nobody has looked: better to be warned in vain
    known = FORCED[kind]
    if kind.startswith("aws:"):
        known = known | REGIONAL
    named = ".".join(part for part in path.split(".") if not part.isdigit())
    return "*" in known or any(named == one or named.startswith(f"{one}.") for one in known)


def _goes_back(path: str, old: Any, new: Any) -> bool:
    """Redis is made anew for an older version, and for Redis after Valkey."""
    if path == "engine":
        return (old, new) == ("valkey", "redis")
    return path == "engineVersion" and _version(new) < _version(old)


def _version(text: Any) -> tuple[int, ...]:
    return tuple(int(part) for part in str(text).split(".") if part.isdigit())


def has_effect(resource: Resource, path: str) -> bool:
    """Whether a different value at this path does anything."""
    triggers = TRIGGERS.get(resource.type)
    return triggers is None or path.partition(".")[0] in triggers
