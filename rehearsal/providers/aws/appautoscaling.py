"""Application Auto Scaling: targets, policies, scheduled actions."""

from __future__ import annotations

from typing import ClassVar

from rehearsal.providers.resource import Attributes, ResourceRequest, ResourceType, deleted_by, words

API = "application-autoscaling"
SUBJECT = {"ServiceNamespace": "serviceNamespace", "ResourceId": "resourceId", "ScalableDimension": "scalableDimension"}
"""What every call names: API parameter -> attribute."""


class Target(ResourceType, token="aws:appautoscaling/target:Target"):
    """What may be scaled, between which bounds."""

    api = API
    tags = True
    replace_on = words("resourceId scalableDimension serviceNamespace")
    creation_is_put = True
    delete_call = deleted_by(f"{API}:DeregisterScalableTarget", **SUBJECT)

    def create(self, request: ResourceRequest) -> Attributes:
        resource = request.inputs.peek("resourceId")
        target = request.call_with_inputs(API, "RegisterScalableTarget")
        return Attributes(resource, {"arn": target["ScalableTargetARN"], "roleArn": request.inputs.peek("roleArn", "")})


class ScheduledAction(ResourceType, token="aws:appautoscaling/scheduledAction:ScheduledAction"):
    """When a target's bounds change by the clock."""

    api = API
    replace_on = words("name resourceId scalableDimension serviceNamespace")
    creation_is_put = True
    delete_call = deleted_by(f"{API}:DeleteScheduledAction", ScheduledActionName="name", **SUBJECT)

    def create(self, request: ResourceRequest) -> Attributes:
        name = request.physical_name()
        request.call_with_inputs(API, "PutScheduledAction", {"ScheduledActionName": name})
        subject = {member: request.inputs.peek(key) for member, key in SUBJECT.items()}
        answer = request.call(API, "DescribeScheduledActions", ScheduledActionNames=[name], **subject)
        (action,) = answer["ScheduledActions"]
        identifier = f"{name}-{subject['ServiceNamespace']}-{subject['ResourceId']}"
        return Attributes(identifier, {"name": name, "arn": action["ScheduledActionARN"]})


class Policy(ResourceType, token="aws:appautoscaling/policy:Policy"):
    """When a target is scaled."""

    api = API
    replace_on = words("name resourceId scalableDimension serviceNamespace")
    creation_is_put = True
    defaults: ClassVar = {"targetTrackingScalingPolicyConfiguration.disableScaleIn": False}
    delete_call = deleted_by(f"{API}:DeleteScalingPolicy", PolicyName="name", **SUBJECT)

    def create(self, request: ResourceRequest) -> Attributes:
        name = request.physical_name()
        request.inputs.put("policyType", request.inputs.take("policyType", "StepScaling"))
        subject = {key: request.inputs.peek(key) for key in ("scalableDimension", "resourceId")}
        policy = request.call_with_inputs(API, "PutScalingPolicy", {"PolicyName": name})
        return Attributes(name, {"name": name, "arn": policy["PolicyARN"], **subject})
