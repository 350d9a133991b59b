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

Answer = Callable[["Question"], dict[str, Any]]

FUNCTIONS: dict[str, Answer] = {}
"""By Pulumi token."""


@dataclass(frozen=True)
class Question:
    """A function call: where, and with which arguments."""

    account: Account
    region: str
    arguments: Inputs

    def client(self, service: str) -> Any:
        """A boto3 client in the region asked about."""
        return self.account.client(service, self.region)


def answers(token: str) -> Callable[[Answer], Answer]:
    """Put a function into the table."""

    def register(function: Answer) -> Answer:
        FUNCTIONS[token] = function
        return function

    return register


@answers("aws:index/getAvailabilityZones:getAvailabilityZones")
def availability_zones(question: Question) -> dict[str, Any]:
    """Names and ids of the zones, in the order of their names."""
    filters = [{"Name": one["name"], "Values": one["values"]} for one in question.arguments.take("filters") or []]
    if state := question.arguments.take("state"):
        filters.append({"Name": "state", "Values": [state]})
    question.arguments.take("allAvailabilityZones")
    zones = question.client("ec2").describe_availability_zones(Filters=filters)["AvailabilityZones"]
    excluded = set(question.arguments.take("excludeNames") or [])
    excluded_ids = set(question.arguments.take("excludeZoneIds") or [])
    zones = [one for one in zones if one["ZoneName"] not in excluded and one["ZoneId"] not in excluded_ids]
    zones.sort(key=lambda one: str(one["ZoneName"]))
    return {
        "id": question.region,
        "region": question.region,
        "names": [one["ZoneName"] for one in zones],
        "zoneIds": [one["ZoneId"] for one in zones],
        "groupNames": sorted({one.get("GroupName") or question.region for one in zones}),
    }


@answers("aws:index/getCallerIdentity:getCallerIdentity")
def caller_identity(question: Question) -> dict[str, Any]:
    """Who runs the program."""
    who = question.client("sts").get_caller_identity()
    return {"id": who["Account"], "accountId": who["Account"], "arn": who["Arn"], "userId": who["UserId"]}


@answers("aws:index/getRegion:getRegion")
def region(question: Question) -> dict[str, Any]:
    """The provider's region."""
    question.arguments.take("id")
    name = question.arguments.take("name") or question.region
    endpoint = question.client("ec2").meta.endpoint_url.removeprefix("https://")
    return {"id": name, "name": name, "region": name, "endpoint": endpoint, "description": name}


@answers("aws:index/getPartition:getPartition")
def partition(question: Question) -> dict[str, Any]:
    """Partition and DNS suffix, as botocore's endpoint data has them."""
    client = question.client("ec2")
    suffix = client.meta.endpoint_url.partition(f"{question.region}.")[2]
    reverse = ".".join(reversed(suffix.split(".")))
    return {
        "id": client.meta.partition,
        "partition": client.meta.partition,
        "dnsSuffix": suffix,
        "reverseDnsPrefix": reverse,
        "region": question.region,
    }


def _by_id(question: Question, operation: str, key: str, member: str) -> dict[str, Any]:
    wanted = question.arguments.take("id")
    if not wanted:
        raise RehearsalError(f"{operation}: only looking up by id is rehearsed.")
    found: dict[str, Any] = getattr(question.client("ec2"), operation)(**{key: [wanted]})[member][0]
    return found


def _tags(thing: dict[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in thing.get("Tags", [])}


@answers("aws:ec2/getSubnet:getSubnet")
def subnet(question: Question) -> dict[str, Any]:
    """A subnet of an adopted VPC."""
    found = _by_id(question, "describe_subnets", "SubnetIds", "Subnets")
    return {
        "id": found["SubnetId"],
        "vpcId": found["VpcId"],
        "arn": found["SubnetArn"],
        "cidrBlock": found["CidrBlock"],
        "availabilityZone": found["AvailabilityZone"],
        "availabilityZoneId": found["AvailabilityZoneId"],
        "availableIpAddressCount": found["AvailableIpAddressCount"],
        "mapPublicIpOnLaunch": found["MapPublicIpOnLaunch"],
        "state": found["State"],
        "region": question.region,
        "tags": _tags(found),
    }


@answers("aws:ec2/getVpc:getVpc")
def vpc(question: Question) -> dict[str, Any]:
    """An adopted VPC."""
    found = _by_id(question, "describe_vpcs", "VpcIds", "Vpcs")
    client, vpc_id = question.client("ec2"), found["VpcId"]
    support = client.describe_vpc_attribute(VpcId=vpc_id, Attribute="enableDnsSupport")
    hostnames = client.describe_vpc_attribute(VpcId=vpc_id, Attribute="enableDnsHostnames")
    return {
        "id": vpc_id,
        "cidrBlock": found["CidrBlock"],
        "state": found["State"],
        "default": found["IsDefault"],
        "enableDnsSupport": support["EnableDnsSupport"]["Value"],
        "enableDnsHostnames": hostnames["EnableDnsHostnames"]["Value"],
        "region": question.region,
        "tags": _tags(found),
    }


@answers("aws:ec2/getRouteTable:getRouteTable")
def route_table(question: Question) -> dict[str, Any]:
    """The table that a subnet uses: its own, else the VPC's main one."""
    client = question.client("ec2")
    wanted = {
        "route-table-id": question.arguments.take("routeTableId"),
        "association.subnet-id": question.arguments.take("subnetId"),
        "vpc-id": question.arguments.take("vpcId"),
    }
    filters = [{"Name": name, "Values": [value]} for name, value in wanted.items() if value]
    found = client.describe_route_tables(Filters=filters)["RouteTables"]
    if len(found) != 1:
        raise RehearsalError(f"getRouteTable: {len(found)} tables match {wanted}; exactly one must.")
    routes = [
        {
            "cidrBlock": one.get("DestinationCidrBlock", ""),
            "gatewayId": one.get("GatewayId", ""),
            "natGatewayId": one.get("NatGatewayId", ""),
            "transitGatewayId": one.get("TransitGatewayId", ""),
            "networkInterfaceId": one.get("NetworkInterfaceId", ""),
            "vpcPeeringConnectionId": one.get("VpcPeeringConnectionId", ""),
        }
        for one in found[0]["Routes"]
    ]
    table_id = found[0]["RouteTableId"]
    return {
        "id": table_id,
        "routeTableId": table_id,
        "vpcId": found[0]["VpcId"],
        "routes": routes,
        "region": question.region,
        "tags": _tags(found[0]),
    }


@answers("aws:ecr/getAuthorizationToken:getAuthorizationToken")
def authorization_token(question: Question) -> dict[str, Any]:
    """How docker logs in to ECR."""
    registry = question.arguments.take("registryId")
    parameters = {"registryIds": [registry]} if registry else {}
    (data,) = question.client("ecr").get_authorization_token(**parameters)["authorizationData"]
    user, _, password = base64.b64decode(data["authorizationToken"]).decode().partition(":")
    return {
        "id": question.region,
        "authorizationToken": data["authorizationToken"],
        "expiresAt": str(data["expiresAt"]),
        "password": password,
        "proxyEndpoint": data["proxyEndpoint"],
        "userName": user,
        "region": question.region,
    }


@answers("aws:rds/getSnapshot:getSnapshot")
def database_snapshot(question: Question) -> dict[str, Any]:
    """A snapshot of a database."""
    given = question.arguments
    wanted: dict[str, Any] = {"DBSnapshotIdentifier": given.take("dbSnapshotIdentifier")}
    for key, member in (
        ("snapshotType", "SnapshotType"),
        ("includeShared", "IncludeShared"),
        ("includePublic", "IncludePublic"),
    ):
        if value := given.take(key):
            wanted[member] = value
    (found,) = question.client("rds").describe_db_snapshots(**wanted)["DBSnapshots"]
    return {
        "id": found["DBSnapshotIdentifier"],
        "dbSnapshotIdentifier": found["DBSnapshotIdentifier"],
        "dbSnapshotArn": found["DBSnapshotArn"],
        "engine": found["Engine"],
        "engineVersion": found["EngineVersion"],
        "status": found["Status"],
        "allocatedStorage": found["AllocatedStorage"],
        "encrypted": found["Encrypted"],
        "kmsKeyId": found.get("KmsKeyId", ""),
        "region": question.region,
    }


@answers("aws:efs/getFileSystem:getFileSystem")
def file_system(question: Question) -> dict[str, Any]:
    """A file system."""
    wanted = question.arguments.take("fileSystemId")
    (found,) = question.client("efs").describe_file_systems(FileSystemId=wanted)["FileSystems"]
    return {
        "id": wanted,
        "fileSystemId": wanted,
        "arn": found["FileSystemArn"],
        "encrypted": found["Encrypted"],
        "kmsKeyId": found.get("KmsKeyId", ""),
        "availabilityZoneName": found.get("AvailabilityZoneName", ""),
        "region": question.region,
    }


@answers("aws:route53/getZone:getZone")
def hosted_zone(question: Question) -> dict[str, Any]:
    """A hosted zone, by id."""
    wanted = question.arguments.take("zoneId")
    found = question.client("route53").get_hosted_zone(Id=wanted)
    zone = found["HostedZone"]
    return {
        "id": wanted,
        "zoneId": wanted,
        "arn": f"arn:{Region(question.region).partition}:route53:::hostedzone/{wanted}",
        "name": zone["Name"].rstrip("."),
        "privateZone": zone["Config"]["PrivateZone"],
        "nameServers": found.get("DelegationSet", {}).get("NameServers", []),
        "tags": {},
    }


@answers("aws:s3/getObjects:getObjects")
def objects(question: Question) -> dict[str, Any]:
    """The first keys of a bucket, as many as the provider asks for by default."""
    bucket, prefix = question.arguments.require("bucket"), question.arguments.take("prefix") or ""
    found = question.client("s3").list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1000)
    keys = [one["Key"] for one in found.get("Contents", [])]
    return {"id": bucket, "bucket": bucket, "prefix": prefix, "keys": keys, "region": question.region}
