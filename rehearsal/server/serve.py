"""`python -m rehearsal serve`: the emulated account for the Pulumi CLI, the AWS CLI, boto3 and cvatctl."""

from __future__ import annotations

import errno
import logging
import signal
import sys
import warnings
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import FrameType
from typing import NoReturn

import click

from rehearsal.aws.account import Account
from rehearsal.aws.faults import Scenario
from rehearsal.defaults import DEFAULT_STACK, HOME
from rehearsal.errors import UserInputError
from rehearsal.placeholders import read_stack
from rehearsal.server.service import AccountServer
from rehearsal.server.state_file import check_writable, claimed
from rehearsal.stand_ins import StandIns

PORT = 5020
ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
"""Signals after which the account is saved; the last comes when a terminal is closed."""

FAST = Scenario(polls_until_running=0, polls_until_stopped=1)
"""A task has ended when it is first asked about."""
REAL_TIME = Scenario(seconds_until_running=30, seconds_until_stopped=90)
"""Typical of a small Fargate task whose image is in ECR (rehearsal/report/durations.yaml)."""


EPILOG = """\
\b
Exit codes:
  0    it was stopped with Ctrl-C or SIGTERM, or its terminal was closed
  1    it could not start: the port is in use, or the state file or the stack is not usable
  130  it was interrupted before it served
"""


@click.command("serve", epilog=EPILOG)
@click.option("--stack", default=DEFAULT_STACK, show_default=True, help="Whose existing resources are put there.")
@click.option("--port", type=click.IntRange(1, 65535), default=PORT, show_default=True, help="On 127.0.0.1 only.")
@click.option("--seed", default=0, show_default=True, help="Another number gives other identifiers.")
@click.option(
    "--fast/--real-time",
    default=True,
    show_default=True,
    help="Whether tasks end when they are first asked about, or a minute after they began.",
)
@click.option("--state", type=click.Path(path_type=Path, dir_okay=False), help="Keeps the account between two runs.")
def command(stack: str, port: int, seed: int, fast: bool, state: Path | None) -> int:
    """Serve the emulated account on this machine, until it is interrupted.

    Every AWS client speaks to it that has the printed variables in its environment. The page at its address shows what
    the account holds and what was called; there its clock is moved and faults are injected.
    """
    return run(stack, port, seed=seed, fast=fast, state=state, begin=_greet)


def _greet(server: AccountServer) -> None:
    sys.stdout.write(server.greeting())
    sys.stdout.flush()


def run(
    stack: str,
    port: int,
    *,
    seed: int = 0,
    fast: bool = True,
    state: Path | None = None,
    begin: Callable[[AccountServer], None] = lambda _: None,
) -> int:
    """Serve until one of ENDING; `begin` is called once the account is as it is to be."""
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # it warns whenever 17 requests arrive together
    warnings.filterwarnings("ignore", module=r"moto\.core\.serialize")  # of codes that no service has: NotImplemented
    _, configuration = read_stack(HOME, stack, {})
    with ExitStack() as opened:
        if state is not None:
            check_writable(state)
            opened.enter_context(claimed(state))
        account = opened.enter_context(Account(FAST if fast else REAL_TIME))
        server = _server(account, configuration.region, port, state)
        if state is not None and state.exists():
            server.load(state)
        else:
            account.draw(f"seed {seed}")
            server.stand_ins = StandIns(account, configuration).put()
        for number in ENDING:
            if signal.getsignal(number) is not signal.SIG_IGN:  # `nohup` ignores one for its command
                signal.signal(number, _interrupt)
        begin(server)
        try:
            server.serve()
        except KeyboardInterrupt:
            pass
        finally:
            server.end()
    return 0


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    for number in ENDING:  # a second Ctrl-C would leave the account half saved, that is: as it was before
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def _server(account: Account, region: str, port: int, state: Path | None) -> AccountServer:
    try:
        return AccountServer(account, region, port, state)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        text = f"--port {port} is in use on this machine: give another, or end what uses it."
        raise UserInputError(text) from error
