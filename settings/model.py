"""The settings of one stack, as the program uses them: keys grouped, presets applied."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from settings import ingress, keys, keys_given, office_hours
from settings.ingress_options import IngressOptions, MaintenancePage, maintenance_page
from settings.keys_access import Access, Https, Oidc, Waf
from settings.office_hours import OfficeHours
from settings.presets import PRESETS
from settings.values import (
    AddressPlan,
    AdoptedReferences,
    BackupTimes,
    CacheSize,
    DatabaseReference,
    DatabaseSize,
    EndpointSize,
    FilesReference,
    LoadBalancerReference,
    Mirrors,
    Notifications,
    StackPolicy,
    TaskSize,
)

_ARN_PARTS = 7
"""arn:partition:secretsmanager:region:account:secret:name"""


@dataclass(frozen=True)
class Settings:
    """A checked configuration."""

    stack: keys.Stack
    account: keys_given.Account
    sleep: keys.Sleep
    network: keys.Network
    access: Access
    https: Https
    waf: Waf
    oidc: Oidc
    data: keys.Data
    images: keys.Images
    inference: keys.Inference
    services: keys.Services
    init: keys.Init
    given: keys_given.Given
    restore: keys.Restore
    alarms: keys.Alarms
    home_zone: str
    """Time zone of the region."""

    def size(self, name: str) -> Any:
        """The value of a key that the preset decides unless it is set (-1 and "" are "not set")."""
        sections = (self.network, self.data, self.inference, self.services, self.alarms)
        value = next(getattr(section, name) for section in sections if name in type(section).model_fields)
        return PRESETS[self.stack.preset][name] if value in (-1, "") else value

    @property
    def protect(self) -> bool:
        """Whether stores survive mistakes: protected, snapshot before deletion, backups kept."""
        return not self.stack.disposable

    def tags(self, project: str, stack: str) -> dict[str, str]:
        """Tags for every resource: whose it is, and the operator's own."""
        return dict(tag.split("=", 1) for tag in self.stack.tags) | {"project": project, "stack": stack}

    @property
    def policy(self) -> StackPolicy:
        """What holds for everything in the stack."""
        account = self.account
        return StackPolicy(
            protect=self.protect,
            tags=self.tags,
            asleep=self.asleep,
            hours=self.hours,
            key_arn=account.kms_key_arn,
            boundary_arn=account.permissions_boundary_arn,
        )

    @property
    def asleep(self) -> bool:
        """Whether the stack sleeps until somebody wakes it."""
        return self.sleep.mode == "asleep"

    @cached_property
    def hours(self) -> OfficeHours | None:
        """Outside of which the stack sleeps by itself."""
        chosen = self.sleep
        return office_hours.parse(chosen.office_hours, self._zone) if chosen.office_hours else None

    @property
    def _zone(self) -> str:
        return self.sleep.office_time_zone or self.home_zone

    @property
    def page(self) -> MaintenancePage | None:
        """What the load balancer answers in its sleep, if there is any."""
        return maintenance_page(self.hours) if self.asleep or self.hours else None

    @property
    def sleep_output(self) -> dict[str, str]:
        """For the stack's outputs."""
        return {"mode": self.sleep.mode, "office_hours": str(self.hours or "")}

    @cached_property
    def backup_times(self) -> BackupTimes:
        """When restore points are taken: whenever the database runs."""
        fits, wanted = self.hours.backup_hours() if self.hours else (), self.data.backup_hour
        hour = wanted if wanted != -1 else fits[-1] if fits else BackupTimes.hour
        return BackupTimes(hour=hour, days=self.hours.backup_days(hour) if self.hours else "")

    @property
    def addresses(self) -> AddressPlan:
        net = self.network
        return AddressPlan(
            vpc_cidr=net.vpc_cidr,
            public_cidrs=net.public_subnet_cidrs,
            private_cidrs=net.private_subnet_cidrs,
        )

    @property
    def single_nat(self) -> bool:
        return bool(self.size("nat_gateways") == "single")

    @cached_property
    def ingress(self) -> IngressOptions:
        """How people reach CVAT. Only of a configuration whose rules hold."""
        log_days = self.services.log_retention_days
        return ingress.ingress(self.access, self.https, ingress.firewall(self.waf, log_days), self.oidc, self.page)

    @property
    def database(self) -> DatabaseSize:
        return DatabaseSize(
            instance_class=self.size("db_instance_class"),
            storage_gb=self.size("db_storage_gb"),
            max_storage_gb=self.size("db_max_storage_gb"),
            multi_az=self.size("db_availability") == "multi-az",
            backup_days=self.size("db_backup_days"),
            engine_version=self.data.db_engine_version,
        )

    @property
    def backup_days(self) -> int:
        """Days for which restore points are kept; 0: there are none. A trial has none unless it asks for them."""
        return 0 if self.data.backup_days == -1 and not self.protect else int(self.size("backup_days"))

    @property
    def cache(self) -> CacheSize:
        return CacheSize(
            node_type=self.size("redis_node_type"),
            replicas=self.size("redis_replicas"),
            engine_version=self.data.redis_engine_version,
        )

    @property
    def endpoint(self) -> EndpointSize:
        return EndpointSize(
            instance_type=self.size("inference_instance_type"),
            count=self.size("inference_instance_count"),
            max_count=max(self.size("inference_instance_count"), self.size("inference_max_instance_count")),
        )

    @property
    def server_environment(self) -> dict[str, str]:
        """More variables of CVAT's processes."""
        return dict(pair.split("=", 1) for pair in self.services.server_environment)

    @property
    def server_secrets(self) -> dict[str, tuple[str, str]]:
        """More secrets of CVAT's processes: variable -> ARN, key (empty: the whole secret)."""
        found = {}
        for pair in self.services.server_secrets:
            variable, reference = pair.split("=", 1)
            *arn, last = reference.split(":")
            whole = len(arn) < _ARN_PARTS
            found[variable] = (reference, "") if whole else (":".join(arn), last)
        return found

    @cached_property
    def tasks(self) -> dict[str, TaskSize]:
        """Sizes by kind of task, and how many there are to be: none while the stack is asleep."""
        return {kind: size.asleep if self.asleep else size for kind, size in self.awake_tasks.items()}

    @cached_property
    def awake_tasks(self) -> dict[str, TaskSize]:
        """Sizes by kind of task: server, ui, gateway, worker (queue `default`), annotation_worker
        (queue `low`), scheduler."""
        sizes = {kind: self._task(kind, kind) for kind in ("server", "ui", "gateway", "worker")}
        sizes["annotation_worker"] = self._task("worker", "annotation_worker")
        sizes["scheduler"] = TaskSize(cpu=256, memory=1024, count=1)
        return sizes

    def _task(self, size: str, number: str) -> TaskSize:
        """CPU and memory of one kind, the number of another: both kinds of worker have the same size."""
        return TaskSize(
            cpu=self.size(f"{size}_cpu"),
            memory=self.size(f"{size}_memory"),
            count=self.size(f"{number}_count"),
            max_count=self.size(f"{number}_max_count"),
        )

    @property
    def given_images(self) -> dict[str, str]:
        """References of images that are not built, by image name."""
        names = ("server", "ui", "gateway", "models", "canary")
        return {name: given for name in names if (given := getattr(self.images, f"{name}_image"))}

    @property
    def canary(self) -> bool:
        """Whether the smoke test runs every hour; a stack that sleeps would only fail it."""
        return bool(self.size("canary") == "hourly" and not self.asleep)

    def wanted_images(self, functions: Sequence[Any]) -> tuple[str, ...]:
        """Images that the stack runs, with these functions."""
        return ("server", "ui", *(("gateway", "models") if functions else ()), *(("canary",) if self.canary else ()))

    @property
    def snapshot_before_migration(self) -> bool:
        choice = self.init.snapshot_before_migration
        return choice == "always" or (choice == "" and self.protect)

    @property
    def named(self) -> AdoptedReferences:
        """What exists already and is to be used."""
        net, given = self.network, self.given
        return AdoptedReferences(
            vpc_id=net.vpc_id,
            public_subnet_ids=net.public_subnet_ids,
            private_subnet_ids=net.private_subnet_ids,
            snapshot=self.restore.restore_database_snapshot,
            database=DatabaseReference(
                instance_id=given.db_instance_id,
                secret_arn=given.db_secret_arn,
                group_id=given.db_security_group_id,
                name=given.db_name,
            ),
            files=FilesReference(given.file_system_id, given.file_system_security_group_id),
            balancer=LoadBalancerReference(
                arn=given.load_balancer_arn,
                group_id=given.load_balancer_security_group_id,
                internal=self.access.internal,
            ),
            front=self.ingress,
        )

    @property
    def notifications(self) -> Notifications:
        return Notifications(topic_arn=self.alarms.alarm_topic_arn, email=self.alarms.alarm_email)

    @property
    def mirrors(self) -> Mirrors:
        images = self.images
        return Mirrors(
            base_registry=images.mirror_base_registry,
            apt=images.mirror_apt,
            pypi=images.mirror_pypi,
            npm=images.mirror_npm,
            cvat_repository=images.mirror_cvat_repository,
        )
