"""Application load balancer, listeners, rules and target groups."""

from __future__ import annotations

from typing import Any

from rehearsal.errors import RehearsalError
from rehearsal.make import Made, Make, handles

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


@handles("aws:lb/loadBalancer:LoadBalancer", tags=True)
def load_balancer(make: Make) -> Made:
    """The balancer; most of its settings are attributes."""
    given, name = make.inputs, make.named(limit=32)
    attributes = {member: given.take(key) for key, member in ATTRIBUTES.items() if key in given}
    for kind, log in (("access_logs", given.take("accessLogs")), ("connection_logs", given.take("connectionLogs"))):
        if log:
            attributes[f"{kind}.s3.enabled"] = log.get("enabled", False)
            attributes[f"{kind}.s3.bucket"] = log["bucket"]
            if log.get("prefix"):
                attributes[f"{kind}.s3.prefix"] = log["prefix"]
    scheme = "internal" if given.take("internal", False) else "internet-facing"
    renames = {"loadBalancerType": "Type"}
    extra = {"Name": name, "Scheme": scheme}
    (made,) = make.call("elbv2", "CreateLoadBalancer", extra, renames=renames)["LoadBalancers"]
    arn = made["LoadBalancerArn"]
    if attributes:
        wanted = [{"Key": key, "Value": _text(value)} for key, value in attributes.items()]
        make.ask("elbv2", "ModifyLoadBalancerAttributes", LoadBalancerArn=arn, Attributes=wanted)
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


@handles("aws:lb/targetGroup:TargetGroup", tags=True)
def target_group(make: Make) -> Made:
    """Where requests go, and how its health is checked."""
    given, name = make.inputs, make.named(limit=32)
    health = dict(given.take("healthCheck") or {})
    extra: dict[str, Any] = {"Name": name}
    if "matcher" in health:
        extra["Matcher"] = {"HttpCode": health.pop("matcher")}
    extra |= {HEALTH[key]: value for key, value in health.items()}
    attributes = {member: given.take(key) for key, member in TARGETS.items() if key in given}
    if stickiness := given.take("stickiness"):
        attributes |= {"stickiness.enabled": stickiness.get("enabled", True), "stickiness.type": stickiness["type"]}
        if "cookieDuration" in stickiness:
            attributes["stickiness.lb_cookie.duration_seconds"] = stickiness["cookieDuration"]
    (made,) = make.call("elbv2", "CreateTargetGroup", extra)["TargetGroups"]
    arn = made["TargetGroupArn"]
    if attributes:
        wanted = [{"Key": key, "Value": _text(value)} for key, value in attributes.items()]
        make.ask("elbv2", "ModifyTargetGroupAttributes", TargetGroupArn=arn, Attributes=wanted)
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


@handles("aws:lb/listener:Listener", tags=True)
def listener(make: Make) -> Made:
    """A port that the balancer listens on."""
    actions = [_action(one) for one in make.inputs.take("defaultActions")]
    extra: dict[str, Any] = {"DefaultActions": actions}
    if certificate := make.inputs.take("certificateArn"):
        extra["Certificates"] = [{"CertificateArn": certificate}]
    (made,) = make.call("elbv2", "CreateListener", extra)["Listeners"]
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


@handles("aws:lb/listenerRule:ListenerRule", tags=True)
def listener_rule(make: Make) -> Made:
    """Which requests go where."""
    conditions = [part for one in make.inputs.take("conditions") for part in _condition(one)]
    values = sum(len(next(value for key, value in one.items() if key != "Field")["Values"]) for one in conditions)
    if values > 5:  # noqa: PLR2004
        raise RehearsalError(f"conditions: a rule may hold 5 values, got {values} (ALB quota, not adjustable).")
    actions = [_action(one) for one in make.inputs.take("actions")]
    (made,) = make.call("elbv2", "CreateRule", {"Conditions": conditions, "Actions": actions})["Rules"]
    return Made(made["RuleArn"], {"arn": made["RuleArn"]})
