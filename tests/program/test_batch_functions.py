"""Functions of class batch: what AWS holds of an endpoint that sleeps while nobody uses it, and of what wakes it."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable
from typing import Any

import pytest

from rehearsal import Rehearsal
from rehearsal.checks import addresses
from rehearsal.report.sizes import measured

Rehearse = Callable[..., Rehearsal]
FUNCTION = "pth-faster-rcnn"
TOGETHER = ["openvino-person-reidentification-retail", FUNCTION, "tf-faster-rcnn-inception-v2-coco"]
STACKS = ["cn-northwest-1", "ap-northeast-1"]
SUBJECT = {"ServiceNamespace": "sagemaker", "ScalableDimension": "sagemaker:variant:DesiredInstanceCount"}


@pytest.fixture(scope="module", params=STACKS)
def stack(request: pytest.FixtureRequest, rehearsed: Rehearse) -> Rehearsal:
    return whole(rehearsed(request.param, batchFunctions=[FUNCTION]))


def whole(done: Rehearsal) -> Rehearsal:
    assert done.error is None, done.error
    assert all(verdict.ok for verdict in done.checks), [verdict for verdict in done.checks if not verdict.ok]
    return done


def environment(done: Rehearsal, kind: str) -> dict[str, str]:
    ecs = done.client("ecs")
    service = ecs.describe_services(cluster=done.outputs["cluster"], services=[done.outputs["services"][kind]])
    arn = service["services"][0]["taskDefinition"]
    (container, *_) = ecs.describe_task_definition(taskDefinition=arn)["taskDefinition"]["containerDefinitions"]
    return {variable["name"]: variable["value"] for variable in container["environment"]}


def test_it_scales_from_zero_by_what_waits(stack: Rehearsal) -> None:
    endpoint = stack.outputs["endpoints"][FUNCTION]
    resource = f"endpoint/{endpoint}/variant/all"
    scaling = stack.client("application-autoscaling")
    (target,) = scaling.describe_scalable_targets(ResourceIds=[resource], **SUBJECT)["ScalableTargets"]
    assert (target["MinCapacity"], target["MaxCapacity"]) == (0, 1)
    policies = scaling.describe_scaling_policies(ResourceId=resource, **SUBJECT)["ScalingPolicies"]
    assert sorted(policy["PolicyType"] for policy in policies) == ["StepScaling", "TargetTrackingScaling"], (
        "target tracking cannot leave zero: without an instance there is no reading"
    )
    first = next(policy for policy in policies if policy["PolicyType"] == "StepScaling")
    alarms = stack.client("cloudwatch").describe_alarms_for_metric(
        MetricName="HasBacklogWithoutCapacity",
        Namespace="AWS/SageMaker",
        Dimensions=[{"Name": "EndpointName", "Value": endpoint}],
    )["MetricAlarms"]
    assert [alarm["AlarmActions"] for alarm in alarms] == [[first["PolicyARN"]]]


def test_answers_go_to_the_stacks_own_bucket_and_are_gone_after_a_day(stack: Rehearsal) -> None:
    name = stack.outputs["batch_configs"][FUNCTION]
    config = stack.client("sagemaker").describe_endpoint_config(EndpointConfigName=name)
    path = config["AsyncInferenceConfig"]["OutputConfig"]["S3OutputPath"].removeprefix("s3://")
    rules = stack.client("s3").get_bucket_lifecycle_configuration(Bucket=path.partition("/")[0])["Rules"]
    assert [rule["Expiration"]["Days"] for rule in rules if "Expiration" in rule] == [1], "frames are people's pictures"


def test_the_other_functions_keep_their_shared_endpoint(stack: Rehearsal) -> None:
    others = {endpoint for function, endpoint in stack.outputs["endpoints"].items() if function != FUNCTION}
    assert len(others) == 1
    assert stack.outputs["endpoints"][FUNCTION] not in others


def test_the_annotation_worker_waits_at_the_second_port_and_people_at_none(stack: Rehearsal) -> None:
    worker, server = environment(stack, "annotation-worker"), environment(stack, "server")
    assert (worker["CVAT_NUCLIO_PORT"], worker["CVAT_NUCLIO_DEFAULT_TIMEOUT"]) == ("8071", "1500")
    assert server["CVAT_NUCLIO_PORT"] == "8070"
    assert "CVAT_NUCLIO_DEFAULT_TIMEOUT" not in server
    gateway = environment(stack, "gateway")
    zone = {"cn-northwest-1": "Asia/Shanghai", "ap-northeast-1": "Asia/Tokyo"}[stack.region]
    assert (gateway["BATCH_PORT"], gateway["TIME_ZONE"]) == ("8071", zone), "people are told a time of day"


def test_its_alarms_watch_what_waits_and_not_what_an_asynchronous_endpoint_lacks(stack: Rehearsal) -> None:
    endpoint = stack.outputs["endpoints"][FUNCTION]
    alarms = stack.client("cloudwatch").describe_alarms()["MetricAlarms"]
    own = {
        alarm["MetricName"]
        for alarm in alarms
        if {"Name": "EndpointName", "Value": endpoint} in alarm.get("Dimensions", [])
    }
    assert {"ApproximateAgeOfOldestRequest", "Invocation5XXErrors"} <= own
    assert "ModelLatency" not in own, "a batch call may take its time"


@pytest.mark.parametrize(
    "config",
    [
        {"batchFunctions": [FUNCTION], "inferenceBatchEndpoints": "recreated"},
        {"batchFunctions": [FUNCTION], "officeHours": "mon-fri 08:00-20:00", "inferenceIdle": "one"},
        {"batchFunctions": [FUNCTION], "mode": "asleep"},
    ],
    ids=["recreated", "hours", "asleep"],
)
def test_the_checks_hold_for_every_way_to_sleep(rehearsed: Rehearse, config: dict[str, Any]) -> None:
    whole(rehearsed("cn-north-1", **config))


def test_a_recreated_endpoint_is_deleted_in_the_evening_and_not_created_in_the_morning(rehearsed: Rehearse) -> None:
    done = whole(
        rehearsed(
            "cn-north-1",
            batchFunctions=[FUNCTION],
            inferenceBatchEndpoints="recreated",
            officeHours="mon-fri 08:00-20:00",
        )
    )
    scheduler = done.client("scheduler")
    names = [schedule["Name"] for schedule in scheduler.list_schedules()["Schedules"]]
    own = sorted(name.split(FUNCTION)[0].rpartition("sleep-")[2] for name in names if FUNCTION in name)
    assert own == ["delete-"], "the first call creates it; nobody would delete it at night, when the gateway is stopped"
    (awake,) = [record for record in done.resources if record.type.endswith(":Awake")]
    endpoints = {endpoint["name"] for endpoint in awake.inputs["endpoints"]}
    assert done.outputs["endpoints"][FUNCTION] not in endpoints, "nor does the end of office hours create it"
    assert endpoints, "those of other functions are created then"


@pytest.fixture(scope="module", params=STACKS)
def sharing(request: pytest.FixtureRequest, rehearsed: Rehearse) -> Rehearsal:
    return whole(rehearsed(request.param, batchFunctions=TOGETHER, inferenceBatchLayout="shared"))


def test_batch_functions_share_an_endpoint_that_scales_and_is_watched_once(sharing: Rehearsal) -> None:
    (endpoint,) = {sharing.outputs["endpoints"][function] for function in TOGETHER}
    assert set(sharing.outputs["batch_configs"]) == set(TOGETHER)
    (config,) = set(sharing.outputs["batch_configs"].values())
    variant = sharing.client("sagemaker").describe_endpoint_config(EndpointConfigName=config)["ProductionVariants"][0]
    model = sharing.client("sagemaker").describe_model(ModelName=variant["ModelName"])
    assert not model.get("Containers"), "an asynchronous call cannot choose one"
    alarms = sharing.client("cloudwatch").describe_alarms()["MetricAlarms"]
    own = [alarm for alarm in alarms if {"Name": "EndpointName", "Value": endpoint} in alarm.get("Dimensions", [])]
    metrics = sorted(alarm["MetricName"] for alarm in own)
    assert metrics.count("ApproximateAgeOfOldestRequest") == metrics.count("HasBacklogWithoutCapacity") == 1


def test_what_sleeps_in_a_shared_endpoint_costs_one_instance(sharing: Rehearsal) -> None:
    assert measured(sharing.resources).batch_endpoints == 1, "three functions cost what one does"


def test_an_archive_that_lacks_a_function_is_noticed(sharing: Rehearsal) -> None:
    config = sharing.outputs["batch_configs"][FUNCTION]
    client = sharing.client("sagemaker")
    variant = client.describe_endpoint_config(EndpointConfigName=config)["ProductionVariants"][0]
    address = client.describe_model(ModelName=variant["ModelName"])["PrimaryContainer"]["ModelDataUrl"]
    bucket, _, key = address.removeprefix("s3://").partition("/")
    s3 = sharing.client("s3")
    kept = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    buffer = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(kept)) as tar, tarfile.open(fileobj=buffer, mode="w:gz") as less:
        for member in tar:
            if not member.name.startswith(f"{FUNCTION}/"):
                less.addfile(member, tar.extractfile(member))
    try:
        s3.put_object(Bucket=bucket, Key=key, Body=buffer.getvalue())
        findings = addresses.exist(sharing).findings
        assert [finding for finding in findings if f"{FUNCTION}: container" in finding], findings
    finally:
        s3.put_object(Bucket=bucket, Key=key, Body=kept)


@pytest.mark.parametrize(
    "config",
    [
        {"inferenceBatchEndpoints": "recreated"},
        {"mode": "asleep"},
        {"inferenceLayout": "dedicated", "inferenceIdle": "one", "officeHours": "mon-fri 08:00-20:00"},
    ],
    ids=["recreated", "asleep", "dedicated"],
)
def test_the_checks_hold_for_a_shared_endpoint(rehearsed: Rehearse, config: dict[str, Any]) -> None:
    done = whole(rehearsed("cn-north-1", batchFunctions=TOGETHER, inferenceBatchLayout="shared", **config))
    assert len({done.outputs["endpoints"][function] for function in TOGETHER}) == 1
