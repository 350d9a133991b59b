"""What a stack costs in a month: quantities from its sizes and records, prices from a dated table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from region import Region
from rehearsal.engine.state import Record
from rehearsal.report.sizes import ENDPOINT, Sizes

ASSUMPTIONS = Path(__file__).with_name("cost_assumptions.yaml")
PRICES = Path(__file__).with_name("prices")
"""Folder with a table a region; `python -m cvatctl prices` writes them."""
HOUR = "hour"

BALANCER = "aws:lb/loadBalancer:LoadBalancer"
FIREWALL = "aws:wafv2/webAcl:WebAcl"
FILES = "aws:efs/fileSystem:FileSystem"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
DASHBOARD = "aws:cloudwatch/dashboard:Dashboard"
KEY = "aws:kms/key:Key"
SECRET = "aws:secretsmanager/secret:Secret"  # noqa: S105  (a type token)


@dataclass(frozen=True)
class Item:
    """A line of the bill."""

    component: str
    what: str
    quantity: float
    """Number of things where the unit is an hour; units in a month otherwise."""
    unit: str
    price: str
    """Key in the price table."""
    assumed: bool = False
    """Whether the quantity is an assumption about use."""


@dataclass(frozen=True)
class PriceList:
    """The prices of one region."""

    region: str
    currency: str
    as_of: str
    source: str
    prices: Mapping[str, float]
    low: frozenset[str]
    """Prices that are in no price list of AWS's."""

    def month(self, item: Item) -> float | None:
        """What an item costs in a month here; None where no price is known."""
        price = self.prices.get(item.price)
        if price is None:
            return None
        return price * item.quantity * (table()["hours_per_month"] if item.unit == HOUR else 1)


@dataclass(frozen=True)
class Sum:
    """What is known of several items' prices."""

    amount: float
    known: int
    of: int

    @property
    def complete(self) -> bool:
        """Whether every price is known."""
        return self.known == self.of


@cache
def table() -> dict[str, Any]:
    """cost_assumptions.yaml, and under `regions` the tables of the folder."""
    regions = {file.stem: yaml.safe_load(file.read_text(encoding="utf-8")) for file in sorted(PRICES.glob("*.yaml"))}
    return {**yaml.safe_load(ASSUMPTIONS.read_text(encoding="utf-8")), "regions": regions}


def price_list(region: str) -> PriceList:
    """A region's prices; none are known where the table does not list it."""
    entry = table()["regions"].get(region, {})
    return PriceList(
        region=region,
        currency=entry.get("currency", "CNY" if Region(region).is_china else "USD"),
        as_of=entry.get("as_of", ""),
        source=entry.get("source", ""),
        prices=entry.get("prices", {}),
        low=frozenset(entry.get("low", ())),
    )


def reference() -> PriceList:
    """The region whose prices are shown beside those of the stack's."""
    return price_list(table()["reference"])


def bill(sizes: Sizes, records: Sequence[Record]) -> tuple[Item, ...]:
    """Every line; `sizes` may be another's than the records', to see what a preset would cost."""
    stack = Stack(records)
    items = (
        *_network(sizes, stack),
        *_firewall(stack),
        *_stores(sizes, stack),
        *_computing(sizes, stack),
        *_storage(stack),
        *_monitoring(stack),
        *_encryption(stack),
    )
    return tuple(sorted((item for item in items if item.quantity), key=lambda item: item.component))


def total(items: Sequence[Item], prices: PriceList) -> Sum:
    """The sum of what is known."""
    months = [prices.month(item) for item in items]
    known = [month for month in months if month is not None]
    return Sum(sum(known), len(known), len(items))


class Stack:
    """A stack's records by type, and the components that own them."""

    def __init__(self, records: Sequence[Record]) -> None:
        self._records = {record.urn: record for record in records}

    def of(self, token: str) -> list[Record]:
        """Records of a type."""
        return [record for record in self._records.values() if record.type == token]

    def owner(self, token: str) -> str:
        """The outermost component that holds most resources of a type; empty where there is none."""
        counts = Counter(self.component(record) for record in self.of(token))
        return max(sorted(counts), key=lambda name: counts[name], default="")

    def component(self, record: Record) -> str:
        """The outermost component around a record, by its class's name."""
        while record.parent in self._records:
            record = self._records[record.parent]
        return record.type.rpartition(":")[2]


def _network(sizes: Sizes, stack: Stack) -> Iterator[Item]:
    owner = stack.owner("aws:ec2/natGateway:NatGateway")
    yield Item(owner, "NAT gateways", sizes.nats, HOUR, "nat_hour")
    yield Item(owner, "data through the NAT gateways", _assumed("nat_gb", sizes.nats), "GB", "nat_gb", assumed=True)
    yield Item(owner, "public addresses of the NAT gateways", sizes.nats, HOUR, "ipv4_hour")
    flow_logs = _assumed("flow_logs_gb", sizes.flow_logs)
    yield Item(owner, "VPC flow logs", flow_logs, "GB", "vended_logs_gb", assumed=True)
    endpoints = stack.of("aws:ec2/vpcEndpoint:VpcEndpoint")
    interfaces = sum(len(endpoint.inputs.get("subnetIds") or ()) for endpoint in endpoints)
    owner = stack.owner("aws:ec2/vpcEndpoint:VpcEndpoint")
    yield Item(owner, "interface endpoints x zones", interfaces, HOUR, "endpoint_hour")
    owner, balancers = stack.owner(BALANCER), stack.of(BALANCER)
    yield Item(owner, "load balancer", len(balancers), HOUR, "alb_hour")
    load = _assumed("alb_lcu", len(balancers))
    yield Item(owner, "load balancer capacity units", load, HOUR, "alb_lcu_hour", assumed=True)
    public = [balancer for balancer in balancers if not balancer.inputs.get("internal")]
    addresses = sum(len(balancer.inputs.get("subnets") or []) for balancer in public)
    yield Item(owner, "public addresses of the load balancer", addresses, HOUR, "ipv4_hour")


def _firewall(stack: Stack) -> Iterator[Item]:
    owner, acls = stack.owner(FIREWALL), stack.of(FIREWALL)
    yield Item(owner, "firewall (WAF web ACL)", len(acls), "month", "waf_acl_month")
    rules = sum(len(acl.inputs.get("rules") or []) for acl in acls)
    yield Item(owner, "firewall's rules", rules, "month", "waf_rule_month")
    requests = _assumed("waf_million", len(acls))
    yield Item(owner, "requests that the firewall looks at", requests, "million", "waf_million", assumed=True)


def _stores(sizes: Sizes, stack: Stack) -> Iterator[Item]:
    owner = stack.owner("aws:rds/instance:Instance")
    nodes = sizes.database_nodes
    standby = ", with standby" if nodes > 1 else ""
    yield Item(owner, f"PostgreSQL {sizes.database}{standby}", nodes * sizes.awake, HOUR, sizes.database)
    yield Item(owner, f"PostgreSQL storage, gp3{standby}", sizes.storage_gb * nodes, "GB", "db_gp3_gb_month")
    owner = stack.owner("aws:elasticache/replicationGroup:ReplicationGroup")
    yield Item(owner, f"Redis {sizes.cache}", sizes.cache_nodes, HOUR, sizes.cache)
    yield Item(owner, f"Redis {sizes.media}, frames", sizes.media_nodes, HOUR, sizes.media)
    files = _assumed("efs_gb", len(stack.of(FILES)))
    yield Item(stack.owner(FILES), "files (EFS standard)", files, "GB", "efs_gb_month", assumed=True)


def _computing(sizes: Sizes, stack: Stack) -> Iterator[Item]:
    owner = stack.owner("aws:ecs/service:Service")
    for kind, task in sizes.tasks.items():
        cpus, memory = task.cpu / 1024, task.memory / 1024
        name = f"{kind} x {task.count}" if task.count > 1 else kind
        running = task.count * sizes.awake
        yield Item(owner, f"Fargate CPU: {name}", cpus * running, HOUR, "fargate_vcpu_hour")
        yield Item(owner, f"Fargate GB: {name}", memory * running, HOUR, "fargate_gb_hour")
    instances = sizes.endpoint_instances * sizes.endpoints * sizes.awake
    yield Item(stack.owner(ENDPOINT), f"inference {sizes.endpoint}", instances, HOUR, sizes.endpoint)
    hours, what = _assumed("batch_hours", 1) * sizes.batch_endpoints, f"batch inference {sizes.batch_endpoint}"
    yield Item(stack.owner(ENDPOINT), what, hours, "hours", sizes.batch_endpoint, assumed=True)


def _storage(stack: Stack) -> Iterator[Item]:
    for token, what, usage in (
        ("aws:ecr/repository:Repository", "images (ECR)", "ecr_gb"),
        ("aws:cloudwatch/logGroup:LogGroup", "logs, stored", "logs_gb"),
        ("aws:s3/bucket:Bucket", "buckets (S3 standard)", "s3_gb"),
    ):
        amount = _assumed(usage, len(stack.of(token)))
        yield Item(stack.owner(token), what, amount, "GB", f"{usage}_month", assumed=True)


def _monitoring(stack: Stack) -> Iterator[Item]:
    alarms, dashboards = stack.of(ALARM), stack.of(DASHBOARD)
    yield Item(stack.owner(ALARM), "alarms", len(alarms), "month", "alarm_month")
    yield Item(stack.owner(DASHBOARD), "dashboard", len(dashboards), "month", "dashboard_month")
    metrics = _assumed("metrics", len(alarms))
    yield Item(stack.owner(ALARM), "custom metrics", metrics, "month", "metric_month", assumed=True)


def _encryption(stack: Stack) -> Iterator[Item]:
    keys, secrets = stack.of(KEY), stack.of(SECRET)
    yield Item(stack.owner(KEY), "keys (KMS)", len(keys), "month", "kms_key_month")
    yield Item(stack.owner(SECRET), "secrets", len(secrets), "month", "secret_month")


def _assumed(usage: str, count: int) -> float:
    """The assumed use where something exists; nothing where nothing does."""
    return float(table()["assumed"][usage]["amount"]) if count else 0.0
