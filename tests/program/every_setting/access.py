"""Access."""

from __future__ import annotations

from tests.program.every_setting.claims import claim
from tests.program.every_setting.seen import Seen


def opened(seen: Seen) -> set[tuple[int, str]]:
    """Ports of the load balancer, and who may call them."""
    where = [{"Name": "tag:cvat:edge", "Values": ["alb"]}]
    (group,) = seen.client("ec2").describe_security_groups(Filters=where)["SecurityGroups"]
    return {(rule["FromPort"], one["CidrIp"]) for rule in group["IpPermissions"] for one in rule["IpRanges"]}


@claim("httpPort", 8088)
def plain_http_listens_on_the_port(seen: Seen, port: int) -> None:
    assert seen.listeners[port]["Protocol"] == "HTTP", "in China, port 80 answers only with an ICP filing"
    assert {number for number, _ in opened(seen)} == {port}, "a port that listens must be open, and no other"
    assert seen.done.outputs["url"].endswith(f":{port}"), "people are told another address"


@claim("allowedCidrs", ["203.0.113.0/24", "198.51.100.7/32"])
def only_the_named_ranges_reach_the_load_balancer(seen: Seen, cidrs: list[str]) -> None:
    assert {source for _, source in opened(seen)} == set(cidrs), "everybody else must not even connect"


@claim("httpsPort", 9443, round_="given")
def https_listens_on_the_port_and_http_leads_there(seen: Seen, port: int) -> None:
    assert seen.listeners[port]["Protocol"] == "HTTPS", "in China, port 443 answers only with an ICP filing"
    (plain,) = [one for one in seen.listeners.values() if one["Protocol"] == "HTTP"]
    assert plain["DefaultActions"][0]["RedirectConfig"]["Port"] == str(port), "the redirect leads nowhere"
    assert seen.done.outputs["url"].endswith(f":{port}"), "people are told another address"


@claim("certificateArn", lambda on: on.certificate, round_="given")
def people_are_shown_the_certificate(seen: Seen, arn: str) -> None:
    (secure,) = [one for one in seen.listeners.values() if one["Protocol"] == "HTTPS"]
    assert secure["Certificates"][0]["CertificateArn"] == arn, "browsers would warn"
    assert len(seen.rules()) > 0, "the server's paths lead to the server behind HTTPS, too"


@claim("hostName", "cvat.example.com", round_="given")
def cvat_answers_to_its_name(seen: Seen, name: str) -> None:
    assert f"//{name}:" in seen.done.outputs["url"], "people are told another name"
    for kind in ("server", "init"):
        assert f"//{name}:" in seen.environment(kind, kind)["CVAT_BASE_URL"], "CVAT refuses hosts that it does not know"


@claim("adminCidrs", ["10.20.0.0/16"])
def administrators_pages_open_from_their_network_only(seen: Seen, cidrs: list[str]) -> None:
    admin = [rule for rule in seen.rules() if "/admin*" in str(rule["Conditions"])]
    assert [rule["Actions"][0]["Type"] for rule in admin] == ["forward", "fixed-response"], "the first that fits counts"
    sources = [one["SourceIpConfig"]["Values"] for one in admin[0]["Conditions"] if one["Field"] == "source-ip"]
    assert sources == [cidrs], "another network would get in"
    assert admin[1]["Actions"][0]["FixedResponseConfig"]["StatusCode"] == "403", "all others must be told no"


@claim("internal", True)
def the_load_balancer_has_no_public_address(seen: Seen, _: bool) -> None:
    assert seen.balancer["Scheme"] == "internal", "it would be on the Internet"
    private = {one["SubnetId"] for one in seen.subnets("private")}
    assert {zone["SubnetId"] for zone in seen.balancer["AvailabilityZones"]} == private, "and in private subnets"


@claim("enableExec", True)
def each_services_task_and_no_other_role_opens_a_shell(seen: Seen, _: bool) -> None:
    kinds = list(seen.done.outputs["services"])
    # moto does not keep the flag, so what ECS was told counts.
    told = [one.inputs["enableExecuteCommand"] for one in seen.done.of_type("aws:ecs/service:Service")]
    assert all(told), "ECS would refuse the shell"
    assert all("ssmmessages:OpenDataChannel" in seen.role(kind) for kind in kinds), "a shell would not open"
    assert not any("ssmmessages" in seen.role(kind, "execution") for kind in kinds), "more than a shell needs"
    assert "ssmmessages" not in seen.role("init"), "the run-once task is nobody's to enter"
