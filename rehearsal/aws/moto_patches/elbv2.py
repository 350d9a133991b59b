"""Elastic Load Balancing."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from moto.elbv2.models import FakeAction, FakeLoadBalancer

from rehearsal.aws.moto_patches.patch import Client, after, moto_patch, subnet_ids, with_dns_suffix

_FIXED = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200"}}


def _balancer(client: Client, name: str = "lb") -> dict[str, Any]:
    (balancer,) = client("elbv2").create_load_balancer(Name=name, Subnets=subnet_ids(client)[:2])["LoadBalancers"]
    return dict(balancer)


def _names_its_balancer(client: Client) -> bool:
    return str(_balancer(client)["DNSName"]).endswith(".amazonaws.com.cn")


@moto_patch(_names_its_balancer)
def host_names_of_load_balancers(stack: ExitStack) -> None:
    """moto's load balancers have names below amazonaws.com in every partition. botocore's partitions.json."""

    def balancer(_: None, self: Any, *__: Any, **___: Any) -> None:
        self.dns_name = with_dns_suffix(self.dns_name, self.arn.split(":")[3])

    after(stack, FakeLoadBalancer, "__init__", balancer)


def _hides_the_client_secret(client: Client) -> bool:
    """Who describes a listener reads the client id, but not the client secret."""
    elb = client("elbv2")
    provider = {
        name: "https://x.example" for name in ("Issuer", "AuthorizationEndpoint", "TokenEndpoint", "UserInfoEndpoint")
    }
    login = {
        "Type": "authenticate-oidc",
        "AuthenticateOidcConfig": provider | {"ClientId": "c", "ClientSecret": "hush"},
    }
    listener = {"LoadBalancerArn": _balancer(client)["LoadBalancerArn"], "Protocol": "HTTP", "Port": 80}
    elb.create_listener(**listener, DefaultActions=[{**login, "Order": 1}, {**_FIXED, "Order": 2}])
    (described,) = elb.describe_listeners(LoadBalancerArn=listener["LoadBalancerArn"])["Listeners"]
    config = described["DefaultActions"][0]["AuthenticateOidcConfig"]
    return config["ClientId"] == "c" and "ClientSecret" not in config


@moto_patch(_hides_the_client_secret)
def client_secrets_of_listeners(stack: ExitStack) -> None:
    """moto shows the secret of an OIDC client to whoever describes the rule.

    API reference, AuthenticateOidcActionConfig: the secret is required on creation only, and not returned.
    """

    def forget(_: None, self: Any, data: dict[str, Any]) -> None:
        if config := self.data.get("AuthenticateOidcConfig"):
            config.pop("ClientSecret", None)

    after(stack, FakeAction, "__init__", forget)
