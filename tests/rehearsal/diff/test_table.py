"""What replaces a resource, and the words that depend on other rooms."""

from __future__ import annotations

import re

import pytest
from pulumi.dynamic import ResourceProvider

from components.dynamic.awake import AwakeProvider
from components.dynamic.database_rest import DatabaseRestProvider
from components.dynamic.database_start import DatabaseStartProvider
from components.dynamic.database_switch import DatabaseSwitchProvider
from components.dynamic.image_tag import ImageTagProvider
from components.dynamic.run_once import TRIGGERS, RunOnceProvider
from rehearsal.defaults import HOME
from rehearsal.diff import replacement
from rehearsal.diff.model import resources
from tests.support.documents import Documents

DATABASE = "aws:rds/instance:Instance"
CACHE = "aws:elasticache/replicationGroup:ReplicationGroup"


def test_labels_are_unique_so_that_references_lead_to_one_resource(documents: Documents) -> None:
    listed = list(resources(documents()).values())
    labels = [resource.label for resource in listed]
    twins = {
        f"{resource.title} and another are both {resource.label}"
        for resource in listed
        if labels.count(resource.label) > 1
    }
    referred = {twin for twin in twins if any(kind in twin for kind in ("rds", "elasticache", "efs", "s3:Bucket "))}
    assert referred == set(), "a store must not be mistaken for something else"


PROVIDERS: dict[str, ResourceProvider] = {
    "RunOnce": RunOnceProvider(),
    "DatabaseSwitch": DatabaseSwitchProvider(),
    "DatabaseStart": DatabaseStartProvider(),
    "DatabaseRest": DatabaseRestProvider(),
    "Awake": AwakeProvider(),
    "ImageTag": ImageTagProvider(),
}


def test_the_init_task_is_known_to_run_again_for_what_its_provider_looks_at() -> None:
    assert replacement.TRIGGERS["pulumi-python:dynamic/cvat:RunOnce"] == set(TRIGGERS)


def test_every_dynamic_resource_of_the_program_is_in_the_table() -> None:
    sources = "".join(module.read_text() for module in (HOME / "components" / "dynamic").glob("*.py"))
    declared = set(re.findall(r'\(Resource, module="cvat", name="(\w+)"\)', sources))
    assert declared == set(PROVIDERS)
    assert {f"pulumi-python:dynamic/cvat:{name}" for name in declared} == set(replacement.TRIGGERS)


@pytest.mark.parametrize("name", PROVIDERS)
def test_a_provider_sees_a_change_of_each_input_that_the_table_names(name: str) -> None:
    for key in replacement.TRIGGERS[f"pulumi-python:dynamic/cvat:{name}"]:
        assert PROVIDERS[name].diff("id", {key: ""}, {key: "other"}).changes, f"{name} does not look at {key}"


@pytest.mark.parametrize(
    ("kind", "path", "old", "new", "expected"),
    [
        (DATABASE, "instanceClass", "a", "b", False),
        (DATABASE, "engineVersion", "15", "16", False),
        (DATABASE, "allocatedStorage", 50, 100, False),
        (DATABASE, "storageEncrypted", True, False, True),
        (DATABASE, "username", "a", "b", True),
        (DATABASE, "identifier", "a", "b", True),
        (DATABASE, "tags.stack", "a", "b", False),
        (DATABASE, "region", "a", "b", True),
        (CACHE, "nodeType", "a", "b", False),
        (CACHE, "transitEncryptionEnabled", True, False, False),
        (CACHE, "atRestEncryptionEnabled", True, False, True),
        (CACHE, "engineVersion", "7.0", "7.1", False),
        (CACHE, "engineVersion", "7.1", "6.2", True),
        (CACHE, "engine", "redis", "valkey", False),
        (CACHE, "engine", "valkey", "redis", True),
        ("aws:efs/fileSystem:FileSystem", "throughputMode", "a", "b", False),
        ("aws:efs/fileSystem:FileSystem", "performanceMode", "a", "b", True),
        ("aws:efs/accessPoint:AccessPoint", "rootDirectory.path", "/a", "/b", True),
        ("aws:ecs/taskDefinition:TaskDefinition", "containerDefinitions.web.image", "a", "b", True),
        ("aws:ecs/service:Service", "desiredCount", 1, 2, False),
        ("aws:ecs/service:Service", "cluster", "a", "b", True),
        ("aws:servicediscovery/service:Service", "dnsConfig.dnsRecords.0.ttl", 10, 60, False),
        ("aws:servicediscovery/service:Service", "dnsConfig.dnsRecords.0.type", "A", "SRV", True),
        ("aws:nobody/knows:Knows", "anything", 1, 2, True),
    ],
)
def test_what_replaces_a_resource(kind: str, path: str, old: object, new: object, expected: bool) -> None:
    assert replacement.replaces(kind, path, old, new) is expected
