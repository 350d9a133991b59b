"""What a stack costs, as the report estimates it, from its document alone."""

from __future__ import annotations

from rehearsal.diff.model import Cost, Document
from rehearsal.engine.state import Record
from rehearsal.report import cost
from rehearsal.report.sizes import measured


def records(document: Document) -> list[Record]:
    """Records as far as an estimate needs them; identifiers are the document's logical names."""
    listed = []
    for resource in document["resources"]:
        kind, name, inputs = resource["type"], resource["name"], resource["inputs"]
        label = f"<{kind.rpartition(':')[2]} {name}>"
        custom = not kind.startswith("cvat:")
        listed.append(Record(resource["urn"], kind, name, resource["parent"], custom, inputs, {"arn": label}, label))
    return listed


def _bill(document: Document) -> tuple[cost.Item, ...]:
    resources = records(document)
    return cost.bill(measured(resources), resources)


def price(base: Document, head: Document) -> Cost:
    """Both sides in the region's currency, or by the reference region's prices where not all of its are known."""
    bills = [_bill(document) for document in (base, head)]
    here, reference = cost.price_list(head["region"]), cost.reference()
    for prices in (here, reference):
        before, after = (cost.total(bill, prices) for bill in bills)
        if before.complete and after.complete:
            return Cost(before.amount, after.amount, prices.currency)
    return Cost(before.amount, after.amount, reference.currency, complete=False)
