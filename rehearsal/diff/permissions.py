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
    found = set()
    for statement in statements(document):
        if statement.get("Effect") != effect:
            continue
        condition = json.dumps(statement["Condition"], sort_keys=True) if statement.get("Condition") else ""
        principals = sorted(_principals(statement.get("Principal"))) or [""]
        for action in listed(statement.get("Action")):
            for resource in listed(statement.get("Resource", "")):
                found |= {Grant(str(action), str(resource), condition, one) for one in principals}
    return found


def _principals(value: Any) -> set[str]:
    if isinstance(value, dict):
        return {f"{kind}:{one}" if one != "*" else "*" for kind, many in value.items() for one in listed(many)}
    return {str(value)} if value else set()


def judge(base: Document, head: Document, found: Findings) -> None:
    """Compare who may do what: roles, who may take them, and policies of resources."""
    before, after = _by_subject(base), _by_subject(head)
    known = {one.title for one in resources(base).values()}
    titles = {one.label: one.title for one in resources(head).values()}
    for subject in sorted(after):
        title = titles.get(subject, subject)
        new = after[subject] - before.get(subject, set())
        new = {one for one in new if not any(old.covers(one) for old in before.get(subject, ()))}
        if not new:
            continue
        if title in known:
            found.dangers += [
                Danger("permission", title, f"{title} may now do more: {one}.") for one in sorted(new, key=str)
            ]
        else:
            found.notices.append(f"{title} is new and may: {'; '.join(sorted(map(str, new)))}.")
    found.dangers += _lost_denials(base, head)


def _by_subject(document: Document) -> dict[str, set[Grant]]:
    """Grants by the label of the role, or of the policy that lets others take it or use a resource."""
    table: dict[str, set[Grant]] = defaultdict(set)
    for one in resources(document).values():
        if one.type == IDENTITY:
            table[str(one.inputs.get("role"))] |= grants(one.inputs.get("policy"))
        elif one.type == "aws:iam/rolePolicyAttachment:RolePolicyAttachment":
            table[str(one.inputs.get("role"))].add(Grant("everything of", str(one.inputs.get("policyArn"))))
        elif one.type == ROLE:
            table[one.label] |= grants(one.inputs.get("assumeRolePolicy"))
        elif one.type in RESOURCE_POLICIES:
            table[one.label] |= grants(one.inputs.get("policy"))
    return table


def _lost_denials(base: Document, head: Document) -> Iterator[Danger]:
    news = resources(head)
    for urn, old in resources(base).items():
        if old.type not in RESOURCE_POLICIES:
            continue
        kept = grants(news[urn].inputs.get("policy"), "Deny") if urn in news else set()
        for one in sorted(grants(old.inputs.get("policy"), "Deny") - kept, key=str):
            if urn in news or _subject_stays(old, news):
                yield Danger("permission", old.title, f"{old.title} no longer denies {one}.")


def _subject_stays(policy: Resource, news: dict[str, Resource]) -> bool:
    labels = {one.label for one in news.values()}
    return any(str(value) in labels for value in policy.inputs.values())
