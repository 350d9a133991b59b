"""Roles that exist."""

from __future__ import annotations

import re
from typing import Any

from rehearsal.providers.functions import FunctionCall, function


@function("aws:iam/getRoles:getRoles")
def roles(call: FunctionCall) -> dict[str, Any]:
    """Names of roles below a path that a regular expression matches somewhere."""
    pattern, path = call.arguments.take("nameRegex") or "", call.arguments.take("pathPrefix") or "/"
    pages = call.client("iam").get_paginator("list_roles").paginate(PathPrefix=path)
    listed = [role for page in pages for role in page["Roles"] if re.search(pattern, role["RoleName"])]
    return {
        "id": call.region,
        "names": [role["RoleName"] for role in listed],
        "arns": [role["Arn"] for role in listed],
        "nameRegex": pattern,
        "pathPrefix": path,
    }


@function("aws:iam/getRole:getRole")
def role(call: FunctionCall) -> dict[str, Any]:
    """A role with its tags."""
    name = call.arguments.take("name")
    described = call.client("iam").get_role(RoleName=name)["Role"]
    return {
        "id": name,
        "name": name,
        "arn": described["Arn"],
        "description": described.get("Description", ""),
        "path": described["Path"],
        "tags": {tag["Key"]: tag["Value"] for tag in described.get("Tags", [])},
    }
