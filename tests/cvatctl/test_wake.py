"""wake, and what status says of functions that sleep while nobody uses them, against a rehearsed account."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rehearsal import Rehearsal, rehearse

Run = Callable[..., tuple[int, str, str]]
FUNCTION = "pth-faster-rcnn"
OTHER = "tf-faster-rcnn-inception-v2-coco"


@pytest.fixture(scope="module", params=["asynchronous", "recreated"])
def deployed(request: pytest.FixtureRequest, archives: Path) -> Iterator[Rehearsal]:
    own = {
        "cvat:modelArchives": str(archives),
        "cvat:preset": "team",
        "cvat:batchFunctions": [FUNCTION, OTHER],
        "cvat:inferenceBatchLayout": "shared",
        "cvat:inferenceBatchEndpoints": request.param,
    }
    with rehearse("cn-north-1", config=own, judge=False) as done:
        assert done.error is None, done.error
        yield done


@pytest.fixture
def outputs(deployed: Rehearsal, tmp_path: Path) -> str:
    file = tmp_path / "outputs.json"
    file.write_text(json.dumps(deployed.outputs), encoding="utf-8")
    return str(file)


def put_to_sleep(deployed: Rehearsal) -> None:
    """As scaling or the gateway does it."""
    sagemaker, name = deployed.client("sagemaker"), deployed.outputs["endpoints"][FUNCTION]
    config = sagemaker.describe_endpoint_config(EndpointConfigName=deployed.outputs["batch_configs"][FUNCTION])
    if "AsyncInferenceConfig" in config:
        capacity = {"VariantName": "all", "DesiredInstanceCount": 0}
        sagemaker.update_endpoint_weights_and_capacities(EndpointName=name, DesiredWeightsAndCapacities=[capacity])
    else:
        sagemaker.delete_endpoint(EndpointName=name)


def test_a_sleeping_function_needs_no_attention_and_wakes_by_its_name(
    run: Run, deployed: Rehearsal, outputs: str
) -> None:
    put_to_sleep(deployed)
    lines = run("status", "--outputs", outputs)[1].splitlines()
    (line,) = [line for line in lines if "asleep: the first call wakes it" in line]
    assert line.startswith("   "), "with a ! it would need attention"
    code, out, _ = run("wake", FUNCTION, OTHER, "--outputs", outputs)
    assert (code, out.strip()) == (0, f"{FUNCTION}, {OTHER}: waking; it answers in five to ten minutes"), "once"
    endpoint = deployed.client("sagemaker").describe_endpoint(EndpointName=deployed.outputs["endpoints"][FUNCTION])
    assert endpoint["ProductionVariants"][0]["CurrentInstanceCount"] == 1
    tags = deployed.client("sagemaker").list_tags(ResourceArn=endpoint["EndpointArn"])["Tags"]
    assert {"Key": "stack", "Value": "cn-north-1"} in tags, "whoever pays finds it by the stack's tags"
    assert run("wake", FUNCTION, "--outputs", outputs)[1].strip() == f"{FUNCTION}: awake already"


def test_what_cannot_be_woken_is_said_before_anything_is(run: Run, outputs: str) -> None:
    code, _, said = run("wake", FUNCTION, "no-such", "--outputs", outputs)
    assert code == 2
    assert f"The stack has no function no-such. Batch functions: {FUNCTION}, {OTHER}." in said
    code, _, said = run("wake", "pth-shiyinzhang-iog", "--outputs", outputs)
    assert code == 2
    assert "pth-shiyinzhang-iog never sleeps" in said


def test_no_function_of_a_stack_asleep_is_woken(run: Run, deployed: Rehearsal, outputs: str) -> None:
    ecs, cluster = deployed.client("ecs"), deployed.outputs["cluster"]
    services = ecs.describe_services(cluster=cluster, services=[*deployed.outputs["services"].values()])["services"]
    for service in services:
        ecs.update_service(cluster=cluster, service=service["serviceName"], desiredCount=0)
    code, _, said = run("wake", FUNCTION, "--outputs", outputs)
    assert code == 2
    assert "The stack is asleep" in said
    for service in services:
        ecs.update_service(cluster=cluster, service=service["serviceName"], desiredCount=service["desiredCount"])
