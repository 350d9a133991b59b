"""Logins and images of ECR."""

from __future__ import annotations

import base64
from typing import Any

from rehearsal.providers.functions import FunctionCall, function


@function("aws:ecr/getAuthorizationToken:getAuthorizationToken")
def authorization_token(call: FunctionCall) -> dict[str, Any]:
    """How docker logs in to ECR."""
    registry = call.arguments.take("registryId")
    parameters = {"registryIds": [registry]} if registry else {}
    (data,) = call.client("ecr").get_authorization_token(**parameters)["authorizationData"]
    user, _, password = base64.b64decode(data["authorizationToken"]).decode().partition(":")
    return {
        "id": call.region,
        "authorizationToken": data["authorizationToken"],
        "expiresAt": str(data["expiresAt"]),
        "password": password,
        "proxyEndpoint": data["proxyEndpoint"],
        "userName": user,
        "region": call.region,
    }


@function("aws:ecr/getImage:getImage")
def image(call: FunctionCall) -> dict[str, Any]:
    """An image by its tag. The provider's data source fails where there is none."""
    repository, tag = call.arguments.take("repositoryName"), call.arguments.take("imageTag")
    subject = {"repositoryName": repository, "imageIds": [{"imageTag": tag}]}
    (details,) = call.client("ecr").describe_images(**subject)["imageDetails"]
    return {
        "id": details["imageDigest"],
        "imageDigest": details["imageDigest"],
        "imageTag": tag,
        "imageTags": details.get("imageTags", []),
        "registryId": details["registryId"],
        "region": call.region,
        "repositoryName": repository,
    }
