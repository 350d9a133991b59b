"""A permissions boundary and a key of the customer's, asked of the rehearsed account. Opens accounts of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rehearsal import Account, Rehearsal, rehearse

REGIONS = {"cn-northwest-1": "aws-cn", "ap-northeast-1": "aws"}


@pytest.fixture(scope="module", params=REGIONS)
def stack(request: pytest.FixtureRequest, archives: Path) -> Iterator[Rehearsal]:
    """A stack in an account that demands a boundary and a key."""
    region = request.param
    with Account() as account:
        allowed = {"Effect": "Allow", "Action": "*", "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
        policy = account.client("iam", region).create_policy(PolicyName="bounds", PolicyDocument=document)["Policy"]
        key = account.client("kms", region).create_key()["KeyMetadata"]["Arn"]
        config = {"cvat:permissionsBoundaryArn": policy["Arn"], "cvat:kmsKeyArn": key}
        done = rehearse(region, config=config | {"cvat:modelArchives": str(archives)}, account=account)
        assert done.error is None, done.error
        assert all(verdict.ok for verdict in done.checks), [check for check in done.checks if not check.ok]
        yield done


def config_of(done: Rehearsal, key: str) -> str:
    return done.config.values[f"cvat:{key}"]


def test_every_role_has_the_boundary_whichever_component_made_it(stack: Rehearsal) -> None:
    iam = stack.client("iam")
    roles = [iam.get_role(RoleName=role["RoleName"])["Role"] for role in iam.list_roles()["Roles"]]
    assert len(roles) > 10, "services, initialisation, models, backup"
    bounds = {role["RoleName"]: role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn") for role in roles}
    assert set(bounds.values()) == {config_of(stack, "permissionsBoundaryArn")}, bounds
    assert f"arn:{REGIONS[stack.region]}:iam::" in bounds.popitem()[1]


def stores(done: Rehearsal) -> dict[str, Any]:
    """The keys that the account shows for whatever is encrypted."""
    (database,) = done.client("rds").describe_db_instances()["DBInstances"]
    (files,) = done.client("efs").describe_file_systems()["FileSystems"]
    (vault,) = done.client("backup").list_backup_vaults()["BackupVaultList"]
    sns, logs = done.client("sns"), done.client("logs")
    (topic,) = sns.list_topics()["Topics"]
    keys = {"database": database["KmsKeyId"], "files": files["KmsKeyId"], "vault": vault["EncryptionKeyArn"]}
    keys["topic"] = sns.get_topic_attributes(TopicArn=topic["TopicArn"])["Attributes"]["KmsMasterKeyId"]
    keys |= {group["logGroupName"]: group.get("kmsKeyId") for group in logs.describe_log_groups()["logGroups"]}
    for secret in done.client("secretsmanager").list_secrets()["SecretList"]:
        keys[secret["Name"]] = secret.get("KmsKeyId")
    for repository in done.client("ecr").describe_repositories()["repositories"]:
        keys[repository["repositoryName"]] = repository["encryptionConfiguration"].get("kmsKey")
    return keys


def test_whatever_takes_a_key_has_the_customers(stack: Rehearsal) -> None:
    keys = stores(stack)
    assert set(keys.values()) == {config_of(stack, "kmsKeyArn")}, keys
    (cache,) = stack.of_type("aws:elasticache/replicationGroup:ReplicationGroup")
    assert cache.inputs["kmsKeyId"] == config_of(stack, "kmsKeyArn"), "moto does not show a replication group's key"
    assert not stack.of_type("aws:kms/key:Key"), "no key of our own beside the customer's"


def test_buckets_have_the_key_but_for_the_one_that_load_balancers_write(stack: Rehearsal) -> None:
    s3, algorithms = stack.client("s3"), {}
    for bucket in stack.of_type("aws:s3/bucket:Bucket"):
        (rule,) = s3.get_bucket_encryption(Bucket=bucket.id)["ServerSideEncryptionConfiguration"]["Rules"]
        algorithms[bucket.name] = rule["ApplyServerSideEncryptionByDefault"].get("KMSMasterKeyID")
    assert algorithms.pop("cvat-logs") is None, "ELB writes its access logs to buckets with S3's own keys only"
    assert set(algorithms) == {"init-demo", "inference-models"}
    assert set(algorithms.values()) == {config_of(stack, "kmsKeyArn")}


def test_only_roles_that_read_secrets_or_objects_may_decrypt_and_only_with_that_key(stack: Rehearsal) -> None:
    allowed = {
        record.name: [
            statement["Resource"]
            for statement in json.loads(record.inputs["policy"])["Statement"]
            if decrypts(statement)
        ]
        for record in stack.of_type("aws:iam/rolePolicy:RolePolicy")
    }
    key = config_of(stack, "kmsKeyArn")
    assert all(resources in ([], [[key]]) for resources in allowed.values()), allowed
    kinds = {"cvat-server", "cvat-worker", "cvat-annotation-worker", "cvat-scheduler", "init"}
    readers = {f"{kind}-execution" for kind in kinds} | {"init-task", "inference-models"}
    assert {name for name, resources in allowed.items() if resources} == readers


def decrypts(statement: dict[str, Any]) -> bool:
    return any(action.startswith("kms:") for action in statement["Action"])
