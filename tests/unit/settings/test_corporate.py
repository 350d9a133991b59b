"""The keys of a corporate network: what is refused, and what containers and builds receive."""

from __future__ import annotations

import json
from typing import Any
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]  # typeshed leaves it out

import pytest

import settings
from settings.sections.services import Variable
from settings.values import Proxy
from tests.support.paths import ROOT
from tests.support.pem import pair, signer

PROXY = "http://proxy.example.com:3128"


def load(**own: Any) -> settings.Settings:
    texts = {key: json.dumps(value) if isinstance(value, list) else value for key, value in own.items()}
    return settings.load({"aws:region": "cn-northwest-1"} | {f"cvat:{key}": value for key, value in texts.items()})


@pytest.mark.parametrize(
    ("own", "said"),
    [
        ({"proxy": "proxy.example.com:3128"}, "must be an address that begins with http:// or https://"),
        ({"proxy": "http://me:secret@proxy.example.com"}, "must be without user and password"),
        ({"proxyExceptions": ["corp.example.com"]}, "belongs to cvat:proxy, which is empty"),
        ({"proxy": PROXY, "proxyExceptions": ["*.example.com"]}, "must be a host name, a domain or an address"),
        ({"proxy": PROXY, "proxyExceptions": ["10.0.0.0/8"]}, "must be a host name, a domain or an address"),
        ({"proxy": PROXY, "serverEnvironment": ["no_proxy=x"]}, "which follows from cvat:proxy"),
        ({"certificateAuthorities": "corp-ca.pem"}, "it must be certificates in PEM"),
        (
            {"certificateAuthorities": "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----"},
            "certificates in PEM",
        ),
        ({"certificateAuthorities": pair("corp").certificate + pair("corp").key}, "contains a private key"),
        ({"certificateAuthorities": signer().pem * 40}, "builds take up to 16384"),
    ],
)
def test_what_could_not_work_is_refused_once_and_with_its_key(own: dict[str, Any], said: str) -> None:
    with pytest.raises(settings.ConfigurationError) as raised:
        load(**own)
    (problem,) = raised.value.problems
    assert said in problem
    assert "secret@" not in problem or "proxy" in problem, "a key names its value"


def test_variables_of_a_proxy_are_free_where_there_is_none() -> None:
    load(serverEnvironment=["HTTP_PROXY=http://other.example.com:80"])


@pytest.mark.parametrize(
    ("url", "port"), [(PROXY, 3128), ("http://proxy.example.com", 80), ("https://proxy.example.com", 443)]
)
def test_the_port_of_a_proxy_is_the_schemes_own_by_default(url: str, port: int) -> None:
    assert Proxy(url).port == port, "security groups let out to that port"


@pytest.mark.parametrize(
    ("host", "direct"),
    [
        ("169.254.170.2", True),
        ("localhost", True),
        ("serverless.mine.cvat.internal", True),
        ("media.s3.eu-west-1.amazonaws.com", True),
        ("git.corp.example.com", True),
        ("example.com", False),
        ("s3.eu-west-2.amazonaws.com", False),
    ],
)
def test_what_is_inside_the_stack_is_called_directly(host: str, direct: bool) -> None:
    variables = Proxy(PROXY, ("corp.example.com",)).environment(
        ("serverless.mine.cvat.internal", "s3.eu-west-1.amazonaws.com")
    )
    assert variables["HTTPS_PROXY"] == variables["HTTP_PROXY"] == PROXY
    assert bool(proxy_bypass_environment(host, {"no": variables["NO_PROXY"]})) is direct


def test_pip_trusts_the_host_of_an_index_without_tls_and_no_other() -> None:
    plain = load(mirrorPypi="http://mirror.example.com:8080/simple").mirrors.build_args()
    assert plain["PIP_TRUSTED_HOST"] == "mirror.example.com:8080", "pip refuses an index without TLS otherwise"
    assert load().mirrors.build_args()["PIP_TRUSTED_HOST"] == "", "TLS is verified where there is any"


def test_builds_receive_the_authorities() -> None:
    own = signer().pem
    assert load(certificateAuthorities=own).mirrors.build_args()["CA_CERTIFICATES"] == own.strip()


def test_the_example_of_a_variable_is_one_that_cvat_reads() -> None:
    kind = Variable.__metadata__[0].func  # type: ignore[attr-defined]
    declared = json.loads((ROOT / "patches/server.environment.json").read_text(encoding="utf-8"))
    patterns = declared.get("patternProperties", {})
    name = kind.example.partition("=")[0]
    assert name in declared["properties"] or any(
        name.startswith(prefix.strip("^").split("[")[0]) for prefix in patterns
    )
