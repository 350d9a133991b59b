"""CloudWatch: alarms, dashboards, log groups; and EventBridge rules, which pulumi_aws has in the same module."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from rehearsal.providers.resource import Attributes, ResourceRequest, ResourceType, deleted_by, words


class LogGroup(ResourceType, token="aws:cloudwatch/logGroup:LogGroup"):
    """A log group; its retention is a call of its own."""

    api = "logs"
    tags = True
    replace_on = words("name namePrefix logGroupClass")
    reset_to: ClassVar = {"retentionInDays": 0}
    provider_only: ClassVar = {"skipDestroy": "used on deletion"}
    delete_call = deleted_by("logs:DeleteLogGroup", logGroupName="id")

    def create(self, request: ResourceRequest) -> Attributes:
        name, days = request.physical_name(limit=512), request.inputs.take("retentionInDays", 0)
        request.call_with_inputs("logs", "CreateLogGroup", {"logGroupName": name})
        if days:
            request.call("logs", "PutRetentionPolicy", logGroupName=name, retentionInDays=days)
        groups = request.call("logs", "DescribeLogGroups", logGroupNamePrefix=name)["logGroups"]
        (arn,) = [group["arn"] for group in groups if group["logGroupName"] == name]
        return Attributes(name, {"name": name, "arn": arn.removesuffix(":*"), "retentionInDays": days})

    def update(self, request: ResourceRequest) -> None:
        """The retention in days; 0 is for ever. Another key encrypts what is logged from now on."""
        changed = request.inputs.unused()
        if "kmsKeyId" in changed:
            if key := request.inputs.take("kmsKeyId"):
                request.call("logs", "AssociateKmsKey", logGroupName=request.id, kmsKeyId=key)
            else:
                request.call("logs", "DisassociateKmsKey", logGroupName=request.id)
        if "retentionInDays" not in changed:
            return
        days = request.inputs.take("retentionInDays")
        if days:
            request.call("logs", "PutRetentionPolicy", logGroupName=request.id, retentionInDays=days)
        else:
            request.call("logs", "DeleteRetentionPolicy", logGroupName=request.id)


ALARM_MEMBERS = {"name": "AlarmName", "insufficientDataActions": "InsufficientDataActions"}


class MetricAlarm(ResourceType, token="aws:cloudwatch/metricAlarm:MetricAlarm"):
    """An alarm on a metric, or on an expression of several."""

    tags = True
    replace_on = words("name")
    creation_is_put = True
    delete_call = deleted_by("cloudwatch:DeleteAlarms", AlarmNames="id")

    def create(self, request: ResourceRequest) -> Attributes:
        name = request.physical_name(limit=255)
        extra: dict[str, Any] = {"AlarmName": name, "Dimensions": _dimensions(request.inputs.take("dimensions"))}
        if queries := request.inputs.take("metricQueries"):
            extra["Metrics"] = [_metric_query(query) for query in queries]
        request.call_with_inputs("cloudwatch", "PutMetricAlarm", extra, renames=ALARM_MEMBERS)
        (alarm,) = request.call("cloudwatch", "DescribeAlarms", AlarmNames=[name])["MetricAlarms"]
        return Attributes(name, {"name": name, "arn": alarm["AlarmArn"]})


def _dimensions(dimensions: Mapping[str, str] | None) -> list[dict[str, str]]:
    return [{"Name": key, "Value": value} for key, value in (dimensions or {}).items()]


def _metric_query(query: Mapping[str, Any]) -> dict[str, Any]:
    """A query as the API nests it; the provider has it flat."""
    nested: dict[str, Any] = {"Id": query["id"], "ReturnData": bool(query.get("returnData", False))}
    if metric := query.get("metric"):
        about = {"Namespace": metric["namespace"], "MetricName": metric["metricName"]}
        about |= {"Dimensions": _dimensions(metric.get("dimensions"))}
        nested["MetricStat"] = {"Metric": about, "Period": metric["period"], "Stat": metric["stat"]}
    return nested | {key.capitalize(): query[key] for key in ("expression", "label") if key in query}


class Dashboard(ResourceType, token="aws:cloudwatch/dashboard:Dashboard"):
    """A dashboard."""

    replace_on = words("dashboardName")
    creation_is_put = True
    delete_call = deleted_by("cloudwatch:DeleteDashboards", DashboardNames="id")

    def create(self, request: ResourceRequest) -> Attributes:
        name = request.physical_name("dashboardName")
        request.call_with_inputs("cloudwatch", "PutDashboard", {"DashboardName": name})
        dashboard = request.call("cloudwatch", "GetDashboard", DashboardName=name)
        return Attributes(name, {"dashboardName": name, "dashboardArn": dashboard["DashboardArn"]})


class EventRule(ResourceType, token="aws:cloudwatch/eventRule:EventRule"):
    """Which events, or at which times."""

    api = "events"
    tags = True
    replace_on = words("name namePrefix eventBusName")
    creation_is_put = True
    provider_only: ClassVar = {"forceDestroy": "used on deletion"}
    delete_call = deleted_by("events:DeleteRule", Name="id")

    def create(self, request: ResourceRequest) -> Attributes:
        name = request.physical_name(limit=64)
        rule = request.call_with_inputs("events", "PutRule", {"Name": name})
        return Attributes(name, {"name": name, "arn": rule["RuleArn"]})


class EventTarget(ResourceType, token="aws:cloudwatch/eventTarget:EventTarget"):
    """Where a rule's events go."""

    api = "events"
    replace_on = words("rule targetId eventBusName")
    creation_is_put = True
    provider_only: ClassVar = {"forceDestroy": "used on deletion"}
    delete_call = deleted_by("events:RemoveTargets", Rule="rule", Ids="targetId")

    def create(self, request: ResourceRequest) -> Attributes:
        inputs = request.inputs
        rule, name = inputs.take("rule"), inputs.take("targetId") or request.physical_name("targetId")
        target: dict[str, Any] = {"Id": name, "Arn": inputs.take("arn")}
        if role := inputs.take("roleArn"):
            target["RoleArn"] = role
        if text := inputs.take("input"):
            target["Input"] = text
        if transformer := inputs.take("inputTransformer"):
            target["InputTransformer"] = {
                "InputPathsMap": transformer.get("inputPaths", {}),
                "InputTemplate": transformer["inputTemplate"],
            }
        request.call("events", "PutTargets", Rule=rule, Targets=[target])
        return Attributes(f"{rule}-{name}", {"targetId": name})
