"""What component tests share: Pulumi's mocks, a context, a scripted RDS."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from components.context import StackContext
from region import Region
from tests.support.mocked_engine import Engine


@pytest.fixture
def engine() -> Engine:
    return Engine()


@pytest.fixture
def context() -> StackContext:
    tags = {"project": "cvat", "stack": "test"}
    return StackContext(region=Region("cn-northwest-1"), account="123456789012", stack="test", tags=tags)


@pytest.fixture
def rds() -> Iterator[tuple[Any, Stubber]]:
    client = boto3.client("rds", region_name="cn-north-1", aws_access_key_id="x", aws_secret_access_key="x")
    with Stubber(client) as stub:
        yield client, stub
        stub.assert_no_pending_responses()
