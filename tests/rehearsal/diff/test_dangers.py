"""What a reviewer must see: each danger on a document that was damaged in just that way, and its harmless neighbour."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from rehearsal.diff.judge import Limits, appeared, judged, vanished
from rehearsal.diff.model import Cost, Danger, Diff
from rehearsal.diff.price import price
from rehearsal.diff.stores import held_by
from tests.support.documents import Documents

DATABASE = "aws:rds/instance:Instance"
FILES = "aws:efs/fileSystem:FileSystem"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
ROLE = "aws:iam/role:Role"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy"
Mutation = Callable[[dict[str, Any]], None]


def of(document: dict[str, Any], kind: str) -> Iterator[dict[str, Any]]:
    return (resource for resource in document["resources"] if resource["type"] == kind)


def edit_policy(resource: dict[str, Any], change: Callable[[dict[str, Any]], None], key: str = "policy") -> None:
    content = json.loads(resource["inputs"][key])
    change(content)
    resource["inputs"][key] = json.dumps(content)


@pytest.fixture
def after(documents: Documents) -> Callable[[Mutation], Diff]:
    def compared(mutate: Mutation) -> Diff:
        head = copy.deepcopy(documents())
        mutate(head)
        return judged(documents(), head, Limits())

    return compared


After = Callable[[Mutation], Diff]


def one_danger(diff: Diff, kind: str) -> Danger:
    of_kind = [danger for danger in diff.dangers if danger.kind == kind]
    assert of_kind, [danger.text for danger in diff.dangers]
    return of_kind[0]


def test_a_store_that_loses_its_protection(after: After) -> None:
    diff = after(lambda head: next(of(head, DATABASE)).update(protect=False))
    text = one_danger(diff, "store").text
    assert text.startswith("aws:rds:Instance data-database would no longer be protected")
    assert not after(lambda head: next(of(head, ROLE)).update(protect=False)).dangers, "a role was never protected"


def test_a_store_that_would_be_replaced(after: After) -> None:
    diff = after(lambda head: next(of(head, DATABASE))["inputs"].update(username="other"))
    danger = one_danger(diff, "store")
    assert "aws:rds:Instance data-database would be REPLACED because of username" in danger.text
    followers = {change.resource.type for change in diff.changes}
    assert "aws:ecs/taskDefinition:TaskDefinition" in followers, "the new database has a new address"


def test_a_file_system_that_is_replaced_replaces_its_mounts(after: After) -> None:
    diff = after(lambda head: next(of(head, FILES))["inputs"].update(performanceMode="maxIO"))
    assert "all media would be lost" in one_danger(diff, "store").text
    replaced = {change.resource.type for change in diff.of("replaced")}
    assert {"aws:efs/mountTarget:MountTarget", "aws:efs/accessPoint:AccessPoint"} <= replaced


def test_a_store_that_would_be_deleted(after: After) -> None:
    def rename(head: dict[str, Any]) -> None:
        instance = next(of(head, DATABASE))
        instance["urn"] += "-renamed"

    assert "would be DELETED" in one_danger(after(rename), "store").text


@pytest.mark.parametrize(("content", "lost"), [("uploads", False), ("frames", False), ("media", True)])
def test_what_deployments_upload_again_is_no_store(content: str, lost: bool) -> None:
    assert bool(held_by("aws:s3/bucket:Bucket", {"cvat:content": content})) is lost, "the policy pack judges alike"


def test_an_action_more_is_a_wider_permission(after: After) -> None:
    def widen(head: dict[str, Any]) -> None:
        edit_policy(
            next(of(head, ROLE_POLICY)), lambda content: content["Statement"][-1]["Action"].append("s3:PutObject")
        )

    assert "may now do more: s3:PutObject" in one_danger(after(widen), "permission").text


def test_a_dropped_condition_is_a_wider_permission(after: After) -> None:
    def drop(content: dict[str, Any]) -> None:
        for statement in content["Statement"]:
            statement.pop("Condition", None)

    def widen(head: dict[str, Any]) -> None:
        for policy in of(head, ROLE_POLICY):
            edit_policy(policy, drop)

    assert "may now do more" in one_danger(after(widen), "permission").text


def test_a_wildcard_is_named_as_such(after: After) -> None:
    def widen(head: dict[str, Any]) -> None:
        statement = {"Effect": "Allow", "Action": "*", "Resource": "*"}
        edit_policy(next(of(head, ROLE_POLICY)), lambda content: content["Statement"].append(statement))

    dangers = after(widen).dangers
    assert any(
        "may now do more: * on every resource" in danger.text for danger in dangers if danger.kind == "permission"
    )
    assert any("it allows *: name the calls" in danger.text for danger in dangers if danger.kind == "invariant")


def test_another_principal_that_may_assume_a_role(after: After) -> None:
    def widen(head: dict[str, Any]) -> None:
        def change(content: dict[str, Any]) -> None:
            content["Statement"][0]["Principal"] = {"Service": ["ecs-tasks.amazonaws.com", "lambda.amazonaws.com"]}

        trusted = next(role for role in of(head, ROLE) if "ecs-tasks" in role["inputs"]["assumeRolePolicy"])
        edit_policy(trusted, change, "assumeRolePolicy")

    assert "lambda.amazonaws.com" in one_danger(after(widen), "permission").text


def test_a_lost_denial_is_a_wider_permission(after: After) -> None:
    def widen(head: dict[str, Any]) -> None:
        edit_policy(next(of(head, BUCKET_POLICY)), lambda content: content["Statement"].clear())

    assert "no longer denies s3:*" in one_danger(after(widen), "permission").text


def test_a_permission_less_is_no_danger(after: After) -> None:
    def narrow(head: dict[str, Any]) -> None:
        edit_policy(next(of(head, ROLE_POLICY)), lambda content: content["Statement"].pop())

    assert after(narrow).dangers == ()


def test_a_port_more_is_an_opening(after: After) -> None:
    def widen(head: dict[str, Any]) -> None:
        rule = next(edge for edge in of(head, INGRESS) if edge["inputs"].get("referencedSecurityGroupId"))
        rule["inputs"]["toPort"] += 1

    assert "is opened: tcp" in one_danger(after(widen), "opening").text


def test_a_wider_source_is_an_opening_and_a_narrower_one_is_none(documents: Documents) -> None:
    narrow, wide = copy.deepcopy(documents()), copy.deepcopy(documents())
    for document, source in ((narrow, "203.0.113.0/24"), (wide, "203.0.0.0/16")):
        for rule in of(document, INGRESS):
            if "cidrIpv4" in rule["inputs"]:
                rule["inputs"]["cidrIpv4"] = source
    assert "lets in more than 203.0.113.0/24" in one_danger(judged(narrow, wide, Limits()), "opening").text
    assert judged(wide, narrow, Limits()).dangers == ()


def test_a_broken_invariant_is_reported_once_and_an_old_one_not_again(documents: Documents) -> None:
    bad = copy.deepcopy(documents())
    next(of(bad, DATABASE))["inputs"]["publiclyAccessible"] = True
    danger = one_danger(judged(documents(), bad, Limits()), "invariant")
    assert "publiclyAccessible is true" in danger.text
    assert judged(bad, bad, Limits()).dangers == ()


@pytest.mark.parametrize(("after_cost", "dangerous"), [(119.0, False), (121.0, True), (50.0, False)])
def test_a_cost_that_rises_by_more_than_its_share(documents: Documents, after_cost: float, dangerous: bool) -> None:
    diff = judged(documents(), documents(), Limits(cost_share=0.2), lambda *_: Cost(100.0, after_cost))
    assert [danger.kind for danger in diff.dangers] == (["cost"] if dangerous else [])


def test_a_larger_database_costs_more_by_the_reports_own_prices(documents: Documents) -> None:
    larger = copy.deepcopy(documents())
    next(of(larger, DATABASE))["inputs"]["allocatedStorage"] *= 100
    cost = price(documents(), larger)
    assert 0 < cost.before < cost.after


def test_stacks_that_come_and_go(documents: Documents) -> None:
    assert {change.kind for change in appeared(documents()).changes} == {"added"}
    assert appeared(documents()).dangers == ()
    (danger,) = vanished("old", documents()).dangers
    assert "Pulumi.old.yaml is gone" in danger.text
