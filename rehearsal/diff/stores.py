"""Whether a change loses data, of two documents or of a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from policy.rules.protection import can_be_made_again
from rehearsal.diff.model import Change, Danger, Diff, Document, Resource, resources
from rehearsal.engine.outcome import Outcome
from rehearsal.providers import resource_types


def held_by(resource_type: str, tags: Mapping[str, str] | None) -> str:
    """What is lost with a resource of this type for good; empty if it can be made again, such as uploaded archives."""
    if can_be_made_again(tags):
        return ""
    known = resource_types().get(resource_type)
    return known.holds if known else ""


def losses(outcome: Outcome) -> Iterator[str]:
    """A sentence for each store that a run has replaced or deleted."""
    for step in outcome.of("replaced", "deleted"):
        if data := held_by(step.record.type, step.record.inputs.get("tags")):
            because = f" because of {', '.join(step.forced_by)}" if step.forced_by else ""
            yield (
                f"{step.title} was {step.verb.upper()}{because}, and {data} with it. Keep the old value, give it "
                "`aliases` if it was only renamed, or export what it holds first."
            )


def dangers(diff: Diff, base: Document, head: Document) -> Iterator[Danger]:
    """A sentence for each store that would be replaced, deleted, left behind or no longer protected."""
    olds, news = resources(base), resources(head)
    for urn in sorted(olds.keys() & news.keys()):
        title = news[urn].title
        if held_by(news[urn].type, news[urn].tags) and olds[urn].protect and not news[urn].protect:
            text = f"{title} would no longer be protected: the next destroy or replacement deletes it. Keep `protect`."
            yield Danger("store", title, text)
    for change in diff.changes:
        if data := held_by(change.resource.type, change.resource.tags):
            yield from _lost(change, data)
    yield from _left_behind(diff, head)


def _lost(change: Change, data: str) -> Iterator[Danger]:
    title = change.resource.title
    if change.kind == "removed":
        text = (
            f"{title} would be DELETED, and {data} with it. If it was only renamed or moved, give it `aliases`; "
            "otherwise export what it holds first."
        )
        yield Danger("store", title, text)
    if change.kind == "replaced":
        causes = ", ".join(difference.path for difference in change.properties if difference.replaces)
        text = f"{title} would be REPLACED because of {causes}; {data} would be lost. Keep the old value."
        yield Danger("store", title, text)


def _left_behind(diff: Diff, head: Document) -> Iterator[Danger]:
    """Stores whose subnets are replaced."""
    groups = {change.resource.label: change for change in diff.changes if "ubnetGroup" in change.resource.type}
    for resource in resources(head).values():
        known = resource_types().get(resource.type)
        key = known.subnet_group_input if known else ""
        group = groups.get(str(resource.inputs.get(key))) if key else None
        if group is not None and _subnets_are_replaced(group):
            yield _stranded(resource, group)


def _subnets_are_replaced(group: Change) -> bool:
    follows = (difference.path == "subnetIds" and difference.follows for difference in group.properties)
    return group.kind == "replaced" or any(follows)


def _stranded(resource: Resource, group: Change) -> Danger:
    title = resource.title
    return Danger(
        "store",
        title,
        f"{title} would have to be REPLACED: the subnets of {group.resource.title} are replaced, and AWS moves no "
        "store to other subnets while it is in the old ones. The update would fail half-way, "
        f"or {held_by(resource.type, resource.tags)} be lost. Keep the network as it is, or restore a snapshot into a "
        "new stack.",
    )
