"""A CloudFormation template with the logical ids of aws-samples/cvat-on-aws-china, for what import-cfn looks at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

OLD = "sample"
"""Name of the old stack."""
REGION = "cn-northwest-1"
ZONES = "abc"


def subnet(name: str, third: int, zone: str) -> str:
    return f"""
  {name}:
    Type: AWS::EC2::Subnet
    Properties: {{VpcId: !Ref VPC, CidrBlock: 10.192.{third}.0/24, AvailabilityZone: {REGION}{zone}}}
"""


def routes(number: int) -> str:
    return f"""
  PrivateRouteTable{number}:
    Type: AWS::EC2::RouteTable
    Properties: {{VpcId: !Ref VPC}}
  DefaultPrivateRoute{number}:
    Type: AWS::EC2::Route
    Properties:
      RouteTableId: !Ref PrivateRouteTable{number}
      DestinationCidrBlock: 0.0.0.0/0
      NatGatewayId: !Ref NatGateway1
  PrivateSubnet{number}RouteTableAssociation:
    Type: AWS::EC2::SubnetRouteTableAssociation
    Properties: {{RouteTableId: !Ref PrivateRouteTable{number}, SubnetId: !Ref PrivateSubnet{number}}}
  PublicSubnet{number}RouteTableAssociation:
    Type: AWS::EC2::SubnetRouteTableAssociation
    Properties: {{RouteTableId: !Ref PublicRouteTable, SubnetId: !Ref PublicSubnet{number}}}
  EFSMountTarget{number}:
    Type: AWS::EFS::MountTarget
    Properties:
      FileSystemId: !Ref CVATEfs
      SubnetId: !Ref PrivateSubnet{number}
      SecurityGroups: [!Ref AppServerSecurityGroup]
"""


def point(name: str, folder: str, user: int = 1000) -> str:
    return f"""
  {name}:
    Type: 'AWS::EFS::AccessPoint'
    Properties:
      FileSystemId: !Ref CVATEfs
      PosixUser: {{Uid: "{user}", Gid: "1000"}}
      RootDirectory:
        Path: "/{folder}"
        CreationInfo: {{OwnerGid: "1000", OwnerUid: "1000", Permissions: "0755"}}
"""


_HEAD = """\
Description: A stand-in for the sample

Parameters:
  CVATUser: {Type: String, Default: chief}
  DBPassword: {Type: String, Default: from-the-sample, NoEcho: true}

Resources:
  VPC:
    Type: AWS::EC2::VPC  # a comment that must survive
    Properties:
      CidrBlock: 10.192.0.0/16
      EnableDnsSupport: true
      EnableDnsHostnames: true
      Tags: [{Key: owner, Value: !Ref CVATUser}]

  InternetGateway:
    Type: AWS::EC2::InternetGateway
  InternetGatewayAttachment:
    Type: AWS::EC2::VPCGatewayAttachment
    Properties: {InternetGatewayId: !Ref InternetGateway, VpcId: !Ref VPC}
  PublicRouteTable:
    Type: AWS::EC2::RouteTable
    Properties: {VpcId: !Ref VPC}
  DefaultPublicRoute:
    Type: AWS::EC2::Route
    Properties:
      RouteTableId: !Ref PublicRouteTable
      DestinationCidrBlock: 0.0.0.0/0
      GatewayId: !Ref InternetGateway
  NatGateway1EIP:
    Type: AWS::EC2::EIP
    Properties: {Domain: vpc}
  NatGateway1:
    Type: AWS::EC2::NatGateway
    Properties: {AllocationId: !GetAtt NatGateway1EIP.AllocationId, SubnetId: !Ref PublicSubnet1}
  AppServerSecurityGroup:
    Type: AWS::EC2::SecurityGroup
    Properties: {GroupDescription: app, VpcId: !Ref VPC}
  CVATEfs:
    Type: AWS::EFS::FileSystem
    Properties: {Encrypted: true}
  DBSubnetGroup:
    Type: AWS::RDS::DBSubnetGroup
    Properties:
      DBSubnetGroupDescription: old
      SubnetIds: [!Ref PrivateSubnet1, !Ref PrivateSubnet2, !Ref PrivateSubnet3]
  DBInstance:
    Type: AWS::RDS::DBInstance
    Properties:
      DBName: cvat
      Engine: postgres
      EngineVersion: '12.7'
      MasterUsername: postgres
      MasterUserPassword: !Ref DBPassword
      DBInstanceClass: db.m6g.xlarge
      AllocatedStorage: '50'
      DBSubnetGroupName: !Ref DBSubnetGroup
"""
"""What there is one of, in all such templates."""


def cloud_formation(user: int = 1000) -> str:
    """A template with the sample's logical ids, for what is adopted or migrated."""
    parts = [subnet(f"PublicSubnet{n}", 10 + n, zone) for n, zone in enumerate(ZONES, 1)]
    parts += [subnet(f"PrivateSubnet{n}", 20 + n, zone) for n, zone in enumerate(ZONES, 1)]
    parts += [routes(n) for n in (1, 2, 3)] + [
        point("DataAccessPoint", "data", user),
        point("ShareAccessPoint", "share"),
    ]
    return _HEAD + "".join(parts)


def create(client: Callable[[str], Any]) -> None:
    """Create the old stack in an emulated account, with what moto's CloudFormation drops of a network."""
    cloudformation, ec2 = client("cloudformation"), client("ec2")
    cloudformation.create_stack(StackName=OLD, TemplateBody=cloud_formation())
    listed = cloudformation.list_stack_resources(StackName=OLD)["StackResourceSummaries"]
    ids = {resource["LogicalResourceId"]: resource.get("PhysicalResourceId", "") for resource in listed}
    ec2.modify_vpc_attribute(VpcId=ids["VPC"], EnableDnsHostnames={"Value": True})
    ec2.modify_vpc_attribute(VpcId=ids["VPC"], EnableDnsSupport={"Value": True})
    for number in (1, 2, 3):
        for subnet_name, table in (("Public", "PublicRouteTable"), ("Private", f"PrivateRouteTable{number}")):
            ec2.associate_route_table(RouteTableId=ids[table], SubnetId=ids[f"{subnet_name}Subnet{number}"])
