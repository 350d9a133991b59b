"""boto3 clients for what a deployment does itself, in Pulumi's provider process or elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ConnectionError, HTTPClientError

from components.dynamic.run_task import Clients

_CONFIG = Config(connect_timeout=5, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 8})
"""Seconds, for each address of a name. Where the network drops every packet, a call ends after about two minutes: 8
times 5 seconds, and 71 at most between them. Where it connects and never answers, after five."""


class UnansweredError(BotoCoreError):  # type: ignore[misc]  # botocore ships no types
    """AWS was not reached, or did not answer, however often it was asked."""

    fmt = (
        "{operation}: AWS does not answer ({cause}). Check this machine's network, name resolution and HTTPS_PROXY, "
        "and run `pulumi up` again: it goes on where it stopped."
    )


def aws_clients(props: Mapping[str, Any]) -> Clients:
    """Creates clients, each with a fresh session that reads renewed credentials. Reads `region` and `profile`.

    Their calls end within minutes, whatever the network does, and raise UnansweredError where AWS gave no answer.
    """

    def client(service: str) -> Any:
        session = boto3.Session(region_name=props["region"], profile_name=props.get("profile") or None)
        created = session.client(service, config=_CONFIG)
        created.meta.events.register("after-call-error", _explain)
        return created

    return client


def _explain(exception: Exception, event_name: str, **_: Any) -> None:
    """Called by botocore with what a call raised, after the last attempt."""
    if isinstance(exception, (ConnectionError, HTTPClientError)):
        operation = ":".join(event_name.split(".")[1:])
        raise UnansweredError(operation=operation, cause=str(exception).rstrip(".")) from exception
