"""What runs cannot change its own programs, call out of a model, or be called through a group that nobody chose."""

from __future__ import annotations

from collections.abc import Iterator

from policy.rules.resource import Context, Resource, containers, listed, rule

TASK = "aws:ecs/taskDefinition:TaskDefinition"
MODEL = "aws:sagemaker/model:Model"
DEFAULT_GROUP = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"


@rule("read-only-root", "No container can write to its root file system, unless ECS Exec needs it.")
def read_only_root(resource: Resource, context: Context) -> Iterator[str]:
    """The rule. ECS Exec's agent writes into the container, so a stack with cvat:enableExec is exempt."""
    if resource.type != TASK or context.enable_exec:
        return
    for container in containers(resource):
        if container["readonlyRootFilesystem"] is not True:
            yield (
                f"container {container['name']} can write to its root file system: set readonlyRootFilesystem to true, "
                "and mount a volume where it must write."
            )


@rule("isolated-models", "No model container can call anything.")
def isolated_models(resource: Resource, _: Context) -> Iterator[str]:
    """The rule."""
    if resource.type == MODEL and resource.get("enableNetworkIsolation") is not True:
        yield "enableNetworkIsolation is not true: the model's container could send pictures anywhere. Set it to true."


@rule("closed-default-group", "The default security group of the stack's VPC lets nothing in or out.")
def closed_default_group(resource: Resource, _: Context) -> Iterator[str]:
    """The rule."""
    if resource.type != DEFAULT_GROUP:
        return
    for direction in ("ingress", "egress"):
        if listed(resource.get(direction)):
            yield f"it has {direction} rules, which whatever names no group would get: use a group of its own."
