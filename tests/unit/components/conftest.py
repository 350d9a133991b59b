"""What component tests share: Pulumi's mocks, a context, a scripted RDS."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from components.context import StackContext
from region import Region
from tests.support.mocked_engine import Engine


@pytest.fixture
def engine() -> Iterator[Engine]:
    """With an event loop on this thread, which Pulumi expects: asyncio.run of an earlier test leaves none."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield Engine()
    asyncio.set_event_loop(None)
    loop.close()


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
