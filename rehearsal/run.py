"""One rehearsal from configuration to verdicts."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from rehearsal.aws.account import Account
from rehearsal.aws.faults import NO_FAULTS, Scenario
from rehearsal.checks import catalogue
from rehearsal.defaults import DEFAULT_STACK, HOME
from rehearsal.engine.core import Engine, Progress
from rehearsal.engine.program import Program, run
from rehearsal.engine.state import Failure, State
from rehearsal.errors import sentence
from rehearsal.placeholders import KEY, read_stack, stand_in, without_digest
from rehearsal.providers.operations import AccountOperations
from rehearsal.result import Rehearsal
from rehearsal.stand_ins import StandIns


def rehearse(  # noqa: PLR0913  (all but the stack have a default)
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
    """Create the stack on an emulated account and run the checks.

    `config` overrides the stack's file (None removes a key). With `account`, an open one, the stack is rehearsed over
    what exists, as `pulumi up` would: the result's `outcome` says what it did. With `placeholders`, a folder to fill,
    functions without a model archive get a stand-in. `destroy` runs no program and deletes the whole stack.
    Raises UserInputError for a wrong stack or configuration file; what the program or the API refuses is the result's
    `error`.
    """
    read, configuration = read_stack(project, stack, config or {})
    without_archive = stand_in(read, configuration, placeholders) if placeholders else []
    if without_archive:
        _, configuration = read_stack(project, stack, {**(config or {}), KEY: str(placeholders)})
    with ExitStack() as opened:
        existing: list[str] = []
        if account is None:
            account = opened.enter_context(Account(scenario))
            existing = StandIns(account, configuration, read.folder).put() if placeholders else []
        else:
            account.scenario = scenario
        region = configuration.region
        state = State(stack, region) if preview else account.states.setdefault(stack, State(stack, region))
        operations = AccountOperations(account, state, region, configuration.default_tags)
        engine = Engine(operations, state, preview=preview, progress=progress or (lambda *_: None))
        try:
            failure = None
            if not destroy:
                program = Program(read.folder, read.name, configuration.values, configuration.secrets)
                failure = run(program, engine, account.clock.join)
            if failure is None and not preview:
                engine.finish()
                failure = Failure(sentence(engine.failure), engine.failed_urn) if engine.failure else None
        finally:
            account.scenario = NO_FAULTS  # faults are for the program, not for the checks afterwards
        state.settle()
        rehearsal = Rehearsal(account, read, state, configuration, failure)
        rehearsal.registered = tuple(engine.registered)
        stand_ins = [f"stand-in: {name} has no model archive" for name in without_archive]
        stand_ins += [f"stand-in: {image} has no digest (make lock-images)" for image in without_digest(configuration)]
        rehearsal.messages = (*engine.messages, *stand_ins, *(f"stand-in: {named}" for named in existing))
        rehearsal.outcome = engine.outcome
        if judge and failure is None and not preview and not destroy:
            rehearsal.checks = catalogue.judge(rehearsal)
        rehearsal._own = opened.pop_all()
    return rehearsal
