"""Service quotas that a first deployment reaches. New accounts, above all in China, often have 0 for SageMaker."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from cvatctl.aws_clients import Clients, all_pages
from cvatctl.doctor.finding import Finding, PlannedStack
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
    """The account's quota, or AWS's default where it has none of its own."""
    client = clients("service-quotas")
    try:
        answer = client.get_service_quota(ServiceCode=quota.service, QuotaCode=quota.code)
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchResourceException":
            raise
        answer = client.get_aws_default_service_quota(ServiceCode=quota.service, QuotaCode=quota.code)
    return float(answer["Quota"]["Value"])


def _compare(quota: Quota, limit: float, used: int, needed: int) -> Finding:
    if used + needed <= limit:
        return Finding("ok", "quotas", f"{quota.name}: {needed} more with {used} in use is within {limit:g}.")
    return Finding(
        "problem",
        "quotas",
        f"{quota.name}: the stack needs {needed}, {used} are in use, and the quota is {limit:g}. Ask for more: aws "
        f"service-quotas request-service-quota-increase --service-code {quota.service} --quota-code {quota.code} "
        f"--desired-value {used + needed}",
    )


def network(stack: PlannedStack, clients: Clients) -> Iterator[Finding]:
    """A new VPC, its NAT gateways and their addresses."""
    if stack.settings.network.vpc_id:
        return
    ec2 = clients("ec2")
    yield _compare(VPCS, _limit(VPCS, clients), len(all_pages(ec2, "describe_vpcs", "Vpcs")), 1)
    if stack.settings.network.isolated:
        return
    gateways = 1 if stack.settings.network.single_nat else ZONES
    yield _compare(ADDRESSES, _limit(ADDRESSES, clients), len(ec2.describe_addresses()["Addresses"]), gateways)
    yield _compare(NAT_GATEWAYS, _limit(NAT_GATEWAYS, clients), _most_in_a_zone(ec2), 1)


def _most_in_a_zone(ec2: Any) -> int:
    """The largest number of NAT gateways in one zone."""
    existing = [{"Name": "state", "Values": ["pending", "available"]}]
    subnets = [
        gateway["SubnetId"] for gateway in all_pages(ec2, "describe_nat_gateways", "NatGateways", Filters=existing)
    ]
    if not subnets:
        return 0
    zones = {
        subnet["SubnetId"]: subnet["AvailabilityZoneId"] for subnet in all_pages(ec2, "describe_subnets", "Subnets")
    }
    return max(Counter(zones.get(subnet_id) for subnet_id in subnets).values())


def fargate(stack: PlannedStack, clients: Clients) -> Iterator[Finding]:
    """The virtual CPUs of all tasks. A deployment needs them twice, because it starts the new tasks before it stops the
    old ones; automatic scaling adds tasks up to the maximum."""
    sizes = [size for process, size in stack.settings.tasks.items() if process != "gateway" or stack.functions]
    limit, needed = _limit(FARGATE_CPUS, clients), _cpus(size.cpu * size.count for size in sizes)
    peak = max(2 * needed, _cpus(size.cpu * max(size.count, size.max_count) for size in sizes))
    if needed <= limit < peak:
        yield Finding(
            "advice",
            "quotas",
            f"{FARGATE_CPUS.name}: the tasks fit ({needed} of {limit:g}), but a deployment runs old and new ones side "
            f"by side, and automatic scaling adds tasks: up to {peak}. Ask for more before the first upgrade.",
        )
    else:
        yield _compare(FARGATE_CPUS, limit, 0, needed)


def _cpus(units: Iterable[int]) -> int:
    """CPU units as whole virtual CPUs."""
    return -(-sum(units) // _UNITS)


def inference(stack: PlannedStack, clients: Clients) -> Iterator[Finding]:
    """SageMaker's quota of instances of the chosen type. Its code differs by type, so it is found by name."""
    if not stack.functions:
        return
    quotas = all_pages(clients("service-quotas"), "list_service_quotas", "Quotas", ServiceCode="sagemaker")
    codes = {quota["QuotaName"]: quota for quota in quotas}
    for (instance_type, key), needed in _needed_instances(stack).items():
        name = f"{instance_type} for endpoint usage"
        listed = codes.get(name)
        if listed is None:
            yield Finding(
                "unknown",
                "quotas",
                f"Service Quotas lists no '{name}' in {stack.region.name}, so {instance_type} may not be offered for "
                f"endpoints there. Look in the console, or choose another cvat:{key}.",
            )
            continue
        quota = Quota("sagemaker", listed["QuotaCode"], name)
        yield _compare(quota, float(listed["Value"]), _instances(instance_type, clients), needed)


def _needed_instances(stack: PlannedStack) -> Counter[tuple[str, str]]:
    """Instances at most, by type and by the key that names it. Two keys of one type share its quota."""
    inference = stack.settings.inference
    interactive, size, batch = stack.functions - stack.batch_functions, inference.endpoint, inference.batch_endpoint
    needed = Counter({(size.instance_type, "inferenceInstanceType"): inference.endpoints(interactive) * size.max_count})
    key = "inferenceInstanceType" if batch.instance_type == size.instance_type else "inferenceBatchInstanceType"
    needed[batch.instance_type, key] += stack.batch_endpoints * batch.max_count
    return +needed


def _instances(instance_type: str, clients: Clients) -> int:
    """Instances of a type that run behind the account's endpoints."""
    client, count = clients("sagemaker"), 0
    for endpoint in all_pages(client, "list_endpoints", "Endpoints"):
        description = client.describe_endpoint(EndpointName=endpoint["EndpointName"])
        variants = client.describe_endpoint_config(EndpointConfigName=description["EndpointConfigName"])[
            "ProductionVariants"
        ]
        names = {variant["VariantName"] for variant in variants if variant.get("InstanceType") == instance_type}
        running = description.get("ProductionVariants", [])
        count += sum(
            int(variant.get("CurrentInstanceCount", 1)) for variant in running if variant["VariantName"] in names
        )
    return count
