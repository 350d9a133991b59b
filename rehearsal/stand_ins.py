"""Stand-ins for what a configuration names as existing: a fresh emulated account has none of it."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from rehearsal.aws.account import Account
from rehearsal.aws.adopted_resources import AdoptedResources
from rehearsal.defaults import HOME
from rehearsal.placeholders import model_archives
from settings.stack_file import Configuration

_HOST = "cvat.example.com"
_ENGINE_VERSION = "15"
"""The default of dbEngineVersion; a restore needs the snapshot's."""
_IMAGES = ("serverImage", "uiImage", "gatewayImage", "modelsImage", "canaryImage", "opaImage", "upgradeImage")
_SECRET_ARN_PARTS = 7
"""arn:<partition>:secretsmanager:<region>:<account>:secret:<name>; more parts name a JSON key of the value."""


class StandIns:
    """Puts each resource that the configuration names into the account."""

    def __init__(self, account: Account, config: Configuration, project: Path = HOME) -> None:
        """project: where its registry of functions is."""
        self._account, self._region = account.id, config.region
        self._existing = AdoptedResources(account, config.region)
        self._values, self._project = config.values, project

    def _text(self, key: str) -> str:
        return self._values.get(f"cvat:{key}", "")

    def _list(self, key: str) -> list[str]:
        return [str(item) for item in json.loads(self._text(key) or "[]")]

    def put(self) -> list[str]:
        """Creates the stand-ins, what others need first; gives the settings that name them, with their values."""
        steps: dict[str, Callable[[str], None]] = {
            "vpcId": self._vpc,
            "dbSecurityGroupId": self._group,
            "fileSystemSecurityGroupId": self._group,
            "loadBalancerSecurityGroupId": self._group,
            "kmsKeyArn": self._existing.key,
            "backupKeyArn": self._existing.key,
            "permissionsBoundaryArn": self._existing.policy,
            "alarmTopicArn": self._existing.topic,
            "hostedZoneId": self._zone,
            "certificateArn": self._certificate,
            "dbSecretArn": self._database_secret,
            "dbInstanceId": self._database,
            "fileSystemId": self._files,
            "loadBalancerArn": self._balancer,
            "restoreDatabaseSnapshot": self._snapshot,
            "modelArchives": self._archives,
            **dict.fromkeys(_IMAGES, self._image),
        }
        named = [(key, value) for key in steps if (value := self._text(key))]
        named = [(key, value) for key, value in named if key != "modelArchives" or value.startswith("s3://")]
        for key, value in dict.fromkeys(named):
            steps[key](value)
        return [f"cvat:{key} = {value}" for key, value in named] + list(self._server_secrets())

    def _vpc(self, vpc_id: str) -> None:
        self._existing.vpc(vpc_id, self._list("publicSubnetIds"), self._list("privateSubnetIds"))

    def _group(self, group_id: str) -> None:
        self._existing.security_group(group_id, self._text("vpcId"))

    def _zone(self, zone_id: str) -> None:
        self._existing.hosted_zone(zone_id, (self._text("hostName") or _HOST).partition(".")[2])

    def _certificate(self, arn: str) -> None:
        if ":acm:" in arn:
            self._existing.certificate(arn, self._text("hostName") or _HOST)
        else:
            self._existing.server_certificate(arn)

    def _database_secret(self, arn: str) -> None:
        self._existing.secret(arn, json.dumps({"username": "owner", "password": "of-a-stand-in"}))

    def _database(self, identifier: str) -> None:
        name, group = self._text("dbName") or "cvat", self._text("dbSecurityGroupId")
        subnets, key = self._list("privateSubnetIds"), self._text("kmsKeyArn")
        self._existing.database(identifier, name, group, subnets, key=key)

    def _files(self, system_id: str) -> None:
        group, subnets = self._text("fileSystemSecurityGroupId"), self._list("privateSubnetIds")
        self._existing.file_system(system_id, group, subnets, key=self._text("kmsKeyArn"))

    def _balancer(self, arn: str) -> None:
        internal = self._text("internal") == "true"
        subnets = self._list("privateSubnetIds" if internal else "publicSubnetIds")
        self._existing.load_balancer(arn, self._text("loadBalancerSecurityGroupId"), subnets, internal=internal)

    def _snapshot(self, reference: str) -> None:
        version = self._text("dbEngineVersion") or _ENGINE_VERSION
        self._existing.snapshot(reference, self._text("dbName") or "cvat", version, self._text("kmsKeyArn"))

    def _archives(self, address: str) -> None:
        """An archive of every function."""
        bucket, _, prefix = address.removeprefix("s3://").partition("/")
        start = f"{prefix.rstrip('/')}/" if prefix else ""
        with tempfile.TemporaryDirectory() as folder:
            files = model_archives(self._project, Path(folder))
            self._existing.bucket(bucket, [(f"{start}{file.name}", file.read_bytes()) for file in files])

    def _image(self, reference: str) -> None:
        """In the account's own registry; into that of another one it could not look."""
        registry, _, name = reference.partition("/")
        repository, _, digest = name.partition("@")
        if registry.partition(".")[0] == self._account and f".{self._region}." in registry:
            self._existing.image(repository, digest)

    def _server_secrets(self) -> Iterator[str]:
        """Each ARN of serverSecrets once, with all JSON keys that are read."""
        keys: dict[str, dict[str, str]] = {}
        for pair in self._list("serverSecrets"):
            parts = pair.partition("=")[2].split(":")
            value = keys.setdefault(":".join(parts[:_SECRET_ARN_PARTS]), {})
            value |= {key: "of-a-stand-in" for key in parts[_SECRET_ARN_PARTS : _SECRET_ARN_PARTS + 1] if key}
        for arn, value in keys.items():
            self._existing.secret(arn, json.dumps(value) if value else "of-a-stand-in")
            yield f"cvat:serverSecrets {arn}"
