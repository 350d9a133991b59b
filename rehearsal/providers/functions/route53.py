"""Hosted zones."""

from __future__ import annotations

from typing import Any

from region import Region
from rehearsal.providers.functions import FunctionCall, function


@function("aws:route53/getZone:getZone")
def hosted_zone(call: FunctionCall) -> dict[str, Any]:
    """A hosted zone, by id."""
    zone_id = call.arguments.take("zoneId")
    answer = call.client("route53").get_hosted_zone(Id=zone_id)
    zone = answer["HostedZone"]
    return {
        "id": zone_id,
        "zoneId": zone_id,
        "arn": f"arn:{Region(call.region).partition}:route53:::hostedzone/{zone_id}",
        "name": zone["Name"].rstrip("."),
        "privateZone": zone["Config"]["PrivateZone"],
        "nameServers": answer.get("DelegationSet", {}).get("NameServers", []),
        "tags": {},
    }
