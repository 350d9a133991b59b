"""The real program: in every region, twice, beside itself, and with the mistakes that an operator makes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rehearsal import Account, Ending, Rehearsal, Scenario, rehearse
from rehearsal.console import report as shown
from rehearsal.report import stable, summary


@pytest.mark.parametrize("stack", ["cn-north-1", "ap-northeast-1"])
def test_the_other_stacks_are_created_and_every_check_holds(stack: str, tmp_path: Path) -> None:
    with rehearse(stack, placeholders=tmp_path) as rehearsal:
        assert rehearsal.error is None, str(rehearsal.error)
        assert rehearsal.ok, [verdict for verdict in rehearsal.checks if not verdict.ok]


def passwords(rehearsal: Rehearsal) -> list[str]:
    return [record.outputs["result"] for record in rehearsal.of_type("random:index/randomPassword:RandomPassword")]


def test_two_rehearsals_of_a_stack_give_the_same_result_and_show_no_secret(tmp_path: Path) -> None:
    results = []
    for _ in range(2):
        with rehearse("cn-northwest-1", placeholders=tmp_path) as rehearsal:
            assert rehearsal.ok, rehearsal.error
            ids = {record.urn: record.id for record in rehearsal.resources}
            texts = [stable.text(rehearsal), summary.text(rehearsal), "\n".join(map(str, shown(rehearsal, 0.0)))]
            secrets = passwords(rehearsal)
            results.append((ids, texts))
    assert results[0][0] == results[1][0], "identifiers must not depend on timing"
    assert results[0][1] == results[1][1], "reports must not depend on timing"
    assert len(secrets) > 1
    for text in results[0][1]:
        assert not [secret for secret in secrets if secret in text], "a password is shown"


def test_a_container_that_fails_ends_the_deployment_with_its_log() -> None:
    logs = ("Applying engine.0070", 'django.db.utils.ProgrammingError: relation "x" already exists')
    scenario = Scenario(containers={"init": Ending(exit_code=1, logs=logs)})
    with rehearse("cn-northwest-1", scenario=scenario) as rehearsal:
        assert rehearsal.error is not None, "a failed task must fail the deployment"
        assert "exit code 1" in rehearsal.error.message
        assert logs[1] in rehearsal.error.message, "the tail of its log must be shown"
        assert "physical name" not in rehearsal.error.message, "a log line must not be taken for AWS's refusal"
        assert rehearsal.error.trace == "", "the message says it all"
        started = [record.name for record in rehearsal.of_type("aws:ecs/service:Service")]
        assert "cvat-server" not in started, "the server must wait for the task's success"


def test_a_task_that_never_ends_is_given_up_without_waiting_for_it() -> None:
    with rehearse("cn-northwest-1", scenario=Scenario(polls_until_stopped=10**9, clock_speed=60.0)) as rehearsal:
        assert rehearsal.error is not None
        assert "minutes" in rehearsal.error.message
        assert rehearsal.account.clock.slept > 60, "the emulated clock must have gone on"


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({"vpcCidrr": "10.0.0.0/16"}, ["cvat:vpcCidrr", "cvat:vpcCidr"]),
        (
            {"privateSubnetCidrs": ["10.192.0.0/19", "10.192.96.0/19", "10.192.128.0/19"]},
            ["overlap", "10.192.0.0/19", "cvat:"],
        ),
        ({"inferenceInstanceType": "ml.c6i.xlarge"}, ["ml.c6i.xlarge", "cn-northwest-1"]),
    ],
    ids=["misspelt key", "overlapping ranges", "instance type that the region lacks"],
)
def test_a_wrong_setting_is_a_sentence_and_creates_nothing(config: dict[str, object], says: list[str]) -> None:
    with rehearse("cn-northwest-1", config=config) as rehearsal:
        assert rehearsal.error is not None, f"{config} was accepted"
        for part in says:
            assert part in rehearsal.error.message
        assert rehearsal.error.trace == "", "an operator's mistake must not show a traceback"
        assert not rehearsal.resources


def test_two_stacks_live_side_by_side_in_one_account(tmp_path: Path) -> None:
    with Account() as account:
        first = rehearse("cn-northwest-1", account=account, placeholders=tmp_path)
        second = rehearse("cn-north-1", account=account, placeholders=tmp_path, config={"aws:region": "cn-northwest-1"})
        assert second.error is None, f"the second stack collides with the first: {second.error}"
        assert first.ok
        assert second.ok, [verdict for verdict in second.checks if not verdict.ok]


def test_a_second_run_over_the_same_account_creates_nothing_again(tmp_path: Path) -> None:
    with Account() as account:
        first = rehearse("cn-northwest-1", account=account, placeholders=tmp_path, judge=False)
        before = {record.urn: record.id for record in first.resources}
        calls = len(account.calls)
        second = rehearse("cn-northwest-1", account=account, placeholders=tmp_path, judge=False)
        assert second.error is None, str(second.error)
        assert {record.urn: record.id for record in second.resources} == before
        reads = ("Describe", "Get", "List")
        changes = [call for call in account.calls[calls:] if not call.split(":")[1].startswith(reads)]
        assert not changes, "an unchanged program must change nothing"


def test_a_preview_registers_the_same_as_an_update_and_creates_nothing(tmp_path: Path) -> None:
    with rehearse("cn-northwest-1", placeholders=tmp_path, judge=False) as update:
        registered = set(update.registered)
    with rehearse("cn-northwest-1", placeholders=tmp_path, preview=True) as preview:
        assert preview.error is None, str(preview.error)
        changes = [call for call in preview.account.calls if ":Create" in call or ":Put" in call]
    assert set(preview.registered) == registered
    assert not changes, "a preview must not touch the account"
    assert json.loads(stable.text(preview))["resources"]
