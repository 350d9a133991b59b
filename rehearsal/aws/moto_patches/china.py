"""Bridges: Names in the regions of China."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any
from unittest import mock

from rehearsal.aws import partitions
from rehearsal.aws.moto_patches.table import after, bridge


@bridge
def third_zone_in_beijing(stack: ExitStack) -> None:
    """Beijing shows three zones, the third being cn-north-1d with the id cnn1-az4; moto has two."""
    from moto.ec2.models.availability_zones_and_regions import RegionsAndZonesBackend, Zone  # noqa: PLC0415

    zones = RegionsAndZonesBackend.zones
    third = Zone(region_name="cn-north-1", name="cn-north-1d", zone_id="cnn1-az4")
    stack.enter_context(mock.patch.dict(zones, {"cn-north-1": [*zones["cn-north-1"], third]}))


@bridge
def host_names_in_china(stack: ExitStack) -> None:
    """moto's databases, balancers and registries stand below amazonaws.com in every partition."""
    from moto.ecr.models import Repository  # noqa: PLC0415
    from moto.ecr.responses import ECRResponse  # noqa: PLC0415
    from moto.elbv2.models import FakeLoadBalancer  # noqa: PLC0415
    from moto.rds.models import DBInstance  # noqa: PLC0415

    address: Any = vars(DBInstance)["address"].fget

    def own_address(self: Any) -> str:
        return partitions.localised(str(address(self)), self.region)

    stack.enter_context(mock.patch.object(DBInstance, "address", property(own_address)))

    def balancer(_: None, self: Any, *args: Any, **kwargs: Any) -> None:
        self.dns_name = partitions.localised(self.dns_name, self.arn.split(":")[3])

    after(stack, FakeLoadBalancer, "__init__", balancer)

    def repository(_: None, self: Any, *args: Any, **kwargs: Any) -> None:
        self.uri = partitions.localised(self.uri, self.region_name)

    after(stack, Repository, "__init__", repository)

    def token(answer: Any, self: Any) -> Any:
        for one in answer.result["authorizationData"]:
            one["proxyEndpoint"] = partitions.localised(one["proxyEndpoint"], self.region)
        return answer

    after(stack, ECRResponse, "get_authorization_token", token)


@bridge
def arns_of_subnets(stack: ExitStack) -> None:
    """moto writes every subnet's ARN in the commercial partition."""
    from moto.ec2.models.subnets import Subnet  # noqa: PLC0415

    arn: Any = vars(Subnet)["arn"].fget

    def own(self: Any) -> str:
        return ":".join(["arn", partitions.of(self.ec2_backend.region_name).name, *arn(self).split(":")[2:]])

    stack.enter_context(mock.patch.object(Subnet, "arn", property(own)))
