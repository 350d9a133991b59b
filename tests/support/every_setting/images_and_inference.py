"""Images, and auto-annotation."""

from __future__ import annotations

from typing import Any

from tests.support.every_setting.ground import STORED
from tests.support.every_setting.seen import Seen
from tests.support.every_setting.setting_effects import claim

KINDS = {"server": "server", "ui": "ui", "gateway": "gateway"}
"""Image -> a task that runs it."""


def runs(seen: Seen, image: str, reference: str) -> None:
    """The image is pulled from where it is, and none is built in its place."""
    assert seen.container(KINDS[image])["image"] == reference, "another image would run"
    repository = reference.partition("/")[2].partition("@")[0]
    assert f"repository/{repository}" in seen.role(KINDS[image], "execution"), "it could not be pulled"
    assert f"images-{image}" not in {image.name for image in seen.done.of_type("docker:index/image:Image")}


@claim("serverImage", lambda on: on.image("server"), round_="given")
def the_given_server_image_runs_everywhere(seen: Seen, reference: str) -> None:
    runs(seen, "server", reference)
    for kind in ("worker", "annotation-worker", "scheduler", "init"):
        assert seen.container(kind)["image"] == reference, "two versions on one database"


@claim("uiImage", lambda on: on.image("ui"), round_="given")
def the_given_ui_image_runs(seen: Seen, reference: str) -> None:
    runs(seen, "ui", reference)


@claim("gatewayImage", lambda on: on.image("gateway"), round_="given")
def the_given_gateway_image_runs(seen: Seen, reference: str) -> None:
    runs(seen, "gateway", reference)


@claim("modelsImage", lambda on: on.image("models"), round_="given")
def the_given_model_image_runs_in_every_container(seen: Seen, reference: str) -> None:
    assert {model["Image"] for model in models(seen)} == {reference}, "another image would run"


def build_arguments(seen: Seen) -> list[dict[str, str]]:
    """The build arguments of each image that is built."""
    return [dict(image.inputs["build"]["args"]) for image in seen.done.of_type("docker:index/image:Image")]


def builds_use(seen: Seen, argument: str, value: str) -> None:
    """Every build gets the argument."""
    passed = [arguments[argument] for arguments in build_arguments(seen)]
    assert passed == [value] * 4, "a build that goes elsewhere hangs where that is out of reach"


@claim("mirrorBaseRegistry", "123456789012.dkr.ecr.example.com/mirror")
def builds_take_their_base_images_from_the_mirror(seen: Seen, address: str) -> None:
    builds_use(seen, "BASE_REGISTRY", address)


@claim("mirrorApt", "https://debian.mirror.example.com")
def builds_take_debian_packages_from_the_mirror(seen: Seen, address: str) -> None:
    builds_use(seen, "APT_MIRROR", address)


@claim("mirrorPypi", "https://pypi.mirror.example.com/simple")
def builds_take_python_packages_from_the_mirror(seen: Seen, address: str) -> None:
    builds_use(seen, "PIP_INDEX_URL", address)


@claim("mirrorNpm", "https://npm.mirror.example.com")
def builds_take_npm_packages_from_the_mirror(seen: Seen, address: str) -> None:
    builds_use(seen, "NPM_REGISTRY", address)


@claim("mirrorCvatRepository", "https://git.mirror.example.com/cvat.git")
def builds_take_cvat_from_the_mirror(seen: Seen, address: str) -> None:
    builds_use(seen, "CVAT_REPOSITORY", address)


def models(seen: Seen) -> list[dict[str, str]]:
    """The containers of all SageMaker models."""
    client = seen.client("sagemaker")
    described = [client.describe_model(ModelName=model["ModelName"]) for model in client.list_models()["Models"]]
    return [container for model in described for container in (model.get("Containers") or [model["PrimaryContainer"]])]


@claim("inferenceLayout", "dedicated")
def each_function_has_an_endpoint_of_its_own(seen: Seen, _: str) -> None:
    served, asleep = seen.done.outputs["endpoints"], seen.done.outputs["batch_configs"]
    served = {function: endpoint for function, endpoint in served.items() if function not in asleep}
    assert len(set(served.values())) == len(served) == len(seen.variants()), "they would share instances"
    assert len(models(seen)) == len(served) + len(set(asleep.values())), "one container each"


@claim("inferenceInstanceType", "ml.m5.2xlarge")
def endpoints_run_on_the_instance_type(seen: Seen, name: str) -> None:
    assert {variant["InstanceType"] for variant in seen.variants()} == {name}, "too small fails, too large costs"


@claim("inferenceInstanceCount", 2)
def endpoints_have_so_many_instances(seen: Seen, count: int) -> None:
    assert {variant["InitialInstanceCount"] for variant in seen.variants()} == {count}, (
        "with one, a zone's loss is felt"
    )


@claim("inferenceMaxInstanceCount", 5)
def endpoints_grow_to_so_many_instances(seen: Seen, count: int) -> None:
    targets = seen.client("application-autoscaling").describe_scalable_targets(ServiceNamespace="sagemaker")
    batch = {seen.done.outputs["endpoints"][function] for function in seen.done.outputs["batch_configs"]}
    most = [
        target["MaxCapacity"]
        for target in targets["ScalableTargets"]
        if target["ResourceId"].split("/")[1] not in batch
    ]
    assert most == [count] * len(seen.variants()), "calls would wait, or the bill would grow"


@claim("modelArchives", lambda on: on.models, round_="given")
def models_are_loaded_from_where_they_lie(seen: Seen, address: str) -> None:
    urls = [model["ModelDataUrl"] for model in models(seen)]
    assert urls, "auto-annotation would be off"
    assert all(url.startswith(f"{address}/") for url in urls), "archives would be copied, or others used"
    assert len(seen.done.outputs["endpoints"]) == len(urls) == len(STORED), "a function without an archive is left out"


def batch_functions(seen: Seen) -> list[str]:
    """Functions that sleep while nobody uses them."""
    return sorted(seen.done.outputs["batch_configs"])


def batch_config(seen: Seen) -> dict[str, Any]:
    """The configuration of the first batch function's endpoint."""
    name = seen.done.outputs["batch_configs"][batch_functions(seen)[0]]
    described: dict[str, Any] = seen.client("sagemaker").describe_endpoint_config(EndpointConfigName=name)
    return described


def batch_target(seen: Seen) -> dict[str, Any]:
    """What may be scaled of it."""
    function = batch_functions(seen)[0]
    resource = f"endpoint/{seen.done.outputs['endpoints'][function]}/variant/all"
    scaling = seen.client("application-autoscaling")
    (target,) = scaling.describe_scalable_targets(ServiceNamespace="sagemaker", ResourceIds=[resource])[
        "ScalableTargets"
    ]
    return dict(target)


@claim("batchFunctions", ["pth-faster-rcnn", "tf-faster-rcnn-inception-v2-coco"])
def these_functions_sleep_while_they_are_not_used(seen: Seen, names: list[str]) -> None:
    assert batch_functions(seen) == names
    assert "AsyncInferenceConfig" in batch_config(seen), "a real-time endpoint has an instance for ever"


@claim("inferenceBatchInstanceType", "ml.m5.4xlarge")
def batch_functions_run_on_the_instance_type(seen: Seen, name: str) -> None:
    (variant,) = batch_config(seen)["ProductionVariants"]
    assert variant["InstanceType"] == name


@claim("inferenceBatchMaxInstanceCount", 3)
def batch_functions_grow_to_so_many_instances(seen: Seen, count: int) -> None:
    assert batch_target(seen)["MaxCapacity"] == count, "calls would wait, or the bill would grow"


@claim("inferenceBatchLayout", "shared")
def one_container_serves_all_batch_functions(seen: Seen, _: str) -> None:
    variant = batch_config(seen)["ProductionVariants"][0]
    model = seen.client("sagemaker").describe_model(ModelName=variant["ModelName"])
    assert "FUNCTION" not in model["PrimaryContainer"].get("Environment", {}), "it would serve that one alone"
    served = {seen.done.outputs["endpoints"][function] for function in batch_functions(seen)}
    assert len(served) == 1, "each would have an instance, and a wake of its own"


@claim("inferenceIdle", "one")
def batch_functions_keep_an_instance(seen: Seen, _: str) -> None:
    assert batch_target(seen)["MinCapacity"] == 1, "the first call would wait for minutes"


@claim("inferenceBatchEndpoints", "recreated", round_="given")
def batch_functions_are_real_time_endpoints_that_the_gateway_creates_again(seen: Seen, _: str) -> None:
    assert "AsyncInferenceConfig" not in batch_config(seen), "the region may have no asynchronous inference"
