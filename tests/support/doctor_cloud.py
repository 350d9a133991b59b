"""An account for the doctor's questions, and its answers taken apart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
from botocore.stub import Stubber

from rehearsal import Account

REGION = "cn-northwest-1"
DIGEST = f"sha256:{'a' * 64}"


def said(out: str, level: str, topic: str) -> list[str]:
    """The sentences of a level and topic."""
    start = f"{level:<8}{topic}: "
    return [line.removeprefix(start) for line in out.splitlines() if line.startswith(start)]


def image(name: str) -> str:
    return f"123456789012.dkr.ecr.{REGION}.amazonaws.com.cn/{name}@{DIGEST}"


class Cloud:
    """An emulated account, and answers for the services that moto has only in part."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.quota = {"L-F678F1CE": 5.0, "L-0263D0A3": 5.0, "L-FE5A380F": 5.0, "L-3032A538": 50.0}
        self.hosting: dict[str, float] = {"ml.m5.large for endpoint usage": 2.0}
        self.postgres = ["15.8"]
        self.classes = ["db.t4g.medium"]
        self.redis = ["7.0.7", "7.1.0"]
        self._stubbed: dict[str, Any] = {}

    def __call__(self, service: str) -> Any:
        if service not in ("rds", "elasticache", "service-quotas"):
            return self.account.client(service, REGION)
        if service not in self._stubbed:
            client = boto3.client(service, region_name=REGION)
            stubber = Stubber(client)
            for operation, answer in getattr(self, service.replace("-", "_"))():
                stubber.add_response(operation, answer)
            stubber.activate()
            self._stubbed[service] = client
        return self._stubbed[service]

    def rds(self) -> Iterator[tuple[str, dict[str, Any]]]:
        yield (
            "describe_db_engine_versions",
            {"DBEngineVersions": [{"EngineVersion": postgre} for postgre in self.postgres]},
        )
        options = [{"DBInstanceClass": class_, "MultiAZCapable": False} for class_ in self.classes]
        yield "describe_orderable_db_instance_options", {"OrderableDBInstanceOptions": options}

    def elasticache(self) -> Iterator[tuple[str, dict[str, Any]]]:
        yield (
            "describe_cache_engine_versions",
            {"CacheEngineVersions": [{"EngineVersion": version} for version in self.redis]},
        )

    def service_quotas(self) -> Iterator[tuple[str, dict[str, Any]]]:
        for code in ("L-F678F1CE", "L-0263D0A3", "L-FE5A380F", "L-3032A538"):
            yield "get_service_quota", {"Quota": {"QuotaCode": code, "Value": self.quota[code]}}
        listed = [{"QuotaName": name, "QuotaCode": "L-1", "Value": value} for name, value in self.hosting.items()]
        yield "list_service_quotas", {"Quotas": listed}
