"""SageMaker's runtime: calls of endpoints."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import botocore.exceptions
from moto.iam.models import iam_backends
from moto.sagemaker.models import sagemaker_backends
from moto.sagemakerruntime.models import sagemakerruntime_backends
from moto.sagemakerruntime.responses import SageMakerRuntimeResponse
from moto.sts.models import sts_backends

from region import Region
from rehearsal.aws import iam_evaluator
from rehearsal.aws.moto_patches.patch import Client, moto_patch, replace

CONTAINER = "X-Amzn-SageMaker-Target-Container-Hostname"


@dataclass(frozen=True)
class Invocation:
    """One call of an endpoint that was let through."""

    endpoint: str
    container: str
    """Empty: none was named."""
    role: str
    """ARN of the role whose credentials signed it; empty: the operator's own."""
    body: bytes


def _refuses_a_missing_endpoint(client: Client) -> bool:
    try:
        client("sagemaker-runtime").invoke_endpoint(EndpointName="missing", Body=b"{}")
    except botocore.exceptions.ClientError as error:
        return bool(error.response["Error"]["Code"] == "ValidationError")
    return False


@moto_patch(_refuses_a_missing_endpoint)
def refused_invocations(stack: ExitStack) -> None:
    """moto answers calls of endpoints that do not exist, for containers that they lack, and for roles that may not.

    API reference: InvokeEndpoint.
    """
    original = SageMakerRuntimeResponse.invoke_endpoint

    def invoke(self: Any) -> Any:
        endpoint = self.path.split("/")[2]  # /endpoints/<name>/invocations: moto reads no name where no body is a form
        container = self.headers.get(CONTAINER, "")
        role = _caller(self)
        refusal = _denied(self, role, endpoint) or _missing(self, endpoint, container)
        if refusal:
            return refusal
        body = self.body.encode() if isinstance(self.body, str) else bytes(self.body or b"")
        calls = self.sagemakerruntime_backend.__dict__.setdefault("invocations", [])
        calls.append(Invocation(endpoint, container, role, body))
        return original(self)

    replace(stack, SageMakerRuntimeResponse, "invoke_endpoint", invoke)


def invocations(account: str, region: str) -> list[Invocation]:
    """The calls of a region's endpoints that were let through, in their order."""
    calls: list[Invocation] = sagemakerruntime_backends[account][region].__dict__.get("invocations", [])
    return list(calls)


def _refusal(status: int, code: str, message: str) -> tuple[int, dict[str, Any], str]:
    # moto takes the status from a header of that name
    headers = {"status": status, "x-amzn-errortype": code, "Content-Type": "application/json"}
    return status, headers, json.dumps({"Message": message})


def _caller(response: Any) -> str:
    """ARN of the role that signed, by its access key."""
    backend = sts_backends[response.current_account][Region(response.region).partition]
    role = backend.get_assumed_role_from_access_key(response.get_access_key())
    return str(role.role_arn) if role else ""


def _denied(response: Any, role: str, endpoint: str) -> Any:
    if not role:
        return None
    account, region = response.current_account, Region(response.region)
    arn = region.arn("sagemaker", f"endpoint/{endpoint}", account=account)
    request = iam_evaluator.Request("sagemaker:InvokeEndpoint", arn)
    if iam_evaluator.decide(_policies(account, region, role), request) is iam_evaluator.Decision.ALLOWED:
        return None
    message = f"User: {role} is not authorized to perform: sagemaker:InvokeEndpoint on resource: {arn}"
    return _refusal(403, "AccessDeniedException", message)


def _policies(account: str, region: Region, arn: str) -> list[iam_evaluator.Statement]:
    role = iam_backends[account][region.partition].get_role_by_arn(arn)
    attached: list[Any] = list(role.managed_policies.values())
    documents = [*role.policies.values(), *(policy.document for policy in attached)]
    return [statement for document in documents for statement in iam_evaluator.statements(document)]


def _missing(response: Any, endpoint_name: str, container: str) -> Any:
    backend = sagemaker_backends[response.current_account][response.region]
    endpoint = backend.endpoints.get(endpoint_name)
    if endpoint is None:
        message = f"Endpoint {endpoint_name} of account {response.current_account} not found."
        return _refusal(400, "ValidationError", message)
    config = backend.endpoint_configs[endpoint.endpoint_config_name]
    model = backend._models[config.production_variants[0]["ModelName"]]
    containers = model.containers or [model.primary_container]
    names = [definition.get("ContainerHostname", "") for definition in containers]
    if len(names) > 1 and container not in names:
        message = f"Target container '{container}' is none of {', '.join(names)}."
        return _refusal(400, "ValidationError", message)
    return None
