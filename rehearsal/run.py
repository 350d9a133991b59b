"""One rehearsal from configuration to verdicts."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from rehearsal import checks
from rehearsal.aws.account import Account
from rehearsal.aws.faults import NO_FAULTS, Scenario
from rehearsal.engine.core import Engine, Progress
from rehearsal.engine.program import run
from rehearsal.engine.state import Failure, State
from rehearsal.errors import sentence
from rehearsal.placeholders import KEY, read_stack, stand_in
from rehearsal.result import Rehearsal

HOME = Path(__file__).resolve().parent.parent
"""The project that this package belongs to."""

DEFAULT_STACK = "cn-northwest-1"


def rehearse(  # noqa: PLR0913  (the knobs of a test; all but the stack have a default)
    stack: str = DEFAULT_STACK,
    *,
    config: Mapping[str, Any] | None = None,
    account: Account | None = None,
    scenario: Scenario = NO_FAULTS,
    project: Path = HOME,
    preview: bool = False,
    progress: Progress | None = None,
    judge: bool = True,
    placeholders: Path | None = None,
    destroy: bool = False,
) -> Rehearsal:
    """Create the stack on an emulated account and ask the checks.

    `config` overrides the stack's file (None removes a key). With `account`, an open one, the stack is rehearsed over
    what is there already, as `pulumi up` would: the result's `outcome` says what it did. With `placeholders`, a folder
    to fill, functions without a model archive get a stand-in. `destroy` runs no program and deletes all of the stack.
    Raises UserInputError for a wrong stack or configuration file; what the program or the API refuses is the result's
    `error`.
    """
    home, settings = read_stack(project, stack, config or {})
    region = settings.region
    stand_ins = stand_in(home, settings, placeholders) if placeholders else []
    if stand_ins:
        _, settings = read_stack(project, stack, {**(config or {}), KEY: str(placeholders)})
    with ExitStack() as opening:
        if account is None:
            account = opening.enter_context(Account(scenario))
        else:
            account.scenario = scenario
        state = State(stack, region) if preview else account.states.setdefault(stack, State(stack, region))
        engine = Engine(account, state, settings, preview)
        engine.progress = progress or engine.progress
        try:
            failure = None if destroy else run(home, engine)
            if failure is None and not preview:
                engine.finish()
                failure = Failure(sentence(engine.failure), engine.failed_urn) if engine.failure else None
        finally:
            account.scenario = NO_FAULTS  # what goes wrong goes wrong for the program, not for who asks afterwards
        state.settle()
        rehearsal = Rehearsal(account, home, state, settings, failure)
        rehearsal.registered = tuple(engine.seen)
        rehearsal.messages = (*engine.messages, *(f"stand-in: {name} has no model archive" for name in stand_ins))
        rehearsal.outcome = engine.deployment.outcome
        if judge and failure is None and not preview and not destroy:
            rehearsal.checks = checks.judge(rehearsal)
        rehearsal._own = opening.pop_all()
    return rehearsal
