"""What a stack costs, as the report estimates it, from its document alone."""

from __future__ import annotations

from rehearsal.diff.model import Cost, Document
from rehearsal.engine.state import Record
from rehearsal.report import cost
from rehearsal.report.sizes import awake_share, measured


def records(document: Document) -> list[Record]:
    """Records as far as an estimate needs them; identifiers are the document's logical names."""
    found = []
    for one in document["resources"]:
        label = f"<{one['type'].rpartition(':')[2]} {one['name']}>"
        custom = not one["type"].startswith("cvat:")
        found.append(
            Record(one["urn"], one["type"], one["name"], one["parent"], custom, one["inputs"], {"arn": label}, label)
        )
    return found


def _bill(document: Document) -> tuple[cost.Item, ...]:
    found, sleep = records(document), document["outputs"].get("sleep", {})
    awake = awake_share(sleep.get("mode", ""), sleep.get("office_hours", ""))
    return cost.bill(measured(found, awake), found)


def price(base: Document, head: Document) -> Cost:
    """Both sides in the region's currency, or by the reference region's prices where not all of its are known."""
    bills = [_bill(document) for document in (base, head)]
    here, reference = cost.place(head["region"]), cost.reference()
    for where in (here, reference):
        before, after = (cost.total(bill, where) for bill in bills)
        if before.complete and after.complete:
            return Cost(before.amount, after.amount, where.currency)
    return Cost(before.amount, after.amount, reference.currency, complete=False)
