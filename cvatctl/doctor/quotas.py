"""Quotas that a first deployment meets. New accounts, those in China above all, often have none for SageMaker."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from cvatctl.clients import Clients, pages
from cvatctl.doctor.finding import Case, Finding
from settings.zones import ZONES

_UNITS = 1024
"""CPU units of a virtual CPU."""


@dataclass(frozen=True)
class Quota:
    """A quota by the codes of Service Quotas (its API's list, read 2026-11)."""

    service: str
    code: str
    name: str


ADDRESSES = Quota("ec2", "L-0263D0A3", "Elastic IP addresses")
VPCS = Quota("vpc", "L-F678F1CE", "VPCs in the region")
NAT_GATEWAYS = Quota("vpc", "L-FE5A380F", "NAT gateways in a zone")
FARGATE_CPUS = Quota("fargate", "L-3032A538", "Fargate's virtual CPUs")


def _limit(quota: Quota, clients: Clients) -> float:
    """The account's own value, or AWS's default where it has none."""
    client = clients("service-quotas")
    try:
        answer = client.get_service_quota(ServiceCode=quota.service, QuotaCode=quota.code)
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchResourceException":
            raise
        answer = client.get_aws_default_service_quota(ServiceCode=quota.service, QuotaCode=quota.code)
    return float(answer["Quota"]["Value"])


def _judge(quota: Quota, limit: float, used: int, needed: int) -> Finding:
    if used + needed <= limit:
        return Finding("ok", "quotas", f"{quota.name}: {needed} more with {used} in use is within {limit:g}.")
    return Finding(
        "problem",
        "quotas",
        f"{quota.name}: the stack needs {needed}, {used} are in use, and the quota is {limit:g}. Ask for more: aws "
        f"service-quotas request-service-quota-increase --service-code {quota.service} --quota-code {quota.code} "
        f"--desired-value {used + needed}",
    )


def network(case: Case, clients: Clients) -> Iterator[Finding]:
    """A new VPC, its NAT gateways and their addresses."""
    if case.settings.network.vpc_id:
        return
    ec2 = clients("ec2")
    gateways = 1 if case.settings.single_nat else ZONES
    yield _judge(VPCS, _limit(VPCS, clients), len(pages(ec2, "describe_vpcs", "Vpcs")), 1)
    yield _judge(ADDRESSES, _limit(ADDRESSES, clients), len(ec2.describe_addresses()["Addresses"]), gateways)
    yield _judge(NAT_GATEWAYS, _limit(NAT_GATEWAYS, clients), _most_in_a_zone(ec2), 1)


def _most_in_a_zone(ec2: Any) -> int:
    """NAT gateways in the zone that has most."""
    live = [{"Name": "state", "Values": ["pending", "available"]}]
    subnets = [one["SubnetId"] for one in pages(ec2, "describe_nat_gateways", "NatGateways", Filters=live)]
    if not subnets:
        return 0
    zones = {one["SubnetId"]: one["AvailabilityZoneId"] for one in pages(ec2, "describe_subnets", "Subnets")}
    return max(Counter(zones.get(subnet) for subnet in subnets).values())


def fargate(case: Case, clients: Clients) -> Iterator[Finding]:
    """The virtual CPUs of all tasks, twice: a deployment starts the new ones before it stops the old ones. And of as
    many as load may start."""
    sizes = [size for kind, size in case.settings.awake_tasks.items() if kind != "gateway" or case.functions]
    limit, needed = _limit(FARGATE_CPUS, clients), _cpus(size.cpu * size.count for size in sizes)
    later = max(2 * needed, _cpus(size.cpu * max(size.count, size.max_count) for size in sizes))
    if needed <= limit < later:
        yield Finding(
            "advice",
            "quotas",
            f"{FARGATE_CPUS.name}: the tasks fit ({needed} of {limit:g}), but a deployment runs old and new ones side "
            f"by side, and load starts more: up to {later} are needed. Ask for more before the first upgrade.",
        )
    else:
        yield _judge(FARGATE_CPUS, limit, 0, needed)


def _cpus(units: Iterable[int]) -> int:
    """Whole virtual CPUs of so many CPU units."""
    return -(-sum(units) // _UNITS)


def inference(case: Case, clients: Clients) -> Iterator[Finding]:
    """SageMaker's quota of instances of the chosen type, known by name only."""
    if not case.functions:
        return
    size = case.settings.endpoint
    endpoints = 1 if case.settings.inference.inference_layout == "shared" else case.functions
    name = f"{size.instance_type} for endpoint usage"
    client = clients("service-quotas")
    known = pages(client, "list_service_quotas", "Quotas", ServiceCode="sagemaker")
    found = next((one for one in known if one["QuotaName"] == name), None)
    if found is None:
        yield Finding(
            "unknown",
            "quotas",
            f"Service Quotas lists no '{name}' in {case.region.name}, so {size.instance_type} may not be offered for "
            "endpoints there. Look in the console, or choose another cvat:inferenceInstanceType.",
        )
        return
    quota = Quota("sagemaker", found["QuotaCode"], name)
    yield _judge(quota, float(found["Value"]), _instances(size.instance_type, clients), endpoints * size.max_count)


def _instances(instance_type: str, clients: Clients) -> int:
    """Instances of a type that run behind the account's endpoints."""
    client, count = clients("sagemaker"), 0
    for endpoint in pages(client, "list_endpoints", "Endpoints"):
        about = client.describe_endpoint(EndpointName=endpoint["EndpointName"])
        variants = client.describe_endpoint_config(EndpointConfigName=about["EndpointConfigName"])["ProductionVariants"]
        names = {one["VariantName"] for one in variants if one.get("InstanceType") == instance_type}
        running = about.get("ProductionVariants", [])
        count += sum(int(one.get("CurrentInstanceCount", 1)) for one in running if one["VariantName"] in names)
    return count
