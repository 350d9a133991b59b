"""running_stack: what AWS cannot change about a stack that exists is refused by a sentence; pure."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

import settings
from settings.releases import RELEASES
from settings.running_stack import (
    RunningDatabase,
    RunningStack,
    RunningStackError,
    RunningSubnet,
    check_running_stack,
    storage_warning,
)
from settings.zones import Zone

REGION = "cn-northwest-1"
OWN = "vpc-0aaaaaaaaaaaaaaaa"
VPC = "vpc-0123456789abcdef0"
SUBNETS = [f"subnet-{number}123456789abcdef0" for number in range(3)]
ADOPTED = {"vpcId": VPC, "publicSubnetIds": json.dumps(SUBNETS), "privateSubnetIds": json.dumps(SUBNETS)}
DATABASE = {
    "dbInstanceId": "shared",
    "dbSecretArn": f"arn:aws-cn:secretsmanager:{REGION}:123456789012:secret:x-AbCdEf",
    "dbSecurityGroupId": "sg-0123456789abcdef0",
}


def load(**own: Any) -> settings.Settings:
    region = own.pop("region", REGION)
    return settings.load({"aws:region": region} | {f"cvat:{key}": value for key, value in own.items()})


def subnets(*cidrs: str) -> dict[int, RunningSubnet]:
    return {place: RunningSubnet(cidr, Zone("a", "a1")) for place, cidr in enumerate(cidrs)}


KEY, OTHER_KEY = (f"arn:aws-cn:kms:{REGION}:123456789012:key/{end}" for end in ("1", "2"))
RUNNING = RunningStack(
    region=REGION,
    vpc_id=OWN,
    own_vpc_cidr="10.192.0.0/16",
    public_subnets=subnets("10.192.0.0/22", "10.192.4.0/22", "10.192.8.0/22"),
    private_subnets=subnets("10.192.64.0/19", "10.192.96.0/19", "10.192.128.0/19"),
    database=RunningDatabase(identifier="db", version="15.12", storage_gb=50),
    redis_version="7.1.0",
    file_system_ids=("fs-0123456789abcdef0",),
    initialised=True,
)
IN_ADOPTED_VPC = replace(
    RUNNING,
    vpc_id=VPC,
    own_vpc_cidr="",
    public_subnets={},
    private_subnets={},
    store_subnet_ids=frozenset(SUBNETS),
)


def refusals(running: RunningStack, **own: Any) -> str:
    with pytest.raises(RunningStackError) as raised:
        check_running_stack(load(**own), running)
    assert "nothing has been changed" in str(raised.value)
    return " ".join(raised.value.problems)


def test_nothing_is_refused_to_a_stack_that_does_not_exist_or_stays_as_it_is() -> None:
    check_running_stack(load(redisEngineVersion="6.2", dbEngineVersion="13"), RunningStack())
    check_running_stack(load(), RUNNING)
    check_running_stack(load(**ADOPTED), IN_ADOPTED_VPC)


@pytest.mark.parametrize(
    "own",
    [
        {"dbEngineVersion": "15.12"},
        {"dbEngineVersion": "16"},
        {"redisEngineVersion": "7.1"},
        {"dbStorageGb": "80"},
        {"dbStorageGb": "20", "dbMaxStorageGb": "55"},
        {"preset": "team", "dbStorageGb": "50"},
    ],
)
def test_what_aws_can_change_is_not_refused(own: dict[str, str]) -> None:
    check_running_stack(load(**own), RUNNING)


def test_the_least_limit_of_storage_is_rounded_up() -> None:
    database = RunningDatabase(identifier="db", version="15.12", storage_gb=51)
    grown = replace(RUNNING, database=database)
    assert "pulumi config set cvat:dbMaxStorageGb 57" in refusals(grown, dbStorageGb="20", dbMaxStorageGb="56")
    check_running_stack(load(dbStorageGb="20", dbMaxStorageGb="57"), grown)


def test_the_ranges_of_subnets_follow_from_the_vpcs_and_are_not_refused_once_more() -> None:
    own = {
        "vpcCidr": "10.3.0.0/16",
        "publicSubnetCidrs": json.dumps([f"10.3.{number}.0/24" for number in range(3)]),
        "privateSubnetCidrs": json.dumps([f"10.3.{number}.0/24" for number in range(3, 6)]),
    }
    assert "SubnetCidrs" not in refusals(RUNNING, **own)


@pytest.mark.parametrize(
    ("own", "said"),
    [
        ({"region": "cn-north-1"}, "the stack runs in cn-northwest-1, and AWS moves nothing to another region"),
        ({"dbEngineVersion": "14"}, "the database is PostgreSQL 15.12, and RDS goes back to no earlier version"),
        ({"dbEngineVersion": "15.4"}, "pulumi config set cvat:dbEngineVersion 15."),
        ({"dbStorageGb": "49", "dbMaxStorageGb": "49"}, "the database has 50 GB, and RDS never shrinks storage"),
        ({"dbStorageGb": "20", "dbMaxStorageGb": "54"}, "Raise it: pulumi config set cvat:dbMaxStorageGb 55"),
        ({"redisEngineVersion": "7.0"}, "jobs that wait would be lost. Set it back: pulumi config set cvat:redis"),
        ({"redisEngineVersion": "6.2"}, "cvat:redisEngineVersion 7.1"),
        (ADOPTED, f"cvat:vpcId = {VPC}: the stack runs in {OWN}, and its stores cannot move"),
        (
            {"privateSubnetCidrs": json.dumps(["10.192.160.0/19", "10.192.96.0/19", "10.192.128.0/19"])},
            "cvat:privateSubnetCidrs = 10.192.160.0/19, 10.192.96.0/19, 10.192.128.0/19: the stack has 10.192.64.0/19,",
        ),
        (
            {"publicSubnetCidrs": json.dumps(["10.192.4.0/22", "10.192.0.0/22", "10.192.8.0/22"])},
            "cvat:publicSubnetCidrs = ",
        ),
        (
            {
                "vpcCidr": "10.3.0.0/16",
                "publicSubnetCidrs": json.dumps([f"10.3.{number}.0/24" for number in range(3)]),
                "privateSubnetCidrs": json.dumps([f"10.3.{number}.0/24" for number in range(3, 6)]),
            },
            "cvat:vpcCidr = 10.3.0.0/16: the stack has 10.192.0.0/16, in which its stores live",
        ),
        ({**ADOPTED, **DATABASE}, "cvat:vpcId"),
        ({"fileSystemId": "fs-0fedcba9876543210"}, "fs-0123456789abcdef0, which would be deleted"),
    ],
)
def test_what_aws_cannot_change_is_refused_with_the_way_back(own: dict[str, str], said: str) -> None:
    assert said in refusals(RUNNING, **own)


@pytest.mark.parametrize(
    ("own", "said"),
    [
        ({}, f"cvat:vpcId = (empty): the stack runs in {VPC}"),
        ({**ADOPTED, "vpcId": "vpc-0fffffffffffffff0"}, "Set it back: cvat:vpcId vpc-0123456789abcdef0"),
        (
            {**ADOPTED, "privateSubnetIds": json.dumps([*SUBNETS[:2], "subnet-9123456789abcdef0"])},
            "AWS moves no store to another subnet",
        ),
        ({**ADOPTED, **DATABASE}, "the stack has a database of its own, db, which would be deleted"),
    ],
)
def test_a_stack_in_a_vpc_that_existed_stays_there_with_its_stores(own: dict[str, str], said: str) -> None:
    assert said in refusals(IN_ADOPTED_VPC, **own)


def test_a_vpc_keeps_its_way_to_the_internet_or_stays_without() -> None:
    said = refusals(RUNNING, natGateways="none", internal="true")
    assert "in a VPC with Internet gateway" in said
    assert "cvat:natGateways single" in said
    said = refusals(replace(RUNNING, isolated=True))
    assert "in a VPC without Internet gateway" in said
    assert "cvat:natGateways none" in said


def test_another_order_of_the_same_subnets_is_no_change() -> None:
    check_running_stack(load(**{**ADOPTED, "privateSubnetIds": json.dumps(SUBNETS[::-1])}), IN_ADOPTED_VPC)


def test_an_existing_store_is_not_swapped_for_an_empty_one() -> None:
    adopted = replace(IN_ADOPTED_VPC, database=None, file_system_ids=())
    said = refusals(adopted, **ADOPTED)
    assert "cvat:dbInstanceId is empty, and the stack has no database of its own" in said
    assert "cvat:fileSystemId is empty, and the stack has no file system of its own" in said
    assert "deleted outside of Pulumi, create another stack, and restore a backup" in said
    check_running_stack(load(**ADOPTED), replace(adopted, initialised=False))


def test_a_file_system_that_was_restored_with_the_stacks_tags_is_not_taken_for_its_own() -> None:
    check_running_stack(load(fileSystemId="fs-0123456789abcdef0"), RUNNING)


def test_a_disposable_stack_may_give_its_stores_up() -> None:
    check_running_stack(load(disposable="true", fileSystemId="fs-0fedcba9876543210"), RUNNING)
    check_running_stack(load(disposable="true", **ADOPTED, **DATABASE), IN_ADOPTED_VPC)


def test_storage_that_has_grown_by_itself_stops_no_update_and_is_said() -> None:
    grown = RunningDatabase(identifier="db", version="15.12", storage_gb=90)
    running = replace(RUNNING, database=grown)
    check_running_stack(load(), running)
    (warning,) = storage_warning(load(), running)
    assert "the database has 90 GB by now" in warning
    assert "pulumi config set cvat:dbStorageGb 90" in warning
    assert not list(storage_warning(load(dbStorageGb="90"), running))


def test_another_release_is_refused_for_a_stack_with_data_and_the_way_is_named() -> None:
    check_running_stack(load(release="v2"), replace(RUNNING, release="v2"))
    check_running_stack(load(release="v2"), replace(RUNNING, initialised=False))
    for old, new in (("c48411ae", "v2"), ("v2", "c48411ae")):
        with pytest.raises(RunningStackError) as refused:
            check_running_stack(load(release=new), replace(RUNNING, release=old))
        assert f"pulumi config set cvat:release {old}" in str(refused.value), "how to go back"
        assert "docs/releases.md" in str(refused.value), "how to get there all the same"
        assert ("cvat:upgradeFrom" in str(refused.value)) == (new == "v2"), "nothing turns v2's data into older ones"


def test_an_older_version_of_the_same_release_is_refused_and_a_newer_one_is_not() -> None:
    running = replace(RUNNING, release="v2", version=RELEASES["v2"].version)
    for present in (RELEASES["v2"].version, "v2.9.1", ""):
        check_running_stack(load(release="v2"), replace(running, version=present))
    for newer in ("v2.731.0", "v2.73.1", "v3.0.0"):
        text = refusals(replace(running, version=newer), release="v2")
        assert f"the stack's database is migrated to {newer}, and CVAT goes back to no earlier version" in text
    check_running_stack(load(release="v2"), replace(running, version="v3.0.0", initialised=False))


@pytest.mark.parametrize("key", [OTHER_KEY, ""])
def test_a_key_stays_because_what_is_encrypted_with_it_could_not_be_read_without(key: str) -> None:
    encrypted = replace(RUNNING, key_arn=KEY)
    check_running_stack(load(kmsKeyArn=KEY), encrypted)
    check_running_stack(load(kmsKeyArn=KEY), RUNNING)
    said = refusals(encrypted, kmsKeyArn=key)
    assert f"cvat:kmsKeyArn = {key or '(empty)'}: what the stack stores is encrypted with {KEY}" in said
    assert f"pulumi config set cvat:kmsKeyArn {KEY}" in said
