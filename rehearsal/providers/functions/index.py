"""Region, zones, partition, caller."""

from __future__ import annotations

from typing import Any

from rehearsal.providers.functions import FunctionCall, function


@function("aws:index/getAvailabilityZones:getAvailabilityZones")
def availability_zones(call: FunctionCall) -> dict[str, Any]:
    """Names and ids of the zones, in the order of their names."""
    filters = [{"Name": item["name"], "Values": item["values"]} for item in call.arguments.take("filters") or []]
    if state := call.arguments.take("state"):
        filters.append({"Name": "state", "Values": [state]})
    call.arguments.take("allAvailabilityZones")
    zones = call.client("ec2").describe_availability_zones(Filters=filters)["AvailabilityZones"]
    excluded = set(call.arguments.take("excludeNames") or [])
    excluded_ids = set(call.arguments.take("excludeZoneIds") or [])
    zones = [zone for zone in zones if zone["ZoneName"] not in excluded and zone["ZoneId"] not in excluded_ids]
    zones.sort(key=lambda zone: str(zone["ZoneName"]))
    return {
        "id": call.region,
        "region": call.region,
        "names": [zone["ZoneName"] for zone in zones],
        "zoneIds": [zone["ZoneId"] for zone in zones],
        "groupNames": sorted({zone.get("GroupName") or call.region for zone in zones}),
    }


@function("aws:index/getCallerIdentity:getCallerIdentity")
def caller_identity(call: FunctionCall) -> dict[str, Any]:
    """Who runs the program."""
    identity = call.client("sts").get_caller_identity()
    return {
        "id": identity["Account"],
        "accountId": identity["Account"],
        "arn": identity["Arn"],
        "userId": identity["UserId"],
    }


@function("aws:index/getRegion:getRegion")
def region(call: FunctionCall) -> dict[str, Any]:
    """The provider's region."""
    call.arguments.take("id")
    name = call.arguments.take("name") or call.region
    endpoint = call.client("ec2").meta.endpoint_url.removeprefix("https://")
    return {"id": name, "name": name, "region": name, "endpoint": endpoint, "description": name}


@function("aws:index/getPartition:getPartition")
def partition(call: FunctionCall) -> dict[str, Any]:
    """Partition and DNS suffix, as botocore's endpoint data has them."""
    client = call.client("ec2")
    suffix = client.meta.endpoint_url.partition(f"{call.region}.")[2]
    reverse = ".".join(reversed(suffix.split(".")))
    return {
        "id": client.meta.partition,
        "partition": client.meta.partition,
        "dnsSuffix": suffix,
        "reverseDnsPrefix": reverse,
        "region": call.region,
    }
