"""Mutations of what the policy pack guards, and of tags and partitions as the account shows them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

from rehearsal import Rehearsal
from rehearsal.checks import partition, policy_rules, stack_tags
from tests.support.mutations.table import allow, noticed_by, record, swap

DATABASE, CACHE = "aws:rds/instance:Instance", "aws:elasticache/replicationGroup:ReplicationGroup"
FILES, VPC = "aws:efs/fileSystem:FileSystem", "aws:ec2/vpc:Vpc"
TASK, ROLE_POLICY = "aws:ecs/taskDefinition:TaskDefinition", "aws:iam/rolePolicy:RolePolicy"

GROUP, MODEL, ROLE = (
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
    "aws:sagemaker/model:Model",
    "aws:iam/role:Role",
)

WRITABLE = json.dumps([{"name": "ui", "image": "nginx:latest", "readonlyRootFilesystem": False}])
OPEN_TRUST = json.dumps(
    {
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ]
    }
)
LEAK = json.dumps([{"name": "ui", "image": "nginx:latest", "environment": [{"name": "API_TOKEN", "value": "abc"}]}])
EVERYTHING = json.dumps({"Statement": [allow("s3:GetObject")]})

BROKEN: Mapping[str, tuple[str, str, dict[str, Any], str]] = {
    "no-public-store": (DATABASE, "data-database", {"publiclyAccessible": True}, "publiclyAccessible is true"),
    "encrypted-at-rest": (FILES, "data-files", {"encrypted": False}, "encrypted is False"),
    "encrypted-in-transit": (
        CACHE,
        "data-redis",
        {"transitEncryptionEnabled": False},
        "Redis would not be encrypted",
    ),
    "own-partition": (
        VPC,
        "network",
        {"peer": "arn:aws:ec2:::vpc/x"},
        "is an ARN of the partition aws; this is aws-cn",
    ),
    "no-plain-secret": (TASK, "cvat-ui", {"containerDefinitions": LEAK}, "container ui gets API_TOKEN in clear"),
    "images-by-digest": (TASK, "cvat-ui", {"containerDefinitions": LEAK}, "container ui runs 'nginx:latest'"),
    "tagged": (VPC, "network", {"tags": {"project": "cvat"}}, "it lacks the tags stack=cn-northwest-1"),
    "no-wildcard": (ROLE_POLICY, "inference-models", {"policy": EVERYTHING}, "s3:GetObject on every resource"),
    "read-only-root": (TASK, "cvat-ui", {"containerDefinitions": WRITABLE}, "can write to its root file system"),
    "isolated-models": (MODEL, "inference", {"enableNetworkIsolation": False}, "could send pictures anywhere"),
    "closed-default-group": (
        GROUP,
        "network",
        {"ingress": [{"protocol": "-1", "fromPort": 0, "toPort": 0, "self": True}]},
        "it has ingress rules",
    ),
    "own-account": (ROLE, "inference-models", {"assumeRolePolicy": OPEN_TRUST}, "may take it for another account"),
    "stores-kept": (DATABASE, "data-database", {"deletionProtection": False}, "one API call could delete the database"),
}
"""By rule of the policy pack: a resource, what its program asks for wrongly, and what is said of it."""


def _broken(rule: str, token: str, name: str, inputs: dict[str, Any], says: str) -> None:
    def do(on: Rehearsal, undo: ExitStack) -> None:
        old = record(on, token, name)
        swap(on, undo, old, inputs={**old.inputs, **inputs})

    do.__name__ = f"the_program_breaks_{rule}"
    noticed_by(policy_rules.rules, f"{token} '{name}': ", says, f"({rule})")(do)


for _rule, (_token, _name, _inputs, _says) in BROKEN.items():
    _broken(_rule, _token, _name, _inputs, _says)


@noticed_by(policy_rules.rules, "aws:efs/fileSystem:FileSystem 'data-files': Pulumi's option protect is off")
def a_store_can_be_deleted_by_a_slip(on: Rehearsal, undo: ExitStack) -> None:
    swap(on, undo, record(on, FILES, "data-files"), protect=False)


def _answered(what: str, value: str, says: str) -> None:
    def do(on: Rehearsal, undo: ExitStack) -> None:
        old = record(on, DATABASE, "data-database")
        swap(on, undo, old, outputs={**old.outputs, "endpoint": value})

    do.__name__ = f"the_account_answers_with_{what}"
    noticed_by(partition.own_partition, "aws:rds/instance:Instance 'data-database', output endpoint: ", says)(do)


_answered("another_partitions_arn", "arn:aws:rds:us-east-1:1:db:x", "is an ARN of the partition aws; this is aws-cn.")
_answered("another_partitions_host", "db.x.cn-north-1.rds.amazonaws.com", "those of aws-cn end in amazonaws.com.cn")


@noticed_by(stack_tags.tags, "aws:s3/bucket:Bucket 'inference-models': it lacks the tags", "stack=cn-northwest-1")
def a_bucket_has_lost_its_tags(on: Rehearsal, undo: ExitStack) -> None:
    client, name = on.client("s3"), record(on, "aws:s3/bucket:Bucket", "inference-models").id
    kept = client.get_bucket_tagging(Bucket=name)["TagSet"]
    client.put_bucket_tagging(Bucket=name, Tagging={"TagSet": [{"Key": "project", "Value": "cvat"}]})
    undo.callback(client.put_bucket_tagging, Bucket=name, Tagging={"TagSet": kept})


@noticed_by(stack_tags.tags, "aws:kms/key:Key 'alarms': it lacks the tags managed-by=pulumi")
def a_key_lacks_the_providers_default_tags(on: Rehearsal, undo: ExitStack) -> None:
    client, key = on.client("kms"), record(on, "aws:kms/key:Key", "alarms").id
    client.untag_resource(KeyId=key, TagKeys=["managed-by"])
    undo.callback(client.tag_resource, KeyId=key, Tags=[{"TagKey": "managed-by", "TagValue": "pulumi"}])
