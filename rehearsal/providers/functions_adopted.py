"""Answers about what exists already: databases, secrets, and what stands in the network."""

from __future__ import annotations

from typing import Any

from rehearsal.providers.functions import FUNCTIONS, Question, answers

__all__ = ["FUNCTIONS"]
"""One table: importing this module fills it further."""


@answers("aws:rds/getInstance:getInstance")
def database(question: Question) -> dict[str, Any]:
    """A database instance."""
    wanted = question.arguments.take("dbInstanceIdentifier")
    (found,) = question.client("rds").describe_db_instances(DBInstanceIdentifier=wanted)["DBInstances"]
    return {
        "id": wanted,
        "dbInstanceIdentifier": wanted,
        "dbInstanceArn": found["DBInstanceArn"],
        "dbInstanceClass": found["DBInstanceClass"],
        "address": found["Endpoint"]["Address"],
        "port": found["Endpoint"]["Port"],
        "engine": found["Engine"],
        "engineVersion": found["EngineVersion"],
        "allocatedStorage": found["AllocatedStorage"],
        "maxAllocatedStorage": found.get("MaxAllocatedStorage", 0),
        "multiAz": found["MultiAZ"],
        "backupRetentionPeriod": found["BackupRetentionPeriod"],
        "storageEncrypted": found["StorageEncrypted"],
        "kmsKeyId": found.get("KmsKeyId", ""),
        "caCertIdentifier": found["CACertificateIdentifier"],
        "dbSubnetGroup": found["DBSubnetGroup"]["DBSubnetGroupName"],
        "vpcSecurityGroups": [one["VpcSecurityGroupId"] for one in found["VpcSecurityGroups"]],
        "region": question.region,
    }


@answers("aws:rds/getSubnetGroup:getSubnetGroup")
def database_subnets(question: Question) -> dict[str, Any]:
    """The subnets that a database stands in."""
    wanted = question.arguments.take("name")
    (found,) = question.client("rds").describe_db_subnet_groups(DBSubnetGroupName=wanted)["DBSubnetGroups"]
    return {"id": wanted, "name": wanted, "vpcId": found["VpcId"], "region": question.region}


@answers("aws:secretsmanager/getSecret:getSecret")
def secret(question: Question) -> dict[str, Any]:
    """A secret, without what it holds."""
    found = question.client("secretsmanager").describe_secret(SecretId=question.arguments.take("arn"))
    key = found.get("KmsKeyId", "")
    return {"id": found["ARN"], "arn": found["ARN"], "name": found["Name"], "kmsKeyId": key, "region": question.region}


@answers("aws:ec2/getNetworkInterfaces:getNetworkInterfaces")
def interfaces(question: Question) -> dict[str, Any]:
    """Ids of network interfaces."""
    filters = [{"Name": one["name"], "Values": one["values"]} for one in question.arguments.take("filters") or []]
    found = question.client("ec2").describe_network_interfaces(Filters=filters)["NetworkInterfaces"]
    ids = sorted(one["NetworkInterfaceId"] for one in found)
    return {"id": question.region, "ids": ids, "region": question.region}


@answers("aws:ec2/getNetworkInterface:getNetworkInterface")
def interface(question: Question) -> dict[str, Any]:
    """One network interface."""
    wanted = question.arguments.take("id")
    (found,) = question.client("ec2").describe_network_interfaces(NetworkInterfaceIds=[wanted])["NetworkInterfaces"]
    return {
        "id": wanted,
        "vpcId": found["VpcId"],
        "subnetId": found["SubnetId"],
        "availabilityZone": found["AvailabilityZone"],
        "description": found["Description"],
        "securityGroups": [one["GroupId"] for one in found["Groups"]],
        "region": question.region,
    }


@answers("aws:ec2/getSecurityGroups:getSecurityGroups")
def security_groups(question: Question) -> dict[str, Any]:
    """Ids of security groups with these tags."""
    wanted = question.arguments.take("tags") or {}
    filters = [{"Name": f"tag:{key}", "Values": [value]} for key, value in wanted.items()]
    found = question.client("ec2").describe_security_groups(Filters=filters)["SecurityGroups"]
    return {"id": question.region, "ids": sorted(one["GroupId"] for one in found), "region": question.region}


@answers("aws:lb/getLoadBalancer:getLoadBalancer")
def load_balancer(question: Question) -> dict[str, Any]:
    """A load balancer."""
    arn, client = question.arguments.take("arn"), question.client("elbv2")
    (found,) = client.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"]
    attributes = client.describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]
    told = {one["Key"]: one["Value"] for one in attributes}
    return {
        "id": arn,
        "arn": arn,
        "arnSuffix": arn.partition(":loadbalancer/")[2],
        "dnsName": found["DNSName"],
        "zoneId": found["CanonicalHostedZoneId"],
        "loadBalancerType": found["Type"],
        "vpcId": found["VpcId"],
        "internal": found["Scheme"] == "internal",
        "idleTimeout": int(told.get("idle_timeout.timeout_seconds", "60")),
        "securityGroups": found["SecurityGroups"],
        "region": question.region,
    }
