"""The matrix: for each key of the configuration another legal value, and what an update of a running stack does with it.

A key without an entry in ROWS is changed to the value of its claim (tests/support/every_setting) and back again, alone,
on a stack with the settings of its file. A `Row` says what is otherwise: settings that are there all the time because
the key means nothing without them, other keys that change along with it, or that the change is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from settings.stack_file import Encrypted
from tests.support.every_setting.ground import Ground
from tests.support.every_setting.setting_effects import collect

Values = Callable[[Ground], Mapping[str, Any]]
"""Settings by key, in an account that holds what they name."""

CLAIMS = collect()


def nothing(_: Ground) -> Mapping[str, Any]:
    """The settings of the stack's file."""
    return {}


def claimed(*keys: str) -> Values:
    """The values of the keys' claims."""
    return lambda on: {key: CLAIMS[key].given(on) for key in keys}


def values(**settings: Any) -> Values:
    """These settings in any account."""
    return lambda _: settings


@dataclass(frozen=True, kw_only=True)
class Row:
    """One change of a running stack, and the way back."""

    change: Values
    """What changes, by key."""
    base: Values = nothing
    """What is set before, meanwhile and afterwards."""
    refused: str = ""
    """A part of the sentence with which the change is refused before anything happens."""
    back_refused: str = ""
    """A part of the sentence with which the way back is refused."""
    kept: Mapping[str, str] = field(default_factory=dict)
    """Beginnings of places in the dump where a changed stack differs from a new one, and why it may."""


NETWORK = claimed("vpcId", "publicSubnetIds", "privateSubnetIds")
SECURE = claimed("certificateArn", "hostName")
PROVIDER = "https://id.example.org"


def login(on: Ground) -> Mapping[str, Any]:
    """HTTPS, and a login in front of CVAT with other values than those of the claims."""
    return {
        **SECURE(on),
        "oidcIssuer": PROVIDER,
        "oidcClientId": "annotation",
        "oidcClientSecret": Encrypted("another one"),
        "oidcAuthorizationEndpoint": f"{PROVIDER}/authorize",
        "oidcTokenEndpoint": f"{PROVIDER}/token",
        "oidcUserInfoEndpoint": f"{PROVIDER}/userinfo",
    }


def own_certificate(on: Ground) -> Mapping[str, Any]:
    """A certificate that is imported, with its key."""
    return {"certificate": on.pem.certificate, "certificateKey": Encrypted(on.pem.key), "hostName": "own.example.com"}


RANGES = claimed("vpcCidr", "publicSubnetCidrs", "privateSubnetCidrs")
STORES_KEEP_THEIR_KEY = {
    place: "they keep the key with which they were made (docs/operations.md)"
    for place in ("rds/", "elasticache/", "efs/", "ecr/", "state/")
}
TEN_SIZES = ("server", "ui", "gateway", "worker")

ROWS: Mapping[str, Row] = {
    "officeTimeZone": Row(base=claimed("officeHours"), change=claimed("officeTimeZone")),
    "vpcCidr": Row(change=RANGES, refused="cvat:vpcCidr"),
    "publicSubnetCidrs": Row(
        change=values(publicSubnetCidrs=["10.192.12.0/22", "10.192.16.0/22", "10.192.20.0/22"]),
        refused="cvat:publicSubnetCidrs",
    ),
    "privateSubnetCidrs": Row(
        change=values(privateSubnetCidrs=["10.192.160.0/19", "10.192.192.0/19", "10.192.224.0/19"]),
        refused="cvat:privateSubnetCidrs",
    ),
    "availabilityZones": Row(change=claimed("availabilityZones"), refused="cvat:availabilityZones"),
    "vpcId": Row(change=NETWORK, refused="cvat:vpcId"),
    "publicSubnetIds": Row(
        base=NETWORK, change=lambda on: {"publicSubnetIds": on.public_subnets[::-1]}
    ),
    "privateSubnetIds": Row(
        base=NETWORK, change=lambda on: {"privateSubnetIds": on.private_subnets[::-1]}
    ),
    "httpsPort": Row(base=SECURE, change=claimed("httpsPort")),
    "internal": Row(change=claimed("internal"), refused="cvat:internal = true"),
    "hostedZoneId": Row(base=claimed("hostName"), change=claimed("hostedZoneId")),
    "certificateArn": Row(base=claimed("hostName"), change=claimed("certificateArn")),
    "certificate": Row(change=own_certificate),
    "certificateKey": Row(base=SECURE, change=lambda on: {**own_certificate(on), "certificateArn": ""}),
    "requestCertificate": Row(base=claimed("hostName", "hostedZoneId"), change=claimed("requestCertificate")),
    "tlsPolicy": Row(base=SECURE, change=claimed("tlsPolicy")),
    **{
        key: Row(base=claimed("waf"), change=claimed(key))
        for key in ("wafRuleGroups", "wafRateLimit", "wafTrustedCidrs", "wafLogs")
    },
    "oidcIssuer": Row(base=SECURE, change=login),
    **{
        key: Row(base=login, change=claimed(key))
        for key in CLAIMS
        if key.startswith("oidc") and key != "oidcIssuer"
    },
    "kmsKeyArn": Row(change=claimed("kmsKeyArn"), kept=STORES_KEEP_THEIR_KEY),
    "dbStorageGb": Row(change=claimed("dbStorageGb"), back_refused="cvat:dbStorageGb"),
    "redisEngineVersion": Row(
        base=nothing, change=values(redisEngineVersion="7.0"), refused="cvat:redisEngineVersion"
    ),
    "serverImage": Row(change=claimed("serverImage")),
    "canaryImage": Row(base=claimed("canary"), change=claimed("canaryImage")),
    "dbInstanceId": Row(
        base=NETWORK, change=claimed("dbInstanceId", "dbSecretArn", "dbSecurityGroupId", "dbName"), refused="cvat:dbInstanceId"
    ),
    "fileSystemId": Row(
        base=NETWORK, change=claimed("fileSystemId", "fileSystemSecurityGroupId"), refused="cvat:fileSystemId"
    ),
    "loadBalancerArn": Row(
        base=NETWORK, change=claimed("loadBalancerArn", "loadBalancerSecurityGroupId"), refused="cvat:loadBalancerArn"
    ),
    "restoreDatabaseSnapshot": Row(change=claimed("restoreDatabaseSnapshot"), refused="cvat:restoreDatabaseSnapshot"),
}
"""By key, of those whose change is not simply there and back."""


def row(key: str) -> Row:
    """The key's own row, or its claim alone."""
    return ROWS.get(key) or Row(change=claimed(key))
