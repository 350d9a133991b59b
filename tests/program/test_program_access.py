"""Access, as the rehearsed account shows it. Opens accounts of its own."""

from __future__ import annotations

from pathlib import Path

from rehearsal import Rehearsal, rehearse
from rehearsal.account import Account
from tests.pem import pair
from tests.program.own_vpc import build_vpc


def test_a_certificate_brings_https_and_a_redirect(archives: Path) -> None:
    with Account() as account:
        acm = account.client("acm", "ap-northeast-1")
        own = pair("cvat.example.com")
        arn = acm.import_certificate(Certificate=own.certificate, PrivateKey=own.key)["CertificateArn"]
        config = {"cvat:certificateArn": arn, "cvat:hostName": "cvat.example.com", "cvat:modelArchives": str(archives)}
        done = rehearse("ap-northeast-1", config=config, account=account)
        assert done.error is None, done.error
        assert done.ok, [finding for verdict in done.checks for finding in verdict.findings]
        elb = done.client("elbv2")
        balancer = elb.describe_load_balancers()["LoadBalancers"][0]["LoadBalancerArn"]
        listeners = {one["Port"]: one for one in elb.describe_listeners(LoadBalancerArn=balancer)["Listeners"]}
    assert listeners[443]["Certificates"][0]["CertificateArn"] == arn
    assert listeners[80]["DefaultActions"][0]["Type"] == "redirect"
    assert done.outputs["url"] == "https://cvat.example.com"


def test_an_existing_vpc_is_adopted_and_nothing_added_to_it(archives: Path) -> None:
    with Account() as account:
        ec2 = account.client("ec2", "cn-northwest-1")
        vpc, public, private = build_vpc(ec2, [f"cn-northwest-1{letter}" for letter in "abc"])
        tables, networks = len(ec2.describe_route_tables()["RouteTables"]), len(ec2.describe_vpcs()["Vpcs"])
        config = {"cvat:vpcId": vpc, "cvat:publicSubnetIds": public, "cvat:privateSubnetIds": private}
        done = rehearse("cn-northwest-1", config=config | {"cvat:modelArchives": str(archives)}, account=account)
        assert done.error is None, done.error
        assert len(ec2.describe_route_tables()["RouteTables"]) == tables
        assert len(ec2.describe_vpcs()["Vpcs"]) == networks
        (database,) = done.client("rds").describe_db_instances()["DBInstances"]
        assert database["DBSubnetGroup"]["VpcId"] == vpc
        targets = done.client("efs").describe_mount_targets(FileSystemId=files(done))["MountTargets"]
        assert {target["SubnetId"] for target in targets} == set(private)


def files(done: Rehearsal) -> str:
    (system,) = done.client("efs").describe_file_systems()["FileSystems"]
    return str(system["FileSystemId"])


def test_a_vpc_whose_subnets_are_of_the_wrong_kind_is_refused_in_sentences(archives: Path) -> None:
    with Account() as account:
        ec2 = account.client("ec2", "cn-northwest-1")
        vpc, public, private = build_vpc(ec2, [f"cn-northwest-1{letter}" for letter in "abc"])
        config = {"cvat:vpcId": vpc, "cvat:publicSubnetIds": private, "cvat:privateSubnetIds": public}
        done = rehearse("cn-northwest-1", config=config | {"cvat:modelArchives": str(archives)}, account=account)
    assert str(done.error).startswith("What the settings name cannot be used:")
    assert str(done.error).count("Name a public subnet") == 3
    assert str(done.error).count("Name a private subnet") == 3
