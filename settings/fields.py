"""Kinds of values: what a text of the configuration must be, the sentence that says so, and a right example."""

from __future__ import annotations

import ipaddress
import json
import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo

from region import Region
from settings import instance_types

_EXAMPLE_ACCOUNT = "123456789012"
ANY_REGION = Region("eu-central-1")
"""For examples where the stack's region is not known."""
_RETENTIONS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)
"""Days that PutRetentionPolicy takes
(https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html, read 2026-11)."""
UNSET = (-1, "-1", "")
"""Values that stand for "not set", because every key of Pulumi.yaml needs a default."""


@dataclass(frozen=True, kw_only=True)
class Kind(ABC):
    """Checks one text. Called by pydantic with the region as its context; None: the region is not known."""

    example: str
    """A text that is right; for what differs by region, the part that does not."""
    optional: bool = True
    """Whether the text may be empty."""

    def __call__(self, text: str, info: ValidationInfo) -> str:
        if (text or not self.optional) and (problem := self.problem(text, info.context)):
            raise ValueError(problem)
        return text

    @abstractmethod
    def problem(self, text: str, region: Region | None) -> str | None:
        """What the text must be, as the middle of a sentence; None where it is right."""

    def example_in(self, region: Region) -> str:
        """A text that is right in this region."""
        del region
        return self.example

    def correction(self, text: str, region: Region) -> str:
        """What may be meant by a wrong text, or else an example: no rule for single values refuses it."""
        del text
        return self.example_in(region)


@dataclass(frozen=True, kw_only=True)
class Cidr(Kind):
    """An IPv4 address range."""

    example: str = "10.192.0.0/16"
    optional: bool = False
    largest: int = 0
    """Prefix length of the largest range that is taken."""
    smallest: int = 32
    why: str = ""
    """Why larger and smaller ranges are not taken."""

    def problem(self, text: str, region: Region | None) -> str | None:
        try:
            network = ipaddress.ip_network(text, strict=False)
        except ValueError:
            return f"must be an IPv4 address range, such as {self.example}"
        if network.version != 4:  # noqa: PLR2004
            return "must be an IPv4 address range: VPC and load balancer have no IPv6 addresses"
        if str(network) != text:
            return f"must begin with its first address and end with its size; {network} is meant, as it seems"
        if not self.largest <= network.prefixlen <= self.smallest:
            return f"must be a /{self.largest} to a /{self.smallest}: {self.why}"
        return None

    def correction(self, text: str, region: Region) -> str:
        try:
            meant = str(ipaddress.ip_network(text, strict=False))
        except ValueError:
            return self.example_in(region)
        return self.example_in(region) if self.problem(meant, region) else meant


@dataclass(frozen=True, kw_only=True)
class Arn(Kind):
    """The ARN of something in this region, or in this partition where the service is global."""

    what: str
    """Such as "a KMS key"."""
    service: str
    resource: str
    """How the last part looks, for people, such as "key/<id>"."""
    pattern: str
    """A regular expression for the last part."""
    regional: bool = True
    owners: tuple[str, ...] = ()
    """What may stand in place of an account's number."""
    hint: str = ""
    """Where to copy it from, as the end of the sentence."""

    def problem(self, text: str, region: Region | None) -> str | None:
        parts = text.split(":", 5)
        if len(parts) != 6 or parts[0] != "arn":  # noqa: PLR2004  (arn, partition, service, region, account, resource)
            return self._rule(region, "")
        _, partition, service, where, account, resource = parts
        if service != self.service or not re.fullmatch(self.pattern, resource):
            return self._rule(region, "")
        if not (re.fullmatch(r"\d{12}", account) or account in self.owners):
            return self._rule(region, f"; {account or 'nothing'} stands where the account's 12 digits belong")
        if region and partition != region.partition:
            return self._rule(region, f"; this one is of partition {partition}")
        if region and where != (region.name if self.regional else ""):
            return self._rule(region, f"; this one is of region {where}" if where else "; this one names no region")
        return None

    def _rule(self, region: Region | None, but: str) -> str:
        scope = "region" if self.regional else "partition"
        arn = self._of(region, "<account>", self.resource)
        hint = f"; {self.hint}" if self.hint else ""
        return f"must be the ARN of {self.what} of this {scope} ({arn}){but}{hint}"

    def _of(self, region: Region | None, account: str, resource: str) -> str:
        if region is None:
            return f"arn:<partition>:{self.service}:{'<region>' if self.regional else ''}:{account}:{resource}"
        return region.arn(self.service, resource, account=account, region=None if self.regional else "")

    def example_in(self, region: Region) -> str:
        return self._of(region, _EXAMPLE_ACCOUNT, self.example)


@dataclass(frozen=True, kw_only=True)
class OneOf(Kind):
    """One of several kinds; the sentence of the first applies where the text fits none."""

    kinds: tuple[Kind, ...]

    def problem(self, text: str, region: Region | None) -> str | None:
        problems = [kind.problem(text, region) for kind in self.kinds]
        return None if None in problems else " or ".join(problem for problem in problems if problem)

    def example_in(self, region: Region) -> str:
        return self.kinds[0].example_in(region)


@dataclass(frozen=True, kw_only=True)
class ResourceId(Kind):
    """The id that EC2 or EFS has given: `sg-0123456789abcdef0`."""

    prefix: str
    what: str
    example: str = "0123456789abcdef0"

    def problem(self, text: str, region: Region | None) -> str | None:
        if re.fullmatch(rf"{self.prefix}-[0-9a-f]{{8,40}}", text):
            return None
        return f"must be the id of {self.what}, such as {self.prefix}-{self.example}"

    def example_in(self, region: Region) -> str:
        del region
        return f"{self.prefix}-{self.example}"


@dataclass(frozen=True, kw_only=True)
class Pattern(Kind):
    """A text of a certain form."""

    pattern: str
    """A regular expression for the whole text."""
    rule: str
    """What the text must be, in words."""

    def problem(self, text: str, region: Region | None) -> str | None:
        del region
        return None if re.fullmatch(self.pattern, text) else self.rule


@dataclass(frozen=True, kw_only=True)
class Url(Kind):
    """An address that begins with one of some schemes, and has a host."""

    schemes: tuple[str, ...] = ("https",)
    ports: tuple[int, ...] = ()
    """Ports that may be named. Default: any."""
    credentials: bool = True
    """Whether it may contain user and password."""

    def problem(self, text: str, region: Region | None) -> str | None:
        del region
        starts = " or ".join(f"{scheme}://" for scheme in self.schemes)
        rule = f"must be an address that begins with {starts} and names a host, such as {self.example}"
        try:
            parts = urlsplit(text)
            port = parts.port
        except ValueError:
            return rule
        if parts.scheme not in self.schemes or not parts.hostname or re.search(r"\s", text):
            return rule
        if not self.credentials and "@" in parts.netloc:
            return "must be without user and password: task definitions show them to everyone who may describe tasks"
        if self.ports and port not in (None, *self.ports):
            return f"{rule}; on port {self.ports[0]}, because nothing else is let out of the load balancer"
        return None


@dataclass(frozen=True, kw_only=True)
class InstanceType(Kind):
    """An instance type: what a region offers is a rule of the section that uses it."""

    service: str
    """`hosting`, `database` or `cache`."""

    def problem(self, text: str, region: Region | None) -> str | None:
        del region
        return instance_types.form_problem(self.service, text)


@dataclass(frozen=True, kw_only=True)
class ImageReference(Kind):
    """An image in an ECR registry of this partition, by digest."""

    example: str = f"cvat@sha256:{'0123456789abcdef' * 4}"

    def problem(self, text: str, region: Region | None) -> str | None:
        suffix = re.escape(region.dns_suffix) if region else "[a-z.]+"
        if re.fullmatch(rf"\d{{12}}\.dkr\.ecr\.[a-z0-9-]+\.{suffix}/[a-z0-9][\w./-]*@sha256:[0-9a-f]{{64}}", text):
            return None
        registry = self._registry("<account>", region) if region else "<registry>"
        return (
            "must be an image in an ECR registry of this partition, by digest (images come from nowhere else): "
            f"{registry}/<repository>@sha256:<digest>; copy the image there with `make mirror-images`, or empty the "
            "key to build it"
        )

    def example_in(self, region: Region) -> str:
        return f"{self._registry(_EXAMPLE_ACCOUNT, region)}/{self.example}"

    def _registry(self, account: str, region: Region) -> str:
        return f"{account}.dkr.ecr.{region.name}.{region.dns_suffix}"


@dataclass(frozen=True, kw_only=True)
class ZoneName(Kind):
    """An availability zone of this region."""

    example: str = "a"

    def problem(self, text: str, region: Region | None) -> str | None:
        name = re.escape(region.name) if region else r"[a-z]+(-[a-z]+)+-\d"
        if re.fullmatch(rf"{name}[a-z]", text):
            return None
        return f"must be an availability zone of this region, such as {self.example_in(region or ANY_REGION)}"

    def example_in(self, region: Region) -> str:
        return f"{region.name}{self.example}"


@dataclass(frozen=True, kw_only=True)
class SecretReference(Kind):
    """A variable and the secret, or the key of a JSON secret, that it holds."""

    example: str = "LDAP_PASSWORD"

    def problem(self, text: str, region: Region | None) -> str | None:
        name, equals, reference = text.partition("=")
        if not equals or not re.fullmatch(r"[A-Za-z_]\w*", name):
            return "must be NAME=ARN of a secret, or NAME=ARN:key for a key of a JSON secret"
        parts = reference.split(":")
        arn, keys = ":".join(parts[:_SECRET_PARTS]), parts[_SECRET_PARTS:]
        if keys and (len(keys) > 1 or not keys[0]):
            return "must be NAME=ARN:key, with one key of the JSON in the secret"
        if problem := SECRET.problem(arn, region):
            return f"after {name}= there {problem}"
        return None

    def example_in(self, region: Region) -> str:
        return f"{self.example}={SECRET.example_in(region)}"


def variable_and_secret(reference: str) -> tuple[str, str, str]:
    """NAME, ARN and key (empty: the whole secret) of a secret reference."""
    name, _, value = reference.partition("=")
    parts = value.split(":")
    return name, ":".join(parts[:_SECRET_PARTS]), ":".join(parts[_SECRET_PARTS:])


_SECRET_PARTS = 7
"""arn:partition:secretsmanager:region:account:secret:name"""
SECRET = Arn(
    what="a secret, whole,",
    service="secretsmanager",
    resource="secret:<name>-<six characters>",
    pattern=r"secret:[^:\s]+-\w{6}",
    example="secret:cvat-AbCdEf",
    hint="copy it from Secrets Manager",
)
KMS_KEY = Arn(
    what="a KMS key, not of an alias,",
    service="kms",
    resource="key/<id>",
    pattern=r"key/[\w-]+",
    example="key/01234567-89ab-cdef-0123-456789abcdef",
    hint="copy it from `aws kms describe-key`",
)
NAME_VALUE = r"[A-Za-z_]\w*=(?s:.*)"


def list_from_json(value: Any) -> Any:
    """Pulumi passes lists as JSON text."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            value = None
    if not isinstance(value, (list, tuple)):
        raise ValueError("must be a YAML list; write one item a line, each after '- '")
    return tuple(value)


def _retention(days: int) -> int:
    if days not in _RETENTIONS:
        raise ValueError(f"must be a number of days that CloudWatch Logs keeps: {', '.join(map(str, _RETENTIONS))}")
    return days


def _unset(value: Any) -> Any:
    return None if value in UNSET else value


Many = BeforeValidator(list_from_json)
Port = Annotated[int, Field(ge=0, le=65535)]
Unset = BeforeValidator(_unset)
"""Turns -1, with which an integer of Pulumi.yaml stands for "not set", into None."""
Retention = Annotated[int, AfterValidator(_retention)]
IpRange = Annotated[str, AfterValidator(Cidr())]
IpRanges = Annotated[tuple[IpRange, ...], Many]
SecretArn = Annotated[str, AfterValidator(SECRET)]
KmsKeyArn = Annotated[str, AfterValidator(KMS_KEY)]
SecurityGroupId = Annotated[str, AfterValidator(ResourceId(prefix="sg", what="a security group"))]
Image = Annotated[str, AfterValidator(ImageReference())]
Email = Annotated[
    str,
    AfterValidator(
        Pattern(
            example="ops@example.com",
            pattern=r"[^@\s]+@[^@\s]+",
            rule="must be a mail address, such as ops@example.com",
        )
    ),
]
S3_ADDRESS = r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/\S*)?"
"""A bucket, and what the keys begin with."""
