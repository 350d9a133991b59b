"""Route 53: records."""

from __future__ import annotations

from typing import Any, ClassVar

from rehearsal.engine.inputs import Inputs
from rehearsal.providers.resource import Attributes, ResourceRequest, ResourceType, words


class Record(ResourceType, token="aws:route53/record:Record"):
    """A record of a hosted zone."""

    replace_on = words("zoneId name type setIdentifier")
    creation_is_put = True
    provider_only: ClassVar = {"allowOverwrite": "decides between CREATE and UPSERT"}

    def create(self, request: ResourceRequest) -> Attributes:
        action = "UPSERT" if request.old or request.inputs.peek("allowOverwrite") else "CREATE"
        zone, record = request.inputs.take("zoneId"), _record_set(request.inputs)
        self._change(request, zone, action, record)
        name = record["Name"]
        return Attributes(f"{zone}_{name}_{record['Type']}", {"fqdn": name, "name": name})

    def delete(self, request: ResourceRequest) -> None:
        """Route 53 requires the whole record that is deleted."""
        self._change(request, request.inputs.take("zoneId"), "DELETE", _record_set(request.inputs))

    def _change(self, request: ResourceRequest, zone: str, action: str, record: dict[str, Any]) -> None:
        batch = {"Changes": [{"Action": action, "ResourceRecordSet": record}]}
        request.call("route53", "ChangeResourceRecordSets", HostedZoneId=zone, ChangeBatch=batch)


def _record_set(inputs: Inputs) -> dict[str, Any]:
    """A record as the API spells it."""
    record: dict[str, Any] = {"Name": inputs.take("name").rstrip("."), "Type": inputs.take("type")}
    if values := inputs.take("records"):
        record |= {"ResourceRecords": [{"Value": value} for value in values], "TTL": inputs.take("ttl")}
    for alias in inputs.take("aliases") or []:
        record["AliasTarget"] = {
            "DNSName": alias["name"],
            "HostedZoneId": alias["zoneId"],
            "EvaluateTargetHealth": alias["evaluateTargetHealth"],
        }
    return record
