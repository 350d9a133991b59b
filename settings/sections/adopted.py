"""Section "What exists already": database, file system, load balancer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import AfterValidator

from settings.fields import Arn, Pattern, ResourceId, SecretArn, SecurityGroupId
from settings.sections.network import Network
from settings.sections.restore import Restore
from settings.sections.section import Section
from settings.sections.waf import Waf
from settings.values import DatabaseReference, FilesReference, LoadBalancerReference

LOAD_BALANCER = Arn(
    what="an application load balancer",
    service="elasticloadbalancing",
    resource="loadbalancer/app/<name>/<id>",
    pattern=r"loadbalancer/app/[\w-]+/[0-9a-f]+",
    example="loadbalancer/app/shared/0123456789abcdef",
    hint="copy it from the load balancer's page",
)
DatabaseName = Annotated[
    str,
    AfterValidator(
        Pattern(
            example="cvat",
            optional=False,
            pattern=r"[A-Za-z_]\w{0,62}",
            rule="must be the name of a database: a letter or _, then up to 62 letters, digits and _",
        )
    ),
]
InstanceId = Annotated[
    str,
    AfterValidator(
        Pattern(
            example="cvat-database",
            pattern=r"[A-Za-z](-?[A-Za-z0-9]){0,62}",
            rule="must be the identifier of an RDS instance, which is letters, digits and single hyphens",
        )
    ),
]
FileSystemId = Annotated[str, AfterValidator(ResourceId(prefix="fs", what="an EFS file system"))]


class Adopted(Section):
    """What exists already (a VPC: see Network; a certificate: see Access)"""

    db_instance_id: InstanceId = ""
    """Identifier of an RDS instance for PostgreSQL to use instead of a new one, in vpcId, encrypted; the stack neither
    changes nor deletes it. It needs the three keys below, and the sizes of the database above do not matter then."""
    db_secret_arn: SecretArn = ""
    """Secret of Secrets Manager with `username` and `password` of a user of that instance who owns dbName."""
    db_security_group_id: SecurityGroupId = ""
    """Security group that the instance carries; a rule that lets CVAT in is added to it."""
    db_name: DatabaseName = "cvat"
    """Database in that instance; it must be there."""
    file_system_id: FileSystemId = ""
    """Id of an EFS file system to use instead of a new one: yours, or one that AWS Backup has restored. The stack never
    deletes it. Leave it set for as long as the stack lives: without it, the stack would begin with empty folders."""
    file_system_security_group_id: SecurityGroupId = ""
    """Security group of that file system's mount targets; a rule that lets CVAT in is added to it, and the file
    system's policy is left alone. Empty: it has no mount targets, and the stack makes them."""
    load_balancer_arn: Annotated[str, AfterValidator(LOAD_BALANCER)] = ""
    """ARN of an application load balancer to use instead of a new one, in vpcId. It gets listeners on httpPort and
    httpsPort, which must be free there; the rest of it, its log included, stays its owner's. It needs the next key."""
    load_balancer_security_group_id: SecurityGroupId = ""
    """Security group that the load balancer carries; rules that let allowedCidrs in and CVAT's tasks be reached are
    added to it."""

    @property
    def database(self) -> DatabaseReference:
        return DatabaseReference(
            instance_id=self.db_instance_id,
            secret_arn=self.db_secret_arn,
            group_id=self.db_security_group_id,
            name=self.db_name,
        )

    @property
    def files(self) -> FilesReference:
        return FilesReference(self.file_system_id, self.file_system_security_group_id)

    def balancer(self, *, internal: bool) -> LoadBalancerReference:
        return LoadBalancerReference(
            arn=self.load_balancer_arn, group_id=self.load_balancer_security_group_id, internal=internal
        )


def database(adopted: Adopted, network: Network, restore: Restore) -> Iterator[str]:
    parts = {"dbSecretArn": adopted.db_secret_arn, "dbSecurityGroupId": adopted.db_security_group_id}
    if not adopted.db_instance_id:
        for key, value in parts.items():
            if value:
                yield f"cvat:{key} = {value}: it belongs to cvat:dbInstanceId, which is empty. Set that, or remove it."
        return
    subject = f"cvat:dbInstanceId = {adopted.db_instance_id}"
    if missing := _missing({"vpcId": network.vpc_id, **parts}):
        yield f"{subject}: an existing database also needs {missing}. Set what is missing, or leave it empty."
    if restore.restore_database_snapshot:
        yield f"{subject}: with cvat:restoreDatabaseSnapshot a new database is made. Remove one of the two."


def files(adopted: Adopted, network: Network) -> Iterator[str]:
    group = adopted.file_system_security_group_id
    if group and (missing := _missing({"fileSystemId": adopted.file_system_id, "vpcId": network.vpc_id})):
        yield f"cvat:fileSystemSecurityGroupId = {group}: it also needs {missing}. Set what is missing, or remove it."


def balancer(adopted: Adopted, network: Network, waf: Waf) -> Iterator[str]:
    arn, group = adopted.load_balancer_arn, adopted.load_balancer_security_group_id
    if group and not arn:
        yield (
            f"cvat:loadBalancerSecurityGroupId = {group}: it belongs to cvat:loadBalancerArn, which is empty. "
            "Set that, or remove it."
        )
    if not arn:
        return
    if missing := _missing({"vpcId": network.vpc_id, "loadBalancerSecurityGroupId": group}):
        yield (
            f"cvat:loadBalancerArn = {arn}: an existing load balancer also needs {missing}. Set what is missing, or "
            "leave it empty."
        )
    if waf.waf:
        yield (
            f"cvat:loadBalancerArn = {arn}: its firewall is its owner's matter, and cvat:waf would replace it. "
            "Set cvat:waf to false."
        )


def _missing(values: dict[str, str]) -> str:
    """The keys without a value, as a list in words."""
    return ", ".join(f"cvat:{key}" for key, value in values.items() if not value)
