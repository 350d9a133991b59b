"""The settings of one stack: its sections, and the values that several sections decide together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from region import Region
from settings.addresses import AddressDemand
from settings.functions import Function
from settings.ingress_options import IngressOptions, MaintenancePage, maintenance_page
from settings.office_hours import OfficeHours
from settings.releases import Release
from settings.releases.release import Process
from settings.sections.access import Access
from settings.sections.account import Account
from settings.sections.adopted import Adopted
from settings.sections.alarms import Alarms
from settings.sections.corporate import Corporate
from settings.sections.cvat import Cvat
from settings.sections.data import Data
from settings.sections.https import Https
from settings.sections.images import Images
from settings.sections.inference import Inference
from settings.sections.init import Init
from settings.sections.network import Network
from settings.sections.oidc import Oidc
from settings.sections.restore import Restore
from settings.sections.section import InvalidKeyError
from settings.sections.services import Services
from settings.sections.sleep import Sleep
from settings.sections.stack import Stack
from settings.sections.waf import Waf
from settings.values import AdoptedReferences, BackupTimes, Mirrors, StackPolicy, TaskSize
from settings.zones import ZONES


@dataclass(frozen=True)
class Settings:
    """A configuration. Only `load` makes one that is checked."""

    stack: Stack
    cvat: Cvat
    account: Account
    sleep: Sleep
    network: Network
    corporate: Corporate
    access: Access
    https: Https
    waf: Waf
    oidc: Oidc
    data: Data
    images: Images
    inference: Inference
    services: Services
    init: Init
    adopted: Adopted
    restore: Restore
    alarms: Alarms
    known_region: Region | None
    """None while rules are judged of a configuration whose region is wrong."""

    @property
    def region(self) -> Region:
        """Where the stack is. Raises InvalidKeyError, which only `load` meets."""
        if self.known_region is None:
            raise InvalidKeyError("aws:region")
        return self.known_region

    def with_functions(self, functions: Iterable[Function]) -> Settings:
        """The same, where all of these that sleep are batch functions, also those whose file says so."""
        names = tuple(function.name for function in functions if function.batch)
        return replace(self, inference=self.inference.model_copy(update={"batch_functions": names}))

    @property
    def release(self) -> Release:
        """The CVAT that the stack runs."""
        return self.cvat.chosen

    @property
    def policy(self) -> StackPolicy:
        """What applies to every resource of the stack."""
        return StackPolicy(
            release=self.release,
            protect=self.stack.protect,
            tags=self.stack.all_tags,
            asleep=self.sleep.asleep,
            hours=self.hours,
            key_arn=self.account.kms_key_arn,
            proxy=self.corporate.http_proxy,
            own_authorities=bool(self.corporate.certificate_authorities),
            boundary_arn=self.account.permissions_boundary_arn,
        )

    @cached_property
    def hours(self) -> OfficeHours | None:
        """Outside of which the stack sleeps by itself."""
        return self.sleep.hours(self.region)

    @property
    def page(self) -> MaintenancePage | None:
        """What the load balancer answers while the stack sleeps, if it ever does."""
        return maintenance_page(self.hours) if self.sleep.asleep or self.hours else None

    @property
    def sleep_output(self) -> dict[str, str]:
        """For the stack's outputs."""
        return {"mode": self.sleep.mode, "office_hours": str(self.hours or "")}

    @cached_property
    def backup_times(self) -> BackupTimes:
        """When restore points are taken."""
        return self.data.backup_times(self.hours)

    @cached_property
    def ingress(self) -> IngressOptions:
        """How people reach CVAT. Only of a configuration whose rules hold."""
        access = self.access
        return IngressOptions(
            http_port=access.http_port,
            https_port=access.https_port,
            allowed_cidrs=access.allowed_cidrs,
            admin_cidrs=access.admin_cidrs,
            internal=access.internal,
            host_name=access.host_name,
            hosted_zone_id=access.hosted_zone_id,
            certificate_arn=self.https.certificate_arn,
            imported=self.https.imported,
            requested=self.https.request_certificate,
            tls_policy=self.https.tls_policy,
            page=self.page,
            firewall=self.waf.firewall(self.services.log_retention_days),
            login=self.oidc.login,
        )

    @cached_property
    def tasks(self) -> dict[str, TaskSize]:
        """Sizes by kind of task while the stack is awake, with the gateway's, which runs where there are functions."""
        return {process.kind: self.services.sizes[process.size] for process in self.release.services}

    @property
    def canary(self) -> bool:
        """Whether the smoke test runs every hour: never of a stack that sleeps, where it would only fail."""
        return self.alarms.canary == "hourly" and not self.sleep.asleep

    @property
    def canary_addresses(self) -> int:
        """NAT gateways of a new VPC from which the smoke test calls, and which the load balancer lets in."""
        if not self.canary or self.network.vpc_id or self.network.isolated:
            return 0
        return 1 if self.network.single_nat else ZONES

    @property
    def aws_services(self) -> tuple[str, ...]:
        """What the stack's tasks call, by the names of their interface endpoints; S3 has a gateway endpoint."""
        return (
            *("ecr.api", "ecr.dkr", "logs", "secretsmanager", "monitoring"),
            *(("sagemaker.runtime",) if self.inference.enabled else ()),
            # The gateway looks at endpoints that sleep, and wakes them.
            *(("sagemaker.api",) if self.inference.enabled and self.inference.batch_functions else ()),
            *(("ssmmessages",) if self.access.enable_exec else ()),
        )

    @property
    def interface_endpoints(self) -> tuple[str, ...]:
        """Services that a new VPC reaches by interface endpoint."""
        needed = self.aws_services if self.network.isolated else ()
        return tuple(dict.fromkeys((*needed, *self.network.interface_endpoints)))

    def addresses(self, interactive: int, batch_endpoints: int = 0) -> AddressDemand:
        """What the stack takes in its subnets while it is awake.

        interactive: functions that have a model archive and do not sleep. batch_endpoints: of those that do.
        """
        endpoints, batch = self.inference.endpoints(interactive), self.inference.batch_endpoint
        once = 2 if self.alarms.canary == "hourly" else 1  # init, and the smoke test
        return AddressDemand(
            tasks=sum(max(size.count, size.max_count) for size in map(self._size, self.release.services)) + once,
            task_zones=self.region.most_fargate_zones(ZONES),
            cache_nodes=self.data.cache.replicas + 1,
            models=endpoints * self.inference.endpoint.max_count + batch_endpoints * batch.max_count,
            interface_endpoints=len(self.interface_endpoints),
            internal=self.access.internal,
        )

    def _size(self, process: Process) -> TaskSize:
        return self.services.sizes[process.size]

    @property
    def mirrors(self) -> Mirrors:
        """Where image builds download from."""
        return self.images.mirrors(self.corporate.certificate_authorities)

    def image_names(self, functions: Sequence[Any]) -> tuple[str, ...]:
        """Images that the stack runs, with these functions."""
        return (
            *self.release.images,
            *self.cvat.upgrade_images,
            *(("gateway", "models") if functions else ()),
            *(("canary",) if self.canary else ()),
        )

    @property
    def snapshot_before_migration(self) -> bool:
        return self.init.takes_snapshot(protect=self.stack.protect)

    @property
    def references(self) -> AdoptedReferences:
        """What exists already and is to be used."""
        return AdoptedReferences(
            vpc_id=self.network.vpc_id,
            aws_services=self.aws_services,
            public_subnet_ids=self.network.public_subnet_ids,
            private_subnet_ids=self.network.private_subnet_ids,
            snapshot=self.restore.restore_database_snapshot,
            database=self.adopted.database,
            files=self.adopted.files,
            balancer=self.adopted.balancer(internal=self.access.internal),
            ingress=self.ingress,
        )
