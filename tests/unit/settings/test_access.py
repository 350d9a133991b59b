"""settings: certificate, names, firewall and login in front of CVAT, and what may not be shown."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

import settings
from tests.support.pem import Pair, pair, pem, signer

ACM = "arn:aws-cn:acm:cn-northwest-1:123456789012:certificate/0f0f"
HOST = "cvat.example.cn"
PAIR = pair(HOST)
OIDC = {
    "oidcIssuer": "https://login.example.cn",
    "oidcClientId": "cvat",
    "oidcClientSecret": "not-for-anybody-else",
    "oidcAuthorizationEndpoint": "https://login.example.cn/authorize",
    "oidcTokenEndpoint": "https://login.example.cn/token",
    "oidcUserInfoEndpoint": "https://login.example.cn/userinfo",
}


def load(encrypted: list[str] | None = None, **own: Any) -> settings.Settings:
    config = {"aws:region": "cn-northwest-1"} | {f"cvat:{key}": value for key, value in own.items()}
    return settings.load(config, encrypted)


def problems(encrypted: list[str] | None = None, **own: Any) -> list[str]:
    with pytest.raises(settings.ConfigurationError) as raised:
        load(encrypted, **own)
    return raised.value.problems


def imported(own: Pair, **more: Any) -> dict[str, Any]:
    return {"certificate": own.certificate, "certificateKey": own.key, "hostName": HOST} | more


@pytest.mark.parametrize(
    ("own", "secure"),
    [
        ({}, False),
        ({"certificateArn": ACM}, True),
        ({"certificateArn": "arn:aws-cn:iam::123456789012:server-certificate/cvat"}, True),
        (imported(PAIR), True),
        ({"requestCertificate": "true", "hostName": HOST, "hostedZoneId": "Z0123456789"}, True),
    ],
)
def test_each_way_to_a_certificate_brings_https(own: dict[str, Any], secure: bool) -> None:
    front = load(**own).ingress
    assert (front.secure, front.scheme, front.port) == ((True, "https", 443) if secure else (False, "http", 80))


@pytest.mark.parametrize(
    ("own", "said"),
    [
        (
            {"certificateArn": "x"},
            "of this region (arn:aws-cn:acm:cn-northwest-1:<account>:",
        ),
        ({"certificateArn": ACM.replace("aws-cn", "aws")}, "must be the ARN of a certificate of this region"),
        ({"certificateArn": ACM.replace("northwest", "north")}, "must be the ARN of a certificate of this region"),
        ({"certificateArn": ACM, "requestCertificate": "true", "hostName": HOST, "hostedZoneId": "Z1"}, "Keep one"),
        ({"requestCertificate": "true", "hostName": HOST}, "Set cvat:hostedZoneId"),
        ({"hostedZoneId": "Z1"}, "a record needs a name"),
        ({"hostedZoneId": "example.cn", "hostName": HOST}, "must be a zone's id"),
        ({"hostName": "https://cvat.example.cn"}, "must be a host name"),
        ({"certificate": PAIR.certificate, "hostName": HOST}, "pulumi config set --secret cvat:certificateKey"),
        ({"certificateKey": PAIR.key}, "without cvat:certificate"),
        ({"certificate": PAIR.certificate, "certificateKey": PAIR.key}, "a certificate is for a name"),
        ({"tlsPolicy": "ELBSecurityPolicy-2016-08"}, "must be one of 'ELBSecurityPolicy-TLS13-1-2-2021-06'"),
        ({"httpsPort": "0", "certificateArn": ACM}, "a certificate needs a port of its own"),
        ({"allowedCidrs": str([f"10.0.{n}.0/24" for n in range(61)]).replace("'", '"')}, "takes 60 entries"),
        ({"wafLogs": "true"}, "cvat:waf is false"),
        ({"wafTrustedCidrs": '["10.0.0.0/8"]'}, "cvat:waf is false"),
        ({"wafTrustedCidrs": '["0.0.0.0/0"]', "waf": "true"}, "that trusts everyone"),
        ({"wafTrustedCidrs": '["2001:db8::/32"]', "waf": "true"}, "must be an IPv4 address range"),
        ({"wafRateLimit": "5", "waf": "true"}, "WAF counts from 10 on"),
        ({"wafRuleGroups": '["AWSManagedRulesATPRuleSet"]', "waf": "true"}, "must be one of 'AWSManaged"),
        ({"wafRuleGroups": "[]", "wafRateLimit": "0", "waf": "true"}, "it looks for nothing"),
        ({"oidcTokenBypass": "true"}, "there is no login to go past"),
        ({"oidcScope": "email"}, "openid among them"),
        ({"oidcIssuer": "https://x.cn", "certificateArn": ACM}, "cvat:oidcClientId, cvat:oidcClientSecret"),
        (OIDC, "load balancers log people in by HTTPS only"),
        ({**OIDC, "oidcTokenEndpoint": "http://x.cn", "certificateArn": ACM}, "begins with https://"),
        ({**OIDC, "oidcTokenEndpoint": "https://x.cn:8443/t", "certificateArn": ACM}, "begins with https://"),
    ],
)
def test_each_broken_rule_is_said_once_and_with_its_key(own: dict[str, Any], said: str) -> None:
    (problem,) = problems(**own)
    assert said in problem
    assert any(key in problem for key in own), "the sentence names a key that must change"


CA, OTHER_CA = signer(), signer("Other CA")
LOCKED = ec.generate_private_key(ec.SECP256R1())


@pytest.mark.parametrize(
    ("own", "said"),
    [
        (Pair("no certificate", PAIR.key), "cvat:certificate = 'no certificate': it must be PEM text"),
        (Pair(PAIR.certificate, "no key"), "cvat:certificateKey: it must be a private key"),
        (Pair(PAIR.certificate, pair(HOST).key), "is not the key of cvat:certificate"),
        (pair(HOST, days=-1, since=-30), "cvat:certificate expired on"),
        (pair(HOST, since=2), "is valid from"),
        (pair("www.example.cn"), "is for www.example.cn"),
        (pair("*.a.example.cn"), "is for *.a.example.cn"),
        (pair(), "is for no host name at all"),
        (Pair(PAIR.certificate, pem(LOCKED, "passphrase")), "locked with a passphrase"),
        (pair(HOST, key=rsa.generate_private_key(65537, 2304)), "load balancers take keys of RSA 2048"),
        (pair(HOST, key=ec.generate_private_key(ec.SECP256K1())), "P-256, P-384 and P-521"),
    ],
)
def test_a_certificate_that_browsers_or_acm_would_refuse_is_refused(own: Pair, said: str) -> None:
    (problem,) = problems(**imported(own))
    assert said in problem
    secret_lines = [line for line in own.key.splitlines() if len(line) > 40]
    assert not any(line in problem for line in secret_lines), "no error shows the key"


def test_a_key_of_another_kind_than_acm_takes_is_refused() -> None:
    other = ed25519.Ed25519PrivateKey.generate()
    reported = problems(**imported(Pair(PAIR.certificate, pem(other))))  # type: ignore[arg-type]  # the wrong kind
    assert any("load balancers take keys of" in problem for problem in reported)


def test_the_chain_follows_its_certificate_in_order() -> None:
    own = pair(HOST, by=CA)
    front = load(**imported(Pair(own.certificate + CA.pem, own.key))).ingress
    assert front.imported is not None
    assert (front.imported.certificate, front.imported.chain) == (own.certificate, CA.pem)
    (problem,) = problems(**imported(Pair(own.certificate + OTHER_CA.pem, own.key)))
    assert "which did not sign it" in problem


def test_a_wildcard_covers_one_label() -> None:
    assert load(**imported(pair("*.example.cn"))).ingress.secure


def test_a_secret_in_clear_is_refused_and_no_secret_is_ever_shown() -> None:
    reported = problems([], **imported(PAIR), **OIDC)
    assert [problem.split(" ")[0] for problem in reported] == ["cvat:certificateKey", "cvat:oidcClientSecret"]
    assert all("pulumi config set --secret" in problem for problem in reported)
    assert OIDC["oidcClientSecret"] not in str(reported)
    chosen = load(["cvat:certificateKey", "cvat:oidcClientSecret"], **imported(PAIR), **OIDC)
    shown = repr(chosen) + str(chosen) + repr(chosen.ingress) + str(chosen.ingress)
    assert OIDC["oidcClientSecret"] not in shown, "not in a traceback or a debugger either"
    assert PAIR.key.splitlines()[1] not in shown


def test_a_secret_of_the_wrong_type_is_not_shown_either() -> None:
    (problem,) = problems(oidcClientSecret=["hush-hush"])
    assert "hush-hush" not in problem
    assert "cvat:oidcClientSecret = (secret)" in problem


@pytest.mark.parametrize(
    ("own", "said"),
    [
        ({"certificateArn": ACM, "httpPort": "81", "httpsPort": "8443"}, "no certificate is for the load"),
        (imported(pair(HOST, days=10)), "cvat:certificate expires on"),
    ],
)
def test_what_will_trouble_people_later_is_a_warning(own: dict[str, str], said: str) -> None:
    config = {"aws:region": "cn-northwest-1"} | {f"cvat:{key}": value for key, value in own.items()}
    assert any(said in warning for warning in settings.warnings(settings.load(config)))
