"""Creates what an account is to hold already, under ids and ARNs that are given."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from unittest import mock

from moto.acm.models import acm_backends
from moto.ec2.models import security_groups, subnets, vpcs
from moto.ecr.models import ecr_backends
from moto.efs.models import efs_backends
from moto.elbv2.models import elbv2_backends
from moto.iam.models import iam_backends
from moto.kms import models as kms
from moto.rds.models import rds_backends
from moto.route53.models import FakeZone, route53_backends
from moto.secretsmanager.models import secretsmanager_backends
from moto.sns.models import sns_backends

from region import Region
from rehearsal.aws.account import Account

_EVERYWHERE = "0.0.0.0/0"
_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
_ANYTHING = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'


class AdoptedResources:
    """Of one account, in one region. moto draws ids by itself: here they are the given ones."""

    def __init__(self, account: Account, region: str) -> None:
        self._account, self._region = account, region
        self._partition = Region(region).partition

    def _client(self, service: str) -> Any:
        return self._account.client(service, self._region)

    def vpc(self, vpc_id: str, public: Sequence[str], private: Sequence[str]) -> None:
        """A VPC with an Internet gateway, public subnets with NAT gateways, and private subnets that lead to them.

        Without public subnets, the private ones lead to a transit gateway.
        """
        ec2 = self._client("ec2")
        zones = sorted(zone["ZoneName"] for zone in ec2.describe_availability_zones()["AvailabilityZones"])
        with mock.patch.object(vpcs, "random_vpc_id", lambda: vpc_id):
            ec2.create_vpc(CidrBlock="10.9.0.0/16")
        ec2.modify_vpc_attribute(VpcId=vpc_id, EnableDnsHostnames={"Value": True})
        transit = {} if public else {"TransitGatewayId": self._transit_gateway()}
        internet = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        ec2.attach_internet_gateway(InternetGatewayId=internet, VpcId=vpc_id)
        for index, subnet in enumerate((*public, *private)):
            zone = zones[(index if index < len(public) else index - len(public)) % len(zones)]
            with mock.patch.object(subnets, "random_subnet_id", lambda subnet=subnet: subnet):
                ec2.create_subnet(VpcId=vpc_id, CidrBlock=f"10.9.{index * 16}.0/20", AvailabilityZone=zone)
            table = ec2.create_route_table(VpcId=vpc_id)["RouteTable"]["RouteTableId"]
            ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
            if index < len(public):
                route = {"GatewayId": internet}
            else:
                route = transit or {"NatGatewayId": self._nat_gateway(public[(index - len(public)) % len(public)])}
            ec2.create_route(RouteTableId=table, DestinationCidrBlock=_EVERYWHERE, **route)

    def _transit_gateway(self) -> str:
        return str(self._client("ec2").create_transit_gateway()["TransitGateway"]["TransitGatewayId"])

    def _nat_gateway(self, subnet: str) -> str:
        ec2 = self._client("ec2")
        address = ec2.allocate_address(Domain="vpc")["AllocationId"]
        return str(ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address)["NatGateway"]["NatGatewayId"])

    def security_group(self, group_id: str, vpc_id: str) -> None:
        """An empty group."""
        with mock.patch.object(security_groups, "random_security_group_id", lambda: group_id):
            self._client("ec2").create_security_group(GroupName=group_id, Description="existing", VpcId=vpc_id)

    def certificate(self, arn: str, host: str) -> None:
        """A certificate of ACM that is issued."""
        new = self._client("acm").request_certificate(DomainName=host, ValidationMethod="DNS")["CertificateArn"]
        certificates = acm_backends[self._account.id][self._region]._certificates
        bundle = certificates.pop(new)
        bundle.arn, bundle.status = arn, "ISSUED"
        certificates[arn] = bundle

    def server_certificate(self, arn: str) -> None:
        """A certificate of IAM."""
        path, _, name = arn.rpartition(":server-certificate")[2].rpartition("/")
        body = {"CertificateBody": "of a stand-in", "PrivateKey": "of a stand-in"}
        self._client("iam").upload_server_certificate(ServerCertificateName=name, Path=f"{path}/", **body)

    def image(self, repository: str, digest: str) -> None:
        """An image in a repository of the account's own registry."""
        ecr = self._client("ecr")
        known = [described["repositoryName"] for described in ecr.describe_repositories()["repositories"]]
        if repository not in known:
            ecr.create_repository(repositoryName=repository)
        manifest = {"mediaType": _MANIFEST, "config": {"digest": digest}, "layers": []}
        ecr.put_image(repositoryName=repository, imageManifest=json.dumps(manifest), imageTag=digest[7:])
        images = ecr_backends[self._account.id][self._region].repositories[repository].images
        images[-1]._image_digest = digest

    def hosted_zone(self, zone_id: str, name: str) -> None:
        """A public zone."""
        client = self._client("route53")
        new = client.create_hosted_zone(Name=name, CallerReference=zone_id)["HostedZone"]["Id"].rpartition("/")[2]
        zones: dict[str, FakeZone] = route53_backends[self._account.id][self._partition].zones
        zone = zones.pop(new)
        zone.resource_id = zone_id
        zones[zone_id] = zone

    def secret(self, arn: str, value: str) -> None:
        """A secret by its whole ARN, whose name ends before the last hyphen."""
        name = arn.rpartition(":secret:")[2].rpartition("-")[0]
        self._client("secretsmanager").create_secret(Name=name, SecretString=value)
        secretsmanager_backends[self._account.id][self._region].secrets[name].arn = arn

    def database(self, identifier: str, name: str, group_id: str, private: Sequence[str], *, key: str = "") -> None:
        """An encrypted instance of PostgreSQL, with the user `owner`. key: ARN of its KMS key, if not AWS's."""
        rds, subnet_group = self._client("rds"), f"{identifier}-subnets"
        rds.create_db_subnet_group(
            DBSubnetGroupName=subnet_group, DBSubnetGroupDescription="existing", SubnetIds=list(private)
        )
        rds.create_db_instance(
            DBInstanceIdentifier=identifier,
            DBInstanceClass="db.m6g.large",
            AllocatedStorage=30,
            MasterUsername="owner",
            MasterUserPassword="of-a-stand-in",
            DBName=name,
            DBSubnetGroupName=subnet_group,
            Port=5432,
            VpcSecurityGroupIds=[group_id],
            BackupRetentionPeriod=3,
            Engine="postgres",
            EngineVersion="15.12",
            StorageEncrypted=True,
            **({"KmsKeyId": key} if key else {}),
        )

    def file_system(self, system_id: str, group_id: str, private: Sequence[str], *, key: str = "") -> None:
        """An encrypted file system; with a group, it has mount targets. key: ARN of its KMS key, if not AWS's."""
        efs = self._client("efs")
        encryption = {"Encrypted": True, **({"KmsKeyId": key} if key else {})}
        new = efs.create_file_system(CreationToken=system_id, **encryption)["FileSystemId"]
        systems = efs_backends[self._account.id][self._region].file_systems_by_id
        system = systems.pop(new)
        system.file_system_id, system.file_system_arn = system_id, system.file_system_arn.replace(new, system_id)
        systems[system_id] = system
        for subnet in private if group_id else ():
            efs.create_mount_target(FileSystemId=system_id, SubnetId=subnet, SecurityGroups=[group_id])

    def load_balancer(self, arn: str, group_id: str, subnet_ids: Sequence[str], *, internal: bool) -> None:
        """An application load balancer without listeners, with a long idle timeout."""
        elb = self._client("elbv2")
        (new,) = elb.create_load_balancer(
            Name=arn.split("/")[-2],
            Subnets=list(subnet_ids),
            SecurityGroups=[group_id],
            Scheme="internal" if internal else "internet-facing",
        )["LoadBalancers"]
        timeout = [{"Key": "idle_timeout.timeout_seconds", "Value": "300"}]
        elb.modify_load_balancer_attributes(LoadBalancerArn=new["LoadBalancerArn"], Attributes=timeout)
        balancers = elbv2_backends[self._account.id][self._region].load_balancers
        balancer = balancers.pop(new["LoadBalancerArn"])
        balancer.arn = arn
        balancers[arn] = balancer

    def key(self, arn: str) -> None:
        """A customer's KMS key."""
        with mock.patch.object(kms, "generate_key_id", lambda *_: arn.rpartition("/")[2]):
            self._client("kms").create_key()

    def topic(self, arn: str) -> None:
        """An SNS topic."""
        new = self._client("sns").create_topic(Name=arn.rpartition(":")[2])["TopicArn"]
        topics = sns_backends[self._account.id][self._region].topics
        topic = topics.pop(new)
        topic.arn = arn
        topics[arn] = topic

    def policy(self, arn: str) -> None:
        """A customer's IAM policy that allows everything."""
        new = self._client("iam").create_policy(PolicyName=arn.rpartition("/")[2], PolicyDocument=_ANYTHING)
        policies = iam_backends[self._account.id][self._partition].managed_policies
        policies[arn] = policies[new["Policy"]["Arn"]]

    def snapshot(self, reference: str, name: str, version: str, key: str) -> None:
        """A snapshot of an encrypted instance that is gone. `name`: of its database and user; `key`: ARN or empty.

        reference: identifier or ARN; that of another account is shared with this one, which knows it by its ARN.
        """
        rds, identifier = self._client("rds"), reference.rpartition(":snapshot:")[2]
        rds.create_db_instance(
            DBInstanceIdentifier="gone",
            DBInstanceClass="db.m6g.large",
            AllocatedStorage=20,
            MasterUsername=name,
            MasterUserPassword="of-a-stand-in",
            DBName=name,
            Engine="postgres",
            EngineVersion=version,
            StorageEncrypted=True,
            **({"KmsKeyId": key} if key else {}),
        )
        rds.create_db_snapshot(DBInstanceIdentifier="gone", DBSnapshotIdentifier=identifier)
        rds.delete_db_instance(DBInstanceIdentifier="gone", SkipFinalSnapshot=True)
        if reference.startswith("arn:") and reference.split(":")[4] != self._account.id:
            snapshots = rds_backends[self._account.id][self._region].database_snapshots
            shared = snapshots[reference] = snapshots.pop(identifier)
            shared.db_snapshot_identifier = reference

    def bucket(self, name: str, objects: Sequence[tuple[str, bytes]] = ()) -> None:
        """A bucket with objects, by key."""
        s3 = self._client("s3")
        place = {"CreateBucketConfiguration": {"LocationConstraint": self._region}}
        s3.create_bucket(Bucket=name, **({} if self._region == "us-east-1" else place))
        for key, body in objects:
            s3.put_object(Bucket=name, Key=key, Body=body)
