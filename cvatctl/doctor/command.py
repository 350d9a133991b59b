"""The command `doctor`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from cvatctl.aws_clients import Clients, clients
from cvatctl.command import ATTENTION, OK, PROFILE, PROJECT, operator_command
from cvatctl.doctor import account, ingress, local_tools, quotas, references, stack_file, state_backend
from cvatctl.doctor.finding import Finding, PlannedStack, findings_of
from cvatctl.errors import CommandError
from cvatctl.terminal import print_line

_CHECKS = (
    ("zones", account.zones),
    ("private endpoints", account.interface_endpoints),
    ("database", account.database),
    ("Redis", account.cache),
    ("quotas", quotas.network),
    ("quotas", quotas.fargate),
    ("quotas", quotas.inference),
    ("certificate", ingress.certificate),
    ("DNS", ingress.hosted_zone),
    ("TLS policy", ingress.tls_policy),
    ("images", references.images),
    ("files in S3", references.stored_files),
)
"""Those that ask AWS."""
_LABELS = {"problem": "PROBLEM", "unknown": "unknown", "advice": "advice", "ok": "ok"}
"""By level, in the order of the output."""


@operator_command("doctor")
@click.option("--stack", metavar="NAME", help="the Pulumi stack")
@PROFILE
@PROJECT
@click.option("--offline", is_flag=True, help="only the checks that need no credentials")
@click.option("-v", "--verbose", is_flag=True, help="show the checks that passed, too")
def command(stack: str | None, profile: str | None, project: Path, offline: bool, verbose: bool) -> int:
    """Checks what the first `pulumi up` depends on.

    Reads the stack's configuration file, then (unless --offline) asks AWS about credentials, zones, instance types,
    quotas, certificate, images and the state backend. Changes nothing.

    \b
    PROBLEM: `pulumi up` would fail.
    unknown: AWS did not answer, or the call is not allowed.
    advice:  allowed, but has a consequence.
    """
    findings = examine(project, stack, profile, offline=offline)
    for line in report(findings, verbose=verbose):
        print_line(line)
    return ATTENTION if any(finding.level == "problem" for finding in findings) else OK


def examine(project: Path, stack_name: str | None, profile: str | None, *, offline: bool) -> list[Finding]:
    """All findings on a stack of a project's folder. Raises CommandError where there is no such stack."""
    stack, findings = stack_file.read(project, stack_name)
    backend = state_backend.url(project)
    findings += [*local_tools.tools(stack), *state_backend.address(backend, stack)]
    if offline or stack is None:
        return findings
    try:
        return findings + list(ask_aws(stack, backend, clients(stack.region.name, profile)))
    except CommandError as error:
        return [*findings, Finding("problem", "credentials", str(error))]


def ask_aws(stack: PlannedStack, backend: str | None, aws: Clients) -> Iterator[Finding]:
    """The findings that need AWS; only that on the credentials where those are of no use."""
    credentials = list(account.credentials(stack, aws))
    yield from credentials
    if any(finding.level == "problem" for finding in credentials):
        return
    for topic, check in _CHECKS:
        yield from findings_of(topic, check, stack, aws)
    yield from findings_of("state", state_backend.bucket(backend), stack, aws)


def report(findings: Iterable[Finding], *, verbose: bool) -> Iterator[str]:
    """Lines of the output: problems first."""
    levels = list(_LABELS)
    by_level = sorted(findings, key=lambda finding: levels.index(finding.level))
    for finding in by_level:
        if finding.level != "ok" or verbose:
            yield f"{_LABELS[finding.level]:<8}{finding.topic}: {finding.text}"
    counts = {level: sum(finding.level == level for finding in by_level) for level in levels}
    hint = "" if verbose or not counts["ok"] else " (-v shows them)"
    yield (
        f"Problems: {counts['problem']}. Could not be checked: {counts['unknown']}. Advice: {counts['advice']}. "
        f"In order: {counts['ok']}{hint}."
    )
