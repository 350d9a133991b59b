"""The configuration keys: `vpc_cidr` is `cvat:vpcCidr`.

Type, description and default are also what Pulumi.yaml declares and docs/configuration.md lists; `make settings`
writes both from here. A size of -1 or "" stands for what the preset says.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from settings.fields import Cidr, Cidrs, Many, Texts, name_value, retention_days, secret_reference
from settings.keys_access import Access, Https, Oidc, Waf
from settings.keys_given import Account, Given
from settings.office_hours import checked, time_zone
from settings.section import Section
from settings.zones import ZONES


class Stack(Section):
    """The stack as a whole"""

    preset: Literal["production", "standard", "team"] = "standard"
    """Sizes: `standard` runs what the reference deployment runs; `production` has something of everything in each of
    three zones, grows with the load, and keeps restore points for a quarter; `team` is the least that serves five
    people well. Every number can be set on its own."""
    disposable: bool = False
    """true: nothing is protected, `pulumi destroy` deletes databases and files without a final snapshot. For
    trials only."""
    tags: Annotated[tuple[Annotated[str, AfterValidator(name_value)], ...], Many] = ()
    """More tags for every resource, each as name=value."""


class Sleep(Section):
    """Sleep"""

    mode: Literal["awake", "asleep"] = "awake"
    """`asleep`: no task runs, the database is stopped, endpoints are removed, and the load balancer answers with a
    page that says so. Nothing is lost; `awake` brings it all back (docs/operations.md#sleep)."""
    office_hours: Annotated[str, AfterValidator(checked)] = ""
    """Days and hours outside which the stack sleeps by itself, such as mon-fri 08:00-20:00. Empty: it never does."""
    office_time_zone: Annotated[str, AfterValidator(time_zone)] = ""
    """IANA name of the office hours' time zone, such as Europe/Berlin. Empty: Asia/Shanghai in China, Asia/Tokyo in
    ap-northeast-1, else UTC."""


class Network(Section):
    """Network"""

    vpc_cidr: Cidr = "10.192.0.0/16"
    """Address range of the new VPC."""
    public_subnet_cidrs: Cidrs = ("10.192.0.0/22", "10.192.4.0/22", "10.192.8.0/22")
    """Three ranges inside the VPC for load balancer and NAT gateways, one a zone."""
    private_subnet_cidrs: Cidrs = ("10.192.64.0/19", "10.192.96.0/19", "10.192.128.0/19")
    """Three ranges inside the VPC for tasks, stores and endpoints, one a zone."""
    availability_zones: Texts = ()
    """Three zone names, where the first three that the account sees will not do."""
    nat_gateways: Literal["", "one-per-zone", "single"] = ""
    """`one-per-zone` survives the loss of a zone; `single` costs a third. Empty: what the preset says."""
    interface_endpoints: Texts = ()
    """AWS services that are reached by a private endpoint instead of NAT, such as ecr.api, ecr.dkr, logs,
    secretsmanager, sagemaker.runtime."""
    vpc_id: str = ""
    """Id of an existing VPC to use instead of a new one; then both lists of subnet ids are needed."""
    public_subnet_ids: Texts = ()
    """Three public subnets of the existing VPC, each in another zone."""
    private_subnet_ids: Texts = ()
    """Three private subnets of the existing VPC, in the same zones."""

    @model_validator(mode="after")
    def _adoption_is_whole(self) -> Network:
        public, private = len(self.public_subnet_ids), len(self.private_subnet_ids)
        if self.vpc_id and (public, private) != (ZONES, ZONES):
            raise ValueError(
                f"vpcId needs {ZONES} publicSubnetIds and {ZONES} privateSubnetIds, got {public} and {private}; "
                "list them, or leave vpcId empty for a new VPC"
            )
        if not self.vpc_id and public + private:
            raise ValueError(
                "publicSubnetIds and privateSubnetIds belong to an existing VPC, but vpcId is empty; "
                "set it, or remove the lists"
            )
        if self.vpc_id and self.interface_endpoints:
            raise ValueError(
                "interfaceEndpoints are made in a new VPC only, but vpcId names an existing one; make them there, "
                "and empty the list"
            )
        if len(self.availability_zones) not in (0, ZONES):
            raise ValueError(
                f"availabilityZones names {len(self.availability_zones)} zones for {ZONES} pairs of subnets; "
                f"name {ZONES} or none"
            )
        return self


class Data(Section):
    """Data stores"""

    db_engine_version: str = "15"
    """PostgreSQL version; a major version takes AWS's default minor one. CVAT at our commit is tested with 15."""
    db_instance_class: str = ""
    """RDS instance class, such as db.m6g.xlarge."""
    db_storage_gb: int = Field(-1, ge=-1)
    """Storage of the database at the start, in GB (gp3, at least 20)."""
    db_max_storage_gb: int = Field(-1, ge=-1)
    """Storage in GB up to which the database grows by itself."""
    db_availability: Literal["", "single", "multi-az"] = ""
    """`multi-az` keeps a standby in another zone."""
    db_backup_days: int = Field(-1, ge=-1, le=35)
    """Days for which automated database backups are kept (1 to 35)."""
    backup_days: int = Field(-1, ge=-1, le=36500)
    """Days for which AWS Backup keeps the daily restore points of database and files together; 0: none are taken."""
    backup_hour: int = Field(-1, ge=-1, le=23)
    """Hour of the day, in UTC, at which the restore point is taken. RDS's own backup and maintenance keep a distance
    from it. -1: 18, which is two in the morning in China; with office hours, the last that lies well inside them."""
    backup_key_arn: str = ""
    """KMS key that encrypts the restore points. Empty: kmsKeyArn, else AWS's own key for backups."""
    media_buckets: Texts = ()
    """S3 buckets that CVAT may read as cloud storages with its tasks' role (credentials_type TASK_ROLE)."""
    redis_engine_version: str = "7.1"
    """Redis version of ElastiCache."""
    redis_node_type: str = ""
    """ElastiCache node type, such as cache.r6g.large."""
    redis_replicas: int = Field(-1, ge=-1, le=5)
    """Redis nodes that can take over; 0: one node, no failover."""


class Images(Section):
    """Images"""

    server_image: str = ""
    """Reference by digest of a ready CVAT server image. Empty: it is built."""
    ui_image: str = ""
    """Reference by digest of a ready CVAT UI image. Empty: it is built."""
    gateway_image: str = ""
    """Reference by digest of a ready gateway image. Empty: it is built."""
    models_image: str = ""
    """Reference by digest of a ready model image. Empty: it is built."""
    canary_image: str = ""
    """Reference by digest of a ready image of the smoke test. Empty: it is built, where canary is hourly."""
    mirror_base_registry: str = "docker.io/library"
    """Registry and path that hold python, node and nginx for the builds."""
    mirror_apt: str = "http://deb.debian.org"
    """Debian mirror for the builds."""
    mirror_pypi: str = "https://pypi.org/simple"
    """PyPI index for the builds."""
    mirror_npm: str = "https://registry.npmjs.org"
    """npm registry for the builds."""
    mirror_cvat_repository: str = "https://github.com/opencv/cvat.git"
    """Git repository from which the builds fetch CVAT's commit."""


class Inference(Section):
    """Auto-annotation"""

    inference_layout: Literal["shared", "dedicated", "none"] = "shared"
    """`shared`: one endpoint holds a container for each function (15 at most). `dedicated`: an endpoint for
    each. `none`: no auto-annotation."""
    inference_instance_type: str = ""
    """SageMaker instance type, such as ml.c5d.xlarge."""
    inference_instance_count: int = Field(-1, ge=-1)
    """Instances of each endpoint."""
    inference_max_instance_count: int = Field(-1, ge=-1)
    """Instances to which each endpoint scales with its invocations; the same as the count: it does not."""
    model_archives: str = "build/models"
    """Folder that holds <function>.tar.gz for each function, or an S3 address (s3://bucket/prefix) of one. A
    function without an archive is left out with a warning."""


class Services(Section):
    """Tasks"""

    server_cpu: int = -1
    """CPU units of a CVAT server task (1024 are one virtual CPU)."""
    server_memory: int = -1
    """MiB of a CVAT server task."""
    server_count: int = Field(-1, ge=-1)
    """CVAT server tasks."""
    server_max_count: int = Field(-1, ge=-1)
    """CVAT server tasks at most; above the count, their number follows their CPU."""
    ui_cpu: int = -1
    """CPU units of a UI task."""
    ui_memory: int = -1
    """MiB of a UI task."""
    ui_count: int = Field(-1, ge=-1)
    """UI tasks."""
    ui_max_count: int = Field(-1, ge=-1)
    """UI tasks at most; above the count, their number follows their CPU."""
    gateway_cpu: int = -1
    """CPU units of a gateway task."""
    gateway_memory: int = -1
    """MiB of a gateway task."""
    gateway_count: int = Field(-1, ge=-1)
    """Gateway tasks."""
    gateway_max_count: int = Field(-1, ge=-1)
    """Gateway tasks at most; above the count, their number follows their CPU."""
    worker_cpu: int = -1
    """CPU units of a worker task of either queue."""
    worker_memory: int = -1
    """MiB of a worker task of either queue."""
    worker_count: int = Field(-1, ge=-1)
    """Worker tasks that create tasks, import and export, one job each at a time."""
    worker_max_count: int = Field(-1, ge=-1)
    """These worker tasks at most; above the count, their number follows their queue."""
    annotation_worker_count: int = Field(-1, ge=-1)
    """Worker tasks that run auto-annotation jobs, one job each at a time. 0: one starts with the first job, which
    takes about three minutes, and the last one ends ten minutes after the last job."""
    annotation_worker_max_count: int = Field(-1, ge=-1)
    """These worker tasks at most; above the count, their number follows their queue."""
    fargate_spot: bool = False
    """true: UI and gateway run on Fargate Spot, for about a third of the price; AWS may replace a task at any time."""
    server_environment: Annotated[tuple[Annotated[str, AfterValidator(name_value)], ...], Many] = ()
    """More variables for CVAT's processes, each as NAME=value: mail, LDAP, registration (see patches/README.md)."""
    server_secrets: Annotated[tuple[Annotated[str, AfterValidator(secret_reference)], ...], Many] = ()
    """More secrets for CVAT's processes, each as NAME=ARN of a secret, or NAME=ARN:key for a key of a JSON secret."""
    log_retention_days: Annotated[int, AfterValidator(retention_days)] = 30
    """Days for which logs are kept; CloudWatch Logs takes certain numbers only, such as 7, 30, 90 or 365."""


class Init(Section):
    """First start"""

    admin_user: str = Field("admin", pattern=r"^[\w.@+-]{1,150}$")
    """Name of the first administrator; the password is generated."""
    admin_email: str = "admin@example.com"
    """Mail address of the first administrator."""
    demo_data: str = Field("builtin", pattern=r"^(builtin|none|s3://.+)$")
    """Files to copy to CVAT's share: `builtin`, `none`, or an S3 address (s3://bucket/prefix)."""
    init_timeout_minutes: int = Field(30, ge=5, le=240)
    """Minutes after which the initialisation counts as failed."""
    snapshot_before_migration: Literal["", "always", "never"] = ""
    """Whether the database is snapshotted before a new server image migrates it. Empty: unless disposable."""


class Restore(Section):
    """Restore"""

    restore_database_snapshot: str = ""
    """Identifier or ARN of an RDS snapshot (also one of AWS Backup) from which a new stack's database is made. Looked
    at only when the database is created. The files of a restore: fileSystemId."""


class Alarms(Section):
    """Alarms"""

    alarm_email: str = ""
    """Mail address that is told of alarms; AWS first sends it a request to confirm."""
    alarm_topic_arn: str = ""
    """Existing SNS topic for alarms instead of a new one; its policy and key must let CloudWatch and EventBridge
    publish."""
    canary: Literal["", "hourly", "off"] = ""
    """`hourly`: the smoke test of `cvatctl smoke` runs every hour as a task of its own, and a failure is told like an
    alarm. Empty: what the preset says."""


SECTIONS: tuple[type[Section], ...] = (
    *(Stack, Account, Sleep, Network, Access, Https, Waf, Oidc, Data),
    *(Images, Inference, Services, Init, Given, Restore, Alarms),
)
"""In the order in which the documentation lists them."""
