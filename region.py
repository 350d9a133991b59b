"""What AWS says about the region that a stack lives in: the only module that spells a partition.

Every table names its source and the day it was read, because these facts change. Where AWS publishes no fact for
a region, the answer is None ("unknown"), and callers accept what they cannot judge.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from functools import cached_property

_PARTITIONS = {"cn-": "aws-cn", "us-gov-": "aws-us-gov"}
_DNS_SUFFIXES = {"aws": "amazonaws.com", "aws-cn": "amazonaws.com.cn", "aws-us-gov": "amazonaws.com"}

_CA_BUNDLE_HOSTS = {
    "aws": "truststore.pki.rds.amazonaws.com",
    "aws-cn": "rds-truststore.s3.cn-north-1.amazonaws.com.cn",
    "aws-us-gov": "truststore.pki.us-gov-west-1.rds.amazonaws.com",
}
"""Hosts of RDS's certificates, for a whole partition (RDS user guide, "Certificate bundles", read 2026-11)."""

_PRINCIPALS_WITH_LOCAL_SUFFIX = frozenset({"logs", "codedeploy", "elasticmapreduce"})
"""Service principals end in amazonaws.com everywhere but for these (AWS CDK region-info, read 2026-11)."""

_CHINA_PREFIXED_ENDPOINTS = frozenset(
    {
        *("ecr.api", "ecr.dkr", "sagemaker.api", "sagemaker.runtime", "sts", "sqs", "lambda", "rds"),
        *("elasticache", "elasticfilesystem", "monitoring", "application-autoscaling", "autoscaling", "ec2", "ebs"),
        *("backup", "states", "execute-api", "cloudformation", "xray", "synthetics", "kinesis-streams"),
    }
)
"""Interface endpoint services named cn.com.amazonaws.* in China (AWS CDK vpc-endpoint.ts, read 2026-11)."""

_FARGATE_ZONE_IDS = {
    "cn-north-1": frozenset({"cnn1-az1", "cnn1-az2"}),
    "ap-northeast-1": frozenset({"apne1-az1", "apne1-az2", "apne1-az4"}),
    "us-west-1": frozenset({"usw1-az1", "usw1-az3"}),
}
"""Zones that run Fargate where not all do (ECS developer guide, "Supported Regions for Fargate", read 2026-11)."""

_ELB_LOG_ACCOUNTS = {
    "af-south-1": "098369216593",
    "ap-east-1": "754344448648",
    "ap-northeast-1": "582318560864",
    "ap-northeast-2": "600734575887",
    "ap-northeast-3": "383597477331",
    "ap-south-1": "718504428378",
    "ap-southeast-1": "114774131450",
    "ap-southeast-2": "783225319266",
    "ap-southeast-3": "589379963580",
    "ca-central-1": "985666609251",
    "cn-north-1": "638102146993",
    "cn-northwest-1": "037604701340",
    "eu-central-1": "054676820928",
    "eu-north-1": "897822967062",
    "eu-south-1": "635631232127",
    "eu-west-1": "156460612806",
    "eu-west-2": "652711504416",
    "eu-west-3": "009996457667",
    "me-south-1": "076674570225",
    "sa-east-1": "507241528517",
    "us-east-1": "127311923021",
    "us-east-2": "033677994240",
    "us-gov-east-1": "190560391635",
    "us-gov-west-1": "048591011584",
    "us-west-1": "027434742980",
    "us-west-2": "797873946194",
}
"""Accounts that write ALB access logs (AWS CDK region-info fact tables, read 2026-11); elsewhere a service does."""

_TIME_ZONES = {"cn-north-1": "Asia/Shanghai", "cn-northwest-1": "Asia/Shanghai", "ap-northeast-1": "Asia/Tokyo"}
"""Where people live by one clock; elsewhere office hours name their zone, or mean UTC."""

REGIONS = (
    *("af-south-1", "ap-east-1", "ap-east-2", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1"),
    *("ap-south-2", "ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-southeast-4", "ap-southeast-5"),
    *("ap-southeast-6", "ap-southeast-7", "ca-central-1", "ca-west-1", "cn-north-1", "cn-northwest-1", "eu-central-1"),
    *("eu-central-2", "eu-north-1", "eu-south-1", "eu-south-2", "eu-west-1", "eu-west-2", "eu-west-3", "il-central-1"),
    *("me-central-1", "me-south-1", "mx-central-1", "sa-east-1", "us-east-1", "us-east-2", "us-gov-east-1"),
    *("us-gov-west-1", "us-west-1", "us-west-2"),
)
"""All regions of the three partitions (botocore 1.44.5; it has every service that a stack uses in each of them)."""

_TWO_ZONES = frozenset({"us-west-1"})
"""Regions of which a new account sees two zones only (AWS Regions and Availability Zones, read 2026-11)."""


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

    def host(self, service: str) -> str:
        """The host name of a service's API, by the name of its interface endpoint: `api.ecr.<region>.<suffix>`."""
        return f"{'.'.join(reversed(service.split('.')))}.{self.name}.{self.dns_suffix}"

    @property
    def s3_gateway_endpoint(self) -> str:
        """The gateway endpoint of S3 carries the common prefix in every partition."""
        return f"com.amazonaws.{self.name}.s3"

    def runs_fargate(self, zone_id: str) -> bool:
        """Whether Fargate runs in the availability zone with this id (`cnn1-az1`)."""
        zones = _FARGATE_ZONE_IDS.get(self.name)
        return zones is None or zone_id in zones

    def most_fargate_zones(self, zones: int) -> int:
        """In how many of a stack's zones Fargate runs at best."""
        return min(zones, len(_FARGATE_ZONE_IDS.get(self.name, range(zones))))

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
        host = _CA_BUNDLE_HOSTS[self.partition]
        return f"https://{host}/global/global-bundle.pem"

    @property
    def lacks(self) -> str | None:
        """What a stack needs and this region does not have for every account, as a sentence; None: it has all."""
        if self.name in _TWO_ZONES:
            return (
                f"{self.name} shows two availability zones to all but its oldest accounts, and a stack needs three. "
                "`aws ec2 describe-availability-zones` shows yours; us-west-2 has enough for everyone."
            )
        return None


def region_problem(name: str) -> str | None:
    """Why there is no such region, with the one that is meant perhaps; None where there is."""
    if name in REGIONS:
        return None
    near = difflib.get_close_matches(name, REGIONS, n=1)
    guess = f"Did you mean {near[0]}? Set it with: pulumi config set aws:region {near[0]}" if near else "Correct it"
    return f"aws:region = {name}: no AWS region has this name. {guess}, or add a region that is new to region.py."
