"""What AWS says about the region that a stack lives in: the only module that spells a partition.

Every table names its source and the day it was read, because these facts change. Where AWS publishes no fact for
a region, the answer is None ("unknown"), and callers accept what they cannot judge.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

_PARTITIONS = {"cn-": "aws-cn", "us-gov-": "aws-us-gov"}
_DNS_SUFFIXES = {"aws": "amazonaws.com", "aws-cn": "amazonaws.com.cn", "aws-us-gov": "amazonaws.com"}

_PRINCIPALS_WITH_LOCAL_SUFFIX = frozenset({"logs", "codedeploy", "elasticmapreduce"})
"""Service principals end in amazonaws.com everywhere but for these (AWS CDK region-info, read 2026-11)."""

_CHINA_PREFIXED_ENDPOINTS = frozenset(
    {
        "ecr.api", "ecr.dkr", "sagemaker.api", "sagemaker.runtime", "sts", "sqs", "lambda", "rds",
        "elasticache", "elasticfilesystem", "monitoring", "application-autoscaling", "autoscaling", "ec2", "ebs",
        "backup", "states", "execute-api", "cloudformation", "xray", "synthetics", "kinesis-streams",
    }
)  # fmt: skip
"""Interface endpoint services named cn.com.amazonaws.* in China (AWS CDK vpc-endpoint.ts, read 2026-11)."""

_FARGATE_ZONE_IDS = {
    "cn-north-1": frozenset({"cnn1-az1", "cnn1-az2"}),
    "ap-northeast-1": frozenset({"apne1-az1", "apne1-az2", "apne1-az4"}),
}
"""Zones that run Fargate where not all do (ECS developer guide, "Supported Regions for Fargate", read 2026-11)."""

_ELB_LOG_ACCOUNTS = {
    "cn-north-1": "638102146993",
    "cn-northwest-1": "037604701340",
    "ap-northeast-1": "582318560864",
    "ap-southeast-1": "114774131450",
    "eu-central-1": "054676820928",
    "us-east-1": "127311923021",
}
"""Accounts that write ALB access logs (AWS CDK region-info fact tables, read 2026-11); elsewhere a service does."""

_TIME_ZONES = {"cn-north-1": "Asia/Shanghai", "cn-northwest-1": "Asia/Shanghai", "ap-northeast-1": "Asia/Tokyo"}
"""Where people live by one clock; elsewhere office hours name their zone, or mean UTC."""

_HOSTING_FAMILIES_BOTH_CHINA = frozenset("t2 m4 m5 m5d c4 c5 c5d r5 r5d g4dn".split())
_HOSTING_FAMILIES = {
    "cn-northwest-1": _HOSTING_FAMILIES_BOTH_CHINA | {"inf1"},
    "cn-north-1": _HOSTING_FAMILIES_BOTH_CHINA | {"g5"},
    "ap-northeast-1": _HOSTING_FAMILIES_BOTH_CHINA
    | frozenset("inf1 g5 g6 g6e g7e c6g c6gd c6gn c6i c7g c7i m6g m6gd m7i r6g r7i inf2 p4d p5".split()),
}
"""Instance families for SageMaker hosting (AWS Price List by way of cfn-lint 1.58, schema of 2026-10-20)."""

_DATABASE_FAMILIES_CHINA = frozenset("t3 t4g m5 m5d m6g m7g m8g r5 r5d r6g r7g r8g".split())
_DATABASE_FAMILIES = {
    "cn-northwest-1": _DATABASE_FAMILIES_CHINA,
    "cn-north-1": _DATABASE_FAMILIES_CHINA,
    "ap-northeast-1": _DATABASE_FAMILIES_CHINA | frozenset("m6i m7i r6i r7i".split()),
}
"""Instance families for RDS PostgreSQL (same source)."""

_CACHE_FAMILIES_CHINA = frozenset("m6g m7g r5 r6g r7g t3 t4g".split())
_CACHE_FAMILIES = {
    "cn-northwest-1": _CACHE_FAMILIES_CHINA,
    "cn-north-1": _CACHE_FAMILIES_CHINA,
    "ap-northeast-1": _CACHE_FAMILIES_CHINA | frozenset("m5 r6gd".split()),
}
"""Instance families for ElastiCache with the Redis engine (same source; m8g, r8g and c8gn are Valkey only)."""


@dataclass(frozen=True)
class Region:
    """One AWS region, and all that differs because of it."""

    name: str

    @cached_property
    def partition(self) -> str:
        """`aws`, `aws-cn` or `aws-us-gov`."""
        return next((p for prefix, p in _PARTITIONS.items() if self.name.startswith(prefix)), "aws")

    @property
    def is_china(self) -> bool:
        return self.partition == "aws-cn"

    @property
    def dns_suffix(self) -> str:
        """The domain of this partition's API endpoints and registries."""
        return _DNS_SUFFIXES[self.partition]

    def principal(self, service: str) -> str:
        """The service principal that trust policies must name, such as `ecs-tasks.amazonaws.com`."""
        if service in _PRINCIPALS_WITH_LOCAL_SUFFIX:
            return f"{service}.{self.name}.{self.dns_suffix}"
        return f"{service}.amazonaws.com"

    def arn(self, service: str, resource: str, *, account: str = "", region: str | None = None) -> str:
        """`arn:<partition>:<service>:<region>:<account>:<resource>`; pass region="" for global services."""
        where = self.name if region is None else region
        return f"arn:{self.partition}:{service}:{where}:{account}:{resource}"

    def interface_endpoint(self, service: str) -> str:
        """The name of a service's VPC interface endpoint: its prefix depends on service and partition."""
        local = self.is_china and (service in _CHINA_PREFIXED_ENDPOINTS or service == "s3")
        return f"{'cn.' if local else ''}com.amazonaws.{self.name}.{service}"

    @property
    def s3_gateway_endpoint(self) -> str:
        """The gateway endpoint of S3 carries the common prefix in every partition."""
        return f"com.amazonaws.{self.name}.s3"

    def runs_fargate(self, zone_id: str) -> bool:
        """Whether Fargate runs in the availability zone with this id (`cnn1-az1`)."""
        zones = _FARGATE_ZONE_IDS.get(self.name)
        return zones is None or zone_id in zones

    @property
    def time_zone(self) -> str:
        """By which clock people near this region live, as far as that is known: an IANA name."""
        return _TIME_ZONES.get(self.name, "UTC")

    @property
    def elb_log_principal(self) -> dict[str, str]:
        """Who writes the access logs of a load balancer, as the principal of a bucket policy."""
        account = _ELB_LOG_ACCOUNTS.get(self.name)
        if account is None:
            return {"Service": self.principal("logdelivery.elasticloadbalancing")}
        return {"AWS": self.arn("iam", "root", account=account, region="")}

    @property
    def database_ca_bundle(self) -> str:
        """Where AWS publishes the certificates that RDS in this partition is signed with."""
        host = (
            f"rds-truststore.s3.cn-north-1.{self.dns_suffix}" if self.is_china else "truststore.pki.rds.amazonaws.com"
        )
        return f"https://{host}/global/global-bundle.pem"

    def instance_type_problem(self, service: str, instance_type: str) -> str | None:
        """Why `instance_type` cannot be had here for `service` (hosting, database, cache), or None if it can.

        None too where no list is known for the region: AWS will say.
        """
        if form := instance_type_form(service, instance_type):
            return form
        families = _OFFERS[service].get(self.name)
        if families is None or instance_type.split(".")[1] in families:
            return None
        return f"{self.name} offers only {_listed(families)} for {service}"


_OFFERS = {"hosting": _HOSTING_FAMILIES, "database": _DATABASE_FAMILIES, "cache": _CACHE_FAMILIES}
_PREFIXES = {"hosting": "ml", "database": "db", "cache": "cache"}


def instance_type_form(service: str, instance_type: str) -> str | None:
    """What an instance type of a service must look like, as the middle of a sentence; None where it does."""
    prefix, _, rest = instance_type.partition(".")
    if prefix == _PREFIXES[service] and rest.partition(".")[2]:
        return None
    return f"must be an instance type for {service}, which looks like {_PREFIXES[service]}.m5.large"


def _listed(words: Iterable[str]) -> str:
    return ", ".join(sorted(words))
