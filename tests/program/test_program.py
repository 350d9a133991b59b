"""The whole program, in every stack: claims about all resources that nobody can forget to keep."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from rehearsal import Rehearsal

STACKS = ["cn-northwest-1", "cn-north-1", "ap-northeast-1"]
Rehearse = Callable[..., Rehearsal]


@pytest.fixture(scope="module", params=STACKS)
def stack(request: pytest.FixtureRequest, rehearsed: Rehearse) -> Rehearsal:
    done = rehearsed(request.param)
    assert done.error is None, done.error
    return done


def texts(value: Any) -> list[str]:
    """Every text in a nested value."""
    if isinstance(value, dict):
        return [text for item in value.items() for text in texts(list(item))]
    if isinstance(value, (list, tuple)):
        return [text for item in value for text in texts(item)]
    return [value] if isinstance(value, str) else []


def containers(done: Rehearsal) -> list[dict[str, Any]]:
    definitions = done.of_type("aws:ecs/taskDefinition:TaskDefinition")
    return [container for record in definitions for container in json.loads(record.inputs["containerDefinitions"])]


def test_no_input_spells_a_foreign_partition(stack: Rehearsal) -> None:
    china = stack.region.startswith("cn-")
    foreign = re.compile(r"arn:aws:|\.amazonaws\.com(?!\.cn)(/|:|$)" if china else r"aws-cn|amazonaws\.com\.cn")
    principals = re.compile(r"[a-z-]+\.amazonaws\.com$")
    guilty = [
        (record.name, text)
        for record in stack.resources
        for text in texts(dict(record.inputs))
        if foreign.search(text) and not principals.search(text) and "Statement" not in text
    ]
    assert not guilty, "a foreign partition's ARN or host name fails at once"


def test_policies_name_only_this_partitions_arns(stack: Rehearsal) -> None:
    wrong = "arn:aws:" if stack.region.startswith("cn-") else "arn:aws-cn:"
    guilty = [record.name for record in stack.resources for text in texts(dict(record.inputs)) if wrong in text]
    assert not guilty


def test_every_resource_has_one_of_our_components_as_parent(stack: Rehearsal) -> None:
    loose = [
        r.urn for r in stack.resources if not r.type.startswith(("pulumi:", "cvat:")) and "cvat:index:" not in r.urn
    ]
    assert not loose, "a loose resource is lost in the tree that `pulumi up` prints"


def test_no_two_resources_of_a_type_have_the_same_name(stack: Rehearsal) -> None:
    # Pulumi itself refuses a second registration of one URN, but the name must also be its own across parents.
    counted = Counter((r.type, r.name) for r in stack.resources if r.type.startswith("aws:"))
    twins = [pair for pair, count in counted.items() if count > 1]
    assert not twins


def test_no_secret_reaches_a_container_in_clear(stack: Rehearsal) -> None:
    made = [str(r.outputs["result"]) for r in stack.of_type("random:index/randomPassword:RandomPassword")]
    assert len(made) == 4, "PostgreSQL, Redis, Django, administrator"
    for container in containers(stack):
        plain = json.dumps(container)
        assert not any(secret in plain for secret in made), f"{container['name']} carries a secret in clear"
    assert not any("containerDefinitions" in r.secrets for r in stack.resources), "nothing secret was put in at all"


def test_every_process_of_the_server_gets_the_same_secrets_by_reference(stack: Rehearsal) -> None:
    expected = {"CVAT_POSTGRES_USER", "CVAT_POSTGRES_PASSWORD", "CVAT_REDIS_PASSWORD", "DJANGO_SECRET_KEY"}
    for container in containers(stack):
        names = {secret["name"] for secret in container["secrets"]}
        if container["name"] in ("server", "worker", "annotation-worker", "scheduler", "init"):
            assert expected <= names, f"{container['name']} cannot start"
        elif container["name"] == "queue-metrics":
            assert names == {"CVAT_REDIS_PASSWORD"}, "it looks at Redis and nothing else"
        else:
            assert not names, f"{container['name']} needs no secret"


def test_every_image_is_named_by_digest_in_the_accounts_own_registry(stack: Rehearsal) -> None:
    suffix = "amazonaws.com.cn" if stack.region.startswith("cn-") else "amazonaws.com"
    own = re.compile(rf"\d{{12}}\.dkr\.ecr\.{stack.region}\.{re.escape(suffix)}/[a-z0-9-]+@sha256:[0-9a-f]{{64}}")
    for container in containers(stack):
        assert own.fullmatch(container["image"]), f"{container['name']}: {container['image']}"


@pytest.mark.parametrize("name", STACKS)
def test_a_preview_registers_what_an_update_does_and_has_no_effect(name: str, rehearsed: Rehearse) -> None:
    update = set(rehearsed(name).registered)
    preview = rehearsed(name, preview=True)
    assert preview.error is None, preview.error
    assert set(preview.registered) == update, "a resource made inside apply is absent from every preview"
    assert not preview.client("ecs").list_clusters()["clusterArns"], "nothing is created, and no task runs"


def test_fargate_tasks_of_beijing_stay_out_of_the_zone_without_fargate(rehearsed: Rehearse) -> None:
    done = rehearsed("cn-north-1")
    ec2, ecs = done.client("ec2"), done.client("ecs")
    cluster = done.outputs["cluster"]
    services = ecs.describe_services(cluster=cluster, services=list(done.outputs["services"].values()))["services"]
    for service in services:
        ids = service["networkConfiguration"]["awsvpcConfiguration"]["subnets"]
        zones = {s["AvailabilityZoneId"] for s in ec2.describe_subnets(SubnetIds=ids)["Subnets"]}
        assert zones == {"cnn1-az1", "cnn1-az2"}, "a task in cnn1-az4 would never start"


def test_stores_are_protected_encrypted_and_private(stack: Rehearsal) -> None:
    (database,) = stack.client("rds").describe_db_instances()["DBInstances"]
    assert database["StorageEncrypted"]
    assert database["DeletionProtection"]
    assert not database["PubliclyAccessible"]
    assert database["BackupRetentionPeriod"] >= 7
    (cache,) = stack.client("elasticache").describe_replication_groups()["ReplicationGroups"]
    assert cache["TransitEncryptionEnabled"]
    assert cache["AtRestEncryptionEnabled"]
    assert cache["AuthTokenEnabled"]
    (files,) = stack.client("efs").describe_file_systems()["FileSystems"]
    assert files["Encrypted"]
    policy = json.loads(stack.client("efs").describe_file_system_policy(FileSystemId=files["FileSystemId"])["Policy"])
    assert policy["Statement"][0]["Effect"] == "Deny", "no mount without TLS"


def test_a_stack_without_auto_annotation_and_demo_files_has_nothing_for_them(rehearsed: Rehearse) -> None:
    done = rehearsed("ap-northeast-1", inferenceLayout="none", demoData="none")
    assert done.error is None, done.error
    assert not done.of_type("aws:sagemaker/endpoint:Endpoint")
    assert "gateway" not in done.outputs["services"]
    server = next(container for container in containers(done) if container["name"] == "server")
    assert {"name": "CVAT_SERVERLESS", "value": "no"} in server["environment"], "CVAT would ask a gateway"
    assert "copy-demo" not in {container["name"] for container in containers(done)}
