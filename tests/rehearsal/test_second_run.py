"""What a second run does to one resource of each kind, on a small program: as Pulumi's engine decides it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rehearsal import Account, Fault, Rehearsal, Scenario, rehearse
from rehearsal.diff.stores import losses
from rehearsal.engine.outcome import Outcome

Run = Callable[..., Rehearsal]


@pytest.fixture
def run(programs: Path) -> Iterator[Run]:
    """Run the program over what is there; the account is the test's own, and has been filled once."""
    with Account() as account:

        def once(fault: Fault | None = None, *, destroy: bool = False, **config: Any) -> Rehearsal:
            scenario = Scenario(fault=fault)
            folder = programs / "changing"
            return rehearse(
                "one",
                config=config,
                account=account,
                project=folder,
                scenario=scenario,
                judge=False,
                destroy=destroy,
            )

        first = once()
        assert first.error is None, first.error
        assert {step.verb for step in first.outcome.steps} == {"created"}
        yield once


def touched(done: Rehearsal) -> set[str]:
    assert done.error is None, done.error
    return {f"{step.verb} {step.record.name}" for step in done.outcome.steps if step.verb != "same"}


def paths(outcome: Outcome, name: str) -> tuple[str, ...]:
    return next(step.paths for step in outcome.steps if step.record.name == name)


def said(done: Rehearsal) -> list[str]:
    return str(done.client("ssm").get_parameter(Name="said")["Parameter"]["Value"]).split("; ")


def attributes(done: Rehearsal) -> dict[str, str]:
    return dict(done.client("sns").get_topic_attributes(TopicArn=done.outputs["topic"])["Attributes"])


def test_the_same_again_changes_nothing_and_calls_nothing_but_reads(run: Run) -> None:
    before = run()
    count = len(before.account.calls)
    assert touched(run()) == set()
    assert before.account.calls[count:] == []


def test_an_input_that_differs_is_changed_in_place_and_taken_back(run: Run) -> None:
    done = run(label="CVAT")
    assert touched(done) == {"updated topic"}
    assert paths(done.outcome, "topic") == ("displayName",)
    assert attributes(done)["DisplayName"] == "CVAT"
    done = run()
    assert touched(done) == {"updated topic"}
    assert attributes(done)["DisplayName"] == "", "what is no longer given goes back to the default"


def test_tags_are_set_and_removed(run: Run) -> None:
    done = run(team="sight")
    assert touched(done) == {"updated topic"}
    assert paths(done.outcome, "topic") == ("tags.team",)
    tags = done.client("sns").list_tags_for_resource(ResourceArn=done.outputs["topic"])["Tags"]
    assert tags == [{"Key": "team", "Value": "sight"}]


def test_what_the_program_ignores_stays_as_it_was(run: Run) -> None:
    assert touched(run(days=30, ignoring=True)) == set()
    assert touched(run(days=30)) == {"updated logs"}, "and is brought up to date once it is no longer ignored"


def test_a_replacement_is_made_before_the_old_one_goes_under_a_name_of_its_own(run: Run) -> None:
    done = run(path="/cvat/")
    assert touched(done) == {"replaced role", "replaced policy"}, "a policy goes with the name of its role"
    roles = [role["RoleName"] for role in done.client("iam").list_roles()["Roles"]]
    assert roles == [resource.id for resource in done.resources if resource.name == "role"]
    calls = [call for call in done.account.calls if call in ("iam:CreateRole", "iam:DeleteRole")]
    assert calls == ["iam:CreateRole", "iam:CreateRole", "iam:DeleteRole"]
    assert touched(run(path="/cvat/")) == set()


def test_a_name_of_the_programs_own_cannot_be_there_twice_so_the_old_one_goes_first(run: Run) -> None:
    done = run(description="two")
    assert touched(done) == {"replaced group", "replaced out"}, "its rule cannot outlive it"
    groups = done.client("ec2").describe_security_groups(Filters=[{"Name": "group-name", "Values": ["fixed"]}])
    (group,) = groups["SecurityGroups"]
    assert group["Description"] == "two"
    assert len(group["IpPermissionsEgress"]) == 1


def test_a_change_without_a_handler_is_an_error_with_type_and_input(run: Run) -> None:
    rule = [{"protocol": "tcp", "fromPort": 1, "toPort": 2, "cidrBlocks": ["10.0.0.0/8"]}]
    done = run(ingress=rule)
    assert done.error is not None
    assert "aws:ec2/securityGroup:SecurityGroup 'group'" in done.error.message
    assert "ingress" in done.error.message
    assert "SecurityGroup.update" in done.error.message


def test_what_is_no_longer_registered_is_deleted_unless_it_is_to_be_kept(run: Run) -> None:
    done = run(without=["topic", "kept", "logs"])
    assert touched(done) == {"deleted topic", "deleted logs", "retained kept"}
    assert done.client("sns").list_topics()["Topics"] == []
    names = [bucket["Name"] for bucket in done.client("s3").list_buckets()["Buckets"]]
    assert any(name.startswith("kept-") for name in names)
    assert touched(run()) == {"created topic", "created logs", "created kept"}, "under other names"


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"without": ["guarded", "topic"]}, ["cannot be deleted\nbecause it is protected", "pulumi state unprotect"]),
        ({"guarded": "guarded-2"}, ["unable to replace resource", "marked for protection", "bucket"]),
    ],
)
def test_what_is_protected_is_neither_deleted_nor_replaced_and_nothing_else_is(
    run: Run, config: dict[str, Any], words: list[str]
) -> None:
    done = run(**config)
    assert done.error is not None
    assert "::guarded" in done.error.message
    for word in words:
        assert word in done.error.message
    assert done.outcome.of("deleted", "replaced") == []
    names = [bucket["Name"] for bucket in done.client("s3").list_buckets()["Buckets"]]
    assert "guarded-1" in names


def test_once_it_is_unprotected_a_store_may_go_and_the_loss_is_reported(run: Run) -> None:
    done = run(disposable=True, guarded="guarded-2")
    assert touched(done) == {"replaced guarded"}
    (loss,) = losses(done.outcome)
    assert "REPLACED because of bucket" in loss
    assert "the bucket's objects" in loss


def test_a_provider_of_the_program_decides_changes_and_deletes_by_itself(run: Run) -> None:
    assert touched(run(aside="!")) == set(), "its diff says that this does not matter"
    assert touched(run(word="b")) == {"updated word"}
    done = run(word="b", kind="y")
    assert touched(done) == {"replaced word"}
    assert said(done) == ["created a", "a became b", "created b", "deleted id-x"]


@pytest.mark.parametrize("part", range(1, 6))
def test_a_fault_in_the_middle_of_an_update_leaves_nothing_that_blocks_the_next(run: Run, part: int) -> None:
    config = {"label": "CVAT", "team": "sight", "path": "/cvat/", "description": "two", "word": "b"}
    changed = run()
    start = len(changed.account.calls)
    broken = run(Fault(start + 2 * part, "ThrottlingException", "Rate exceeded"), **config)
    assert broken.error is None or "Rate exceeded" in broken.error.message
    done = run(**config)
    assert done.error is None, f"{broken.error} blocked what follows"
    assert attributes(done)["DisplayName"] == "CVAT"
    assert len(done.client("iam").list_roles()["Roles"]) == 1
    assert touched(run(**config)) == set()


def test_an_update_that_failed_half_way_is_taken_back_with_the_settings(run: Run) -> None:
    before = run()
    second, topic = len(before.account.calls) + 2, before.outputs["topic"]
    broken = run(Fault(second, "ThrottlingException", "Rate exceeded"), label="CVAT", team="sight")
    assert broken.error is not None
    half = broken.client("sns").get_topic_attributes(TopicArn=topic)["Attributes"]
    assert half["DisplayName"] == "CVAT", "the first call of the update went through"
    done = run()
    assert touched(done) == {"updated topic"}, "the account may hold what was tried"
    assert attributes(done)["DisplayName"] == ""


def test_a_stack_that_may_go_is_gone(run: Run) -> None:
    assert run(destroy=True).error is not None, "the guarded bucket is protected"
    assert touched(run(disposable=True)) == set()
    done = run(destroy=True, disposable=True)
    assert done.error is None
    assert done.resources == []
    assert done.client("iam").list_roles()["Roles"] == []
    assert [vpc["CidrBlock"] for vpc in done.client("ec2").describe_vpcs()["Vpcs"]] == ["172.31.0.0/16"]
