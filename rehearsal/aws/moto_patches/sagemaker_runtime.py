"""SageMaker's runtime: calls of endpoints."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import botocore.exceptions
from moto.iam.models import iam_backends
from moto.moto_api._internal import mock_random
from moto.s3.models import s3_backends
from moto.sagemaker.models import sagemaker_backends
from moto.sagemakerruntime.models import sagemakerruntime_backends
from moto.sagemakerruntime.responses import SageMakerRuntimeResponse
from moto.sts.models import sts_backends

from region import Region
from rehearsal.aws import iam_evaluator
from rehearsal.aws.moto_patches.patch import Client, moto_patch, refusal, replace

_ROLE = "arn:aws-cn:iam::123456789012:role/of-a-model"
CONTAINER = "X-Amzn-SageMaker-Target-Container-Hostname"
ATTRIBUTES = "X-Amzn-SageMaker-Custom-Attributes"


@dataclass(frozen=True)
class Invocation:
    """One call of an endpoint that was let through."""

    endpoint: str
    container: str
    """Empty: none was named."""
    role: str
    """ARN of the role whose credentials signed it; empty: the operator's own."""
    body: bytes
    attributes: str
    """What the container learns beside the body: CustomAttributes."""


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
        refused = _denied(self, role, "InvokeEndpoint", endpoint) or _missing(self, endpoint, container)
        refused = refused or _of_the_other_kind(self, endpoint, asynchronous=False)
        if refused:
            return refused
        body = self.body.encode() if isinstance(self.body, str) else bytes(self.body or b"")
        calls = self.sagemakerruntime_backend.__dict__.setdefault("invocations", [])
        calls.append(Invocation(endpoint, container, role, body, self.headers.get(ATTRIBUTES, "")))
        return original(self)

    replace(stack, SageMakerRuntimeResponse, "invoke_endpoint", invoke)


def _answers_where_the_endpoint_says(client: Client) -> bool:
    s3, sagemaker = client("s3"), client("sagemaker")
    s3.create_bucket(Bucket="calls", CreateBucketConfiguration={"LocationConstraint": s3.meta.region_name})
    s3.put_object(Bucket="calls", Key="in/a", Body=b"{}")
    sagemaker.create_model(ModelName="m", ExecutionRoleArn=_ROLE)
    variant = {"VariantName": "v", "ModelName": "m", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    where = {"OutputConfig": {"S3OutputPath": "s3://calls/answers", "S3FailurePath": "s3://calls/failures"}}
    sagemaker.create_endpoint_config(EndpointConfigName="c", ProductionVariants=[variant], AsyncInferenceConfig=where)
    sagemaker.create_endpoint(EndpointName="e", EndpointConfigName="c")
    runtime = client("sagemaker-runtime")
    answer = runtime.invoke_endpoint_async(EndpointName="e", InputLocation="s3://calls/in/a", InferenceId="i")
    real_time = refusal(runtime.invoke_endpoint, EndpointName="e", Body=b"{}")
    return (answer["OutputLocation"], real_time) == ("s3://calls/answers/i.out", "ValidationError")


@moto_patch(_answers_where_the_endpoint_says)
def asynchronous_invocations(stack: ExitStack) -> None:
    """moto answers asynchronous calls in a bucket that it makes itself, for endpoints of every kind and for every role.

    API reference, InvokeEndpointAsync; SageMaker developer guide, "Asynchronous inference": answers are below
    S3OutputPath, failures below S3FailurePath, and such an endpoint takes asynchronous calls only.
    """

    def invoke(self: Any) -> Any:
        endpoint, role = self.path.split("/")[2], _caller(self)
        refused = _denied(self, role, "InvokeEndpointAsync", endpoint) or _missing(self, endpoint, "")
        refused = refused or _of_the_other_kind(self, endpoint, asynchronous=True)
        if refused:
            return refused
        body = _object(self, self.headers["X-Amzn-SageMaker-InputLocation"])
        calls = self.sagemakerruntime_backend.__dict__.setdefault("invocations", [])
        calls.append(Invocation(endpoint, "", role, body, self.headers.get(ATTRIBUTES, "")))
        inference_id = self.headers.get("X-Amzn-SageMaker-Inference-Id") or str(mock_random.uuid4())
        output = _config(self, endpoint).async_inference_config["OutputConfig"]
        folders = [output["S3OutputPath"], output.get("S3FailurePath", output["S3OutputPath"])]
        answer, failure = (f"{folder.rstrip('/')}/{inference_id}.out" for folder in folders)
        queued = self.sagemakerruntime_backend.results_queue
        _write(self, answer, (queued.pop(0)[0] if queued else "body").encode())
        headers = {"X-Amzn-SageMaker-OutputLocation": answer, "X-Amzn-SageMaker-FailureLocation": failure}
        return 202, {**headers, "status": 202}, json.dumps({"InferenceId": inference_id})

    replace(stack, SageMakerRuntimeResponse, "invoke_endpoint_async", invoke)


def _config(response: Any, endpoint: str) -> Any:
    backend = sagemaker_backends[response.current_account][response.region]
    return backend.endpoint_configs[backend.endpoints[endpoint].endpoint_config_name]


def _of_the_other_kind(response: Any, endpoint: str, *, asynchronous: bool) -> Any:
    if bool(_config(response, endpoint).async_inference_config) == asynchronous:
        return None
    right = "InvokeEndpoint" if asynchronous else "InvokeEndpointAsync"
    return _refusal(400, "ValidationError", f"Endpoint {endpoint} does not take this kind of call: use {right}.")


def _s3(response: Any, address: str) -> tuple[Any, str, str]:
    bucket, _, key = address.removeprefix("s3://").partition("/")
    return s3_backends[response.current_account][Region(response.region).partition], bucket, key


def _object(response: Any, address: str) -> bytes:
    backend, bucket, key = _s3(response, address)
    stored = backend.get_object(bucket, key)
    return bytes(stored.value) if stored else b""


def _write(response: Any, address: str, body: bytes) -> None:
    backend, bucket, key = _s3(response, address)
    backend.put_object(bucket, key, value=body)


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


def _denied(response: Any, role: str, action: str, endpoint: str) -> Any:
    if not role:
        return None
    account, region = response.current_account, Region(response.region)
    arn = region.arn("sagemaker", f"endpoint/{endpoint}", account=account)
    request = iam_evaluator.Request(f"sagemaker:{action}", arn)
    if iam_evaluator.decide(_policies(account, region, role), request) is iam_evaluator.Decision.ALLOWED:
        return None
    message = f"User: {role} is not authorized to perform: sagemaker:{action} on resource: {arn}"
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
