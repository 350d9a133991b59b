"""The way in with everything on: imported certificate, name, firewall, login. One account in China serves all tests."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rehearsal import Rehearsal, console, rehearse, report
from rehearsal.aws.account import Account
from rehearsal.checks import addresses, reachability, security_group_edges
from rehearsal.report import stable
from settings.stack_file import Encrypted
from tests.support.pem import Pair, pair, signer

HOST = "cvat.example.cn"
CA = signer()
PAIR: Pair = pair(HOST, by=CA)
CLIENT_SECRET = "the-secret-of-the-client"
LOGIN = "https://login.example.cn"


@pytest.fixture(scope="module")
def done(archives: Path) -> Iterator[Rehearsal]:
    with Account() as account:
        zone = account.client("route53", "cn-north-1").create_hosted_zone(Name="example.cn", CallerReference="1")
        config = {
            "hostName": HOST,
            "hostedZoneId": zone["HostedZone"]["Id"].rpartition("/")[2],
            "certificate": PAIR.certificate + CA.pem,
            "certificateKey": Encrypted(PAIR.key),
            "tlsPolicy": "ELBSecurityPolicy-TLS13-1-2-Res-2021-06",
            "adminCidrs": ["10.20.0.0/16"],
            "waf": True,
            "wafRateLimit": 3000,
            "wafTrustedCidrs": ["203.0.113.0/24"],
            "wafLogs": True,
            "oidcIssuer": LOGIN,
            "oidcClientId": "cvat",
            "oidcClientSecret": Encrypted(CLIENT_SECRET),
            "oidcAuthorizationEndpoint": f"{LOGIN}/authorize",
            "oidcTokenEndpoint": f"{LOGIN}/token",
            "oidcUserInfoEndpoint": f"{LOGIN}/userinfo",
            "oidcTokenBypass": True,
            "interfaceEndpoints": ["ecr.api"],
        }
        full = {f"cvat:{key}": value for key, value in config.items()} | {"cvat:modelArchives": str(archives)}
        done = rehearse("cn-north-1", config=full, account=account)
        assert done.error is None, done.error
        yield done


def balancer(done: Rehearsal) -> Any:
    (load_balancer,) = done.client("elbv2").describe_load_balancers()["LoadBalancers"]
    return load_balancer


def listener(done: Rehearsal, port: int) -> Any:
    listeners = done.client("elbv2").describe_listeners(LoadBalancerArn=balancer(done)["LoadBalancerArn"])["Listeners"]
    return next(listener for listener in listeners if listener["Port"] == port)


def rules(done: Rehearsal) -> list[Any]:
    """Rules of the main listener, in their order."""
    listed = done.client("elbv2").describe_rules(ListenerArn=listener(done, 8443)["ListenerArn"])["Rules"]
    return sorted(
        (rule for rule in listed if not rule["IsDefault"]),
        key=lambda rule: int(rule["Priority"]),
    )


def test_everything_at_once_keeps_every_check(done: Rehearsal) -> None:
    broken = [finding for verdict in done.checks for finding in verdict.findings]
    assert not broken, broken


def test_the_certificate_is_imported_with_its_chain_and_used(done: Rehearsal) -> None:
    secure = listener(done, 8443)
    arn = secure["Certificates"][0]["CertificateArn"]
    assert arn.startswith("arn:aws-cn:acm:cn-north-1:")
    held = done.client("acm").get_certificate(CertificateArn=arn)
    assert held["Certificate"] == PAIR.certificate
    assert held["CertificateChain"].startswith(CA.pem.strip())
    assert secure["SslPolicy"] == "ELBSecurityPolicy-TLS13-1-2-Res-2021-06"


def test_the_name_leads_to_the_load_balancer(done: Rehearsal) -> None:
    (zone,) = [
        zone for zone in done.client("route53").list_hosted_zones()["HostedZones"] if zone["Name"] == "example.cn."
    ]
    records = done.client("route53").list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]
    (alias,) = [record["AliasTarget"] for record in records if record["Name"] == f"{HOST}." and record["Type"] == "A"]
    assert alias["DNSName"].rstrip(".") == balancer(done)["DNSName"]
    assert alias["HostedZoneId"] == balancer(done)["CanonicalHostedZoneId"]
    assert done.outputs["url"] == f"https://{HOST}:8443"


def test_users_log_in_first_programs_get_401_and_tokens_pass(done: Rehearsal) -> None:
    (ask, last) = listener(done, 8443)["DefaultActions"]
    assert (ask["Type"], last["Type"]) == ("authenticate-oidc", "forward")
    config = ask["AuthenticateOidcConfig"]
    assert (config["Issuer"], config["OnUnauthenticatedRequest"]) == (LOGIN, "authenticate")
    assert config["TokenEndpoint"] == f"{LOGIN}/token"
    assert "ClientSecret" not in config
    by_priority = rules(done)
    first = {condition["Field"]: condition for condition in by_priority[0]["Conditions"]}
    assert first["http-header"]["HttpHeaderConfig"] == {"HttpHeaderName": "Authorization", "Values": ["Token *"]}
    assert first["path-pattern"]["PathPatternConfig"]["Values"] == ["/api/*"], "tokens pass nowhere else"
    assert [action["Type"] for action in by_priority[0]["Actions"]] == ["forward"]
    closed = [rule["Actions"][0]["Type"] for rule in by_priority[1:]]
    assert set(closed) == {"authenticate-oidc", "fixed-response"}, "no other rule lets a stranger through"
    api = next(rule for rule in by_priority[1:] if "/api/*" in str(rule["Conditions"]))
    assert api["Actions"][0]["AuthenticateOidcConfig"]["OnUnauthenticatedRequest"] == "deny"


def test_only_the_load_balancer_that_logs_people_in_may_call_out(done: Rehearsal) -> None:
    (group,) = done.client("ec2").describe_security_groups(Filters=[{"Name": "tag:cvat:edge", "Values": ["alb"]}])[
        "SecurityGroups"
    ]
    out = [
        (rule["FromPort"], rule["IpRanges"][0]["CidrIp"]) for rule in group["IpPermissionsEgress"] if rule["IpRanges"]
    ]
    assert out == [(443, "0.0.0.0/0")]
    cell = reachability.matrix(done).cells["alb", (reachability.PROVIDER, "443")]
    assert cell.intended
    assert cell.open


def test_a_load_balancer_that_does_not_reach_the_provider_is_noticed(done: Rehearsal) -> None:
    """Nobody could log in, and nothing else would tell."""
    ec2 = done.client("ec2")
    groups = ec2.describe_security_groups(Filters=[{"Name": "tag:cvat:edge", "Values": ["alb"]}])["SecurityGroups"]
    https_rule = [{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    ec2.revoke_security_group_egress(GroupId=groups[0]["GroupId"], IpPermissions=https_rule)
    try:
        said = [*security_group_edges.open_edges(done).findings, *reachability.reachable(done).findings]
    finally:
        ec2.authorize_security_group_egress(GroupId=groups[0]["GroupId"], IpPermissions=https_rule)
    assert any("alb -> 0.0.0.0/0:443 is intended but not open" in sentence for sentence in said), said
    assert any("alb -> identity provider:443 is intended, but" in sentence for sentence in said), said


def test_a_name_that_leads_elsewhere_and_a_certificate_for_another_are_noticed(done: Rehearsal) -> None:
    elb, dns = done.client("elbv2"), done.client("route53")
    zone = done.config.values["cvat:hostedZoneId"]
    (alias,) = [
        record
        for record in dns.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
        if "AliasTarget" in record
    ]
    other = {**alias, "AliasTarget": {**alias["AliasTarget"], "DNSName": "elsewhere.example.cn."}}
    secure = listener(done, 8443)
    wrong = pair("www.example.cn")
    arn = done.client("acm").import_certificate(Certificate=wrong.certificate, PrivateKey=wrong.key)["CertificateArn"]
    try:
        change(dns, zone, other)
        elb.modify_listener(ListenerArn=secure["ListenerArn"], Certificates=[{"CertificateArn": arn}])
        said = addresses.exist(done).findings
    finally:
        change(dns, zone, alias)
        elb.modify_listener(ListenerArn=secure["ListenerArn"], Certificates=secure["Certificates"][:1])
    assert any(f"'{HOST}' leads elsewhere.example.cn" in sentence for sentence in said), said
    assert any("certificate is for www.example.cn: browsers refuse it" in sentence for sentence in said), said
    assert addresses.exist(done).ok, "and once it is fixed, nothing is reported"


def change(dns: Any, zone: str, record: Any) -> None:
    batch = {"Changes": [{"Action": "UPSERT", "ResourceRecordSet": record}]}
    dns.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)


def test_the_firewall_stands_before_the_load_balancer_and_lets_uploads_pass(done: Rehearsal) -> None:
    waf = done.client("wafv2")
    acl = waf.get_web_acl_for_resource(ResourceArn=balancer(done)["LoadBalancerArn"])["WebACL"]
    assert acl["DefaultAction"] == {"Allow": {}}
    trusted, limit, *managed = sorted(acl["Rules"], key=lambda rule: rule["Priority"])
    (listed,) = waf.list_ip_sets(Scope="REGIONAL")["IPSets"]
    assert trusted["Statement"]["IPSetReferenceStatement"]["ARN"] == listed["ARN"]
    addresses = waf.get_ip_set(Scope="REGIONAL", Name=listed["Name"], Id=listed["Id"])["IPSet"]["Addresses"]
    assert (trusted["Action"], addresses) == ({"Allow": {}}, ["203.0.113.0/24"])
    assert limit["Statement"]["RateBasedStatement"]["Limit"] == 3000
    assert limit["Action"] == {"Block": {}}
    groups = {rule["Statement"]["ManagedRuleGroupStatement"]["Name"]: rule for rule in managed}
    assert set(groups) == {
        "AWSManagedRulesAmazonIpReputationList",
        "AWSManagedRulesCommonRuleSet",
        "AWSManagedRulesKnownBadInputsRuleSet",
    }
    assert all(rule["OverrideAction"] == {"None": {}} for rule in managed), "the groups block"
    common = groups["AWSManagedRulesCommonRuleSet"]["Statement"]["ManagedRuleGroupStatement"]["RuleActionOverrides"]
    counted = {rule["Name"] for rule in common if rule["ActionToUse"] == {"Count": {}}}
    assert {"SizeRestrictions_BODY", "CrossSiteScripting_BODY"} <= counted, "uploads are larger than 8 KB"
    assert "SizeRestrictions_Cookie_HEADER" in counted, "the load balancer's login cookies are large"
    assert "EC2MetaDataSSRF_BODY" not in counted, "CVAT fetches addresses that people give it"


def test_the_firewalls_log_has_no_cookie_token_or_query(done: Rehearsal) -> None:
    waf = done.client("wafv2")
    acl = waf.get_web_acl_for_resource(ResourceArn=balancer(done)["LoadBalancerArn"])["WebACL"]
    log = waf.get_logging_configuration(ResourceArn=acl["ARN"])["LoggingConfiguration"]
    left_out = [field.get("SingleHeader", {}).get("Name", "query") for field in log["RedactedFields"]]
    assert sorted(left_out) == ["authorization", "cookie", "query", "x-csrftoken"]
    group = log["LogDestinationConfigs"][0].partition(":log-group:")[2]
    assert group.startswith("aws-waf-logs-"), "WAF writes nowhere else"
    assert log["LoggingFilter"]["DefaultBehavior"] == "DROP", "what is let through is in the access log"
    sampled = [rule["VisibilityConfig"]["SampledRequestsEnabled"] for rule in [acl, *acl["Rules"]]]
    assert not any(sampled), "samples show whole headers"


def test_host_and_cookies_of_cvat_follow_from_the_one_address(done: Rehearsal) -> None:
    from cvat_aws.environment import Reader  # noqa: PLC0415  (the image's own code)
    from cvat_aws.web import hosts  # noqa: PLC0415

    (server,) = [r for r in done.of_type("aws:ecs/taskDefinition:TaskDefinition") if r.name == "cvat-server"]
    (container,) = json.loads(server.inputs["containerDefinitions"])
    settings = hosts(Reader({variable["name"]: variable["value"] for variable in container["environment"]}))
    assert settings["ALLOWED_HOSTS"] == [HOST]
    assert settings["CSRF_TRUSTED_ORIGINS"] == [f"{HOST}:8443"]
    assert settings["SESSION_COOKIE_SECURE"] is settings["CSRF_COOKIE_SECURE"] is True


def test_no_secret_turns_up_in_outputs_reports_or_messages(done: Rehearsal, tmp_path: Path) -> None:
    files = report.write(done, tmp_path)
    shown = {path.name: path.read_text(encoding="utf-8") for path in files}
    shown["console"] = "\n".join(map(str, console.report(done, 1.0)))
    shown["outputs"] = json.dumps(done.outputs, default=str)
    shown |= {"messages": "\n".join(done.messages), "resources": stable.text(done)}
    key_line = PAIR.key.splitlines()[1]
    for name, text in shown.items():
        assert CLIENT_SECRET not in text, f"the client's secret stands in {name}"
        assert key_line not in text, f"the private key stands in {name}"
        assert key_line not in text.replace("\\n", "\n")
    assert '"[secret]"' in shown["resources.json"]


def test_the_firewall_is_in_the_bill_and_in_the_drawing(done: Rehearsal, tmp_path: Path) -> None:
    page = next(path for path in report.write(done, tmp_path) if path.suffix == ".html").read_text(encoding="utf-8")
    assert "firewall (WAF web ACL)" in page
    assert "WAF with 5 rules" in page
    assert "login at an identity provider" in page
