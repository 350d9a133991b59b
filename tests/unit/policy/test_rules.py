"""Each rule: what it lets pass, and what it stops, with the message that an operator reads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from policy.rules import RULES, Context, Resource, violations
from policy.rules.partition import foreign
from region import Region

CHINA = Context(Region("cn-northwest-1"), "cvat", "team")
DIGEST = f"@sha256:{'0' * 64}"
ECR = f"123456789012.dkr.ecr.cn-northwest-1.amazonaws.com.cn/server{DIGEST}"

DATABASE = "aws:rds/instance:Instance"
CACHE = "aws:elasticache/replicationGroup:ReplicationGroup"
FILES = "aws:efs/fileSystem:FileSystem"
LOCKS = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
TASK = "aws:ecs/taskDefinition:TaskDefinition"
MODEL = "aws:sagemaker/model:Model"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
ROLE = "aws:iam/role:Role"
SECRET = "aws:secretsmanager/secret:Secret"
DEFAULT_GROUP = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
PARAMETERS = "aws:rds/parameterGroup:ParameterGroup"

ALL_LOCKED = dict.fromkeys(("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"), True)
TAKEN = {"Effect": "Allow", "Principal": {"Service": "backup.amazonaws.com"}, "Action": "sts:AssumeRole"}
TLS_ONLY = {"Effect": "Deny", "Principal": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
KEPT = {"deletionProtection": True, "finalSnapshotIdentifier": "last", "backupRetentionPeriod": 7}


def policy(*statements: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: str, resource: str, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": [action], "Resource": [resource], **more}


def task(**container: Any) -> dict[str, Any]:
    return {"containerDefinitions": json.dumps([{"name": "web", "image": ECR, **container}])}


def environment(name: str, value: str) -> dict[str, Any]:
    return task(environment=[{"name": name, "value": value}])


EFS = {"name": "data", "efsVolumeConfiguration": {"transitEncryption": "ENABLED"}}
PLAIN_EFS = {"name": "data", "efsVolumeConfiguration": {"transitEncryption": "DISABLED"}}
OPEN = {"ipProtocol": "tcp", "cidrIpv4": "0.0.0.0/0"}

CASES: list[tuple[str, str, Mapping[str, Any], Mapping[str, Any], str]] = [
    ("no-public-store", DATABASE, {"publiclyAccessible": False}, {"publiclyAccessible": True}, "public address"),
    ("no-public-store", LOCKS, ALL_LOCKED, {**ALL_LOCKED, "blockPublicPolicy": False}, "blockPublicPolicy is False"),
    ("no-public-store", LOCKS, ALL_LOCKED, {}, "restrictPublicBuckets is None"),
    (
        "no-public-store",
        BUCKET_POLICY,
        {"policy": policy(TLS_ONLY)},
        {"policy": policy(TLS_ONLY, allow("s3:GetObject", "*", Principal={"AWS": "*"}))},
        "allows everyone",
    ),
    (
        "no-public-store",
        BUCKET_POLICY,
        {"policy": policy(TLS_ONLY)},
        {"policy": policy(TLS_ONLY, allow("s3:GetObject", "*", NotPrincipal={"AWS": "arn:aws-cn:iam::1:role/x"}))},
        "allows everyone",
    ),
    (
        "no-public-store",
        INGRESS,
        {**OPEN, "fromPort": 443, "toPort": 443},
        {**OPEN, "fromPort": 5000, "toPort": 6000},
        "opens PostgreSQL (port 5432) to everyone",
    ),
    ("encrypted-at-rest", DATABASE, {"storageEncrypted": True}, {}, "storageEncrypted is None"),
    ("encrypted-at-rest", CACHE, {"atRestEncryptionEnabled": True}, {"atRestEncryptionEnabled": False}, "is False"),
    ("encrypted-at-rest", FILES, {"encrypted": True}, {"encrypted": False}, "encrypted is False"),
    (
        "encrypted-in-transit",
        CACHE,
        {"transitEncryptionEnabled": True, "authToken": "x"},
        {"transitEncryptionEnabled": True},
        "neither authToken nor userGroupIds",
    ),
    (
        "encrypted-in-transit",
        CACHE,
        {"transitEncryptionEnabled": True, "authToken": "x"},
        {"transitEncryptionEnabled": False, "authToken": "x"},
        "would not be encrypted",
    ),
    (
        "encrypted-in-transit",
        PARAMETERS,
        {"family": "postgres15", "parameters": [{"name": "rds.force_ssl", "value": "1"}]},
        {"family": "postgres15", "parameters": [{"name": "rds.force_ssl", "value": "0"}]},
        "rds.force_ssl is not 1",
    ),
    (
        "encrypted-in-transit",
        BUCKET_POLICY,
        {"policy": policy(TLS_ONLY)},
        {"policy": policy()},
        "does not refuse requests without TLS",
    ),
    (
        "encrypted-in-transit",
        TASK,
        task() | {"volumes": [EFS]},
        task() | {"volumes": [PLAIN_EFS]},
        "mounted without TLS",
    ),
    ("own-partition", ROLE_POLICY, {"role": "arn:aws-cn:iam::1:role/x"}, {"role": "arn:aws:iam::1:role/x"}, "aws-cn"),
    (
        "own-partition",
        TASK,
        environment("HOST", "db.cn-northwest-1.rds.amazonaws.com.cn"),
        environment("HOST", "db.us-east-1.rds.amazonaws.com"),
        "host name of another partition",
    ),
    (
        "own-partition",
        ROLE,
        {"assumeRolePolicy": policy({"Principal": {"Service": "ecs-tasks.amazonaws.com"}})},
        {"assumeRolePolicy": policy({"Principal": {"AWS": "arn:aws:iam::1:root"}})},
        "ARN of the partition aws",
    ),
    (
        "no-plain-secret",
        TASK,
        environment("CVAT_POSTGRES_HOST", "db"),
        environment("CVAT_POSTGRES_PASSWORD", "hunter2"),
        "gets CVAT_POSTGRES_PASSWORD in clear",
    ),
    (
        "no-plain-secret",
        TASK,
        environment("SECRET_ARN", "arn:aws-cn:secretsmanager:x"),
        environment("DATABASE", "postgres://cvat:hunter2@db/cvat"),
        "gets DATABASE in clear",
    ),
    (
        "no-plain-secret",
        MODEL,
        {"primaryContainer": {"image": ECR, "environment": {"FUNCTION": "f"}}},
        {"primaryContainer": {"image": ECR, "environment": {"HF_TOKEN": "abc"}}},
        "gets HF_TOKEN in clear",
    ),
    ("images-by-digest", TASK, task(), task(image="cvat/server:latest"), "runs 'cvat/server:latest'"),
    ("images-by-digest", TASK, task(), task(image=ECR.replace(".cn/", "/")), "no ECR image of this partition"),
    (
        "images-by-digest",
        MODEL,
        {"containers": [{"image": ECR}]},
        {"containers": [{"image": ECR.replace(DIGEST, ":v1")}]},
        "by digest",
    ),
    (
        "tagged",
        DATABASE,
        {"tags": {"project": "cvat", "stack": "team"}},
        {"tags": {"project": "cvat", "stack": "other"}},
        "lacks the tags stack=team",
    ),
    (
        "no-wildcard",
        ROLE_POLICY,
        {"policy": policy(allow("s3:GetObject", "arn:aws-cn:s3:::b/*"), allow("ecr:GetAuthorizationToken", "*"))},
        {"policy": policy(allow("s3:GetObject", "*"))},
        "s3:GetObject on every resource",
    ),
    ("no-wildcard", ROLE_POLICY, {"policy": policy()}, {"policy": policy(allow("s3:*", "arn:aws-cn:s3:::b"))}, "s3:*"),
    (
        "no-wildcard",
        ROLE_POLICY,
        {"policy": policy()},
        {"policy": policy(allow("s3:Get*", "arn:aws-cn:s3:::b"))},
        "s3:Get*",
    ),
    (
        "no-wildcard",
        ROLE_POLICY,
        {"policy": policy(allow("logs:PutLogEvents", "arn:aws-cn:logs:r:1:log-group:/one:*"))},
        {"policy": policy(allow("logs:PutLogEvents", "arn:aws-cn:logs:r:1:log-group:/*:*"))},
        "logs:PutLogEvents on 'arn:aws-cn:logs:r:1:log-group:/*:*'",
    ),
    (
        "no-wildcard",
        ROLE_POLICY,
        {"policy": policy()},
        {"policy": policy({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"})},
        "NotAction",
    ),
    (
        "own-account",
        ROLE,
        {"assumeRolePolicy": policy({**TAKEN, "Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}}})},
        {"assumeRolePolicy": policy(TAKEN)},
        "for another account",
    ),
    ("read-only-root", TASK, task(readonlyRootFilesystem=True), task(), "container web can write to its root"),
    ("read-only-root", TASK, task(readonlyRootFilesystem=True), task(readonlyRootFilesystem=False), "mount a volume"),
    ("isolated-models", MODEL, {"enableNetworkIsolation": True}, {}, "enableNetworkIsolation is not true"),
    ("closed-default-group", DEFAULT_GROUP, {"ingress": [], "egress": []}, {"egress": [OPEN]}, "it has egress rules"),
    ("stores-kept", DATABASE, KEPT, {**KEPT, "deletionProtection": False}, "one API call could delete"),
    ("stores-kept", DATABASE, KEPT, {**KEPT, "skipFinalSnapshot": True}, "no final snapshot"),
    ("stores-kept", DATABASE, KEPT, {**KEPT, "backupRetentionPeriod": 0}, "point in time"),
    ("stores-kept", CACHE, {"finalSnapshotIdentifier": "last"}, {}, "deleting it would leave no snapshot"),
    ("stores-kept", "aws:s3/bucket:Bucket", {"forceDestroy": False}, {"forceDestroy": True}, "delete all objects"),
    ("stores-kept", SECRET, {"recoveryWindowInDays": 7}, {"recoveryWindowInDays": 0}, "could not be restored"),
]


def found(rule: str, kind: str, inputs: Mapping[str, Any], context: Context = CHINA) -> list[str]:
    return [
        violation.text for violation in violations([Resource(kind, "it", inputs)], context) if violation.rule == rule
    ]


@pytest.mark.parametrize(("rule", "kind", "good", "bad", "message"), CASES)
def test_a_rule_lets_the_good_pass_and_stops_the_bad(
    rule: str, kind: str, good: Mapping[str, Any], bad: Mapping[str, Any], message: str
) -> None:
    assert found(rule, kind, good) == [], "the good example must pass"
    assert any(message in text for text in found(rule, kind, bad)), found(rule, kind, bad)


def test_every_rule_has_an_example() -> None:
    assert {case[0] for case in CASES} == {rule.name for rule in RULES}


def test_the_value_of_a_secret_is_never_repeated() -> None:
    (text,) = found("no-plain-secret", TASK, environment("CVAT_POSTGRES_PASSWORD", "hunter2"))
    assert "hunter2" not in text


def test_a_disposable_stack_may_lose_its_stores_but_not_its_encryption() -> None:
    disposable = Context(Region("cn-northwest-1"), "cvat", "team", disposable=True)
    assert found("stores-kept", DATABASE, {}, disposable) == []
    assert found("encrypted-at-rest", DATABASE, {}, disposable)


def test_a_shell_in_a_container_needs_a_root_that_can_be_written() -> None:
    with_exec = Context(Region("cn-northwest-1"), "cvat", "team", enable_exec=True)
    assert found("read-only-root", TASK, task(), with_exec) == [], "ECS Exec's agent would not start"


def test_a_store_that_pulumi_may_delete_is_a_fault_where_that_is_known() -> None:
    rule = next(rule for rule in RULES if rule.name == "stores-kept")
    assert any("protect is off" in text for text in rule.check(Resource(FILES, "it", {}, protect=False), CHINA))
    assert list(rule.check(Resource(FILES, "it", {}, protect=None), CHINA)) == []


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("arn:aws-cn:s3:::bucket", 0),
        ("arn:aws:s3:::bucket", 1),
        ("db.x.cn-northwest-1.rds.amazonaws.com.cn:5432", 0),
        ("db.x.cn-northwest-1.rds.amazonaws.com:5432", 1),
        ("https://s3.amazonaws.com/bucket", 1),
        ("com.amazonaws.cn-northwest-1.s3", 0),
        ("cn.com.amazonaws.cn-northwest-1.ecr.api", 0),
    ],
)
def test_another_partitions_names_are_distinguished_from_our_own(text: str, problems: int) -> None:
    names = list(foreign(text, CHINA.region))
    assert len(names) == problems, f"{text}: {names}"
