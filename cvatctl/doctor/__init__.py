"""`doctor`: what would make the first `pulumi up` fail, found before it takes half an hour to do so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from cvatctl.clients import Clients, clients
from cvatctl.doctor import account, backend, ingress, machine, quotas, references, stack_file
from cvatctl.doctor.finding import Case, Finding, asked

__all__ = ["Finding", "diagnose", "examine", "text"]

_ONLINE = (
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
_MARKS = {"ok": "ok      ", "advice": "advice  ", "unknown": "unknown ", "problem": "PROBLEM "}


def examine(project: Path, stack: str | None, profile: str | None, *, offline: bool) -> list[Finding]:
    """Everything that can be said of a stack before it exists. Raises ProblemError where there is no such stack."""
    case, findings = stack_file.read(project, stack)
    state = backend.address(project)
    findings += [*machine.tools(case), *backend.offline(state, case)]
    if offline or case is None:
        return findings
    return findings + list(diagnose(case, state, clients(case.region.name, profile)))


def diagnose(case: Case, state: str | None, aws: Clients) -> Iterator[Finding]:
    """What AWS says; nothing but the credentials where those are of no use."""
    who = list(account.credentials(case, aws))
    yield from who
    if any(one.blocks for one in who):
        return
    for topic, check in _ONLINE:
        yield from asked(topic, check, case, aws)
    yield from asked("state", lambda one, client: backend.online(state, one, client), case, aws)


def text(findings: Iterable[Finding], *, verbose: bool) -> Iterator[str]:
    """Lines for people: problems first."""
    order = ("problem", "unknown", "advice", "ok")
    all_found = sorted(findings, key=lambda one: order.index(one.level))
    for one in all_found:
        if one.level != "ok" or verbose:
            yield f"{_MARKS[one.level]}{one.topic}: {one.text}"
    counts = {level: sum(one.level == level for one in all_found) for level in order}
    hint = "" if verbose or not counts["ok"] else " (-v shows them)"
    yield (
        f"Problems: {counts['problem']}. Could not be checked: {counts['unknown']}. Advice: {counts['advice']}. "
        f"In order: {counts['ok']}{hint}."
    )
