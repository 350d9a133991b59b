"""Whether a change lets somebody do more than before."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from policy.rules.resource import listed, statements
from rehearsal.diff.model import Danger, Document, Findings, Resource, resources

IDENTITY = "aws:iam/rolePolicy:RolePolicy"
ROLE = "aws:iam/role:Role"
RESOURCE_POLICIES = (
    "aws:s3/bucketPolicy:BucketPolicy",
    "aws:efs/fileSystemPolicy:FileSystemPolicy",
    "aws:sns/topicPolicy:TopicPolicy",
)


@dataclass(frozen=True)
class Grant:
    """One action on one resource, for one principal where the policy names it."""

    action: str
    resource: str
    condition: str = ""
    """JSON; empty: always."""
    principal: str = ""

    def covers(self, other: Grant) -> bool:
        """Whether this one allows all that the other does."""
        return (
            fnmatchcase(other.action.lower(), self.action.lower())
            and fnmatchcase(other.resource, _literal(self.resource))
            and (not self.condition or self.condition == other.condition)
            and self.principal in ("*", other.principal)
        )

    def __str__(self) -> str:
        where = "every resource" if self.resource == "*" else self.resource
        who = f" to {self.principal}" if self.principal else ""
        return f"{self.action or 'its role'} on {where}{who}{f' if {self.condition}' if self.condition else ''}"


def _literal(pattern: str) -> str:
    """IAM knows * and ?, but no [sets] as fnmatch does."""
    return pattern.replace("[", "[[]")


def grants(document: Any, effect: str = "Allow") -> set[Grant]:
    """All grants of a policy document."""
    allowed = set()
    for statement in statements(document):
        if statement.get("Effect") != effect:
            continue
        condition = json.dumps(statement["Condition"], sort_keys=True) if statement.get("Condition") else ""
        principals = sorted(_principals(statement.get("Principal"))) or [""]
        for action in listed(statement.get("Action")):
            for resource in listed(statement.get("Resource", "")):
                allowed |= {Grant(str(action), str(resource), condition, principal) for principal in principals}
    return allowed


def _principals(value: Any) -> set[str]:
    if isinstance(value, dict):
        return {f"{kind}:{name}" if name != "*" else "*" for kind, many in value.items() for name in listed(many)}
    return {str(value)} if value else set()


def judge(base: Document, head: Document, findings: Findings) -> None:
    """Compare who may do what: roles, who may take them, and policies of resources."""
    before, after = _by_subject(base), _by_subject(head)
    known = {resource.title for resource in resources(base).values()}
    titles = {resource.label: resource.title for resource in resources(head).values()}
    for subject in sorted(after):
        title = titles.get(subject, subject)
        new = after[subject] - before.get(subject, set())
        new = {grant for grant in new if not any(old.covers(grant) for old in before.get(subject, ()))}
        if not new:
            continue
        if title in known:
            findings.dangers += [
                Danger("permission", title, f"{title} may now do more: {grant}.") for grant in sorted(new, key=str)
            ]
        else:
            findings.notices.append(f"{title} is new and may: {'; '.join(sorted(map(str, new)))}.")
    findings.dangers += _lost_denials(base, head)


def _by_subject(document: Document) -> dict[str, set[Grant]]:
    """Grants by the label of the role, or of the policy that lets others take it or use a resource."""
    table: dict[str, set[Grant]] = defaultdict(set)
    for resource in resources(document).values():
        if resource.type == IDENTITY:
            table[str(resource.inputs.get("role"))] |= grants(resource.inputs.get("policy"))
        elif resource.type == "aws:iam/rolePolicyAttachment:RolePolicyAttachment":
            table[str(resource.inputs.get("role"))].add(Grant("everything of", str(resource.inputs.get("policyArn"))))
        elif resource.type == ROLE:
            table[resource.label] |= grants(resource.inputs.get("assumeRolePolicy"))
        elif resource.type in RESOURCE_POLICIES:
            table[resource.label] |= grants(resource.inputs.get("policy"))
    return table


def _lost_denials(base: Document, head: Document) -> Iterator[Danger]:
    news = resources(head)
    for urn, old in resources(base).items():
        if old.type not in RESOURCE_POLICIES:
            continue
        kept = grants(news[urn].inputs.get("policy"), "Deny") if urn in news else set()
        for grant in sorted(grants(old.inputs.get("policy"), "Deny") - kept, key=str):
            if urn in news or _subject_stays(old, news):
                yield Danger("permission", old.title, f"{old.title} no longer denies {grant}.")


def _subject_stays(policy: Resource, news: dict[str, Resource]) -> bool:
    labels = {resource.label for resource in news.values()}
    return any(str(value) in labels for value in policy.inputs.values())
