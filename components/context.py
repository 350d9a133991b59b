"""StackContext: what every component needs to know of the stack."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi

from region import Region
from settings.office_hours import OfficeHours
from settings.provider import OWN_TAGS
from settings.releases import DEFAULT, Release
from settings.values import Proxy

REGION_TAG, RELEASE_TAG = "cvat:region", "cvat:release"
"""Of the tasks' roles: IAM is the same in all regions, so a role shows where its stack runs."""
VERSION_TAG = "cvat:version"
"""Of the services, which get a version of CVAT once the database is migrated to it."""
_LONGEST_STACK_NAME = 32
_STACK_NAME = re.compile(rf"(?=.{{1,{_LONGEST_STACK_NAME}}}$)[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(frozen=True, kw_only=True)
class StackContext:
    region: Region
    account: str
    """Number of the AWS account."""
    stack: str
    """Name of the stack; part of the few names that AWS does not complete."""
    release: Release = DEFAULT
    """What CVAT consists of."""
    profile: str | None = None
    """AWS profile of the deploying machine. Default: the environment's."""
    asleep: bool = False
    """Whether the stack sleeps until cvat:mode changes."""
    hours: OfficeHours | None = None
    """Outside of these the stack sleeps. Default: it never does."""
    running_version: str = ""
    """Version of CVAT that the stack's services have so far. Default: there are none yet, or the release has one."""
    protect: bool = True
    """Refuse deletion, and take final snapshots. False: the stack is disposable."""
    tags: Mapping[str, str] = field(default_factory=dict)
    """Tags of every resource (components/stack_wide.py)."""
    default_tags: Mapping[str, str] = field(default_factory=dict)
    """What the provider adds to them (aws:defaultTags)."""
    key_arn: str = ""
    """The customer's KMS key. Default: AWS's own keys."""

    proxy: Proxy | None = None
    """By which tasks call what is outside of the VPC. Default: directly."""
    own_authorities: bool = False
    """Whether images trust certificate authorities besides the public ones."""

    @property
    def later_tags(self) -> dict[str, str]:
        """Tags of what schedules, the gateway and AWS Backup create for the stack, where no provider adds its own."""
        return {**self.default_tags, **self.tags}

    @property
    def role_tags(self) -> dict[str, str]:
        """Of roles of tasks: what the stack is, for the next update, which asks before it changes anything.

        The default release has no tag, like the stacks that were made before there was a choice.
        """
        release = {} if self.release is DEFAULT else {RELEASE_TAG: self.release.name}
        return {REGION_TAG: self.region.name, **release}

    @property
    def data_version(self) -> str:
        """Version of CVAT that the database has after this update: a stack asleep is migrated when it wakes."""
        return self.running_version if self.asleep and self.running_version else self.release.version

    @property
    def service_tags(self) -> dict[str, str] | None:
        """Of services. The default release has one version, and no tag, like the stacks of before; a stack that is
        created asleep has no database to migrate yet.
        """
        if self.release is DEFAULT or (self.asleep and not self.running_version):
            return None
        return {VERSION_TAG: self.data_version}

    @property
    def own_tags(self) -> dict[str, str]:
        """Tags by which AWS tells this stack's resources from all others."""
        return {name: self.tags[name] for name in OWN_TAGS}

    @property
    def client_props(self) -> dict[str, pulumi.Input[str | None]]:
        """The region, and as whom to call AWS, as dynamic resources take them (components/dynamic/aws_clients.py)."""
        return {"region": self.region.name, "profile": self.profile}

    @property
    def hours_props(self) -> dict[str, str]:
        """The office hours as dynamic resources take them, which read them again; empty without hours."""
        return {"hours": self.hours.text if self.hours else "", "zone": self.hours.zone if self.hours else ""}

    @property
    def role_path(self) -> str:
        """IAM path of roles of tasks: the next update asks for it, and not for every role of the account."""
        return f"/{self.tags['project']}/{self.stack}/"

    @property
    def key(self) -> str | None:
        """The customer's KMS key as resources take it: None means AWS's own."""
        return self.key_arn or None

    def __post_init__(self) -> None:
        if not _STACK_NAME.fullmatch(self.stack):
            raise pulumi.RunError(
                f"The stack is named {self.stack!r}, but the name becomes part of a DNS name and of snapshots' names: "
                f"it must be lower-case letters, digits and single hyphens, {_LONGEST_STACK_NAME} characters at most. "
                "Rename it with `pulumi stack rename`."
            )
