"""Application load balancer, listeners, rules and target groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rehearsal.engine.inputs import Inputs
from rehearsal.errors import RehearsalError
from rehearsal.providers.resource import Made, Make, handles

ATTRIBUTES = {
    "idleTimeout": "idle_timeout.timeout_seconds",
    "enableDeletionProtection": "deletion_protection.enabled",
    "dropInvalidHeaderFields": "routing.http.drop_invalid_header_fields.enabled",
    "enableHttp2": "routing.http2.enabled",
    "desyncMitigationMode": "routing.http.desync_mitigation_mode",
    "preserveHostHeader": "routing.http.preserve_host_header.enabled",
    "xffHeaderProcessingMode": "routing.http.xff_header_processing.mode",
    "clientKeepAlive": "client_keep_alive.seconds",
}
"""Inputs of the balancer that the API knows as attributes."""


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _suffix(arn: str, word: str) -> str:
    """What CloudWatch calls it: the ARN's tail."""
    return arn.partition(f":{word}/")[2] if word == "loadbalancer" else arn.rpartition(":")[2]


def _pairs(attributes: Mapping[str, Any]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": _text(value)} for key, value in attributes.items()]


def balancer_attributes(given: Inputs) -> list[dict[str, str]]:
    """Attributes of a balancer for the inputs that are left."""
    left = given.left()
    attributes = {member: given.take(key) for key, member in ATTRIBUTES.items() if key in left}
    for kind, key in (("access_logs", "accessLogs"), ("connection_logs", "connectionLogs")):
        if key not in left:
            continue
        log = given.take(key) or {}
        attributes[f"{kind}.s3.enabled"] = log.get("enabled", False)
        attributes |= {f"{kind}.s3.{member}": log[member] for member in ("bucket", "prefix") if log.get(member)}
    return _pairs(attributes)


@handles("aws:lb/loadBalancer:LoadBalancer", tags=True)
def load_balancer(make: Make) -> Made:
    """The balancer; most of its settings are attributes."""
    given, name = make.inputs, make.named(limit=32)
    attributes = balancer_attributes(given)
    scheme = "internal" if given.take("internal", False) else "internet-facing"
    renames = {"loadBalancerType": "Type"}
    extra = {"Name": name, "Scheme": scheme}
    (made,) = make.call("elbv2", "CreateLoadBalancer", extra, renames=renames)["LoadBalancers"]
    arn = made["LoadBalancerArn"]
    if attributes:
        make.ask("elbv2", "ModifyLoadBalancerAttributes", LoadBalancerArn=arn, Attributes=attributes)
    outputs = {
        "arn": arn,
        "arnSuffix": _suffix(arn, "loadbalancer"),
        "dnsName": made["DNSName"],
        "zoneId": made["CanonicalHostedZoneId"],
        "vpcId": made["VpcId"],
        "name": name,
    }
    return Made(arn, outputs)


HEALTH = {
    "enabled": "HealthCheckEnabled",
    "path": "HealthCheckPath",
    "port": "HealthCheckPort",
    "protocol": "HealthCheckProtocol",
    "interval": "HealthCheckIntervalSeconds",
    "timeout": "HealthCheckTimeoutSeconds",
    "healthyThreshold": "HealthyThresholdCount",
    "unhealthyThreshold": "UnhealthyThresholdCount",
}
TARGETS = {
    "deregistrationDelay": "deregistration_delay.timeout_seconds",
    "slowStart": "slow_start.duration_seconds",
    "loadBalancingAlgorithmType": "load_balancing.algorithm.type",
}


def health(given: Inputs) -> dict[str, Any]:
    """How a target group's health is checked."""
    check = dict(given.take("healthCheck") or {})
    wanted: dict[str, Any] = {"Matcher": {"HttpCode": check.pop("matcher")}} if "matcher" in check else {}
    return wanted | {HEALTH[key]: value for key, value in check.items()}


def target_attributes(given: Inputs) -> list[dict[str, str]]:
    """Attributes of a target group for the inputs that are left."""
    left = given.left()
    attributes = {member: given.take(key) for key, member in TARGETS.items() if key in left}
    if stickiness := given.take("stickiness"):
        attributes |= {"stickiness.enabled": stickiness.get("enabled", True), "stickiness.type": stickiness["type"]}
        if "cookieDuration" in stickiness:
            attributes["stickiness.lb_cookie.duration_seconds"] = stickiness["cookieDuration"]
    return _pairs(attributes)


@handles("aws:lb/targetGroup:TargetGroup", tags=True)
def target_group(make: Make) -> Made:
    """Where requests go, and how its health is checked."""
    given, name = make.inputs, make.named(limit=32)
    extra: dict[str, Any] = {"Name": name, **health(given)}
    attributes = target_attributes(given)
    (made,) = make.call("elbv2", "CreateTargetGroup", extra)["TargetGroups"]
    arn = made["TargetGroupArn"]
    if attributes:
        make.ask("elbv2", "ModifyTargetGroupAttributes", TargetGroupArn=arn, Attributes=attributes)
    return Made(arn, {"arn": arn, "arnSuffix": _suffix(arn, "targetgroup"), "name": name})


def _action(action: dict[str, Any]) -> dict[str, Any]:
    """An action as the API spells it."""
    rest = dict(action)
    wanted: dict[str, Any] = {"Type": rest.pop("type")}
    if "order" in rest:
        wanted["Order"] = rest.pop("order")
    if "targetGroupArn" in rest:
        wanted["TargetGroupArn"] = rest.pop("targetGroupArn")
    if redirect := rest.pop("redirect", None):
        wanted["RedirectConfig"] = {key[0].upper() + key[1:]: value for key, value in redirect.items()}
    if fixed := rest.pop("fixedResponse", None):
        wanted["FixedResponseConfig"] = {key[0].upper() + key[1:]: value for key, value in fixed.items()}
    if oidc := rest.pop("authenticateOidc", None):
        wanted["AuthenticateOidcConfig"] = {key[0].upper() + key[1:]: value for key, value in oidc.items()}
    if rest:
        raise RehearsalError(f"the inputs {', '.join(rest)} of an action are not carried.")
    return wanted


def listener_extra(given: Inputs) -> dict[str, Any]:
    """What the API nests deeper than the provider."""
    left = given.left()
    extra: dict[str, Any] = {}
    if "defaultActions" in left:
        extra["DefaultActions"] = [_action(one) for one in given.take("defaultActions")]
    if "certificateArn" in left:
        certificate = given.take("certificateArn")
        extra["Certificates"] = [{"CertificateArn": certificate}] if certificate else []
    return extra


@handles("aws:lb/listener:Listener", tags=True)
def listener(make: Make) -> Made:
    """A port that the balancer listens on."""
    (made,) = make.call("elbv2", "CreateListener", listener_extra(make.inputs))["Listeners"]
    return Made(made["ListenerArn"], {"arn": made["ListenerArn"]})


CONDITIONS = {
    "pathPattern": ("path-pattern", "PathPatternConfig"),
    "hostHeader": ("host-header", "HostHeaderConfig"),
    "httpHeader": ("http-header", "HttpHeaderConfig"),
    "httpRequestMethod": ("http-request-method", "HttpRequestMethodConfig"),
    "sourceIp": ("source-ip", "SourceIpConfig"),
}


def _condition(condition: dict[str, Any]) -> list[dict[str, Any]]:
    wanted = []
    for key, value in condition.items():
        if key not in CONDITIONS:
            raise RehearsalError(f"conditions: {key} is not carried.")
        field, member = CONDITIONS[key]
        header = {"HttpHeaderName": value["httpHeaderName"]} if key == "httpHeader" else {}
        wanted.append({"Field": field, member: {**header, "Values": value["values"]}})
    return wanted


def rule_extra(given: Inputs) -> dict[str, Any]:
    """What a rule looks at and what it does, for the inputs that are left."""
    left = given.left()
    extra: dict[str, Any] = {}
    if "conditions" in left:
        conditions = [part for one in given.take("conditions") for part in _condition(one)]
        values = sum(len(next(value for key, value in one.items() if key != "Field")["Values"]) for one in conditions)
        if values > 5:  # noqa: PLR2004
            raise RehearsalError(f"conditions: a rule may hold 5 values, got {values} (ALB quota, not adjustable).")
        extra["Conditions"] = conditions
    if "actions" in left:
        extra["Actions"] = [_action(one) for one in given.take("actions")]
    return extra


@handles("aws:lb/listenerRule:ListenerRule", tags=True)
def listener_rule(make: Make) -> Made:
    """Which requests go where."""
    (made,) = make.call("elbv2", "CreateRule", rule_extra(make.inputs))["Rules"]
    return Made(made["RuleArn"], {"arn": made["RuleArn"]})
