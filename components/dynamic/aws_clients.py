"""boto3 clients for what a deployment does itself, in Pulumi's provider process or elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import boto3
from botocore.config import Config

from components.dynamic.run_task import Clients


def aws_clients(props: Mapping[str, Any]) -> Clients:
    """Creates clients, each with a fresh session that reads renewed credentials. Reads `region` and `profile`."""
    retries = Config(retries={"mode": "standard", "max_attempts": 8})

    def client(service: str) -> Any:
        session = boto3.Session(region_name=props["region"], profile_name=props.get("profile") or None)
        return session.client(service, config=retries)

    return client
