"""Each resource type has all its verbs, in the file of its service."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

import pytest

from rehearsal import Account
from rehearsal.providers import resource_types
from rehearsal.providers.resource import EVERY, ResourceType
from tests.support.paths import ROOT

TYPES = [kind for token, kind in resource_types().items() if token.startswith("aws:")]
TAGS_ONLY = {
    "aws:acm/certificateValidation:CertificateValidation",
    "aws:backup/selection:Selection",
    "aws:backup/vault:Vault",
    "aws:ec2/eip:Eip",
    "aws:ec2/internetGateway:InternetGateway",
    "aws:ec2/natGateway:NatGateway",
    "aws:ec2/routeTable:RouteTable",
    "aws:ec2/securityGroup:SecurityGroup",
    "aws:ecr/lifecyclePolicy:LifecyclePolicy",
    "aws:efs/accessPoint:AccessPoint",
    "aws:kms/alias:Alias",
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
    "aws:ec2/flowLog:FlowLog",
    "aws:s3/bucket:Bucket",
    "aws:scheduler/scheduleGroup:ScheduleGroup",
    "aws:secretsmanager/secretVersion:SecretVersion",
    "aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace",
    "aws:sns/topicSubscription:TopicSubscription",
}
"""Types of which nothing but the tags is changed in place here: any other change is refused by name."""


def by_token(kind: ResourceType) -> str:
    return kind.token


def module(kind: ResourceType) -> str:
    """The module of pulumi_aws that has the type."""
    return kind.token.partition(":")[2].partition("/")[0]


def defined(kind: ResourceType, verb: str) -> Path | None:
    """The file that defines a verb of the type; None: the base of all types does."""
    method = getattr(type(kind), verb)
    return None if method is getattr(ResourceType, verb) else Path(inspect.getfile(method))


def test_there_are_types() -> None:
    assert len(TYPES) > 70, "a check of nothing proves nothing"


@pytest.mark.parametrize("kind", TYPES, ids=by_token)
def test_a_type_stands_in_the_file_of_its_service_with_all_its_verbs(kind: ResourceType) -> None:
    file = Path(str(sys.modules[type(kind).__module__].__file__))
    assert file.stem.split("_")[0] == module(kind), "pulumi_aws has it in another module"
    assert type(kind).__name__ == kind.token.rpartition(":")[2], "pulumi_aws calls the class otherwise"
    for verb in ("create", "update", "delete", "retag", "replaces", "refusal_to_replace"):
        assert defined(kind, verb) in (None, file), f"{verb} is defined elsewhere"
    assert defined(kind, "create"), "how is it created?"
    assert defined(kind, "delete") or kind.delete_call, "how is it deleted?"
    assert "replace_on" in {key for base in type(kind).__mro__ for key in vars(base)}, "which inputs replace it?"


@pytest.mark.parametrize("kind", TYPES, ids=by_token)
def test_a_type_is_updated_in_place_or_replaced(kind: ResourceType) -> None:
    updated = bool(defined(kind, "update")) or kind.creation_is_put
    assert updated + (kind.replace_on == EVERY) + (kind.token in TAGS_ONLY) == 1, "one of the three, and one only"


def test_what_is_lost_for_good_is_named() -> None:
    holders = {kind.token.partition(":")[2] for kind in resource_types().values() if kind.holds}
    assert holders == {
        "rds/instance:Instance",
        "elasticache/replicationGroup:ReplicationGroup",
        "efs/fileSystem:FileSystem",
        "s3/bucket:Bucket",
        "secretsmanager/secret:Secret",
        "kms/key:Key",
        "index/randomPassword:RandomPassword",
    }


def test_functions_are_answered_before_any_resource_is_registered() -> None:
    code = (
        "from rehearsal import Account; from rehearsal.engine.state import State\n"
        "from rehearsal.providers.operations import AccountOperations\n"
        "with Account() as account:\n"
        "    operations = AccountOperations(account, State('one'), 'cn-north-1', {})\n"
        "    print(operations.call('aws:index/getCallerIdentity:getCallerIdentity', {})['accountId'])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.strip() == Account.id, "a program may ask before it registers anything"
