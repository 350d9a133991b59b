"""IAM, logs, alarms and topics."""

from __future__ import annotations

from typing import Any

from rehearsal.providers.resource import Made, Make, handles


@handles("aws:iam/role:Role", tags=True, provider_only={"forceDetachPolicies": "used on deletion"})
def role(make: Make) -> Made:
    """A role and who may take it."""
    name = make.named(limit=64)
    made = make.call("iam", "CreateRole", {"RoleName": name}, renames={"assumeRolePolicy": "AssumeRolePolicyDocument"})[
        "Role"
    ]
    return Made(name, {"arn": made["Arn"], "name": name, "uniqueId": made["RoleId"], "path": made["Path"]})


@handles("aws:iam/rolePolicy:RolePolicy")
def role_policy(make: Make) -> Made:
    """An inline policy."""
    name, owner = make.named(limit=128), make.inputs.take("role")
    make.call("iam", "PutRolePolicy", {"PolicyName": name, "RoleName": owner}, renames={"policy": "PolicyDocument"})
    return Made(f"{owner}:{name}", {"name": name})


@handles("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
def role_policy_attachment(make: Make) -> Made:
    """A policy that exists, for a role."""
    owner, policy = make.inputs.take("role"), make.inputs.take("policyArn")
    make.ask("iam", "AttachRolePolicy", RoleName=owner, PolicyArn=policy)
    return Made(f"{owner}/{policy}")


@handles("aws:cloudwatch/logGroup:LogGroup", tags=True, provider_only={"skipDestroy": "used on deletion"})
def log_group(make: Make) -> Made:
    """A log group; how long it keeps lines is a call of its own."""
    name, days = make.named(limit=512), make.inputs.take("retentionInDays", 0)
    make.call("logs", "CreateLogGroup", {"logGroupName": name})
    if days:
        make.ask("logs", "PutRetentionPolicy", logGroupName=name, retentionInDays=days)
    groups = make.ask("logs", "DescribeLogGroups", logGroupNamePrefix=name)["logGroups"]
    (found,) = [one for one in groups if one["logGroupName"] == name]
    return Made(name, {"name": name, "arn": found["arn"].removesuffix(":*"), "retentionInDays": days})


ALARM = {"name": "AlarmName", "insufficientDataActions": "InsufficientDataActions"}


def _pairs(dimensions: dict[str, str] | None) -> list[dict[str, str]]:
    return [{"Name": key, "Value": value} for key, value in (dimensions or {}).items()]


def _query(query: dict[str, Any]) -> dict[str, Any]:
    """One part of an alarm on several metrics; the API nests what the provider has flat."""
    wanted: dict[str, Any] = {"Id": query["id"], "ReturnData": bool(query.get("returnData", False))}
    if metric := query.get("metric"):
        about = {"Namespace": metric["namespace"], "MetricName": metric["metricName"]}
        about |= {"Dimensions": _pairs(metric.get("dimensions"))}
        wanted["MetricStat"] = {"Metric": about, "Period": metric["period"], "Stat": metric["stat"]}
    return wanted | {key.capitalize(): query[key] for key in ("expression", "label") if key in query}


@handles("aws:cloudwatch/metricAlarm:MetricAlarm", tags=True)
def metric_alarm(make: Make) -> Made:
    """An alarm on a metric."""
    name = make.named(limit=255)
    extra: dict[str, Any] = {"AlarmName": name, "Dimensions": _pairs(make.inputs.take("dimensions"))}
    if queries := make.inputs.take("metricQueries"):
        extra["Metrics"] = [_query(one) for one in queries]
    make.call("cloudwatch", "PutMetricAlarm", extra, renames=ALARM)
    (found,) = make.ask("cloudwatch", "DescribeAlarms", AlarmNames=[name])["MetricAlarms"]
    return Made(name, {"name": name, "arn": found["AlarmArn"]})


@handles("aws:cloudwatch/dashboard:Dashboard")
def dashboard(make: Make) -> Made:
    """A dashboard."""
    name = make.named("dashboardName")
    make.call("cloudwatch", "PutDashboard", {"DashboardName": name})
    found = make.ask("cloudwatch", "GetDashboard", DashboardName=name)
    return Made(name, {"dashboardName": name, "dashboardArn": found["DashboardArn"]})


TOPIC = {"displayName": "DisplayName", "kmsMasterKeyId": "KmsMasterKeyId", "policy": "Policy"}
"""Inputs of a topic that the API knows as attributes."""


@handles("aws:sns/topic:Topic", tags=True)
def topic(make: Make) -> Made:
    """A topic for notifications; all but the name are attributes."""
    name = make.named(limit=256)
    attributes = {member: make.inputs.take(key) for key, member in TOPIC.items() if key in make.inputs}
    made = make.call("sns", "CreateTopic", {"Name": name, "Attributes": attributes})
    return Made(made["TopicArn"], {"arn": made["TopicArn"], "name": name, "owner": make.account.id})


@handles("aws:sns/topicSubscription:TopicSubscription")
def topic_subscription(make: Make) -> Made:
    """Who is notified."""
    made = make.call("sns", "Subscribe", {"ReturnSubscriptionArn": True}, renames={"topic": "TopicArn"})
    return Made(made["SubscriptionArn"], {"arn": made["SubscriptionArn"]})


@handles("aws:sns/topicPolicy:TopicPolicy")
def topic_policy(make: Make) -> Made:
    """Who may publish."""
    arn, policy = make.inputs.take("arn"), make.inputs.take("policy")
    make.ask("sns", "SetTopicAttributes", TopicArn=arn, AttributeName="Policy", AttributeValue=policy)
    return Made(arn)
