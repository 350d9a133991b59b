"""Access, HTTPS, firewall, login in front of CVAT."""

from __future__ import annotations

from settings.stack_file import Encrypted
from tests.support.every_setting.seen import Seen
from tests.support.every_setting.setting_effects import claim


def opened(seen: Seen) -> set[tuple[int, str]]:
    """Ports of the load balancer, and who may call them."""
    where = [{"Name": "tag:cvat:edge", "Values": ["alb"]}]
    (group,) = seen.client("ec2").describe_security_groups(Filters=where)["SecurityGroups"]
    return {
        (rule["FromPort"], address_range["CidrIp"])
        for rule in group["IpPermissions"]
        for address_range in rule["IpRanges"]
    }


@claim("httpPort", 8088)
def plain_http_listens_on_the_port(seen: Seen, port: int) -> None:
    assert seen.listeners[port]["Protocol"] == "HTTP", "in China, port 80 answers only with an ICP filing"
    assert {number for number, _ in opened(seen)} == set(seen.listeners), "what listens must be open, and nothing else"


@claim("allowedCidrs", ["203.0.113.0/24", "198.51.100.7/32"])
def only_the_named_ranges_reach_the_load_balancer(seen: Seen, cidrs: list[str]) -> None:
    assert {source for _, source in opened(seen)} == set(cidrs), "everybody else must not even connect"


@claim("httpsPort", 9443, round_="given")
def https_listens_on_the_port_and_http_leads_there(seen: Seen, port: int) -> None:
    assert seen.listeners[port]["Protocol"] == "HTTPS", "in China, port 443 answers only with an ICP filing"
    (plain,) = [listener for listener in seen.listeners.values() if listener["Protocol"] == "HTTP"]
    assert plain["DefaultActions"][0]["RedirectConfig"]["Port"] == str(port), "the redirect leads nowhere"
    assert seen.done.outputs["url"].endswith(f":{port}"), "users see another address"


@claim("certificateArn", lambda on: on.certificate, round_="given")
def people_are_shown_the_certificate(seen: Seen, arn: str) -> None:
    assert seen.secure["Certificates"][0]["CertificateArn"] == arn, "browsers would warn"
    assert len(seen.rules()) > 0, "the server's paths lead to the server behind HTTPS, too"


@claim("hostName", "cvat.example.com", round_="given")
def cvat_answers_to_its_name(seen: Seen, name: str) -> None:
    assert f"//{name}:" in seen.done.outputs["url"], "users see another name"
    for kind in ("server", "init"):
        assert f"//{name}:" in seen.environment(kind, kind)["CVAT_BASE_URL"], "CVAT refuses hosts that it does not know"


@claim("adminCidrs", ["10.20.0.0/16"])
def administrators_pages_open_from_their_network_only(seen: Seen, cidrs: list[str]) -> None:
    admin = [rule for rule in seen.rules() if "/admin*" in str(rule["Conditions"])]
    assert [rule["Actions"][0]["Type"] for rule in admin] == ["forward", "fixed-response"], "the first that fits counts"
    sources = [
        condition["SourceIpConfig"]["Values"]
        for condition in admin[0]["Conditions"]
        if condition["Field"] == "source-ip"
    ]
    assert sources == [cidrs], "another network would get in"
    assert admin[1]["Actions"][0]["FixedResponseConfig"]["StatusCode"] == "403", "all others must be refused"


@claim("internal", True)
def the_load_balancer_has_no_public_address(seen: Seen, _: bool) -> None:
    assert seen.balancer["Scheme"] == "internal", "it would be on the Internet"
    private = {subnet["SubnetId"] for subnet in seen.subnets("private")}
    assert {zone["SubnetId"] for zone in seen.balancer["AvailabilityZones"]} == private, "and in private subnets"


@claim("enableExec", True)
def each_services_task_and_no_other_role_opens_a_shell(seen: Seen, _: bool) -> None:
    kinds = list(seen.done.outputs["services"])
    # moto does not keep the flag, so the request to ECS counts.
    flags = [service.inputs["enableExecuteCommand"] for service in seen.done.of_type("aws:ecs/service:Service")]
    assert all(flags), "ECS would refuse the shell"
    assert all("ssmmessages:OpenDataChannel" in seen.role(kind) for kind in kinds), "a shell would not open"
    assert not any("ssmmessages" in seen.role(kind, "execution") for kind in kinds), "more than a shell needs"
    assert "ssmmessages" not in seen.role("init"), "the run-once task is nobody's to enter"


@claim("hostedZoneId", lambda on: on.zone, round_="asleep")
def the_name_leads_to_the_load_balancer(seen: Seen, zone: str) -> None:
    records = seen.client("route53").list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    aliases = [record["AliasTarget"]["DNSName"].rstrip(".") for record in records if record["Type"] == "A"]
    assert aliases == [seen.balancer["DNSName"]], "nobody would find CVAT"


@claim("requestCertificate", True, round_="asleep")
def acm_issues_the_certificate(seen: Seen, _: bool) -> None:
    arn = seen.secure["Certificates"][0]["CertificateArn"]
    about = seen.client("acm").describe_certificate(CertificateArn=arn)["Certificate"]
    assert (about["Type"], about["DomainName"]) == ("AMAZON_ISSUED", "cvat.example.com"), "browsers would warn"
    assert seen.done.of_type("aws:acm/certificate:Certificate"), "it would have to exist already"


@claim("certificate", lambda on: on.pem.certificate)
def the_certificate_is_imported_and_shown(seen: Seen, text: str) -> None:
    arn = seen.secure["Certificates"][0]["CertificateArn"]
    assert seen.client("acm").get_certificate(CertificateArn=arn)["Certificate"] == text, "browsers would warn"


@claim("certificateKey", lambda on: Encrypted(on.pem.key))
def the_key_is_imported_with_it_and_stays_secret(seen: Seen, text: str) -> None:
    (made,) = seen.done.of_type("aws:acm/certificate:Certificate")
    assert made.inputs["privateKey"] == text, "a certificate without its key opens nothing"
    assert "privateKey" in made.secrets, "it would stand in the state in clear"


@claim("tlsPolicy", "ELBSecurityPolicy-TLS13-1-2-Res-2021-06")
def the_listener_has_the_tls_policy(seen: Seen, name: str) -> None:
    assert seen.secure["SslPolicy"] == name, "an auditor would object"


@claim("waf", True)
def a_firewall_stands_before_the_load_balancer(seen: Seen, _: bool) -> None:
    assert seen.firewall()["DefaultAction"] == {"Allow": {}}, "what no rule blocks must pass"


@claim("wafRuleGroups", ["AWSManagedRulesSQLiRuleSet"])
def the_firewall_has_the_groups_of_rules(seen: Seen, names: list[str]) -> None:
    statements = [rule["Statement"].get("ManagedRuleGroupStatement") for rule in seen.firewall()["Rules"]]
    assert [statement["Name"] for statement in statements if statement] == names, "others might block, or not"


@claim("wafRateLimit", 3000)
def an_address_may_ask_so_often(seen: Seen, limit: int) -> None:
    statements = [rule["Statement"].get("RateBasedStatement") for rule in seen.firewall()["Rules"]]
    assert [statement["Limit"] for statement in statements if statement] == [limit], (
        "one client could occupy all servers"
    )


@claim("wafTrustedCidrs", ["198.51.100.0/24"])
def nothing_is_blocked_for_the_trusted(seen: Seen, cidrs: list[str]) -> None:
    waf = seen.client("wafv2")
    (listed,) = waf.list_ip_sets(Scope="REGIONAL")["IPSets"]
    addresses = waf.get_ip_set(Scope="REGIONAL", Name=listed["Name"], Id=listed["Id"])["IPSet"]["Addresses"]
    assert addresses == cidrs, "an office behind one address would be blocked"


@claim("wafLogs", True)
def what_the_firewall_blocks_is_logged(seen: Seen, _: bool) -> None:
    log = seen.client("wafv2").get_logging_configuration(ResourceArn=seen.firewall()["ARN"])["LoggingConfiguration"]
    assert log["LoggingFilter"]["DefaultBehavior"] == "DROP", "what passes is in the access log"


PROVIDER = "https://login.example.com"


def asked_for(seen: Seen, member: str, value: object) -> None:
    """The login has the value."""
    assert seen.login()[member] == value, "nobody could log in"


@claim("oidcIssuer", PROVIDER, round_="given")
def everybody_logs_in_at_the_provider(seen: Seen, issuer: str) -> None:
    asked_for(seen, "Issuer", issuer)


@claim("oidcClientId", "cvat", round_="given")
def the_provider_knows_cvat_as_the_client(seen: Seen, name: str) -> None:
    asked_for(seen, "ClientId", name)


@claim("oidcClientSecret", Encrypted("the client's own"), round_="given")
def the_clients_secret_is_given_to_the_load_balancer_alone(seen: Seen, secret: str) -> None:
    # AWS shows it to nobody, so what the listener was told counts.
    (listener,) = [
        record for record in seen.done.of_type("aws:lb/listener:Listener") if record.inputs["protocol"] == "HTTPS"
    ]
    inputs = listener.inputs["defaultActions"]
    assert inputs[0]["authenticateOidc"]["clientSecret"] == secret, "nobody could log in"
    assert "ClientSecret" not in seen.login(), "and nobody can read it"


@claim("oidcAuthorizationEndpoint", f"{PROVIDER}/authorize", round_="given")
def people_are_sent_to_the_authorization_endpoint(seen: Seen, address: str) -> None:
    asked_for(seen, "AuthorizationEndpoint", address)


@claim("oidcTokenEndpoint", f"{PROVIDER}/token", round_="given")
def the_load_balancer_asks_the_token_endpoint(seen: Seen, address: str) -> None:
    asked_for(seen, "TokenEndpoint", address)


@claim("oidcUserInfoEndpoint", f"{PROVIDER}/userinfo", round_="given")
def the_load_balancer_asks_the_user_info_endpoint(seen: Seen, address: str) -> None:
    asked_for(seen, "UserInfoEndpoint", address)


@claim("oidcScope", "openid email", round_="given")
def the_provider_is_asked_for_the_scope(seen: Seen, scope: str) -> None:
    asked_for(seen, "Scope", scope)


@claim("oidcSessionHours", 4, round_="given")
def people_log_in_again_after_the_hours(seen: Seen, many: int) -> None:
    asked_for(seen, "SessionTimeout", many * 3600)


@claim("oidcTokenBypass", True, round_="given")
def scripts_with_a_token_go_past_the_provider(seen: Seen, _: bool) -> None:
    rules = [rule for rule in seen.rules() if "Token *" in str(rule["Conditions"])]
    assert [[action["Type"] for action in rule["Actions"]] for rule in rules] == [["forward"]], "scripts cannot log in"
    assert "/api/*" in str(rules[0]["Conditions"]), "and tokens pass nowhere else"
