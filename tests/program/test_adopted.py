"""Stores that exist already, asked of the rehearsed account. Opens accounts of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from moto.rds.models import rds_backends

from rehearsal import Account, Rehearsal, rehearse
from tests.support.every_setting.ground import build_vpc

RELEASE = {"cn-northwest-1": "c48411ae", "ap-northeast-1": "v2"}


def zones(region: str) -> list[str]:
    return [f"{region}{letter}" for letter in ("acd" if region == "ap-northeast-1" else "abc")]


@dataclass
class Theirs:
    """What somebody else has made in an account, and the settings that name it."""

    account: Account
    region: str

    def __post_init__(self) -> None:
        ec2 = self.account.client("ec2", self.region)
        self.vpc, self.public, self.private = build_vpc(ec2, zones(self.region))
        self.config: dict[str, Any] = {
            "vpcId": self.vpc,
            "publicSubnetIds": self.public,
            "privateSubnetIds": self.private,
        }
        self.database(Engine="postgres", EngineVersion="15.12", StorageEncrypted=True)
        self.files()
        self.balancer()

    def group(self, name: str) -> str:
        ec2 = self.account.client("ec2", self.region)
        made = ec2.create_security_group(GroupName=name, Description=name, VpcId=self.vpc)
        return str(made["GroupId"])

    def database(self, name: str = "theirs", **how: Any) -> None:
        rds, group = self.account.client("rds", self.region), self.group(f"{name}-database")
        rds.create_db_subnet_group(
            DBSubnetGroupName=f"{name}-group", DBSubnetGroupDescription="theirs", SubnetIds=self.private
        )
        rds.create_db_instance(
            DBInstanceIdentifier=name,
            DBInstanceClass="db.m6g.large",
            AllocatedStorage=30,
            MasterUsername="owner",
            MasterUserPassword="theirs alone",
            DBName="annotation",
            DBSubnetGroupName=f"{name}-group",
            Port=5432,
            VpcSecurityGroupIds=[group],
            BackupRetentionPeriod=3,
            **how,
        )
        kms, secrets = self.account.client("kms", self.region), self.account.client("secretsmanager", self.region)
        self.key = kms.create_key()["KeyMetadata"]["Arn"]
        text = json.dumps({"username": "owner", "password": "theirs alone"})
        secret = secrets.create_secret(Name=f"{name}-owner", SecretString=text, KmsKeyId=self.key)["ARN"]
        self.config |= {"dbInstanceId": name, "dbSecretArn": secret, "dbSecurityGroupId": group}
        self.config |= {"dbName": "annotation"}

    def files(self, **how: Any) -> None:
        efs, group = self.account.client("efs", self.region), self.group("theirs-files")
        made = efs.create_file_system(CreationToken="theirs", Encrypted=True, **how)["FileSystemId"]
        for subnet in self.private:
            efs.create_mount_target(FileSystemId=made, SubnetId=subnet, SecurityGroups=[group])
        self.config |= {"fileSystemId": made, "fileSystemSecurityGroupId": group}

    def balancer(self, **how: Any) -> None:
        elb, group = self.account.client("elbv2", self.region), self.group("their-load-balancer")
        given = {"Subnets": self.public, "SecurityGroups": [group], "Scheme": "internet-facing"} | how
        arn = elb.create_load_balancer(Name="theirs", **given)["LoadBalancers"][0]["LoadBalancerArn"]
        if not how:
            idle = {"Key": "idle_timeout.timeout_seconds", "Value": "300"}
            elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=[idle])
        self.config |= {"loadBalancerArn": arn, "loadBalancerSecurityGroupId": group}

    def rehearse(self, archives: Path, **config: Any) -> Rehearsal:
        chosen = {f"cvat:{key}": value for key, value in {**self.config, **config}.items()}
        return rehearse(self.region, config=chosen | {"cvat:modelArchives": str(archives)}, account=self.account)


def test_all_that_does_not_fit_is_said_at_once_and_nothing_is_made(archives: Path) -> None:
    region = "cn-north-1"
    with Account() as account:
        theirs = Theirs.__new__(Theirs)
        theirs.account, theirs.region = account, region
        theirs.vpc, theirs.public, theirs.private = build_vpc(
            account.client("ec2", region), [*zones(region)[:2], f"{region}d"]
        )
        theirs.config = {}
        theirs.database("old", Engine="postgres", EngineVersion="15", StorageEncrypted=False)
        # RDS creates no 9.6 any more, but accounts still have some.
        rds_backends[account.id][region].databases["old"].engine_version = "9.6.24"
        theirs.files()
        theirs.balancer(Scheme="internal")
        own = theirs.config
        theirs.vpc, public, private = build_vpc(
            account.client("ec2", region), [f"{region}{letter}" for letter in "abd"]
        )
        stray = theirs.group("stray")
        theirs.config = own | {"vpcId": theirs.vpc, "publicSubnetIds": public, "privateSubnetIds": private}
        wrong = dict.fromkeys(("dbSecurityGroupId", "fileSystemSecurityGroupId", "loadBalancerSecurityGroupId"), stray)
        done = theirs.rehearse(archives, **wrong)
        gone = theirs.rehearse(archives, dbInstanceId="nowhere", fileSystemId="fs-00000000")
    said = str(done.error)
    assert said.startswith("What the settings name cannot be used:")
    for part in (
        "cvat:dbInstanceId = old: it is PostgreSQL 9.6.24, and CVAT needs 10 or newer",
        "not in cvat:vpcId",
        "it is not encrypted",
        f"cvat:dbSecurityGroupId = {stray}: the instance does not have it",
        "it is internal, and cvat:internal is false",
        "it closes connections that are idle for 60 s",
        f"cvat:loadBalancerSecurityGroupId = {stray}: the load balancer does not have it",
        f"cvat:fileSystemSecurityGroupId = {stray}: no mount target that carries it is in cn-north-1a",
    ):
        assert part in said, said
    assert "cvat:dbInstanceId = nowhere: AWS does not show it" in str(gone.error)
    assert "cvat:fileSystemId = fs-00000000: AWS does not show it" in str(gone.error)
    for rehearsal in (done, gone):
        assert not [record for record in rehearsal.resources if record.type.startswith("aws:")], "nothing is made"


def test_a_file_system_that_is_mounted_elsewhere_is_refused_for_a_new_network(archives: Path) -> None:
    with Account() as account:
        theirs = Theirs(account, "cn-northwest-1")
        config = {"cvat:fileSystemId": theirs.config["fileSystemId"], "cvat:modelArchives": str(archives)}
        done = rehearse("cn-northwest-1", config=config, account=account)
    assert f"it is mounted in {theirs.vpc} already" in str(done.error)
    assert "or delete the mount targets" in str(done.error)


def test_a_stack_that_sleeps_leaves_an_existing_database_running(archives: Path) -> None:
    with Account() as account:
        theirs = Theirs(account, "cn-northwest-1")
        done = theirs.rehearse(archives, mode="asleep", canary="hourly")
        assert done.error is None, done.error
        assert all(verdict.ok for verdict in done.checks), [check for check in done.checks if not check.ok]
        assert not [call for call in account.calls if call in ("rds:StopDBInstance", "rds:StartDBInstance")]
        assert not done.of_type("aws:scheduler/schedule:Schedule"), "nothing to stop, and nobody to try it"
        (instance,) = done.client("rds").describe_db_instances()["DBInstances"]
        assert instance["DBInstanceStatus"] == "available", "others may use it"


def test_rules_that_the_adopted_group_has_already_are_not_added_again(archives: Path) -> None:
    """EC2 refuses a rule of the same content: InvalidPermission.Duplicate."""
    with Account() as account:
        theirs = Theirs(account, "cn-northwest-1")
        ec2, group = account.client("ec2", theirs.region), theirs.config["loadBalancerSecurityGroupId"]
        port = {"IpProtocol": "tcp", "FromPort": 81, "ToPort": 81, "IpRanges": [{"CidrIp": "203.0.113.0/24"}]}
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[port])
        cidrs = json.dumps(["203.0.113.0/24", "198.51.100.0/24"])
        done = theirs.rehearse(archives, allowedCidrs=cidrs)
        assert done.error is None, done.error
        added = [record.name for record in done.resources if record.name.startswith("cvat-81-from-")]
        assert added == ["cvat-81-from-198.51.100.0-24"]
        again = theirs.rehearse(archives, allowedCidrs=cidrs)
        assert again.outcome.touched() == set(), "its own rule is not taken for one of others"
        ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=[port])
        after = theirs.rehearse(archives, allowedCidrs=cidrs)
        assert after.error is None, after.error
        assert "created aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule cvat-81-from-203.0.113.0-24" in (
            after.outcome.touched()
        ), "without that rule nobody would get in"


@pytest.fixture(scope="module", params=RELEASE)
def stack(request: pytest.FixtureRequest, archives: Path) -> Iterator[tuple[Theirs, Rehearsal]]:
    with Account() as account:
        theirs = Theirs(account, request.param)
        theirs.config["release"] = RELEASE[theirs.region]
        before = described(theirs)
        done = theirs.rehearse(archives)
        assert done.error is None, done.error
        assert all(verdict.ok for verdict in done.checks), [check for check in done.checks if not check.ok]
        assert described(theirs) == before, "what exists already is not changed"
        yield theirs, done


def described(theirs: Theirs) -> list[Any]:
    """Instance and file system as the account shows them, without what the stack is to add."""
    rds, efs = theirs.account.client("rds", theirs.region), theirs.account.client("efs", theirs.region)
    systems = efs.describe_file_systems(FileSystemId=theirs.config["fileSystemId"])["FileSystems"]
    databases = rds.describe_db_instances(DBInstanceIdentifier="theirs")["DBInstances"]
    moving = ("LatestRestorableTime", "SizeInBytes")
    return [
        [{k: v for k, v in store.items() if k not in moving} for store in stores] for stores in (databases, systems)
    ]


def test_no_store_is_made_beside_the_ones_that_exist(stack: tuple[Theirs, Rehearsal]) -> None:
    _, done = stack
    assert len(done.client("rds").describe_db_instances()["DBInstances"]) == 1
    assert len(done.client("efs").describe_file_systems()["FileSystems"]) == 1
    made = done.of_type("aws:rds/instance:Instance", "aws:efs/fileSystem:FileSystem", "aws:efs/mountTarget:MountTarget")
    assert not made, "the stack owns neither, so that no destroy can touch them"
    assert not done.of_type("aws:efs/fileSystemPolicy:FileSystemPolicy"), "others mount it, so its policy stays"
    names = [secret["Name"] for secret in done.client("secretsmanager").list_secrets()["SecretList"]]
    assert not [name for name in names if "data-database" in name], "the existing secret is enough"


def test_tasks_receive_the_address_of_the_existing_database(stack: tuple[Theirs, Rehearsal]) -> None:
    theirs, done = stack
    (server,) = [r for r in done.of_type("aws:ecs/taskDefinition:TaskDefinition") if r.name == "cvat-server"]
    (container,) = [item for item in json.loads(server.inputs["containerDefinitions"]) if item["name"] == "server"]
    variables = {variable["name"]: variable["value"] for variable in container["environment"]}
    assert variables["CVAT_POSTGRES_HOST"].startswith("theirs.")
    assert (variables["CVAT_POSTGRES_PORT"], variables["CVAT_POSTGRES_DBNAME"]) == ("5432", "annotation")
    secrets = {secret["name"]: secret["valueFrom"] for secret in container["secrets"]}
    assert secrets["CVAT_POSTGRES_PASSWORD"] == f"{theirs.config['dbSecretArn']}:password::"
    (role,) = [r for r in done.of_type("aws:iam/rolePolicy:RolePolicy") if r.name == "cvat-server-execution"]
    assert theirs.key in role.inputs["policy"], "the secret has a key of its own, so its reader must decrypt with it"


def test_the_only_thing_added_to_what_exists_is_a_rule_for_the_stacks_own_group(
    stack: tuple[Theirs, Rehearsal],
) -> None:
    theirs, done = stack
    ec2 = done.client("ec2")
    for key, port, client in (("dbSecurityGroupId", 5432, "postgresql"), ("fileSystemSecurityGroupId", 2049, "efs")):
        (group,) = ec2.describe_security_groups(GroupIds=[theirs.config[key]])["SecurityGroups"]
        (rule,) = group["IpPermissions"]
        (pair,) = rule["UserIdGroupPairs"]
        (caller,) = ec2.describe_security_groups(GroupIds=[pair["GroupId"]])["SecurityGroups"]
        assert (rule["FromPort"], rule["ToPort"]) == (port, port)
        assert {"Key": "cvat:edge", "Value": f"{client}-client"} in caller["Tags"]


def test_the_existing_load_balancer_gets_listeners_and_its_group_the_rules_that_they_need(
    stack: tuple[Theirs, Rehearsal],
) -> None:
    theirs, done = stack
    elb, ec2 = done.client("elbv2"), done.client("ec2")
    (balancer,) = elb.describe_load_balancers()["LoadBalancers"]
    assert balancer["LoadBalancerArn"] == theirs.config["loadBalancerArn"], "none is made beside it"
    (listener,) = elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    assert done.outputs["url"].startswith(f"http://{balancer['DNSName']}")
    (group,) = ec2.describe_security_groups(GroupIds=[theirs.config["loadBalancerSecurityGroupId"]])["SecurityGroups"]
    (entering,) = group["IpPermissions"]
    assert entering["FromPort"] == listener["Port"]
    leaving = {rule["FromPort"] for rule in group["IpPermissionsEgress"] if rule.get("UserIdGroupPairs")}
    ui_port = 8000 if RELEASE[theirs.region] == "v2" else 80
    assert leaving == {ui_port, 8080}, "to the UI's and the server's tasks"
    assert not [bucket for bucket in done.of_type("aws:s3/bucket:Bucket") if bucket.name == "cvat-logs"], (
        "its log is its owner's"
    )


def test_existing_stores_are_backed_up_and_watched_like_our_own(stack: tuple[Theirs, Rehearsal]) -> None:
    theirs, done = stack
    (instance,), (system,) = described(theirs)
    assert set(done.outputs["backups"]["stores"].values()) == {instance["DBInstanceArn"], system["FileSystemArn"]}
    alarms = done.client("cloudwatch").describe_alarms()["MetricAlarms"]
    watched = {dimension["Value"] for alarm in alarms for dimension in alarm.get("Dimensions", [])}
    assert {"theirs", theirs.config["fileSystemId"]} <= watched
    (storage,) = [alarm for alarm in alarms if alarm["AlarmName"].startswith("alarms-database-storage")]
    assert storage["Threshold"] == pytest.approx(30 * 1024**3 * 0.08), "the alarms know the instance's own size"


def test_a_second_run_changes_nothing(stack: tuple[Theirs, Rehearsal], archives: Path) -> None:
    theirs, done = stack
    before = [record.urn for record in done.resources]
    again = theirs.rehearse(archives)
    assert again.error is None, again.error
    assert [record.urn for record in again.resources] == before
