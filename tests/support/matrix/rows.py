"""The matrix: another legal value of each key, and what an update of a running stack does with it.

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
from tests.support.every_setting.watching import their_load_balancer
from tests.support.pem import pair

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
    """These settings, in any account."""
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
    """Beginnings of places in the dump where a changed stack may differ from a new one, and why."""


RENEWED = pair("new.example.com")
PROVIDER = "https://id.example.org"
RANGES = ("vpcCidr", "publicSubnetCidrs", "privateSubnetCidrs")

network = claimed("vpcId", "publicSubnetIds", "privateSubnetIds")
named = claimed("hostName")
secure = claimed("certificateArn", "hostName")
proved = claimed("hostName", "hostedZoneId")
firewall = claimed("waf")
hours = claimed("officeHours")
watched = claimed("canary")
sleeping = claimed("batchFunctions")
early = values(redisEngineVersion="7.0")
exact = claimed("dbEngineVersion")


def login(on: Ground) -> Mapping[str, Any]:
    """HTTPS, and a login in front of CVAT with other values than those of the claims."""
    return {
        **secure(on),
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


def another_certificate(on: Ground) -> Mapping[str, Any]:
    """That of another name, as after a renewal."""
    return {
        **own_certificate(on),
        "certificate": RENEWED.certificate,
        "certificateKey": Encrypted(RENEWED.key),
        "hostName": "new.example.com",
    }


def their_stores(on: Ground) -> Mapping[str, Any]:
    """A stack over a database and a file system that exist already."""
    return {**network(on), **on.theirs, **claimed("dbName")(on)}


def another_database(on: Ground) -> Mapping[str, Any]:
    """The same, but for the database's name, which is CVAT's own."""
    return {**network(on), **on.theirs}


def balancer(on: Ground) -> Mapping[str, Any]:
    """A stack behind a load balancer that exists already."""
    return {**network(on), **claimed("loadBalancerArn", "loadBalancerSecurityGroupId")(on)}


def other(key: str) -> Values:
    """The second of what the account holds for the key."""
    return lambda on: {key: on.others[key]}


KEEPS_ITS_KEY = {
    place: "what exists keeps the key with which it was made (docs/operations.md)"
    for place in ("rds/", "elasticache/", "efs/", "ecr/", "state/", "backup/")
}
IMAGES_ARE_THERE = {
    "state/cvat:index:Images": "what ECR has already is not built again",
}
REPOSITORY_STAYS = {"ecr/": "of a protected stack: a release that is rolled back finds its image"}
FOLLOWS_THE_LOAD = {"ecs/services": "a service that scales keeps its tasks until the load falls"}
BACKUPS_STAY = {"backup/": "restore points outlive the plan that took them"}

THEIR_BALANCER = {
    place: "the load balancer is put into the account by the row" for place in ("ec2/groups", "elbv2/load_balancers")
}
SECRET_ONCE = {
    "state/cvat:index:LoadBalancer": "what was secret once stays so in the emulated state, and is not shown here",
}
AT_CREATION = {
    place: "a snapshot is read when the database is created, and never again"
    for place in ("rds/", "state/cvat:index:DataTier aws:rds/instance:Instance")
}
STORAGE_STAYS = {"rds/databases": "RDS never shrinks storage"}
ARCHIVES_STAY = {"s3/buckets": "of a protected stack: an endpoint in service loads its archive again"}
PROOF_STAYS = {"route53/zones": "a certificate's proof: another stack may have the same, and a renewal needs it"}
CALLS_STAY = {"s3/buckets": "requests and answers of the checks' own calls, which expire after a day"}


ROWS: Mapping[str, Row] = {
    "disposable": Row(change=claimed("disposable"), kept=BACKUPS_STAY),
    "release": Row(change=claimed("release"), refused="cvat:release = v2"),
    "upgradeFrom": Row(change=claimed("upgradeFrom"), refused="cvat:upgradeFrom = c48411ae"),
    "officeTimeZone": Row(base=hours, change=claimed("officeTimeZone")),
    "kmsKeyArn": Row(change=claimed("kmsKeyArn"), kept=KEEPS_ITS_KEY, back_refused="cvat:kmsKeyArn = (empty)"),
    # Network
    "vpcCidr": Row(change=claimed(*RANGES), refused="cvat:vpcCidr = 10.50.0.0/16"),
    "publicSubnetCidrs": Row(
        change=values(publicSubnetCidrs=["10.192.12.0/22", "10.192.16.0/22", "10.192.20.0/22"]),
        refused="cvat:publicSubnetCidrs = ",
    ),
    "privateSubnetCidrs": Row(
        change=values(privateSubnetCidrs=["10.192.160.0/19", "10.192.192.0/19", "10.192.224.0/19"]),
        refused="cvat:privateSubnetCidrs = ",
    ),
    "availabilityZones": Row(change=claimed("availabilityZones"), refused="cvat:availabilityZones = "),
    "vpcId": Row(change=network, refused="cvat:vpcId = "),
    "publicSubnetIds": Row(base=network, change=lambda on: {"publicSubnetIds": on.public_subnets[::-1]}),
    "privateSubnetIds": Row(base=network, change=lambda on: {"privateSubnetIds": on.private_subnets[::-1]}),
    # Access
    "httpsPort": Row(base=secure, change=claimed("httpsPort")),
    "internal": Row(change=claimed("internal"), refused="cvat:internal = true"),
    "hostedZoneId": Row(base=named, change=claimed("hostedZoneId")),
    "certificateArn": Row(base=named, change=claimed("certificateArn")),
    "certificate": Row(change=own_certificate),
    "certificateKey": Row(base=own_certificate, change=another_certificate),
    "requestCertificate": Row(base=proved, change=claimed("requestCertificate"), kept=PROOF_STAYS),
    "tlsPolicy": Row(base=secure, change=claimed("tlsPolicy")),
    **{key: Row(base=firewall, change=claimed(key)) for key in CLAIMS if key.startswith("waf") and key != "waf"},
    "oidcIssuer": Row(base=secure, change=login, kept=SECRET_ONCE),
    **{key: Row(base=login, change=claimed(key)) for key in CLAIMS if key.startswith("oidc") and key != "oidcIssuer"},
    # Stores
    "dbStorageGb": Row(change=claimed("dbStorageGb"), kept=STORAGE_STAYS),
    "preset": Row(change=claimed("preset"), kept={**STORAGE_STAYS, **FOLLOWS_THE_LOAD}),
    "redisEngineVersion": Row(
        base=early,
        change=values(redisEngineVersion="7.1"),
        back_refused="cvat:redisEngineVersion = 7.0",
    ),
    "backupKeyArn": Row(change=claimed("backupKeyArn"), kept=BACKUPS_STAY),
    "restoreDatabaseSnapshot": Row(base=exact, change=claimed("restoreDatabaseSnapshot"), kept=AT_CREATION),
    "dbInstanceId": Row(
        base=network,
        change=claimed("dbInstanceId", "dbSecretArn", "dbSecurityGroupId", "dbName"),
        refused="cvat:dbInstanceId = theirs",
    ),
    "fileSystemId": Row(
        base=network,
        change=claimed("fileSystemId", "fileSystemSecurityGroupId"),
        refused="cvat:fileSystemId = fs-",
    ),
    "dbName": Row(base=another_database, change=claimed("dbName")),
    **{
        key: Row(base=their_stores, change=other(key))
        for key in ("dbSecretArn", "dbSecurityGroupId", "fileSystemSecurityGroupId")
    },
    "loadBalancerArn": Row(
        base=network,
        change=claimed("loadBalancerArn", "loadBalancerSecurityGroupId"),
        refused="cvat:loadBalancerArn = ",
        kept=THEIR_BALANCER,
    ),
    "loadBalancerSecurityGroupId": Row(
        base=balancer, change=lambda on: {"loadBalancerSecurityGroupId": their_load_balancer(on)["SecurityGroups"][1]}
    ),
    # Images
    **{key: Row(change=claimed(key), kept=IMAGES_ARE_THERE) for key in CLAIMS if key.startswith("mirror")},
    **{
        f"{name}Image": Row(change=claimed(f"{name}Image"), kept=REPOSITORY_STAYS)
        for name in ("server", "ui", "gateway", "models")
    },
    "certificateAuthorities": Row(change=claimed("certificateAuthorities"), kept=IMAGES_ARE_THERE),
    "proxyExceptions": Row(base=claimed("proxy"), change=claimed("proxyExceptions")),
    "canary": Row(change=watched, kept=REPOSITORY_STAYS),
    "canaryImage": Row(base=watched, change=claimed("canaryImage"), kept=REPOSITORY_STAYS),
    "modelArchives": Row(change=claimed("modelArchives"), kept=ARCHIVES_STAY),
    **{
        key: Row(base=sleeping, change=claimed(key), kept=CALLS_STAY)
        for key in ("inferenceBatchInstanceType", "inferenceBatchMaxInstanceCount", "inferenceBatchEndpoints")
    },
    "inferenceIdle": Row(base=sleeping, change=claimed("inferenceIdle"), kept=CALLS_STAY),
    "inferenceBatchLayout": Row(base=sleeping, change=claimed("inferenceBatchLayout"), kept=ARCHIVES_STAY),
    # Sizes: Fargate takes some pairs of CPU and memory, and no maximum is below its count
    **{
        f"{kind}Count": Row(change=claimed(f"{kind}Count"), kept=FOLLOWS_THE_LOAD)
        for kind in ("server", "gateway", "worker")
    },
    "serverCpu": Row(change=values(serverCpu=1024)),
    "chunksCpu": Row(change=claimed("chunksCpu", "chunksMemory")),
    "uiCpu": Row(base=values(uiMemory=1024), change=claimed("uiCpu")),
    "gatewayCpu": Row(change=values(gatewayCpu=512)),
    "uiCount": Row(base=claimed("uiMaxCount"), change=claimed("uiCount"), kept=FOLLOWS_THE_LOAD),
    "annotationWorkerCount": Row(
        base=claimed("annotationWorkerMaxCount"), change=claimed("annotationWorkerCount"), kept=FOLLOWS_THE_LOAD
    ),
}
"""By key, of those whose change is not simply there and back."""

NO_STORES = {
    "aws:kms/key:Key alarms": "encrypts notifications, which are delivered at once",
}
"""What is no store although it holds something, and why."""


def settings_together(on: Ground) -> Mapping[str, Any]:
    """All that can be set at once on a stack that makes all it needs, by the claims of `own`, and changed back."""
    alone = {key for key, entry in ROWS.items() if entry.refused or entry.back_refused}
    own = {key: entry.given(on) for key, entry in CLAIMS.items() if entry.round == "own" and key not in alone}
    return {**own, "hostName": "own.example.com"}


def kept_together() -> dict[str, str]:
    """What a stack keeps of any of these settings."""
    return {place: why for entry in ROWS.values() for place, why in entry.kept.items()}


def row(key: str) -> Row:
    """The key's own row, or its claim alone."""
    return ROWS.get(key) or Row(change=claimed(key))


def keys_by_base() -> list[str]:
    """All keys, those together that need the same stack."""
    bases = list({row(key).base: None for key in CLAIMS})
    return sorted(CLAIMS, key=lambda key: bases.index(row(key).base))
