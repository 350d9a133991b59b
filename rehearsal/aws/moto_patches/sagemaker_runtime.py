"""Bridges: calls of SageMaker endpoints, and the names by which tasks find each other."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any
from unittest import mock

from policy.rules.resource import statements
from rehearsal.aws import iam_evaluator, partitions
from rehearsal.aws.moto_patches.table import after, bridge

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


@bridge
def calls_of_endpoints(stack: ExitStack) -> None:
    """moto answers calls of endpoints that do not exist, for containers that they lack, and for roles that may not."""
    from moto.sagemakerruntime.responses import SageMakerRuntimeResponse  # noqa: PLC0415

    original = SageMakerRuntimeResponse.invoke_endpoint

    def invoke(self: Any) -> Any:
        endpoint = self.path.split("/")[2]  # /endpoints/<name>/invocations: moto reads no name where no body is a form
        container = self.headers.get(CONTAINER, "")
        role = _caller(self)
        problem = _denied(self, role, endpoint) or _missing(self, endpoint, container)
        if problem:
            return problem
        heard = self.sagemakerruntime_backend.__dict__.setdefault("heard", [])
        body = self.body.encode() if isinstance(self.body, str) else bytes(self.body or b"")
        heard.append(Invocation(endpoint, container, role, body))
        return original(self)

    stack.enter_context(mock.patch.object(SageMakerRuntimeResponse, "invoke_endpoint", invoke))


def heard(account: str, region: str) -> list[Invocation]:
    """What endpoints of a region have been called with."""
    from moto.sagemakerruntime.models import sagemakerruntime_backends  # noqa: PLC0415

    found: list[Invocation] = sagemakerruntime_backends[account][region].__dict__.get("heard", [])
    return list(found)


def _refusal(status: int, code: str, message: str) -> tuple[int, dict[str, Any], str]:
    # moto takes the status from a header of that name
    headers = {"status": status, "x-amzn-errortype": code, "Content-Type": "application/json"}
    return status, headers, json.dumps({"Message": message})


def _caller(response: Any) -> str:
    """ARN of the role that signed, by its access key."""
    from moto.sts.models import sts_backends  # noqa: PLC0415

    backend = sts_backends[response.current_account][partitions.of(response.region).name]
    found = backend.get_assumed_role_from_access_key(response.get_access_key())
    return str(found.role_arn) if found else ""


def _denied(response: Any, role: str, endpoint: str) -> Any:
    if not role:
        return None
    account, region = response.current_account, response.region
    arn = f"arn:{partitions.of(region).name}:sagemaker:{region}:{account}:endpoint/{endpoint}"
    decision = iam_evaluator.decide(
        _policies(account, region, role), iam_evaluator.Request("sagemaker:InvokeEndpoint", arn)
    )
    if decision is iam_evaluator.Decision.ALLOWED:
        return None
    message = f"User: {role} is not authorized to perform: sagemaker:InvokeEndpoint on resource: {arn}"
    return _refusal(403, "AccessDeniedException", message)


def _policies(account: str, region: str, arn: str) -> list[iam_evaluator.Statement]:
    from moto.iam.models import iam_backends  # noqa: PLC0415

    role = iam_backends[account][partitions.of(region).name].get_role_by_arn(arn)
    attached: list[Any] = list(role.managed_policies.values())
    documents = [*role.policies.values(), *(one.document for one in attached)]
    return [statement for document in documents for statement in statements(document)]


def _missing(response: Any, endpoint: str, container: str) -> Any:
    from moto.sagemaker.models import sagemaker_backends  # noqa: PLC0415

    backend = sagemaker_backends[response.current_account][response.region]
    found = backend.endpoints.get(endpoint)
    if found is None:
        message = f"Endpoint {endpoint} of account {response.current_account} not found."
        return _refusal(400, "ValidationError", message)
    config = backend.endpoint_configs[found.endpoint_config_name]
    model = backend._models[config.production_variants[0]["ModelName"]]
    containers = model.containers or [model.primary_container]
    names = [one.get("ContainerHostname", "") for one in containers]
    if len(names) > 1 and container not in names:
        message = f"Target container '{container}' is none of {', '.join(names)}."
        return _refusal(400, "ValidationError", message)
    return None


@bridge
def zones_of_private_namespaces(stack: ExitStack) -> None:
    """moto's Cloud Map makes a zone with another name, and joins it to no VPC: nobody could resolve its names."""
    from moto.route53.models import route53_backends  # noqa: PLC0415
    from moto.servicediscovery.models import ServiceDiscoveryBackend  # noqa: PLC0415

    def join(answer: str, self: Any, *args: Any, **kwargs: Any) -> str:
        namespace = list(self.namespaces.values())[-1]
        zones = route53_backends[self.account_id][partitions.of(self.region_name).name].zones
        zone = zones[namespace.dns_properties["HostedZoneId"].rpartition("/")[2]]
        zone.name = f"{namespace.name}."
        zone.add_vpc(namespace.vpc, self.region_name)
        return answer

    after(stack, ServiceDiscoveryBackend, "create_private_dns_namespace", join)
