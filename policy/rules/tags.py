"""Every taggable resource carries the tags of its project and stack."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from policy.rules.resource import Context, Resource, rule

TAGGABLE = frozenset(
    """
    aws:acm/certificate:Certificate aws:wafv2/ipSet:IpSet aws:wafv2/webAcl:WebAcl
    aws:appautoscaling/target:Target aws:backup/plan:Plan aws:backup/vault:Vault
    aws:cloudwatch/eventRule:EventRule aws:cloudwatch/logGroup:LogGroup aws:cloudwatch/metricAlarm:MetricAlarm
    aws:ec2/defaultSecurityGroup:DefaultSecurityGroup aws:ec2/eip:Eip aws:ec2/flowLog:FlowLog
    aws:ec2/internetGateway:InternetGateway aws:ec2/natGateway:NatGateway
    aws:ec2/routeTable:RouteTable aws:ec2/securityGroup:SecurityGroup aws:ec2/subnet:Subnet aws:ec2/vpc:Vpc
    aws:ec2/vpcEndpoint:VpcEndpoint aws:ecr/repository:Repository aws:ecs/cluster:Cluster aws:ecs/service:Service
    aws:ecs/taskDefinition:TaskDefinition aws:efs/accessPoint:AccessPoint aws:efs/fileSystem:FileSystem
    aws:elasticache/parameterGroup:ParameterGroup aws:elasticache/replicationGroup:ReplicationGroup
    aws:elasticache/subnetGroup:SubnetGroup aws:iam/role:Role aws:kms/key:Key aws:lb/listener:Listener
    aws:lb/listenerRule:ListenerRule aws:lb/loadBalancer:LoadBalancer aws:lb/targetGroup:TargetGroup
    aws:rds/instance:Instance aws:rds/parameterGroup:ParameterGroup aws:rds/subnetGroup:SubnetGroup
    aws:s3/bucket:Bucket aws:s3/bucketObjectv2:BucketObjectv2 aws:sagemaker/endpoint:Endpoint
    aws:scheduler/scheduleGroup:ScheduleGroup
    aws:sagemaker/endpointConfiguration:EndpointConfiguration aws:sagemaker/model:Model
    aws:secretsmanager/secret:Secret aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace
    aws:servicediscovery/service:Service aws:sns/topic:Topic aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule
    aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule
    """.split()
)
"""Types that this program uses and that take tags; a test compares it with what the emulated account tags."""


@rule("tagged", "Every taggable resource carries the tags of its project and stack.")
def tagged(resource: Resource, context: Context) -> Iterator[str]:
    """The rule."""
    if resource.type not in TAGGABLE:
        return
    tags = resource.get("tags")
    present = dict(tags) if isinstance(tags, Mapping) else {}
    yield from missing_tags(present, {"project": context.project, "stack": context.stack})


def missing_tags(present: Mapping[str, str], required: Mapping[str, str]) -> Iterator[str]:
    """The required tags that are missing or have another value."""
    missing = [f"{key}={value}" for key, value in required.items() if present.get(key) != value]
    if missing:
        yield f"it lacks the tags {', '.join(missing)}: pass the stack's tags to it."
