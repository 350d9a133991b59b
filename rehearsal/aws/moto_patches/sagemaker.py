"""SageMaker."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from moto.applicationautoscaling.models import applicationautoscaling_backends
from moto.core.responses import ActionResult
from moto.sagemaker.exceptions import ValidationError
from moto.sagemaker.models import FakeEndpointConfig, SageMakerModelBackend
from moto.sagemaker.responses import SageMakerResponse

from rehearsal.aws.moto_patches.patch import Client, after, before, moto_patch, refusal, replace

_ROLE = "arn:aws-cn:iam::123456789012:role/of-a-model"


def _keeps_the_mode(client: Client) -> bool:
    sagemaker = client("sagemaker")
    containers, mode = [{"Image": "i", "ContainerHostname": "a"}], {"Mode": "Direct"}
    sagemaker.create_model(ModelName="m", ExecutionRoleArn=_ROLE, Containers=containers, InferenceExecutionConfig=mode)
    return bool(sagemaker.describe_model(ModelName="m").get("InferenceExecutionConfig") == mode)


@moto_patch(_keeps_the_mode)
def execution_mode_of_models(stack: ExitStack) -> None:
    """moto's SageMaker forgets whether containers are called directly, and network isolation.

    API reference, CreateModel: InferenceExecutionConfig, EnableNetworkIsolation.
    """

    def keep(answer: Any, self: Any) -> Any:
        model = self.sagemaker_backend._models[self._get_param("ModelName")]
        model.inference_execution_config = self._get_param("InferenceExecutionConfig")
        model.enable_network_isolation = bool(self._get_param("EnableNetworkIsolation"))
        return answer

    def show(answer: Any, self: Any) -> Any:
        model = self.sagemaker_backend._models[self._get_param("ModelName")]
        if mode := getattr(model, "inference_execution_config", None):
            answer.result["InferenceExecutionConfig"] = mode
        return answer

    after(stack, SageMakerResponse, "create_model", keep)
    after(stack, SageMakerResponse, "describe_model", show)


def _endpoint(client: Client) -> Any:
    """A client, an endpoint with one instance, and a configuration "two" with two."""
    sagemaker = client("sagemaker")
    sagemaker.create_model(ModelName="m", ExecutionRoleArn=_ROLE)
    for name, count in (("one", 1), ("two", 2)):
        variant = {"VariantName": "v", "ModelName": "m", "InstanceType": "ml.m5.large", "InitialInstanceCount": count}
        sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName="e", EndpointConfigName="one")
    return sagemaker


def _updates_an_endpoint(client: Client) -> bool:
    sagemaker = _endpoint(client)
    sagemaker.update_endpoint(EndpointName="e", EndpointConfigName="two")
    endpoint = sagemaker.describe_endpoint(EndpointName="e")
    return (endpoint["EndpointConfigName"], endpoint["ProductionVariants"][0]["CurrentInstanceCount"]) == ("two", 2)


@moto_patch(_updates_an_endpoint)
def updates_of_endpoints(stack: ExitStack) -> None:
    """moto's SageMaker cannot update an endpoint. API reference: UpdateEndpoint."""

    def update(self: Any) -> Any:
        name, config = self._get_param("EndpointName"), self._get_param("EndpointConfigName")
        backend = self.sagemaker_backend
        backend.describe_endpoint(name)
        endpoint = backend.endpoints[name]
        variants = backend.describe_endpoint_config(config)["ProductionVariants"]
        endpoint.endpoint_config_name = config
        endpoint.production_variants = endpoint._process_production_variants(variants)
        return ActionResult({"EndpointArn": endpoint.arn})

    replace(stack, SageMakerResponse, "update_endpoint", update)


def _lists_configurations_by_arn(client: Client) -> bool:
    sagemaker, tags = client("sagemaker"), [{"Key": "stack", "Value": "s"}]
    variant = {"VariantName": "v", "ModelName": "m", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    sagemaker.create_model(ModelName="m", ExecutionRoleArn=_ROLE)
    arn = sagemaker.create_endpoint_config(EndpointConfigName="c", ProductionVariants=[variant], Tags=tags)
    tagged = client("resourcegroupstaggingapi").get_resources()["ResourceTagMappingList"]
    return arn["EndpointConfigArn"] in [resource["ResourceARN"] for resource in tagged]


@moto_patch(_lists_configurations_by_arn)
def arns_of_configurations(stack: ExitStack) -> None:
    """moto's tagging API answers a tuple as the ARN of an endpoint configuration.

    Resource Groups Tagging API reference, ResourceTagMapping: ResourceARN is a string.
    """

    def correct(answer: Any, self: Any, **_: Any) -> Any:
        self.arn = self.endpoint_config_arn
        return answer

    after(stack, FakeEndpointConfig, "__init__", correct)


def _overwrites_tags(client: Client) -> bool:
    sagemaker = _endpoint(client)
    arn = sagemaker.describe_endpoint(EndpointName="e")["EndpointArn"]
    for owner in ("a", "b"):
        sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "owner", "Value": owner}])
    overwritten = sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "owner", "Value": "b"}]
    sagemaker.delete_endpoint(EndpointName="e")
    return overwritten and refusal(sagemaker.add_tags, ResourceArn=arn, Tags=[]) == "ValidationException"


@moto_patch(_overwrites_tags)
def tags_that_are_overwritten(stack: ExitStack) -> None:
    """moto's AddTags appends a second tag of the same name, and fails at a resource that does not exist.

    API reference, AddTags: "Adds or overwrites one or more tags"; the ARN must be that of an existing resource.
    """

    def add_tags(self: Any, arn: str, tags: list[dict[str, str]]) -> list[dict[str, str]]:
        resource = self._get_resource_from_arn(arn)
        if resource is None:
            raise ValidationError(message=f"Could not find {arn}")
        values = {tag["Key"]: tag["Value"] for tag in [*(resource.tags or []), *tags]}
        resource.tags = [{"Key": key, "Value": value} for key, value in values.items()]
        return list(resource.tags)

    replace(stack, SageMakerModelBackend, "add_tags", add_tags)


def _refuses_another_type_of_a_scaled_variant(client: Client) -> bool:
    sagemaker, scaling = _endpoint(client), client("application-autoscaling")
    variant = {"VariantName": "v", "ModelName": "m", "InstanceType": "ml.m5.xlarge", "InitialInstanceCount": 1}
    sagemaker.create_endpoint_config(EndpointConfigName="larger", ProductionVariants=[variant])
    dimension = "sagemaker:variant:DesiredInstanceCount"
    target = {"ServiceNamespace": "sagemaker", "ResourceId": "endpoint/e/variant/v", "ScalableDimension": dimension}
    scaling.register_scalable_target(**target, MinCapacity=1, MaxCapacity=2)
    registered = refusal(sagemaker.update_endpoint, EndpointName="e", EndpointConfigName="larger")
    scaling.deregister_scalable_target(**target)
    return (registered, refusal(sagemaker.update_endpoint, EndpointName="e", EndpointConfigName="larger")) == (
        "ValidationException",
        "",
    )


@moto_patch(_refuses_another_type_of_a_scaled_variant)
def updates_of_scaled_variants(stack: ExitStack) -> None:
    """SageMaker neither removes a variant nor changes its instance type while it is registered for scaling.

    SageMaker developer guide, "Delete an automatic scaling policy" and "Update endpoints that use automatic scaling".
    moto's SageMaker cannot update an endpoint at all: see updates_of_endpoints.
    """

    def check(self: Any) -> None:
        backend, name = self.sagemaker_backend, self._get_param("EndpointName")
        if name not in backend.endpoints:
            return
        new = backend.describe_endpoint_config(self._get_param("EndpointConfigName"))["ProductionVariants"]
        old = backend.describe_endpoint_config(backend.endpoints[name].endpoint_config_name)["ProductionVariants"]
        types = {variant["VariantName"]: variant.get("InstanceType") for variant in new}
        scaling = applicationautoscaling_backends[self.current_account][self.region]
        targets = {resource for by_resource in scaling.targets.values() for resource in by_resource}
        scaled = [
            variant["VariantName"]
            for variant in old
            if f"endpoint/{name}/variant/{variant['VariantName']}" in targets
            and types.get(variant["VariantName"]) != variant.get("InstanceType")
        ]
        if scaled:
            text = "must be deregistered as scalable targets with AWS Auto Scaling before they can be removed or have"
            raise ValidationError(f"The variant(s) {', '.join(scaled)} {text} their instance type updated.")

    before(stack, SageMakerResponse, "update_endpoint", check)


def _describes_what_was_given(client: Client) -> bool:
    sagemaker = client("sagemaker")
    sagemaker.create_model(ModelName="n", ExecutionRoleArn=_ROLE, Containers=[{"Image": "i", "ContainerHostname": "a"}])
    model = sagemaker.describe_model(ModelName="n")
    variant = {"VariantName": "v", "ModelName": "n", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    sagemaker.create_endpoint_config(EndpointConfigName="c", ProductionVariants=[variant])
    config = sagemaker.describe_endpoint_config(EndpointConfigName="c")
    return not {"PrimaryContainer", "VpcConfig"} & set(model) and not {"DataCaptureConfig", "AsyncInferenceConfig"} & {
        key for key in config if config[key] == {}
    }


@moto_patch(_describes_what_was_given)
def members_that_were_not_given(stack: ExitStack) -> None:
    """moto describes empty objects for what a model or an endpoint configuration was not given.

    API reference, DescribeModel and DescribeEndpointConfig: these members are optional.
    """

    def model(answer: Any, _: Any) -> Any:
        return ActionResult({key: value for key, value in answer.result.items() if value not in ({}, None)})

    def config(answer: Any, _: Any) -> Any:
        return ActionResult({key: value for key, value in answer.result.items() if value != {}})

    after(stack, SageMakerResponse, "describe_model", model)
    after(stack, SageMakerResponse, "describe_endpoint_config", config)
