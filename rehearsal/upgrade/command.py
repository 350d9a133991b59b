"""`python -m rehearsal upgrade --from-state export.json`: what this checkout would do to a stack that runs."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import click

import rehearsal
from rehearsal.aws.account import Account
from rehearsal.console import Progress
from rehearsal.defaults import HOME
from rehearsal.engine.outcome import Outcome
from rehearsal.engine.state import Record, State
from rehearsal.errors import UserInputError
from rehearsal.options import config_option
from rehearsal.placeholders import project_name, read_stack
from rehearsal.providers.operations import AccountOperations
from rehearsal.result import Rehearsal
from rehearsal.stand_ins import StandIns
from rehearsal.update import FINE, REFUSED, is_disposable, say
from rehearsal.upgrade.exported_state import ExportedState, read_state
from rehearsal.upgrade.seeding import Names, Seeding

PATHS_SHOWN = 8

EPILOG = """\
\b
Examples:
  pulumi stack export --file export.json && python -m rehearsal upgrade --from-state export.json
  python -m rehearsal upgrade --from-state export.json --stack production --config serverCount=3

\b
Exit codes:
  0  the update ran to its end, every check holds, and no store would be lost
  1  the upgrade could not be rehearsed: wrong command line, settings or state
  2  the update fails, a check fails after it, or a data store of a stack that is not disposable would be lost
"""


@click.command("upgrade", epilog=EPILOG)
@click.option(
    "--from-state",
    "file",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="What `pulumi stack export` has written.",
)
@click.option("--stack", default="", metavar="STACK", help="Whose settings to use (by default the state's own stack).")
@config_option
def command(file: Path, stack: str, config: Mapping[str, str]) -> int:
    """Show what this checkout would do to a running stack, from its exported state.

    What the state says exists is put into an in-memory AWS; then the checkout's program runs over it, as `pulumi up`
    would: each resource that would be created, updated, replaced or deleted, in order; what AWS would refuse; whether a
    store would be lost; and all checks afterwards. It needs no credentials and no passphrase: encrypted values are
    replaced by stand-ins, and taken to be unchanged.
    """
    exported = read_state(file, project_name(HOME))
    with tempfile.TemporaryDirectory(prefix="rehearsal-") as folder:
        result, seeding = rehearse_upgrade(exported, Account(), stack or exported.stack, config, Path(folder).resolve())
    return _show(exported, result, seeding)


def rehearse_upgrade(
    exported: ExportedState, account: Account, stack: str, config: Mapping[str, str], archives: Path
) -> tuple[Rehearsal, Seeding]:
    """Put the state into the open account and run the program over it; `archives` is a folder for stand-ins."""
    if stack != exported.stack:
        raise UserInputError(
            f"The state is of the stack '{exported.stack}', whose settings are in Pulumi.{exported.stack}.yaml. For "
            "other settings use --config KEY=VALUE."
        )
    _, configuration = read_stack(HOME, stack, config)
    _refuse_another_region(exported, configuration.region)
    fresh = _fresh_records(stack, config, archives)
    with account:
        _, configuration = read_stack(HOME, stack, config)
        StandIns(account, configuration).put()
        state = account.states.setdefault(stack, State(stack, configuration.region))
        operations = AccountOperations(account, state, configuration.region, configuration.default_tags)
        seeding = Seeding(account, state, operations, fresh)
        seeding.put(exported)
        with Progress() as progress:
            result = rehearsal.rehearse(stack, config=config, account=account, placeholders=archives, progress=progress)
    return result, seeding


def _refuse_another_region(exported: ExportedState, region: str) -> None:
    if exported.region not in ("", region):
        raise UserInputError(
            f"The state is of a stack in {exported.region}, and the settings of '{exported.stack}' say aws:region: "
            f'{region}. A stack stays in its region (docs/operations.md, "Another region"): give the state of a stack '
            f"in {region}, or set aws:region back."
        )


def _fresh_records(stack: str, config: Mapping[str, str], archives: Path) -> dict[str, Record]:
    """What this checkout's program creates from nothing: for what a state does not tell."""
    with rehearsal.rehearse(stack, config=config, placeholders=archives, judge=False) as fresh:
        if fresh.error:
            raise UserInputError(f"This checkout's program fails with the settings of {stack}: {fresh.error}")
        return {record.urn: record for record in fresh.resources}


def _show(exported: ExportedState, result: Rehearsal, seeding: Seeding) -> int:
    lost = [] if is_disposable(result) else list(rehearsal.losses(result.outcome))
    failing = [verdict for verdict in result.checks if not verdict.ok]
    custom = sum(resource.custom for resource in exported.resources)
    lines = [f"Stack {exported.stack}: {custom} resources in the state, put into an in-memory AWS."]
    if seeding.encrypted:
        lines.append(f"{len(seeding.encrypted)} encrypted values have stand-ins, and count as unchanged.")
    if exported.pending:
        lines.append(
            f"A run was interrupted while it worked on {', '.join(exported.pending)}: what became of that, only the "
            "account knows. Run `pulumi refresh`, and export the state again."
        )
    lines += ["", "In this order:", *(f"  {line}" for line in steps(result.outcome, seeding.names))]
    if result.checks:
        lines += ["", f"{len(result.checks) - len(failing)} of {len(result.checks)} checks hold afterwards."]
    lines += [f"  FAILS {verdict.name}: {finding}" for verdict in failing for finding in verdict.findings]
    lines += ["", "Stores would be lost:", *(f"  {sentence}" for sentence in lost)] if lost else []
    if result.error:
        lines += ["", f"It would not succeed. {seeding.names.real(result.error.message)}", result.error.trace]
    say(lines)
    return REFUSED if lost or not result.ok else FINE


def steps(outcome: Outcome, names: Names) -> Iterator[str]:
    """A line for each resource that would be touched, in order, and how many would not."""
    touched = [step for step in outcome.steps if step.verb != "same"]
    for number, step in enumerate(touched, 1):
        paths = list(step.forced_by or step.paths)
        more = f" and {len(paths) - PATHS_SHOWN} more" if len(paths) > PATHS_SHOWN else ""
        because = f": {', '.join(paths[:PATHS_SHOWN])}{more}" if paths else ""
        identifier = f" ({names.real(step.record.id)})" if step.verb == "deleted" and step.record.id else ""
        yield f"{number:3} {step.verb:9} {step.title}{identifier}{because}"
    yield f"{len(touched)} touched, {len(outcome.steps) - len(touched)} the same."
