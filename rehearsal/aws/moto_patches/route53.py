"""Route 53."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any

from moto.route53.exceptions import ResourceRecordAlreadyExists
from moto.route53.models import Route53Backend

from rehearsal.aws.moto_patches.patch import Client, before, moto_patch, refusal


def _creates_what_is_not_there(client: Client) -> bool:
    route53 = client("route53")
    zone = route53.create_hosted_zone(Name="example.com", CallerReference="1")["HostedZone"]["Id"]

    def change(action: str, name: str, value: str = "192.0.2.1") -> str:
        record = {"Name": f"{name}.example.com", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": value}]}
        changes = {"Changes": [{"Action": action, "ResourceRecordSet": record}]}
        return refusal(route53.change_resource_record_sets, HostedZoneId=zone, ChangeBatch=changes)

    steps = [("CREATE", "a"), ("CREATE", "b"), ("DELETE", "a"), ("CREATE", "a"), ("CREATE", "a"), ("DELETE", "a")]
    answers = [change(*step) for step in steps] + [change("CREATE", "b", "192.0.2.2")]
    return answers == ["", "", "", "", "InvalidChangeBatch", "", "InvalidChangeBatch"]


@moto_patch(_creates_what_is_not_there)
def records_that_exist(stack: ExitStack) -> None:
    """moto refuses to create a record that it has once created and deleted, and lets one with other values be created.

    API reference, ChangeResourceRecordSets: CREATE creates a record "that has the specified values", and a batch with
    one that exists already is InvalidChangeBatch.
    """

    def check(self: Any, zone_id: str, changes: Sequence[Mapping[str, Any]]) -> None:
        zone = self.get_hosted_zone(zone_id)
        present = {(record.name, record.type, record.set_identifier) for record in zone.rrsets}
        for change in changes:
            record = change["ResourceRecordSet"]
            key = (f"{record['Name'].rstrip('.')}.", record["Type"], record.get("SetIdentifier"))
            if change["Action"] != "CREATE":
                continue
            if key in present:
                raise ResourceRecordAlreadyExists(name=key[0], _type=key[1])
            while change in zone.rr_changes:  # by which moto judges
                zone.rr_changes.remove(change)

    before(stack, Route53Backend, "change_resource_record_sets", check)
