"""The table of scanners' findings: every promise has a rule, every setting exists, and what is written is current."""

from __future__ import annotations

from collections import Counter

import pytest
import yaml

from policy.baseline import Finding, contents, findings
from policy.rules import RULES
from settings.sections import FIELDS
from tests.support.paths import ROOT

TABLE = findings()


def test_the_page_and_checkovs_configuration_say_what_the_table_says() -> None:
    stale = [path for path, text in contents().items() if (ROOT / path).read_text(encoding="utf-8") != text]
    assert not stale, "run `make security`"


@pytest.mark.parametrize("entry", TABLE, ids=lambda entry: entry.ids[0])
def test_a_finding_has_one_answer(entry: Finding) -> None:
    assert bool(entry.rule) + bool(entry.reason) + bool(entry.setting and not entry.reason) == 1
    assert entry.kind
    assert entry.check
    if entry.rule:
        assert entry.rule in {rule.name for rule in RULES}, "nothing holds what the page promises"
    if entry.setting:
        assert entry.setting[0].removeprefix("cvat:") in FIELDS, "an operator would look for a key that is not there"


def test_no_id_has_two_answers() -> None:
    counts = Counter(name for entry in TABLE for name in entry.ids)
    assert [name for name, count in counts.items() if count > 1] == []


def test_checkov_skips_what_has_a_reason_and_nothing_that_a_rule_or_a_setting_holds() -> None:
    skipped = set(yaml.safe_load((ROOT / ".checkov.yaml").read_text(encoding="utf-8"))["skip-check"])
    assert skipped == {name for entry in TABLE if entry.reason for name in entry.checkov_ids}


def test_the_rules_of_the_baseline_are_among_the_promises() -> None:
    promised = {entry.rule for entry in TABLE}
    assert {"read-only-root", "isolated-models", "closed-default-group", "own-account"} <= promised
