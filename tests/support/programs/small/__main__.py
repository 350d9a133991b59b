"""A network and a security group."""

import pulumi
import pulumi_aws as aws
import pulumi_awsx as awsx

zones = aws.get_availability_zones(state="available")
network = awsx.ec2.Vpc(
    "net",
    awsx.ec2.VpcArgs(
        cidr_block="10.0.0.0/16",
        availability_zone_names=zones.names,
        subnet_strategy=awsx.ec2.SubnetAllocationStrategy.AUTO,
        subnet_specs=[
            awsx.ec2.SubnetSpecArgs(type=kind, cidr_blocks=[f"10.0.{16 * (3 * n + i)}.0/20" for i in range(3)])
            for n, kind in enumerate([awsx.ec2.SubnetType.PUBLIC, awsx.ec2.SubnetType.PRIVATE])
        ],
        nat_gateways=awsx.ec2.NatGatewayConfigurationArgs(strategy=awsx.ec2.NatGatewayStrategy.SINGLE),
        vpc_endpoint_strategy=awsx.ec2.VpcEndpointStrategy.AUTO,
        vpc_endpoint_specs=[awsx.ec2.VpcEndpointSpecArgs(service_name="com.amazonaws.cn-northwest-1.s3")],
        tags={"project": "small"},
    ),
)
group = aws.ec2.SecurityGroup("server", vpc_id=network.vpc_id, tags={"project": "small"})
aws.vpc.SecurityGroupIngressRule(
    "server-in",
    security_group_id=group.id,
    ip_protocol="tcp",
    from_port=8080,
    to_port=8080,
    cidr_ipv4=network.vpc.cidr_block,
    tags={"project": "small"},
)
pulumi.export("greeting", pulumi.Config().require("greeting"))
pulumi.export("vpc", network.vpc_id)
pulumi.export("tables", network.route_tables.apply(len))
pulumi.export("password", pulumi.Output.secret("hidden"))
