"""stack_tags.py: a resource's own tags win over the provider's default tags, but not over project and stack."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from rehearsal.checks import stack_tags

DEFAULTS = {"managed-by": "pulumi", "team": "platform"}
STACK = {"project": "cvat", "stack": "prod"}
RIGHT = {**DEFAULTS, **STACK}


def findings(monkeypatch: pytest.MonkeyPatch, asked: dict[str, str], present: dict[str, str]) -> tuple[str, ...]:
    """Of a topic for which the program asked for tags, and that has others in the account."""
    record: Any = SimpleNamespace(type="aws:sns/topic:Topic", name="alarms", tags=asked)
    config = SimpleNamespace(default_tags=DEFAULTS)
    rehearsal: Any = SimpleNamespace(config=config, project="cvat", stack="prod", resources=[record])
    monkeypatch.setattr(stack_tags, "read", lambda *_: present)
    return stack_tags.tags(rehearsal).findings


def test_a_tag_of_the_stack_with_the_name_of_a_default_tag_is_right(monkeypatch: pytest.MonkeyPatch) -> None:
    own = {**RIGHT, "team": "vision"}
    assert findings(monkeypatch, own, own) == ()
    assert "team=vision" in findings(monkeypatch, own, RIGHT)[0], "it did not reach the account"


def test_default_tags_project_and_stack_are_on_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    assert findings(monkeypatch, RIGHT, RIGHT) == ()
    for name, value in RIGHT.items():
        lacking = {key: tag for key, tag in RIGHT.items() if key != name}
        assert f"{name}={value}" in findings(monkeypatch, lacking, lacking)[0]
    foreign = {**RIGHT, "stack": "other"}
    assert "stack=prod" in findings(monkeypatch, foreign, foreign)[0]
