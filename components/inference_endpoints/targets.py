"""Where each auto-annotation function answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi


@dataclass(frozen=True)
class Target:
    endpoint: pulumi.Output[str]
    """Name of the endpoint."""
    arn: pulumi.Output[str]
    container: str | None = None
    """Container of a shared endpoint. None: the endpoint has no other."""


def gateway_endpoints(targets: Mapping[str, Target]) -> dict[str, dict[str, pulumi.Input[str]]]:
    """Function -> endpoint and container, as the gateway reads SERVERLESS_ENDPOINTS."""
    return {
        function: {"endpoint": target.endpoint, **({"container": target.container} if target.container else {})}
        for function, target in sorted(targets.items())
    }
