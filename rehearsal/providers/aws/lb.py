"""Elastic Load Balancing: application load balancers, target groups, listeners, listener rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import botocore.exceptions

from rehearsal.engine.inputs import Inputs
from rehearsal.errors import RehearsalError
from rehearsal.providers.resource import Attributes, ResourceRequest, ResourceType, deleted_by, words

BALANCER_ATTRIBUTES = {
    "idleTimeout": "idle_timeout.timeout_seconds",
    "enableDeletionProtection": "deletion_protection.enabled",
    "dropInvalidHeaderFields": "routing.http.drop_invalid_header_fields.enabled",
    "enableHttp2": "routing.http2.enabled",
    "desyncMitigationMode": "routing.http.desync_mitigation_mode",
    "preserveHostHeader": "routing.http.preserve_host_header.enabled",
    "xffHeaderProcessingMode": "routing.http.xff_header_processing.mode",
    "clientKeepAlive": "client_keep_alive.seconds",
    "enableTlsVersionAndCipherSuiteHeaders": "routing.http.x_amzn_tls_version_and_cipher_suite.enabled",
    "enableXffClientPort": "routing.http.xff_client_port.enabled",
    "enableWafFailOpen": "waf.fail_open.enabled",
    "enableZonalShift": "zonal_shift.config.enabled",
}
"""Inputs of a load balancer that the API knows as attributes."""


class LoadBalancer(ResourceType, token="aws:lb/loadBalancer:LoadBalancer"):
    """A load balancer; most of its settings are attributes."""

    api = "elbv2"
    tags = True
    replace_on = words("customerOwnedIpv4Pool internal loadBalancerType name namePrefix")
    defaults: ClassVar = {
        "accessLogs": {},
        "connectionLogs": {},
        "idleTimeout": 60,
        "enableDeletionProtection": False,
        "dropInvalidHeaderFields": False,
        "enableHttp2": True,
        "desyncMitigationMode": "defensive",
        "preserveHostHeader": False,
        "xffHeaderProcessingMode": "append",
        "clientKeepAlive": 3600,
        "enableTlsVersionAndCipherSuiteHeaders": False,
        "enableXffClientPort": False,
        "enableWafFailOpen": False,
        "enableZonalShift": False,
    }

    def create(self, request: ResourceRequest) -> Attributes:
        name = request.physical_name(limit=32)
        attributes = _balancer_attributes(request.inputs)
        scheme = "internal" if request.inputs.take("internal", False) else "internet-facing"
        extra, renames = {"Name": name, "Scheme": scheme}, {"loadBalancerType": "Type"}
        answer = request.call_with_inputs("elbv2", "CreateLoadBalancer", extra, renames=renames)
        (balancer,) = answer["LoadBalancers"]
        arn = balancer["LoadBalancerArn"]
        request.call("elbv2", "ModifyLoadBalancerAttributes", LoadBalancerArn=arn, Attributes=attributes)
        outputs = {
            "arn": arn,
            "arnSuffix": arn.partition(":loadbalancer/")[2],
            "dnsName": balancer["DNSName"],
            "zoneId": balancer["CanonicalHostedZoneId"],
            "vpcId": balancer["VpcId"],
            "name": name,
        }
        return Attributes(arn, outputs)

    def update(self, request: ResourceRequest) -> None:
        """Groups, subnets and attributes have a call each."""
        name = {"LoadBalancerArn": request.id}
        if attributes := _balancer_attributes(request.inputs):
            request.call("elbv2", "ModifyLoadBalancerAttributes", **name, Attributes=attributes)
        if groups := request.inputs.take("securityGroups"):
            request.call("elbv2", "SetSecurityGroups", **name, SecurityGroups=groups)
        if subnets := request.inputs.take("subnets"):
            request.call("elbv2", "SetSubnets", **name, Subnets=subnets)

    def delete(self, request: ResourceRequest) -> None:
        """The provider does not switch deletion protection off; ELB refuses while it is on (moto would not)."""
        protection = {"Key": BALANCER_ATTRIBUTES["enableDeletionProtection"], "Value": "true"}
        answer = request.call("elbv2", "DescribeLoadBalancerAttributes", LoadBalancerArn=request.id)
        if protection in answer["Attributes"]:
            message = f"Load balancer '{request.id}' cannot be deleted because deletion protection is enabled"
            refusal = {"Error": {"Code": "OperationNotPermitted", "Message": message}}
            raise botocore.exceptions.ClientError(refusal, "DeleteLoadBalancer")
        request.call("elbv2", "DeleteLoadBalancer", LoadBalancerArn=request.id)


def _balancer_attributes(inputs: Inputs) -> list[dict[str, str]]:
    """Attributes of a load balancer for the inputs that are unused."""
    unused = inputs.unused()
    attributes = {member: inputs.take(key) for key, member in BALANCER_ATTRIBUTES.items() if key in unused}
    for kind, key in (("access_logs", "accessLogs"), ("connection_logs", "connectionLogs")):
        if key not in unused:
            continue
        log = inputs.take(key) or {}
        attributes[f"{kind}.s3.enabled"] = log.get("enabled", False)
        attributes |= {f"{kind}.s3.{member}": log[member] for member in ("bucket", "prefix") if log.get(member)}
    return _pairs(attributes)


def _pairs(attributes: Mapping[str, Any]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": _text(value)} for key, value in attributes.items()]


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


HEALTH_CHECK_MEMBERS = {
    "enabled": "HealthCheckEnabled",
    "path": "HealthCheckPath",
    "port": "HealthCheckPort",
    "protocol": "HealthCheckProtocol",
    "interval": "HealthCheckIntervalSeconds",
    "timeout": "HealthCheckTimeoutSeconds",
    "healthyThreshold": "HealthyThresholdCount",
    "unhealthyThreshold": "UnhealthyThresholdCount",
}
TARGET_GROUP_ATTRIBUTES = {
    "deregistrationDelay": "deregistration_delay.timeout_seconds",
    "slowStart": "slow_start.duration_seconds",
    "loadBalancingAlgorithmType": "load_balancing.algorithm.type",
}


class TargetGroup(ResourceType, token="aws:lb/targetGroup:TargetGroup"):
    """Where requests go, and how the targets' health is checked."""

    api = "elbv2"
    tags = True
    replace_on = words("ipAddressType name namePrefix port protocol protocolVersion targetType vpcId")
    delete_call = deleted_by("elbv2:DeleteTargetGroup", TargetGroupArn="id")

    def create(self, request: ResourceRequest) -> Attributes:
        name = request.physical_name(limit=32)
        extra: dict[str, Any] = {"Name": name, **_health_check(request.inputs)}
        attributes = _target_group_attributes(request.inputs)
        (group,) = request.call_with_inputs("elbv2", "CreateTargetGroup", extra)["TargetGroups"]
        arn = group["TargetGroupArn"]
        if attributes:
            request.call("elbv2", "ModifyTargetGroupAttributes", TargetGroupArn=arn, Attributes=attributes)
        return Attributes(arn, {"arn": arn, "arnSuffix": arn.rpartition(":")[2], "name": name})

    def update(self, request: ResourceRequest) -> None:
        """Health check and attributes have a call each."""
        name = {"TargetGroupArn": request.id}
        if health_check := _health_check(request.inputs):
            request.call("elbv2", "ModifyTargetGroup", **name, **health_check)
        if attributes := _target_group_attributes(request.inputs):
            request.call("elbv2", "ModifyTargetGroupAttributes", **name, Attributes=attributes)


def _health_check(inputs: Inputs) -> dict[str, Any]:
    check = dict(inputs.take("healthCheck") or {})
    members: dict[str, Any] = {"Matcher": {"HttpCode": check.pop("matcher")}} if "matcher" in check else {}
    return members | {HEALTH_CHECK_MEMBERS[key]: value for key, value in check.items()}


def _target_group_attributes(inputs: Inputs) -> list[dict[str, str]]:
    """Attributes of a target group for the inputs that are unused."""
    unused = inputs.unused()
    attributes = {member: inputs.take(key) for key, member in TARGET_GROUP_ATTRIBUTES.items() if key in unused}
    if stickiness := inputs.take("stickiness"):
        attributes |= {"stickiness.enabled": stickiness.get("enabled", True), "stickiness.type": stickiness["type"]}
        if "cookieDuration" in stickiness:
            attributes["stickiness.lb_cookie.duration_seconds"] = stickiness["cookieDuration"]
    return _pairs(attributes)


class Listener(ResourceType, token="aws:lb/listener:Listener"):
    """A port that a load balancer listens on."""

    api = "elbv2"
    tags = True
    replace_on = words("loadBalancerArn")
    delete_call = deleted_by("elbv2:DeleteListener", ListenerArn="id")

    def create(self, request: ResourceRequest) -> Attributes:
        (listener,) = request.call_with_inputs("elbv2", "CreateListener", _nested(request.inputs))["Listeners"]
        return Attributes(listener["ListenerArn"], {"arn": listener["ListenerArn"]})

    def update(self, request: ResourceRequest) -> None:
        """Port, protocol, certificate and default actions. A listener without TLS has no policy for it."""
        if request.inputs.peek("sslPolicy") is None:
            request.inputs.take("sslPolicy")
        extra = {"ListenerArn": request.id, **_nested(request.inputs)}
        request.call_with_inputs("elbv2", "ModifyListener", extra)


def _nested(inputs: Inputs) -> dict[str, Any]:
    """The unused inputs of a listener that the API nests deeper than the provider."""
    unused = inputs.unused()
    members: dict[str, Any] = {}
    if "defaultActions" in unused:
        members["DefaultActions"] = _actions(inputs.take("defaultActions"))
    if "certificateArn" in unused:
        certificate = inputs.take("certificateArn")
        members["Certificates"] = [{"CertificateArn": certificate}] if certificate else []
    return members


ACTION_MEMBERS = {
    "redirect": "RedirectConfig",
    "fixedResponse": "FixedResponseConfig",
    "authenticateOidc": "AuthenticateOidcConfig",
}


def _actions(inputs: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Actions as the API spells them, in the order of their list."""
    return [_action({"order": order, **action}) for order, action in enumerate(inputs, 1)]


def _action(inputs: Mapping[str, Any]) -> dict[str, Any]:
    rest = dict(inputs)
    action: dict[str, Any] = {"Type": rest.pop("type"), "Order": rest.pop("order")}
    if "targetGroupArn" in rest:
        action["TargetGroupArn"] = rest.pop("targetGroupArn")
    for key, member in ACTION_MEMBERS.items():
        if config := rest.pop(key, None):
            action[member] = {name[0].upper() + name[1:]: value for name, value in config.items()}
    if rest:
        raise RehearsalError(f"the inputs {', '.join(rest)} of an action are not carried.")
    return action


CONDITIONS = {
    "pathPattern": ("path-pattern", "PathPatternConfig"),
    "hostHeader": ("host-header", "HostHeaderConfig"),
    "httpHeader": ("http-header", "HttpHeaderConfig"),
    "httpRequestMethod": ("http-request-method", "HttpRequestMethodConfig"),
    "sourceIp": ("source-ip", "SourceIpConfig"),
}
"""Conditions of a rule: the API's field, and its member."""
CONDITION_VALUES = 5
"""Condition values per rule (Application Load Balancers user guide, "Quotas"; not adjustable)."""


class ListenerRule(ResourceType, token="aws:lb/listenerRule:ListenerRule"):
    """Which requests go where."""

    api = "elbv2"
    tags = True
    replace_on = words("listenerArn")
    delete_call = deleted_by("elbv2:DeleteRule", RuleArn="id")

    def create(self, request: ResourceRequest) -> Attributes:
        extra = self._conditions_and_actions(request.inputs)
        (rule,) = request.call_with_inputs("elbv2", "CreateRule", extra)["Rules"]
        return Attributes(rule["RuleArn"], {"arn": rule["RuleArn"]})

    def update(self, request: ResourceRequest) -> None:
        """The priority has a call of its own."""
        if priority := request.inputs.take("priority"):
            priorities = [{"RuleArn": request.id, "Priority": priority}]
            request.call("elbv2", "SetRulePriorities", RulePriorities=priorities)
        if members := self._conditions_and_actions(request.inputs):
            request.call("elbv2", "ModifyRule", RuleArn=request.id, **members)

    def _conditions_and_actions(self, inputs: Inputs) -> dict[str, Any]:
        unused = inputs.unused()
        members: dict[str, Any] = {}
        if "conditions" in unused:
            members["Conditions"] = _conditions(inputs.take("conditions"))
        if "actions" in unused:
            members["Actions"] = _actions(inputs.take("actions"))
        return members


def _conditions(inputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The conditions as the API spells them."""
    conditions, count = [], 0
    for condition in inputs:
        for key, value in condition.items():
            if key not in CONDITIONS:
                raise RehearsalError(f"conditions: {key} is not carried.")
            field, member = CONDITIONS[key]
            header = {"HttpHeaderName": value["httpHeaderName"]} if key == "httpHeader" else {}
            conditions.append({"Field": field, member: {**header, "Values": value["values"]}})
            count += len(value["values"])
    if count > CONDITION_VALUES:
        raise RehearsalError(
            f"conditions: a rule may hold {CONDITION_VALUES} values, got {count} (ALB quota, not adjustable)."
        )
    return conditions
