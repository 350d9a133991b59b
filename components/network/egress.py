"""Egress: how tasks call what is outside of the VPC: directly, or by a proxy with exceptions for what is inside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from components.context import StackContext
from components.network import security_groups
from settings.values import Proxy

_AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"
"""What update-ca-certificates writes."""


@dataclass(frozen=True)
class Egress:
    proxy: Proxy | None = None
    """Default: tasks call directly."""
    direct: tuple[str, ...] = ()
    """Host names of AWS services that have an endpoint in the VPC."""
    own_authorities: bool = False
    """Whether images trust certificate authorities besides the public ones."""

    @property
    def proxy_port(self) -> int:
        """0: there is none."""
        return self.proxy.port if self.proxy else 0

    def allow(self, name: str, client: security_groups.Group, opts: pulumi.ResourceOptions) -> None:
        """Open client -> proxy, wherever that is. Port 443 is open to everywhere already."""
        if self.proxy and self.proxy.port != security_groups.HTTPS:
            security_groups.allow_out(f"{name}-to-proxy", client, opts, port=self.proxy.port)

    def environment(self, hosts: Sequence[pulumi.Input[str]] = ()) -> dict[str, pulumi.Input[str]]:
        """Variables of a container that also calls these hosts of the stack."""
        if self.proxy is None:
            return {}
        proxy, direct = self.proxy, self.direct
        own = pulumi.Output.all(*hosts).apply(lambda known: proxy.environment((*direct, *known))["NO_PROXY"])
        return {**proxy.environment(()), "NO_PROXY": own}

    def environment_of_cvat(self, hosts: Sequence[pulumi.Input[str]] = ()) -> dict[str, pulumi.Input[str]]:
        """The same for CVAT's image, whose HTTP clients contain a list of authorities, which this variable replaces."""
        trust = {"REQUESTS_CA_BUNDLE": _AUTHORITIES} if self.own_authorities else {}
        return {**self.environment(hosts), **trust}


def egress(context: StackContext, services: Sequence[str]) -> Egress:
    """services: those with an interface endpoint in the VPC. S3 is called directly in any case, by ECS, too."""
    direct = tuple(context.region.host(service) for service in dict.fromkeys(("s3", *services)))
    return Egress(context.proxy, direct, context.own_authorities)
