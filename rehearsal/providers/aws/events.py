"""EventBridge: rules and their targets."""

from __future__ import annotations

from rehearsal.providers.resource import Made, Make, handles


@handles("aws:cloudwatch/eventRule:EventRule", tags=True, provider_only={"forceDestroy": "used on deletion"})
def event_rule(make: Make) -> Made:
    """Which events, or when."""
    name = make.named(limit=64)
    made = make.call("events", "PutRule", {"Name": name})
    return Made(name, {"name": name, "arn": made["RuleArn"]})


@handles("aws:cloudwatch/eventTarget:EventTarget", provider_only={"forceDestroy": "used on deletion"})
def event_target(make: Make) -> Made:
    """Where they go."""
    rule, target = make.inputs.take("rule"), make.inputs.take("targetId") or make.named("targetId", limit=64)
    wanted = {"Id": target, "Arn": make.inputs.take("arn")}
    if role := make.inputs.take("roleArn"):
        wanted["RoleArn"] = role
    if text := make.inputs.take("input"):
        wanted["Input"] = text
    if transformer := make.inputs.take("inputTransformer"):
        wanted["InputTransformer"] = {
            "InputPathsMap": transformer.get("inputPaths", {}),
            "InputTemplate": transformer["inputTemplate"],
        }
    make.ask("events", "PutTargets", Rule=rule, Targets=[wanted])
    return Made(f"{rule}-{target}", {"targetId": target})
