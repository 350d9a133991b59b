"""Tagged resources that a stack's state does not know."""

from __future__ import annotations

import re
from dataclasses import dataclass

from botocore.exceptions import ClientError

from cvatctl.aws_clients import Clients, all_pages
from cvatctl.orphans.state import State

PROJECT = "cvat"
_CREATED_BY_SERVICES = re.compile(
    r"ecs:(task|service-deployment|service-revision|task-definition)/"  # tasks copy their service's tags
    r"|rds:(snapshot|auto-backup|cluster-snapshot):"
    r"|elasticache:snapshot:"
    r"|backup:recovery-point:"
    r"|ec2:(network-interface|snapshot)/"
)
"""`service:resource` of ARNs that AWS's services create with the tags of the stack's resources."""
_CACHE_NODE = re.compile(r"elasticache:cluster:(?P<group>.+)-\d{3}")
"""ElastiCache names the nodes of a replication group by its name."""


@dataclass(frozen=True)
class Orphan:
    """A resource of the account that carries a stack's tags."""

    arn: str

    @property
    def kind(self) -> str:
        """Service and type of resource, such as rds:db."""
        service, resource = self._service_and_resource()
        return f"{service}:{re.split('[:/]', resource)[0]}" if re.search("[:/]", resource) else service

    @property
    def name(self) -> str:
        """The resource without service and type, such as my-database."""
        resource = self._service_and_resource()[1]
        return re.split("[:/]", resource, maxsplit=1)[-1]

    def _service_and_resource(self) -> tuple[str, str]:
        parts = self.arn.split(":", 5)
        return parts[2], parts[5]


def find_orphans(stack: str, state: State, clients: Clients) -> list[Orphan]:
    """Resources of the region with the stack's tags that its state does not have, ordered by kind.

    Reads the Resource Groups Tagging API, which knows no IAM roles, a resource only some seconds after its creation,
    and deleted ones for hours (https://github.com/boto/boto3/issues/3341, read 2026-11).
    """
    filters = [{"Key": "project", "Values": [PROJECT]}, {"Key": "stack", "Values": [stack]}]
    client = clients("resourcegroupstaggingapi")
    tagged = all_pages(client, "get_resources", "ResourceTagMappingList", TagFilters=filters)
    resources = [Orphan(resource["ResourceARN"]) for resource in tagged]
    orphans = [orphan for orphan in resources if not state.has(orphan.arn) and not _created_by_service(orphan, state)]
    lasting = [orphan for orphan in orphans if not _awaits_deletion(orphan, clients)]
    return sorted(lasting, key=lambda orphan: orphan.arn.split(":", 2)[2])


def _awaits_deletion(orphan: Orphan, clients: Clients) -> bool:
    """Whether a secret or key is deleted, or scheduled for that: it stays listed."""
    try:
        if orphan.kind == "secretsmanager:secret":
            return "DeletedDate" in clients("secretsmanager").describe_secret(SecretId=orphan.arn)
        if orphan.kind == "kms:key":
            return "DeletionDate" in clients("kms").describe_key(KeyId=orphan.arn)["KeyMetadata"]
    except ClientError as error:
        if not is_gone(error):
            raise
        return True
    return False


def is_gone(error: ClientError) -> bool:
    """Whether AWS says that what was asked for does not exist, such as DBInstanceNotFound or NoSuchBucket."""
    code = error.response["Error"]["Code"]
    return "NotFound" in code or code.startswith("NoSuch")


def _created_by_service(orphan: Orphan, state: State) -> bool:
    parts = orphan.arn.split(":", 5)
    resource = f"{parts[2]}:{parts[5]}"
    node = _CACHE_NODE.fullmatch(resource)
    return bool(_CREATED_BY_SERVICES.match(resource)) or (node is not None and node["group"] in state.names)
