"""SageMaker hosting: models, endpoint configurations, endpoints."""

from __future__ import annotations

from typing import ClassVar

import botocore.exceptions

from rehearsal.providers.resource import EVERY, Attributes, ResourceRequest, ResourceType, deleted_by, words

MODEL_MEMBERS = {"containers.environment": "Environment", "primaryContainer.environment": "Environment"}
VARIANT_MEMBERS = {"productionVariants.modelDataDownloadTimeoutInSeconds": "ModelDataDownloadTimeoutInSeconds"}


class Model(ResourceType, token="aws:sagemaker/model:Model"):
    """A model: one container, or several side by side."""

    tags = True
    replace_on = EVERY
    defaults: ClassVar = {"containers.mode": "SingleModel", "primaryContainer.mode": "SingleModel"}
    delete_call = deleted_by("sagemaker:DeleteModel", ModelName="id")

    def create(self, request: ResourceRequest) -> Attributes:
        name = request.physical_name(limit=63)
        model = request.call_with_inputs("sagemaker", "CreateModel", {"ModelName": name}, renames=MODEL_MEMBERS)
        return Attributes(name, {"name": name, "arn": model["ModelArn"]})


class EndpointConfiguration(ResourceType, token="aws:sagemaker/endpointConfiguration:EndpointConfiguration"):
    """On which instances a model runs."""

    tags = True
    replace_on = EVERY
    defaults: ClassVar = {"productionVariants.enableSsmAccess": False, "productionVariants.initialVariantWeight": 1}
    delete_call = deleted_by("sagemaker:DeleteEndpointConfig", EndpointConfigName="id")

    def create(self, request: ResourceRequest) -> Attributes:
        name = request.physical_name(limit=63)
        extra = {"EndpointConfigName": name}
        answer = request.call_with_inputs("sagemaker", "CreateEndpointConfig", extra, renames=VARIANT_MEMBERS)
        return Attributes(name, {"name": name, "arn": answer["EndpointConfigArn"]})


class Endpoint(ResourceType, token="aws:sagemaker/endpoint:Endpoint"):
    """An endpoint in service."""

    tags = True
    replace_on = words("name")
    provider_only: ClassVar = {"deploymentConfig": "used on changes"}

    def create(self, request: ResourceRequest) -> Attributes:
        name = request.physical_name(limit=63)
        endpoint = request.call_with_inputs("sagemaker", "CreateEndpoint", {"EndpointName": name})
        request.client("sagemaker").get_waiter("endpoint_in_service").wait(EndpointName=name)
        return Attributes(name, {"name": name, "arn": endpoint["EndpointArn"]})

    def update(self, request: ResourceRequest) -> None:
        """Another configuration, without a gap."""
        request.call_with_inputs("sagemaker", "UpdateEndpoint", {"EndpointName": request.id})
        request.client("sagemaker").get_waiter("endpoint_in_service").wait(EndpointName=request.id)

    def delete(self, request: ResourceRequest) -> None:
        """One that is gone already, as office hours delete it, counts as deleted (sagemaker/endpoint.go)."""
        try:
            request.call("sagemaker", "DeleteEndpoint", EndpointName=request.id)
        except botocore.exceptions.ClientError as error:
            if "Could not find endpoint" not in str(error):
                raise
