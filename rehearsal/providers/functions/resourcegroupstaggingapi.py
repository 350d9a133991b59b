"""Resources of all services by their tags."""

from __future__ import annotations

from typing import Any

from rehearsal.providers.functions import FunctionCall, function


@function("aws:resourcegroupstaggingapi/getResources:getResources")
def resources(call: FunctionCall) -> dict[str, Any]:
    """ARNs of resources with these tags and of these types."""
    filters = [
        {"Key": tag["key"], "Values": tag.get("values") or []} for tag in call.arguments.take("tagFilters") or []
    ]
    parameters = {"TagFilters": filters, "ResourceTypeFilters": call.arguments.take("resourceTypeFilters") or []}
    pages = call.client("resourcegroupstaggingapi").get_paginator("get_resources").paginate(**parameters)
    mappings = [mapping for page in pages for mapping in page["ResourceTagMappingList"]]
    return {
        "id": call.region,
        "region": call.region,
        "resourceTagMappingLists": [
            {
                "resourceArn": mapping["ResourceARN"],
                "tags": {tag["Key"]: tag["Value"] for tag in mapping["Tags"]},
                "complianceDetails": [],
            }
            for mapping in mappings
        ],
    }
