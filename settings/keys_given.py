"""The configuration keys for what exists already, and for what the account demands of every stack."""

from __future__ import annotations

from pydantic import Field

from settings.section import Section


class Account(Section):
    """What the account demands"""

    permissions_boundary_arn: str = ""
    """IAM policy that bounds every role of the stack. Empty: no boundary."""
    kms_key_arn: str = ""
    """Customer-managed KMS key for database, Redis, files, buckets, images, logs, secrets, restore points and
    notifications; its policy must let their services use it (docs/operations.md#a-key-of-your-own). Database, Redis,
    file system and image repositories keep the key with which they were made. Empty: AWS's own keys."""


class Given(Section):
    """What exists already (a VPC: see Network; a certificate: see Access)"""

    db_instance_id: str = ""
    """Identifier of an RDS instance for PostgreSQL to use instead of a new one, in vpcId, encrypted; the stack neither
    changes nor deletes it. It needs the three keys below, and the sizes of the database above do not matter then."""
    db_secret_arn: str = ""
    """Secret of Secrets Manager with `username` and `password` of a user of that instance who owns dbName."""
    db_security_group_id: str = Field("", pattern=r"^(sg-[0-9a-f]{8,40})?$")
    """Security group that the instance carries; a rule that lets CVAT in is added to it."""
    db_name: str = Field("cvat", pattern=r"^[A-Za-z_]\w{0,62}$")
    """Database in that instance; it must be there."""
    file_system_id: str = Field("", pattern=r"^(fs-[0-9a-f]{8,40})?$")
    """Id of an EFS file system to use instead of a new one: yours, or one that AWS Backup has restored. The stack never
    deletes it. Leave it set for as long as the stack lives: without it, the stack would begin with empty folders."""
    file_system_security_group_id: str = Field("", pattern=r"^(sg-[0-9a-f]{8,40})?$")
    """Security group of that file system's mount targets; a rule that lets CVAT in is added to it, and the file
    system's policy is left alone. Empty: it has no mount targets, and the stack makes them."""
    load_balancer_arn: str = ""
    """ARN of an application load balancer to use instead of a new one, in vpcId. It gets listeners on httpPort and
    httpsPort, which must be free there; the rest of it, its log included, stays its owner's. It needs the next key."""
    load_balancer_security_group_id: str = Field("", pattern=r"^(sg-[0-9a-f]{8,40})?$")
    """Security group that the load balancer carries; rules that let allowedCidrs in and CVAT's tasks be reached are
    added to it."""
