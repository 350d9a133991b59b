"""Answers to the functions that a program may call, such as aws.get_availability_zones."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from region import Region
from rehearsal.aws.account import Account
from rehearsal.engine.inputs import Inputs
from rehearsal.errors import RehearsalError

Answer = Callable[["FunctionCall"], dict[str, Any]]

FUNCTIONS: dict[str, Answer] = {}
"""By Pulumi token."""


@dataclass(frozen=True)
class FunctionCall:
    """A call of a provider's function: where, and with which arguments."""

    account: Account
    region: str
    arguments: Inputs

    def client(self, service: str) -> Any:
        """A boto3 client in the call's region."""
        return self.account.client(service, self.region)


def function(token: str) -> Callable[[Answer], Answer]:
    """Register the answer to a function, by its Pulumi token."""

    def register(function: Answer) -> Answer:
        FUNCTIONS[token] = function
        return function

    return register


@function("aws:index/getAvailabilityZones:getAvailabilityZones")
def availability_zones(call: FunctionCall) -> dict[str, Any]:
    """Names and ids of the zones, in the order of their names."""
    filters = [{"Name": item["name"], "Values": item["values"]} for item in call.arguments.take("filters") or []]
    if state := call.arguments.take("state"):
        filters.append({"Name": "state", "Values": [state]})
    call.arguments.take("allAvailabilityZones")
    zones = call.client("ec2").describe_availability_zones(Filters=filters)["AvailabilityZones"]
    excluded = set(call.arguments.take("excludeNames") or [])
    excluded_ids = set(call.arguments.take("excludeZoneIds") or [])
    zones = [zone for zone in zones if zone["ZoneName"] not in excluded and zone["ZoneId"] not in excluded_ids]
    zones.sort(key=lambda zone: str(zone["ZoneName"]))
    return {
        "id": call.region,
        "region": call.region,
        "names": [zone["ZoneName"] for zone in zones],
        "zoneIds": [zone["ZoneId"] for zone in zones],
        "groupNames": sorted({zone.get("GroupName") or call.region for zone in zones}),
    }


@function("aws:index/getCallerIdentity:getCallerIdentity")
def caller_identity(call: FunctionCall) -> dict[str, Any]:
    """Who runs the program."""
    identity = call.client("sts").get_caller_identity()
    return {
        "id": identity["Account"],
        "accountId": identity["Account"],
        "arn": identity["Arn"],
        "userId": identity["UserId"],
    }


@function("aws:index/getRegion:getRegion")
def region(call: FunctionCall) -> dict[str, Any]:
    """The provider's region."""
    call.arguments.take("id")
    name = call.arguments.take("name") or call.region
    endpoint = call.client("ec2").meta.endpoint_url.removeprefix("https://")
    return {"id": name, "name": name, "region": name, "endpoint": endpoint, "description": name}


@function("aws:index/getPartition:getPartition")
def partition(call: FunctionCall) -> dict[str, Any]:
    """Partition and DNS suffix, as botocore's endpoint data has them."""
    client = call.client("ec2")
    suffix = client.meta.endpoint_url.partition(f"{call.region}.")[2]
    reverse = ".".join(reversed(suffix.split(".")))
    return {
        "id": client.meta.partition,
        "partition": client.meta.partition,
        "dnsSuffix": suffix,
        "reverseDnsPrefix": reverse,
        "region": call.region,
    }


def _by_id(call: FunctionCall, operation: str, key: str, member: str) -> dict[str, Any]:
    identifier = call.arguments.take("id")
    if not identifier:
        raise RehearsalError(f"{operation}: only looking up by id is rehearsed.")
    described: dict[str, Any] = getattr(call.client("ec2"), operation)(**{key: [identifier]})[member][0]
    return described


def _tags(thing: dict[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in thing.get("Tags", [])}


@function("aws:ec2/getSubnet:getSubnet")
def subnet(call: FunctionCall) -> dict[str, Any]:
    """A subnet of an adopted VPC."""
    described = _by_id(call, "describe_subnets", "SubnetIds", "Subnets")
    return {
        "id": described["SubnetId"],
        "vpcId": described["VpcId"],
        "arn": described["SubnetArn"],
        "cidrBlock": described["CidrBlock"],
        "availabilityZone": described["AvailabilityZone"],
        "availabilityZoneId": described["AvailabilityZoneId"],
        "availableIpAddressCount": described["AvailableIpAddressCount"],
        "mapPublicIpOnLaunch": described["MapPublicIpOnLaunch"],
        "state": described["State"],
        "region": call.region,
        "tags": _tags(described),
    }


@function("aws:ec2/getVpc:getVpc")
def vpc(call: FunctionCall) -> dict[str, Any]:
    """An adopted VPC."""
    described = _by_id(call, "describe_vpcs", "VpcIds", "Vpcs")
    client, vpc_id = call.client("ec2"), described["VpcId"]
    support = client.describe_vpc_attribute(VpcId=vpc_id, Attribute="enableDnsSupport")
    hostnames = client.describe_vpc_attribute(VpcId=vpc_id, Attribute="enableDnsHostnames")
    return {
        "id": vpc_id,
        "cidrBlock": described["CidrBlock"],
        "state": described["State"],
        "default": described["IsDefault"],
        "enableDnsSupport": support["EnableDnsSupport"]["Value"],
        "enableDnsHostnames": hostnames["EnableDnsHostnames"]["Value"],
        "region": call.region,
        "tags": _tags(described),
    }


@function("aws:ec2/getRouteTable:getRouteTable")
def route_table(call: FunctionCall) -> dict[str, Any]:
    """The table that a subnet uses: its own, else the VPC's main one."""
    client = call.client("ec2")
    arguments = {
        "route-table-id": call.arguments.take("routeTableId"),
        "association.subnet-id": call.arguments.take("subnetId"),
        "vpc-id": call.arguments.take("vpcId"),
    }
    filters = [{"Name": name, "Values": [value]} for name, value in arguments.items() if value]
    tables = client.describe_route_tables(Filters=filters)["RouteTables"]
    if len(tables) != 1:
        raise RehearsalError(f"getRouteTable: {len(tables)} tables match {arguments}; exactly one must.")
    routes = [
        {
            "cidrBlock": route.get("DestinationCidrBlock", ""),
            "gatewayId": route.get("GatewayId", ""),
            "natGatewayId": route.get("NatGatewayId", ""),
            "transitGatewayId": route.get("TransitGatewayId", ""),
            "networkInterfaceId": route.get("NetworkInterfaceId", ""),
            "vpcPeeringConnectionId": route.get("VpcPeeringConnectionId", ""),
        }
        for route in tables[0]["Routes"]
    ]
    table_id = tables[0]["RouteTableId"]
    return {
        "id": table_id,
        "routeTableId": table_id,
        "vpcId": tables[0]["VpcId"],
        "routes": routes,
        "region": call.region,
        "tags": _tags(tables[0]),
    }


@function("aws:ecr/getAuthorizationToken:getAuthorizationToken")
def authorization_token(call: FunctionCall) -> dict[str, Any]:
    """How docker logs in to ECR."""
    registry = call.arguments.take("registryId")
    parameters = {"registryIds": [registry]} if registry else {}
    (data,) = call.client("ecr").get_authorization_token(**parameters)["authorizationData"]
    user, _, password = base64.b64decode(data["authorizationToken"]).decode().partition(":")
    return {
        "id": call.region,
        "authorizationToken": data["authorizationToken"],
        "expiresAt": str(data["expiresAt"]),
        "password": password,
        "proxyEndpoint": data["proxyEndpoint"],
        "userName": user,
        "region": call.region,
    }


@function("aws:ecr/getImage:getImage")
def image(call: FunctionCall) -> dict[str, Any]:
    """An image by its tag. The provider's data source fails where there is none."""
    repository, tag = call.arguments.take("repositoryName"), call.arguments.take("imageTag")
    subject = {"repositoryName": repository, "imageIds": [{"imageTag": tag}]}
    (details,) = call.client("ecr").describe_images(**subject)["imageDetails"]
    return {
        "id": details["imageDigest"],
        "imageDigest": details["imageDigest"],
        "imageTag": tag,
        "imageTags": details.get("imageTags", []),
        "registryId": details["registryId"],
        "region": call.region,
        "repositoryName": repository,
    }


@function("aws:rds/getSnapshot:getSnapshot")
def database_snapshot(call: FunctionCall) -> dict[str, Any]:
    """A snapshot of a database."""
    parameters: dict[str, Any] = {"DBSnapshotIdentifier": call.arguments.take("dbSnapshotIdentifier")}
    for key, member in (
        ("snapshotType", "SnapshotType"),
        ("includeShared", "IncludeShared"),
        ("includePublic", "IncludePublic"),
    ):
        if value := call.arguments.take(key):
            parameters[member] = value
    (snapshot,) = call.client("rds").describe_db_snapshots(**parameters)["DBSnapshots"]
    return {
        "id": snapshot["DBSnapshotIdentifier"],
        "dbSnapshotIdentifier": snapshot["DBSnapshotIdentifier"],
        "dbSnapshotArn": snapshot["DBSnapshotArn"],
        "engine": snapshot["Engine"],
        "engineVersion": snapshot["EngineVersion"],
        "status": snapshot["Status"],
        "allocatedStorage": snapshot["AllocatedStorage"],
        "encrypted": snapshot["Encrypted"],
        "kmsKeyId": snapshot.get("KmsKeyId", ""),
        "region": call.region,
    }


@function("aws:efs/getFileSystem:getFileSystem")
def file_system(call: FunctionCall) -> dict[str, Any]:
    """A file system."""
    file_system_id = call.arguments.take("fileSystemId")
    (described,) = call.client("efs").describe_file_systems(FileSystemId=file_system_id)["FileSystems"]
    return {
        "id": file_system_id,
        "fileSystemId": file_system_id,
        "arn": described["FileSystemArn"],
        "encrypted": described["Encrypted"],
        "kmsKeyId": described.get("KmsKeyId", ""),
        "availabilityZoneName": described.get("AvailabilityZoneName", ""),
        "region": call.region,
    }


@function("aws:route53/getZone:getZone")
def hosted_zone(call: FunctionCall) -> dict[str, Any]:
    """A hosted zone, by id."""
    zone_id = call.arguments.take("zoneId")
    answer = call.client("route53").get_hosted_zone(Id=zone_id)
    zone = answer["HostedZone"]
    return {
        "id": zone_id,
        "zoneId": zone_id,
        "arn": f"arn:{Region(call.region).partition}:route53:::hostedzone/{zone_id}",
        "name": zone["Name"].rstrip("."),
        "privateZone": zone["Config"]["PrivateZone"],
        "nameServers": answer.get("DelegationSet", {}).get("NameServers", []),
        "tags": {},
    }


@function("aws:s3/getObjects:getObjects")
def objects(call: FunctionCall) -> dict[str, Any]:
    """The first keys of a bucket, as many as the provider asks for by default."""
    bucket, prefix = call.arguments.require("bucket"), call.arguments.take("prefix") or ""
    listed = call.client("s3").list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1000)
    keys = [item["Key"] for item in listed.get("Contents", [])]
    return {"id": bucket, "bucket": bucket, "prefix": prefix, "keys": keys, "region": call.region}


@function("aws:rds/getInstance:getInstance")
def database(call: FunctionCall) -> dict[str, Any]:
    """A database instance."""
    identifier = call.arguments.take("dbInstanceIdentifier")
    (instance,) = call.client("rds").describe_db_instances(DBInstanceIdentifier=identifier)["DBInstances"]
    return {
        "id": identifier,
        "dbInstanceIdentifier": identifier,
        "dbInstanceArn": instance["DBInstanceArn"],
        "dbInstanceClass": instance["DBInstanceClass"],
        "address": instance["Endpoint"]["Address"],
        "port": instance["Endpoint"]["Port"],
        "engine": instance["Engine"],
        "engineVersion": instance["EngineVersion"],
        "allocatedStorage": instance["AllocatedStorage"],
        "maxAllocatedStorage": instance.get("MaxAllocatedStorage", 0),
        "multiAz": instance["MultiAZ"],
        "backupRetentionPeriod": instance["BackupRetentionPeriod"],
        "storageEncrypted": instance["StorageEncrypted"],
        "kmsKeyId": instance.get("KmsKeyId", ""),
        "caCertIdentifier": instance["CACertificateIdentifier"],
        "dbSubnetGroup": instance["DBSubnetGroup"]["DBSubnetGroupName"],
        "vpcSecurityGroups": [group["VpcSecurityGroupId"] for group in instance["VpcSecurityGroups"]],
        "region": call.region,
    }


@function("aws:rds/getSubnetGroup:getSubnetGroup")
def database_subnets(call: FunctionCall) -> dict[str, Any]:
    """A database's subnet group."""
    name = call.arguments.take("name")
    (group,) = call.client("rds").describe_db_subnet_groups(DBSubnetGroupName=name)["DBSubnetGroups"]
    return {"id": name, "name": name, "vpcId": group["VpcId"], "region": call.region}


@function("aws:secretsmanager/getSecret:getSecret")
def secret(call: FunctionCall) -> dict[str, Any]:
    """A secret without its value."""
    described = call.client("secretsmanager").describe_secret(SecretId=call.arguments.take("arn"))
    key = described.get("KmsKeyId", "")
    return {
        "id": described["ARN"],
        "arn": described["ARN"],
        "name": described["Name"],
        "kmsKeyId": key,
        "region": call.region,
    }


@function("aws:ec2/getNetworkInterfaces:getNetworkInterfaces")
def interfaces(call: FunctionCall) -> dict[str, Any]:
    """Ids of network interfaces."""
    filters = [{"Name": item["name"], "Values": item["values"]} for item in call.arguments.take("filters") or []]
    described = call.client("ec2").describe_network_interfaces(Filters=filters)["NetworkInterfaces"]
    ids = sorted(interface["NetworkInterfaceId"] for interface in described)
    return {"id": call.region, "ids": ids, "region": call.region}


@function("aws:ec2/getNetworkInterface:getNetworkInterface")
def interface(call: FunctionCall) -> dict[str, Any]:
    """One network interface."""
    interface_id = call.arguments.take("id")
    (described,) = call.client("ec2").describe_network_interfaces(NetworkInterfaceIds=[interface_id])[
        "NetworkInterfaces"
    ]
    return {
        "id": interface_id,
        "vpcId": described["VpcId"],
        "subnetId": described["SubnetId"],
        "availabilityZone": described["AvailabilityZone"],
        "description": described["Description"],
        "securityGroups": [group["GroupId"] for group in described["Groups"]],
        "region": call.region,
    }


@function("aws:ec2/getSubnets:getSubnets")
def subnets(call: FunctionCall) -> dict[str, Any]:
    """Ids of subnets with these tags."""
    tags = call.arguments.take("tags") or {}
    filters = [{"Name": f"tag:{key}", "Values": [value]} for key, value in tags.items()]
    described = call.client("ec2").describe_subnets(Filters=filters)["Subnets"]
    return {"id": call.region, "ids": [subnet["SubnetId"] for subnet in described], "tags": tags}


@function("aws:ec2/getSecurityGroups:getSecurityGroups")
def security_groups(call: FunctionCall) -> dict[str, Any]:
    """Ids of security groups with these tags."""
    tags = call.arguments.take("tags") or {}
    filters = [{"Name": f"tag:{key}", "Values": [value]} for key, value in tags.items()]
    groups = call.client("ec2").describe_security_groups(Filters=filters)["SecurityGroups"]
    return {"id": call.region, "ids": sorted(group["GroupId"] for group in groups), "region": call.region}


@function("aws:lb/getLoadBalancer:getLoadBalancer")
def load_balancer(call: FunctionCall) -> dict[str, Any]:
    """A load balancer."""
    arn, client = call.arguments.take("arn"), call.client("elbv2")
    (balancer,) = client.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"]
    attributes = client.describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]
    values = {attribute["Key"]: attribute["Value"] for attribute in attributes}
    return {
        "id": arn,
        "arn": arn,
        "arnSuffix": arn.partition(":loadbalancer/")[2],
        "dnsName": balancer["DNSName"],
        "zoneId": balancer["CanonicalHostedZoneId"],
        "loadBalancerType": balancer["Type"],
        "vpcId": balancer["VpcId"],
        "internal": balancer["Scheme"] == "internal",
        "idleTimeout": int(values.get("idle_timeout.timeout_seconds", "60")),
        "securityGroups": balancer["SecurityGroups"],
        "region": call.region,
    }
