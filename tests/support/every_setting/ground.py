"""What an account may hold before the stack: things that settings name."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from region import Region
from rehearsal import Account
from tests.support.databases import create_database
from tests.support.pem import Pair, pair, signer

IMAGES = ("server", "ui", "gateway", "models", "canary", "opa", "upgrade")
STORED = ("pth-faster-rcnn", "pth-foolwood-siammask", "pth-shiyinzhang-iog")
"""Functions whose archives lie in a bucket already."""
_ANYTHING = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'
_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


@dataclass(frozen=True)
class Ground:
    """An account in which there is something already."""

    region: str
    account: Account
    archives: Path
    """A folder of model archives."""
    zones: list[str]
    """Names of the region's availability zones, the last first."""
    vpc_id: str
    public_subnets: Sequence[str]
    private_subnets: Sequence[str]
    certificate: str
    """ARN."""
    snapshot: str
    """ARN of a database's."""
    theirs: Mapping[str, str]
    """Existing stores, by the keys of the settings that name them."""
    others: Mapping[str, str]
    """A second secret and second groups of the stores, by the same keys."""
    zone: str
    """Id of the hosted zone example.com."""
    key: str
    """ARN of a customer's KMS key."""
    boundary: str
    """ARN of a policy."""
    pem: Pair
    """A certificate and its key."""
    authority: str
    """Certificate (PEM) of an authority that nobody else knows."""
    secret: str
    """ARN of one with the key `password`."""
    models: str
    """Where model archives lie in S3."""

    def arn(self, service: str, rest: str) -> str:
        """An ARN of this account and region."""
        return Region(self.region).arn(service, rest, account=self.account.id)

    def image(self, name: str) -> str:
        """Reference by digest of an image that lies in the account's ECR."""
        images = self.account.client("ecr", self.region).describe_images(repositoryName=f"ready/{name}")
        registry = f"{self.account.id}.dkr.ecr.{self.region}.{Region(self.region).dns_suffix}"
        return f"{registry}/ready/{name}@{images['imageDetails'][0]['imageDigest']}"


def prepare(account: Account, region: str, archives: Path) -> Ground:
    """Fill an account with what the settings of a round name."""

    def client(service: str) -> Any:
        return account.client(service, region)

    listed = client("ec2").describe_availability_zones()["AvailabilityZones"]
    zones = sorted((zone["ZoneName"] for zone in listed), reverse=True)[:3]
    vpc_id, public, private = build_vpc(client("ec2"), zones)
    _images(client("ecr"))
    theirs, others = _stores(client, vpc_id, private)
    return Ground(
        region=region,
        account=account,
        archives=archives,
        zones=zones,
        vpc_id=vpc_id,
        public_subnets=public,
        private_subnets=private,
        certificate=_certificate(client("acm"), pair("cvat.example.com")),
        snapshot=_snapshot(client("rds")),
        theirs=theirs,
        others=others,
        zone=client("route53")
        .create_hosted_zone(Name="example.com", CallerReference="1")["HostedZone"]["Id"]
        .split("/")[-1],
        key=client("kms").create_key()["KeyMetadata"]["Arn"],
        boundary=client("iam").create_policy(PolicyName="bounds", PolicyDocument=_ANYTHING)["Policy"]["Arn"],
        pem=pair_of("own.example.com"),
        authority=authority(),
        secret=client("secretsmanager").create_secret(Name="mail", SecretString='{"password": "x"}')["ARN"],
        models=_models(client("s3"), region, archives),
    )


def build_vpc(ec2: Any, zones: Sequence[str]) -> tuple[str, list[str], list[str]]:
    """A VPC with a public and a private subnet in each zone, as somebody else may have made it."""
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    subnets: dict[bool, list[str]] = {True: [], False: []}
    for index, (public, zone) in enumerate((public, zone) for public in (True, False) for zone in zones):
        made = ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.9.{index}.0/24", AvailabilityZone=zone)["Subnet"]
        table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
        ec2.associate_route_table(RouteTableId=table, SubnetId=made["SubnetId"])
        out = {"GatewayId": gateway} if public else {"NatGatewayId": _nat(ec2, subnets[True][0])}
        ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", **out)
        subnets[public].append(made["SubnetId"])
    return vpc, subnets[True], subnets[False]


def _nat(ec2: Any, subnet: str) -> str:
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    return str(ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address)["NatGateway"]["NatGatewayId"])


@functools.cache
def pair_of(host: str) -> Pair:
    """A certificate and its key, the same in every account of this process."""
    return pair(host)


@functools.cache
def authority() -> str:
    """The certificate of an authority, the same in every account of this process."""
    return signer().pem


def _certificate(acm: Any, own: Pair) -> str:
    """One that is issued, as a listener needs it."""
    made = acm.import_certificate(Certificate=own.certificate.encode(), PrivateKey=own.key.encode())
    return str(made["CertificateArn"])


def _images(ecr: Any) -> None:
    for name in IMAGES:
        ecr.create_repository(repositoryName=f"ready/{name}")
        manifest = {"schemaVersion": 2, "mediaType": _MANIFEST, "config": {"digest": f"sha256:{name}"}, "layers": []}
        ecr.put_image(repositoryName=f"ready/{name}", imageManifest=json.dumps(manifest), imageTag="1")


def _snapshot(rds: Any) -> str:
    create_database(rds, "lost", DBName="cvat", StorageEncrypted=True)
    made = rds.create_db_snapshot(DBInstanceIdentifier="lost", DBSnapshotIdentifier="last-night")["DBSnapshot"]
    rds.delete_db_instance(DBInstanceIdentifier="lost", SkipFinalSnapshot=True)
    return str(made["DBSnapshotArn"])


def _stores(client: Callable[[str], Any], vpc_id: str, subnets: list[str]) -> tuple[dict[str, str], dict[str, str]]:
    """A database and a file system in use, with two groups each: the keys with their first, and with their second."""
    groups = [
        client("ec2").create_security_group(GroupName=name, Description=name, VpcId=vpc_id)["GroupId"]
        for name in ("theirs-database", "theirs-files", "theirs-database-2", "theirs-files-2")
    ]
    client("rds").create_db_subnet_group(
        DBSubnetGroupName="theirs", DBSubnetGroupDescription="theirs", SubnetIds=subnets
    )
    client("rds").create_db_instance(
        DBInstanceIdentifier="theirs",
        DBInstanceClass="db.m6g.large",
        AllocatedStorage=30,
        MasterUsername="owner",
        MasterUserPassword="theirs alone",
        DBName="annotation",
        DBSubnetGroupName="theirs",
        Port=5432,
        VpcSecurityGroupIds=groups[::2],
        BackupRetentionPeriod=3,
        Engine="postgres",
        EngineVersion="15.12",
        StorageEncrypted=True,
    )
    user = '{"username": "owner", "password": "theirs alone"}'
    files = client("efs").create_file_system(CreationToken="theirs", Encrypted=True)["FileSystemId"]
    for subnet in subnets:
        client("efs").create_mount_target(FileSystemId=files, SubnetId=subnet, SecurityGroups=groups[1::2])
    first, second = (
        {
            "dbSecretArn": client("secretsmanager").create_secret(Name=name, SecretString=user)["ARN"],
            "dbSecurityGroupId": database_group,
            "fileSystemSecurityGroupId": files_group,
        }
        for name, database_group, files_group in (("theirs", *groups[:2]), ("theirs-2", *groups[2:]))
    )
    return {"dbInstanceId": "theirs", "fileSystemId": files, **first}, second


def _models(s3: Any, region: str, archives: Path) -> str:
    s3.create_bucket(Bucket="our-models", CreateBucketConfiguration={"LocationConstraint": region})
    for name in STORED:
        body = (archives / f"{name}.tar.gz").read_bytes()
        s3.put_object(Bucket="our-models", Key=f"v1/{name}.tar.gz", Body=body)
    return "s3://our-models/v1"
