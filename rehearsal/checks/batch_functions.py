"""Functions that sleep while nobody uses them: what their roles call, and whether their endpoints sleep and wake."""

from __future__ import annotations

from collections.abc import Iterator

from rehearsal.aws.iam_evaluator import Request
from rehearsal.checks import stack_queries
from rehearsal.checks.cached_query import Described
from rehearsal.result import Rehearsal

VARIANT, DIMENSION = "all", "sagemaker:variant:DesiredInstanceCount"
FIRST = "HasBacklogWithoutCapacity"
BACKLOG = "ApproximateBacklogSizePerInstance"
"""CloudWatch metrics of asynchronous endpoints (SageMaker developer guide, "Autoscale an asynchronous endpoint")."""
Needed = Iterator[tuple[Request, str]]
"""Requests that IAM must allow, each with what it is on."""


def gateway_requests(rehearsal: Rehearsal, target: Described) -> Needed:
    """What the gateway calls for a function."""
    endpoint, batch = stack_queries.arn(rehearsal, "sagemaker", f"endpoint/{target['endpoint']}"), target.get("batch")
    if batch is None:
        yield Request("sagemaker:InvokeEndpoint", endpoint), endpoint
        return
    yield Request("sagemaker:DescribeEndpoint", endpoint), endpoint
    if batch["driver"] == "asynchronous":
        for action in ("InvokeEndpointAsync", "UpdateEndpointWeightsAndCapacities"):
            yield Request(f"sagemaker:{action}", endpoint), endpoint
    else:
        config = stack_queries.arn(rehearsal, "sagemaker", f"endpoint-config/{batch['config']}")
        for action in ("InvokeEndpoint", "CreateEndpoint", "DeleteEndpoint", "AddTags"):
            yield Request(f"sagemaker:{action}", endpoint), endpoint
        yield Request("sagemaker:CreateEndpoint", config), config
    yield from _kept_in_s3(rehearsal, batch, target["endpoint"])


def _kept_in_s3(rehearsal: Rehearsal, batch: Described, endpoint: str) -> Needed:
    bucket = batch["folder"].removeprefix("s3://")
    arn = stack_queries.bucket_arn(rehearsal, bucket)
    asynchronous = batch["driver"] == "asynchronous"
    for folder in ("in", "calls") if asynchronous else ("in", "out", "used"):
        for action in ("GetObject", "PutObject"):
            yield Request(f"s3:{action}", f"{arn}/{folder}/a/b"), arn
    # To hear 404 and not 403 of an object that is not there yet (S3 API reference, GetObject).
    yield Request("s3:ListBucket", arn, {"s3:prefix": ""}), arn
    if asynchronous:
        yield Request("s3:DeleteObject", f"{arn}/calls/a/b"), arn
        for path in _answer_paths(rehearsal, endpoint):
            answers = stack_queries.bucket_arn(rehearsal, path.partition("/")[0])
            yield Request("s3:GetObject", f"{stack_queries.bucket_arn(rehearsal, path)}/a"), answers
    yield from _key(rehearsal, bucket)


def model_requests(rehearsal: Rehearsal, endpoint: str) -> Needed:
    """What SageMaker calls with a model's role for an asynchronous endpoint: it reads requests and writes answers."""
    targets = stack_queries.gateway_targets(rehearsal).values()
    folders = {target["batch"]["folder"] for target in targets if target["endpoint"] == endpoint and "batch" in target}
    for path in _answer_paths(rehearsal, endpoint):
        name = path.partition("/")[0]
        bucket = stack_queries.bucket_arn(rehearsal, name)
        for action in ("PutObject", "AbortMultipartUpload"):
            yield Request(f"s3:{action}", f"{stack_queries.bucket_arn(rehearsal, path)}/a"), bucket
        yield Request("s3:ListBucket", bucket, {"s3:prefix": ""}), bucket
        yield from _key(rehearsal, name)
        for folder in folders:
            arn = stack_queries.bucket_arn(rehearsal, folder.removeprefix("s3://"))
            yield Request("s3:GetObject", f"{arn}/in/a/b"), arn


def _answer_paths(rehearsal: Rehearsal, endpoint: str) -> list[str]:
    """Where SageMaker writes answers and failures: bucket and prefix."""
    output = stack_queries.endpoint_config(rehearsal, endpoint).get("AsyncInferenceConfig", {}).get("OutputConfig", {})
    return [output[key].removeprefix("s3://") for key in ("S3OutputPath", "S3FailurePath") if key in output]


def _key(rehearsal: Rehearsal, bucket: str) -> Needed:
    """A key of the customer's encrypts what is written to a bucket."""
    for key in stack_queries.bucket_keys(rehearsal, bucket):
        for action in ("Decrypt", "GenerateDataKey"):
            yield Request(f"kms:{action}", key), key


def problems(rehearsal: Rehearsal) -> Iterator[str]:
    """Why endpoints of batch functions could not sleep or wake. Those of a stack asleep are created as it wakes."""
    existing = {record.id for record in rehearsal.of_type("aws:sagemaker/endpoint:Endpoint")}
    for function, target in stack_queries.gateway_targets(rehearsal).items():
        if "batch" in target and target["endpoint"] in existing:
            yield from (
                f"Endpoint {target['endpoint']} of {function}: {problem}"
                for problem in _problems(rehearsal, target["endpoint"], target["batch"])
            )


def _problems(rehearsal: Rehearsal, endpoint: str, batch: Described) -> Iterator[str]:
    config = stack_queries.endpoint_config(rehearsal, endpoint)
    if config["EndpointConfigName"] != batch["config"]:
        yield f"it has configuration {config['EndpointConfigName']}, but the gateway is told {batch['config']}."
    asynchronous = "AsyncInferenceConfig" in config
    if asynchronous != (batch["driver"] == "asynchronous"):
        kind = "asynchronous" if asynchronous else "real-time"
        yield f"it is {kind}, but the gateway drives it as {batch['driver']}."
    for variant in config["ProductionVariants"] if asynchronous else ():
        model = rehearsal.client("sagemaker").describe_model(ModelName=variant["ModelName"])
        if model.get("InferenceExecutionConfig", {}).get("Mode") == "Direct":
            yield "its containers are called directly, but an asynchronous call names none (InvokeEndpointAsync)."
    if asynchronous:
        yield from _scaling_problems(rehearsal, endpoint)


def _scaling_problems(rehearsal: Rehearsal, endpoint: str) -> Iterator[str]:
    scaling = rehearsal.client("application-autoscaling")
    resource = f"endpoint/{endpoint}/variant/{VARIANT}"
    subject = {"ServiceNamespace": "sagemaker", "ScalableDimension": DIMENSION}
    targets = scaling.describe_scalable_targets(ResourceIds=[resource], **subject)["ScalableTargets"]
    if not targets:
        yield "it is registered with no scaling: it keeps its instance for ever."
        return
    policies = scaling.describe_scaling_policies(ResourceId=resource, **subject)["ScalingPolicies"]
    tracked = [
        policy["TargetTrackingScalingPolicyConfiguration"]["CustomizedMetricSpecification"]
        for policy in policies
        if policy["PolicyType"] == "TargetTrackingScaling"
    ]
    own = [{"Name": "EndpointName", "Value": endpoint}]
    if not any((spec["MetricName"], spec["Dimensions"]) == (BACKLOG, own) for spec in tracked):
        yield f"no policy follows its {BACKLOG}: it never loses its last instance."
    steps = {policy["PolicyARN"] for policy in policies if policy["PolicyType"] == "StepScaling"}
    cloudwatch = rehearsal.client("cloudwatch")
    first = cloudwatch.describe_alarms_for_metric(MetricName=FIRST, Namespace="AWS/SageMaker", Dimensions=own)
    if not any(steps & {*alarm["AlarmActions"]} for alarm in first["MetricAlarms"]):
        yield f"no alarm on its {FIRST} adds the first instance: waiting calls wait for ever."
