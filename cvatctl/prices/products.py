"""Which products of AWS's price list a stack pays for, by the keys of rehearsal/report/prices.

Service codes, families and usage types are those of AWS's price lists, as open-source estimators query them
(infracost, internal/resources/aws, read 2026-11).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Product:
    """One kind of product, of which a region's list has one, or one for each instance type."""

    key: str
    """Key of its price; `{}` stands for the instance type."""
    service: str
    """Service code of the Price List API."""
    usage: str
    """Regular expression of its usage type, without the region's prefix (such as APN1-)."""
    instance: str = ""
    """Attribute that holds the instance type. Default: the group of `usage`."""
    family: str = ""
    """Product family."""
    filters: Mapping[str, str] = field(default_factory=dict)
    """Further attributes that the API filters by."""
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Attributes with the values that count, where the list has several products of the usage type."""
    regional: bool = True
    """Whether its list names the region; a global product has one price for all."""


PRODUCTS = (
    Product(key="fargate_vcpu_hour", service="AmazonECS", usage="Fargate-vCPU-Hours:perCPU", family="Compute"),
    Product(key="fargate_gb_hour", service="AmazonECS", usage="Fargate-GB-Hours", family="Compute"),
    Product(
        key="nat_hour",
        service="AmazonEC2",
        usage="NatGateway-Hours",
        family="NAT Gateway",
        attributes={"operation": ("NatGateway",)},
    ),
    Product(
        key="nat_gb",
        service="AmazonEC2",
        usage="NatGateway-Bytes",
        family="NAT Gateway",
        attributes={"operation": ("NatGateway",)},
    ),
    Product(key="alb_hour", service="AWSELB", usage="LoadBalancerUsage", family="Load Balancer-Application"),
    Product(key="alb_lcu_hour", service="AWSELB", usage="LCUUsage", family="Load Balancer-Application"),
    Product(key="endpoint_hour", service="AmazonVPC", usage="VpcEndpoint-Hours", family="VpcEndpoint"),
    Product(key="ipv4_hour", service="AmazonVPC", usage="PublicIPv4:InUseAddress"),
    Product(
        key="{}",
        service="AmazonRDS",
        usage=r"InstanceUsage:db\..+",
        instance="instanceType",
        family="Database Instance",
        filters={"databaseEngine": "PostgreSQL", "deploymentOption": "Single-AZ"},
    ),
    Product(
        key="db_gp3_gb_month",
        service="AmazonRDS",
        usage="RDS:GP3-Storage",
        family="Database Storage",
        attributes={"databaseEngine": ("PostgreSQL", "Any")},
    ),
    Product(
        key="{}",
        service="AmazonElastiCache",
        usage=r"NodeUsage:cache\..+",
        instance="instanceType",
        family="Cache Instance",
        filters={"cacheEngine": "Redis"},
    ),
    Product(key="{}", service="AmazonSageMaker", usage=r"Host:(ml\..+)", family="ML Instance"),
    Product(key="efs_gb_month", service="AmazonEFS", usage="TimedStorage-ByteHrs", family="Storage"),
    Product(key="ecr_gb_month", service="AmazonECR", usage="TimedStorage-ByteHrs", family="EC2 Container Registry"),
    Product(key="logs_gb_month", service="AmazonCloudWatch", usage="TimedStorage-ByteHrs", family="Storage Snapshot"),
    Product(key="vended_logs_gb", service="AmazonCloudWatch", usage="VendedLog-Bytes", family="Data Payload"),
    Product(
        key="s3_gb_month",
        service="AmazonS3",
        usage="TimedStorage-ByteHrs",
        family="Storage",
        filters={"volumeType": "Standard"},
    ),
    Product(key="waf_acl_month", service="awswaf", usage="WebACLV2", family="Web Application Firewall"),
    Product(key="waf_rule_month", service="awswaf", usage="RuleV2", family="Web Application Firewall"),
    Product(key="waf_request", service="awswaf", usage="RequestV2-Tier1", family="Web Application Firewall"),
    Product(key="alarm_month", service="AmazonCloudWatch", usage="CW:AlarmMonitorUsage", family="Alarm"),
    Product(
        key="dashboard_month",
        service="AmazonCloudWatch",
        usage="DashboardsUsageHour",
        family="Dashboard",
        regional=False,
    ),
    Product(key="metric_month", service="AmazonCloudWatch", usage="CW:MetricMonitorUsage", family="Metric"),
    Product(key="kms_key_month", service="awskms", usage="KMS-Keys", family="Encryption Key"),
    Product(key="secret_month", service="AWSSecretsManager", usage=".+", family="Secret"),
)

PER_MILLION = {"waf_request": "waf_million"}
"""Prices that the list gives for one, and the report for a million: key here -> key of the report."""
