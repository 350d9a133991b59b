"""RDS."""

from __future__ import annotations

import hashlib
from contextlib import ExitStack
from typing import Any

import botocore.exceptions
from moto.rds.exceptions import RDSClientError
from moto.rds.models import DBInstance, RDSBackend

from rehearsal.aws.moto_patches.patch import Client, after, moto_patch, replace, subnet_ids, with_dns_suffix


def _database(client: Client, name: str) -> dict[str, Any]:
    answer = client("rds").create_db_instance(
        DBInstanceIdentifier=name,
        DBInstanceClass="db.m6g.large",
        Engine="postgres",
        EngineVersion="16.9",
        AllocatedStorage=20,
        MasterUsername="admin",
        MasterUserPassword="x" * 20,
    )
    return dict(answer["DBInstance"])


def _names_its_database(client: Client) -> bool:
    return str(_database(client, "a")["Endpoint"]["Address"]).endswith(".amazonaws.com.cn")


@moto_patch(_names_its_database)
def host_names_of_databases(stack: ExitStack) -> None:
    """moto's databases have names below amazonaws.com in every partition. botocore's partitions.json."""
    address: Any = vars(DBInstance)["address"].fget
    replace(stack, DBInstance, "address", property(lambda self: with_dns_suffix(str(address(self)), self.region)))


def _identifies_databases(client: Client) -> bool:
    return bool(_database(client, "a")["DbiResourceId"] != _database(client, "b")["DbiResourceId"])


@moto_patch(_identifies_databases)
def resource_ids_of_databases(stack: ExitStack) -> None:
    """moto gives every database instance the same resource id.

    API reference, DBInstance: DbiResourceId is unique in the region and never changes.
    """

    def identify(_: None, self: Any, *__: Any, **___: Any) -> None:
        text = f"{self.region} {self.db_instance_identifier}"
        self.dbi_resource_id = f"db-{hashlib.sha256(text.encode()).hexdigest()[:26].upper()}"

    after(stack, DBInstance, "__init__", identify)


def _changes_subnet_groups(client: Client) -> bool:
    """Another list of subnets is kept, and one of another VPC is refused."""
    rds, subnets, name = client("rds"), subnet_ids(client), {"DBSubnetGroupName": "g"}
    rds.create_db_subnet_group(**name, DBSubnetGroupDescription="d", SubnetIds=subnets[:2])
    rds.modify_db_subnet_group(**name, SubnetIds=subnets)
    (group,) = rds.describe_db_subnet_groups(**name)["DBSubnetGroups"]
    vpc = client("ec2").create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    other = client("ec2").create_subnet(VpcId=vpc, CidrBlock="10.9.0.0/24")["Subnet"]["SubnetId"]
    try:
        rds.modify_db_subnet_group(**name, SubnetIds=[other])
    except botocore.exceptions.ClientError as error:
        return len(group["Subnets"]) == len(subnets) and "same Vpc" in str(error)
    return False


@moto_patch(_changes_subnet_groups)
def changes_of_database_subnet_groups(stack: ExitStack) -> None:
    """moto loses a subnet group of RDS when it is modified, and lets it move to another VPC.

    API reference: ModifyDBSubnetGroup.
    """

    def modify(self: Any, subnet_name: str, description: str, subnets: Any) -> Any:
        group = self.describe_db_subnet_groups(subnet_name)[0]
        if {subnet.vpc_id for subnet in subnets} != {group.vpc_id}:
            text = "The new Subnets are not in the same Vpc as the existing subnet group"
            raise RDSClientError("InvalidParameterValue", text)
        group._subnets = subnets
        group.description = description or group.description
        return group

    replace(stack, RDSBackend, "modify_db_subnet_group", modify)
