"""Elastic Load Balancing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import Any

from moto.elbv2.exceptions import DuplicateListenerError, ELBClientError
from moto.elbv2.models import ELBv2Backend, FakeAction, FakeLoadBalancer

from rehearsal.aws.moto_patches.patch import (
    Client,
    after,
    before,
    moto_patch,
    refusal,
    subnet_ids,
    with_dns_suffix,
)

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


def _faces_the_internet(client: Client) -> bool:
    return _balancer(client).get("Scheme") == "internet-facing"


@moto_patch(_faces_the_internet)
def scheme_of_load_balancers(stack: ExitStack) -> None:
    """moto's load balancers have no scheme unless it is given. API reference, CreateLoadBalancer: internet-facing."""

    def balancer(_: None, self: Any, *__: Any, **___: Any) -> None:
        self.scheme = self.scheme or "internet-facing"

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


def _refuses_a_second_listener(client: Client) -> bool:
    elb, balancer = client("elbv2"), {"LoadBalancerArn": _balancer(client)["LoadBalancerArn"]}
    listener = {**balancer, "Protocol": "HTTP", "DefaultActions": [_FIXED]}
    elb.create_listener(**listener, Port=80)
    (other,) = elb.create_listener(**listener, Port=81)["Listeners"]
    refusals = (
        refusal(elb.create_listener, **listener, Port=80),
        refusal(elb.modify_listener, ListenerArn=other["ListenerArn"], Port=80),
        refusal(elb.modify_listener, ListenerArn=other["ListenerArn"], Port=81, DefaultActions=[_FIXED]),
    )
    return refusals == ("DuplicateListener", "DuplicateListener", "")


@moto_patch(_refuses_a_second_listener)
def one_listener_on_a_port(stack: ExitStack) -> None:
    """moto lets a load balancer have two listeners on one port.

    API reference, CreateListener and ModifyListener: DuplicateListener.
    """

    def check(balancer: Any, port: Any, own: str = "") -> None:
        ports = {str(listener.port) for arn, listener in balancer.listeners.items() if arn != own}
        if port is not None and str(port) in ports:
            raise DuplicateListenerError

    def create(self: Any, load_balancer_arn: str, protocol: str, port: Any, *_: Any, **__: Any) -> None:
        if balancer := self.load_balancers.get(load_balancer_arn):
            check(balancer, port)

    def modify(self: Any, arn: str, port: Any = None, *_: Any, **__: Any) -> None:
        for balancer in self.load_balancers.values():
            if arn in balancer.listeners:
                check(balancer, port, own=arn)

    before(stack, ELBv2Backend, "create_listener", create)
    before(stack, ELBv2Backend, "modify_listener", modify)


def _refuses_a_second_balancer(client: Client) -> bool:
    elb, vpc = client("elbv2"), client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
    (group,) = elb.create_target_group(Name="t", Protocol="HTTP", Port=80, VpcId=vpc, TargetType="ip")["TargetGroups"]
    forward = [{"Type": "forward", "TargetGroupArn": group["TargetGroupArn"]}]
    first, second = (
        {"LoadBalancerArn": _balancer(client, name)["LoadBalancerArn"], "Protocol": "HTTP", "Port": 80}
        for name in ("first", "second")
    )
    elb.create_listener(**first, DefaultActions=forward)
    (other,) = elb.create_listener(**second, DefaultActions=[_FIXED])["Listeners"]
    listener, path = {"ListenerArn": other["ListenerArn"]}, [{"Field": "path-pattern", "Values": ["/a"]}]
    (rule,) = elb.create_rule(**listener, Conditions=path, Priority=2, Actions=[_FIXED])["Rules"]
    elb.create_listener(**{**first, "Port": 81}, DefaultActions=forward)  # of the same balancer
    refusals = {
        refusal(elb.create_listener, **{**second, "Port": 81}, DefaultActions=forward),
        refusal(elb.modify_listener, **listener, DefaultActions=forward),
        refusal(elb.create_rule, **listener, Conditions=path, Priority=1, Actions=forward),
        refusal(elb.modify_rule, RuleArn=rule["RuleArn"], Actions=forward),
    }
    return refusals == {"TargetGroupAssociationLimit"}


@moto_patch(_refuses_a_second_balancer)
def one_load_balancer_of_a_target_group(stack: ExitStack) -> None:
    """moto lets rules of two load balancers forward to one target group.

    API reference, CreateListener, CreateRule, ModifyListener and ModifyRule: TargetGroupAssociationLimit.
    """

    def check(backend: Any, balancer_arn: str, actions: Sequence[Mapping[str, Any]] | None) -> None:
        taken = {
            group
            for arn, balancer in backend.load_balancers.items()
            if arn != balancer_arn
            for group in _target_groups_of(balancer)
        }
        groups = sorted({group for action in actions or () for group in _target_groups(action)} & taken)
        if groups:
            text = "The following target groups cannot be associated with more than one load balancer"
            raise ELBClientError("TargetGroupAssociationLimit", f"{text}: {', '.join(groups)}")

    def balancer_of(backend: Any, listener_arn: str) -> str:
        balancers = backend.load_balancers.items()
        return next((arn for arn, balancer in balancers if listener_arn in balancer.listeners), "")

    def create_listener(self: Any, load_balancer_arn: str, *args: Any, **kwargs: Any) -> None:
        check(
            self, load_balancer_arn, kwargs.get("actions") or next((arg for arg in args if isinstance(arg, list)), [])
        )

    def modify_listener(self: Any, arn: str, *args: Any, **kwargs: Any) -> None:
        check(self, balancer_of(self, arn), kwargs.get("actions") or (args[-1] if args else []))

    def create_rule(
        self: Any, listener_arn: str, conditions: Any, priority: Any, actions: Any, *_: Any, **__: Any
    ) -> None:
        check(self, balancer_of(self, listener_arn), actions)

    def modify_rule(self: Any, rule_arn: str, conditions: Any, actions: Any) -> None:
        listener = rule_arn.replace(":listener-rule/", ":listener/").rpartition("/")[0]
        check(self, balancer_of(self, listener), actions)

    before(stack, ELBv2Backend, "create_listener", create_listener)
    before(stack, ELBv2Backend, "modify_listener", modify_listener)
    before(stack, ELBv2Backend, "create_rule", create_rule)
    before(stack, ELBv2Backend, "modify_rule", modify_rule)


def _target_groups(action: Mapping[str, Any]) -> Iterator[str]:
    """ARNs in an action as the API takes it."""
    if arn := action.get("TargetGroupArn"):
        yield str(arn)
    for group in action.get("ForwardConfig", {}).get("TargetGroups", []):
        yield str(group["TargetGroupArn"])


def _target_groups_of(balancer: Any) -> Iterator[str]:
    """ARNs in the default actions and rules of a load balancer's listeners."""
    for listener in balancer.listeners.values():
        actions = [*listener.default_actions, *(action for rule in listener.rules.values() for action in rule.actions)]
        for action in actions:
            yield from _target_groups(action.data)
