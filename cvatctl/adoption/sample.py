"""The sample's CloudFormation stack: physical ids by the logical ids of its template."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from cvatctl.aws_clients import Clients, all_pages
from cvatctl.errors import CommandError

PUBLIC = ("PublicSubnet1", "PublicSubnet2", "PublicSubnet3")
PRIVATE = ("PrivateSubnet1", "PrivateSubnet2", "PrivateSubnet3")
FILES, DATABASE, CLUSTER, SERVER_GROUP = "CVATEfs", "DBInstance", "ECSCluster", "AppServerSecurityGroup"
POINTS = {"data": "DataAccessPoint", "share": "ShareAccessPoint"}
SERVICES = ("ServerECSService", "UIECSService", "ServerlessECSService")
REQUIRED = ("VPC", *PUBLIC, *PRIVATE, FILES, *POINTS.values(), DATABASE)
_RETAINED_TYPES = ("AWS::EC2::", "AWS::EFS::")


@dataclass(frozen=True, kw_only=True)
class SampleStack:
    """A deployed stack of the sample."""

    name: str
    region: str
    ids: Mapping[str, str]
    """Physical id by logical id."""
    types: Mapping[str, str]
    """Resource type by logical id."""
    parameters: Mapping[str, str]
    """Values of the template's parameters; secrets among them are not read."""
    capabilities: Sequence[str]
    template: str | Mapping[str, Any]
    """YAML text, or a JSON template's object."""

    @property
    def retained(self) -> list[str]:
        """Logical ids of what must survive the stack's deletion: network and files, but not security groups."""
        return [
            name
            for name, kind in self.types.items()
            if kind.startswith(_RETAINED_TYPES) and kind != "AWS::EC2::SecurityGroup"
        ]


def read(name: str, region: str, clients: Clients) -> SampleStack:
    """The stack. Raises CommandError where there is none, or where it is not of the sample."""
    client = clients("cloudformation")
    try:
        (description,) = client.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationError":
            raise
        raise CommandError(
            f"CloudFormation has no stack '{name}' in {region}. See: aws cloudformation list-stacks --region {region}"
        ) from None
    resources = [
        resource
        for resource in all_pages(client, "list_stack_resources", "StackResourceSummaries", StackName=name)
        if resource.get("PhysicalResourceId") and not resource["ResourceStatus"].startswith("DELETE_COMPLETE")
    ]
    ids = {resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource in resources}
    missing = [logical_id for logical_id in REQUIRED if logical_id not in ids]
    if missing:
        raise CommandError(
            f"The stack '{name}' is not of aws-samples/cvat-on-aws-china: it lacks {', '.join(missing)}. Give the name "
            "of the stack that was made from cvat-aws-all.yaml."
        )
    return SampleStack(
        name=name,
        region=region,
        ids=ids,
        types={resource["LogicalResourceId"]: resource["ResourceType"] for resource in resources},
        parameters={
            parameter["ParameterKey"]: parameter.get("ParameterValue", "")
            for parameter in description.get("Parameters", [])
            if "Password" not in parameter["ParameterKey"]
        },
        capabilities=description.get("Capabilities", []),
        template=client.get_template(StackName=name)["TemplateBody"],
    )


def parameter_names(clients: Clients, name: str) -> list[str]:
    """All parameters of the stack: an update must repeat their values."""
    (description,) = clients("cloudformation").describe_stacks(StackName=name)["Stacks"]
    return [parameter["ParameterKey"] for parameter in description.get("Parameters", [])]
