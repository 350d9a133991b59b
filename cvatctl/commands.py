"""What each command does with its arguments. They return the exit code; ProblemError ends one with a sentence."""

from __future__ import annotations

import argparse
import os
import sys

from cvatctl import canary, clients, kept, logs, password, shell, status
from cvatctl import outputs as stack_outputs
from cvatctl.errors import ProblemError
from cvatctl.outputs import Outputs
from cvatctl.show import say

WELL, ATTENTION = 0, 1


def _stack(given: argparse.Namespace) -> tuple[Outputs, clients.Clients]:
    found = stack_outputs.load(given.stack, given.outputs, given.project)
    return found, clients.clients(found.region, given.profile)


def run_status(given: argparse.Namespace) -> int:
    """status"""
    found, aws = _stack(given)
    with clients.sentences():
        report = status.inspect(found, aws)
    for line in status.text(found, report):
        say(line)
    return WELL if report.ok else ATTENTION


def run_logs(given: argparse.Namespace) -> int:
    """logs"""
    start = logs.since(given.since)
    found, aws = _stack(given)
    group = found.log_group(given.service)
    with clients.sentences():
        for line in logs.lines(aws, group, start, given.filter, follow=given.follow):
            say(line)
    return WELL


def run_shell(given: argparse.Namespace) -> int:
    """shell"""
    found, aws = _stack(given)
    with clients.sentences():
        session = shell.prepare(found, aws, given.service, given.container, given.command_line)
    shell.become(session, given.profile)
    return WELL


def run_password(given: argparse.Namespace) -> int:
    """admin-password"""
    if not given.reveal and not sys.stdout.isatty():
        raise ProblemError(
            "The output is not a terminal, so the password would end up in a file or a log. Add --reveal to print it "
            "all the same, for example to pipe it into a password manager."
        )
    found, aws = _stack(given)
    with clients.sentences():
        say(password.administrator(found, aws)[1])
    return WELL


def run_smoke(given: argparse.Namespace) -> int:
    """smoke"""
    found, aws = _stack(given)
    token, user, secret = os.environ.get("CVAT_TOKEN", ""), "", ""
    if not token:
        with clients.sentences():
            user, secret = password.administrator(found, aws)
    steps = canary.smoke(given.url or found.url, user, secret, found.endpoints, _show_step, token=token)
    failed = [step for step in steps if not step.ok]
    say(f"{len(steps) - len(failed)} of {len(steps)} steps worked." if failed else f"All {len(steps)} steps worked.")
    return ATTENTION if failed else WELL


def _show_step(step: canary.Step) -> None:
    say(f"{'ok     ' if step.ok else 'FAILED '} {step.name}  ({step.seconds:.1f} s)  {step.detail}")


def run_kept(given: argparse.Namespace) -> int:
    """kept"""
    if not given.stack:
        raise ProblemError("--stack is missing: a stack that is gone can only be found by its name. Give --stack NAME.")
    parts = kept.look(given.stack, clients.clients(given.region, given.profile))
    for line in kept.text(given.stack, parts):
        say(line)
    return WELL if all(line.ok for part in parts for line in part.lines) else ATTENTION


def run_doctor(given: argparse.Namespace) -> int:
    """doctor"""
    from cvatctl import doctor  # noqa: PLC0415  (imports Pulumi, which the other commands do without)

    findings = doctor.examine(given.project, given.stack, given.profile, offline=given.offline)
    for line in doctor.text(findings, verbose=given.verbose):
        say(line)
    return ATTENTION if any(one.blocks for one in findings) else WELL


def run_import(given: argparse.Namespace) -> int:
    """import-cfn"""
    from cvatctl import adoption  # noqa: PLC0415

    with clients.sentences():
        plan = adoption.plan(given.cfn_stack, clients.clients(given.region, given.profile))
    for line in adoption.write(plan, given.directory, given.stack or "STACK"):
        say(line)
    return WELL
