"""SageMaker hosting and its scaling."""

from __future__ import annotations

from rehearsal.providers.resource import Made, Make, handles

MODEL = {
    "containers.environment": "Environment",
    "primaryContainer.environment": "Environment",
}


@handles("aws:sagemaker/model:Model", tags=True)
def model(make: Make) -> Made:
    """A model: one container, or several side by side."""
    name = make.named(limit=63)
    made = make.call("sagemaker", "CreateModel", {"ModelName": name}, renames=MODEL)
    return Made(name, {"name": name, "arn": made["ModelArn"]})


@handles("aws:sagemaker/endpointConfiguration:EndpointConfiguration", tags=True)
def endpoint_configuration(make: Make) -> Made:
    """On what the models run."""
    name = make.named(limit=63)
    renames = {"productionVariants.modelDataDownloadTimeoutInSeconds": "ModelDataDownloadTimeoutInSeconds"}
    made = make.call("sagemaker", "CreateEndpointConfig", {"EndpointConfigName": name}, renames=renames)
    return Made(name, {"name": name, "arn": made["EndpointConfigArn"]})


@handles("aws:sagemaker/endpoint:Endpoint", tags=True, provider_only={"deploymentConfig": "used on changes"})
def endpoint(make: Make) -> Made:
    """An endpoint in service."""
    name = make.named(limit=63)
    made = make.call("sagemaker", "CreateEndpoint", {"EndpointName": name})
    make.client("sagemaker").get_waiter("endpoint_in_service").wait(EndpointName=name)
    return Made(name, {"name": name, "arn": made["EndpointArn"]})


@handles("aws:appautoscaling/target:Target", tags=True)
def scaling_target(make: Make) -> Made:
    """What may be scaled, between which bounds."""
    resource = make.inputs.peek("resourceId")
    made = make.call("application-autoscaling", "RegisterScalableTarget")
    return Made(resource, {"arn": made["ScalableTargetARN"], "roleArn": make.inputs.peek("roleArn", "")})


@handles("aws:appautoscaling/scheduledAction:ScheduledAction")
def scheduled_action(make: Make) -> Made:
    """When its bounds change by the clock."""
    name = make.named()
    make.call("application-autoscaling", "PutScheduledAction", {"ScheduledActionName": name})
    dimension, resource = make.inputs.peek("scalableDimension"), make.inputs.peek("resourceId")
    namespace = make.inputs.peek("serviceNamespace")
    (found,) = make.ask(
        "application-autoscaling",
        "DescribeScheduledActions",
        ServiceNamespace=namespace,
        ScheduledActionNames=[name],
        ResourceId=resource,
        ScalableDimension=dimension,
    )["ScheduledActions"]
    return Made(f"{name}-{namespace}-{resource}", {"name": name, "arn": found["ScheduledActionARN"]})


@handles("aws:appautoscaling/policy:Policy")
def scaling_policy(make: Make) -> Made:
    """When it is scaled."""
    name = make.named()
    make.inputs.put("policyType", make.inputs.take("policyType", "StepScaling"))
    dimension, resource = make.inputs.peek("scalableDimension"), make.inputs.peek("resourceId")
    made = make.call("application-autoscaling", "PutScalingPolicy", {"PolicyName": name})
    return Made(name, {"name": name, "arn": made["PolicyARN"], "scalableDimension": dimension, "resourceId": resource})
