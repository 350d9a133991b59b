"""Secrets Manager, KMS, and the random values that go into them."""

from __future__ import annotations

import hashlib
import random
import string
from typing import Any

from rehearsal.errors import RehearsalError
from rehearsal.providers.resource import Made, Make, handles


@handles(
    "aws:secretsmanager/secret:Secret",
    tags=True,
    provider_only={"recoveryWindowInDays": "used on deletion", "forceOverwriteReplicaSecret": "used with replicas"},
)
def secret(make: Make) -> Made:
    """A secret without a value; the value is a resource of its own."""
    name = make.named(limit=512)
    policy = make.inputs.take("policy")
    made = make.call("secretsmanager", "CreateSecret", {"Name": name})
    if policy:
        make.ask("secretsmanager", "PutResourcePolicy", SecretId=made["ARN"], ResourcePolicy=policy)
    return Made(made["ARN"], {"arn": made["ARN"], "name": name})


@handles("aws:secretsmanager/secretVersion:SecretVersion")
def secret_version(make: Make) -> Made:
    """The value of a secret."""
    secret_id = make.inputs.peek("secretId")
    token = hashlib.sha256(f"{make.stack}\n{make.seed}".encode()).hexdigest()[:32]
    made = make.call("secretsmanager", "PutSecretValue", {"ClientRequestToken": token})
    outputs = {"arn": made["ARN"], "versionId": made["VersionId"], "versionStages": made["VersionStages"]}
    return Made(f"{secret_id}|{made['VersionId']}", outputs, frozenset({"secretString"}))


@handles("aws:kms/key:Key", tags=True, provider_only={"deletionWindowInDays": "used on deletion"})
def key(make: Make) -> Made:
    """A key of the account's own."""
    rotation = make.inputs.take("enableKeyRotation", False)
    made = make.call("kms", "CreateKey")["KeyMetadata"]
    if rotation:
        make.ask("kms", "EnableKeyRotation", KeyId=made["KeyId"])
    return Made(made["KeyId"], {"arn": made["Arn"], "keyId": made["KeyId"]})


@handles("aws:kms/alias:Alias")
def alias(make: Make) -> Made:
    """A name for a key."""
    name = make.named()
    name = name if name.startswith("alias/") else f"alias/{name}"
    make.call("kms", "CreateAlias", {"AliasName": name})
    (found,) = [one for one in make.ask("kms", "ListAliases")["Aliases"] if one["AliasName"] == name]
    return Made(name, {"name": name, "arn": found["AliasArn"]})


CLASSES = {
    "Lower": string.ascii_lowercase,
    "Upper": string.ascii_uppercase,
    "Numeric": string.digits,
    "Special": "!@#$%&*()-_=+[]{}<>:?",
}
"""terraform-provider-random's character classes, by the inputs that switch them."""


def _random(make: Make) -> random.Random:
    return random.Random(f"{make.stack}\n{make.seed}")  # noqa: S311  (must repeat; it protects nothing)


@handles("random:index/randomPassword:RandomPassword", provider_only={"keepers": "decides when it is drawn again"})
def random_password(make: Make) -> Made:
    """A password: the same in every rehearsal of the stack, another in every stack."""
    source, given = _random(make), make.inputs
    length = int(given.require("length"))
    alphabets: list[str] = []
    first: list[str] = []
    for name, alphabet in CLASSES.items():
        wanted, least = given.take(name.lower(), True), int(given.take(f"min{name}", 0))
        chosen = (given.take("overrideSpecial") or alphabet) if name == "Special" else alphabet
        if wanted:
            alphabets.append(chosen)
        first += [source.choice(chosen) for _ in range(least)]
    if not alphabets or len(first) > length:
        raise RehearsalError(f"length: {length} characters cannot hold what is asked for.")
    drawn = first + [source.choice("".join(alphabets)) for _ in range(length - len(first))]
    source.shuffle(drawn)
    return Made("none", {"result": "".join(drawn), "bcryptHash": ""}, frozenset({"result", "bcryptHash"}))


@handles("random:index/randomId:RandomId", provider_only={"keepers": "decides when it is drawn again"})
def random_id(make: Make) -> Made:
    """Random bytes in several spellings."""
    raw = _random(make).randbytes(int(make.inputs.require("byteLength")))
    prefix = make.inputs.take("prefix") or ""
    outputs: dict[str, Any] = {"hex": prefix + raw.hex(), "dec": prefix + str(int.from_bytes(raw, "big"))}
    return Made(raw.hex(), outputs)
