"""What the sample's CloudFormation stack consists of, by the logical ids of its template."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from cvatctl.clients import Clients, pages
from cvatctl.errors import ProblemError

PUBLIC = ("PublicSubnet1", "PublicSubnet2", "PublicSubnet3")
PRIVATE = ("PrivateSubnet1", "PrivateSubnet2", "PrivateSubnet3")
FILES, DATABASE, CLUSTER, SERVER_GROUP = "CVATEfs", "DBInstance", "ECSCluster", "AppServerSecurityGroup"
POINTS = {"data": "DataAccessPoint", "share": "ShareAccessPoint"}
SERVICES = ("ServerECSService", "UIECSService", "ServerlessECSService")
NEEDED = ("VPC", *PUBLIC, *PRIVATE, FILES, *POINTS.values(), DATABASE)
_KEPT_TYPES = ("AWS::EC2::", "AWS::EFS::")


@dataclass(frozen=True, kw_only=True)
class Sample:
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
    def kept(self) -> list[str]:
        """Logical ids of what must survive the stack: network and files, but not security groups."""
        return [
            name
            for name, kind in self.types.items()
            if kind.startswith(_KEPT_TYPES) and kind != "AWS::EC2::SecurityGroup"
        ]


def read(name: str, region: str, clients: Clients) -> Sample:
    """The stack; ProblemError where there is none, or where it is not of the sample."""
    client = clients("cloudformation")
    try:
        (about,) = client.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationError":
            raise
        raise ProblemError(
            f"CloudFormation has no stack '{name}' in {region}. See: aws cloudformation list-stacks --region {region}"
        ) from None
    found = [
        one
        for one in pages(client, "list_stack_resources", "StackResourceSummaries", StackName=name)
        if one.get("PhysicalResourceId") and not one["ResourceStatus"].startswith("DELETE_COMPLETE")
    ]
    ids = {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in found}
    missing = [one for one in NEEDED if one not in ids]
    if missing:
        raise ProblemError(
            f"The stack '{name}' is not of aws-samples/cvat-on-aws-china: it lacks {', '.join(missing)}. Give the name "
            "of the stack that was made from cvat-aws-all.yaml."
        )
    return Sample(
        name=name,
        region=region,
        ids=ids,
        types={one["LogicalResourceId"]: one["ResourceType"] for one in found},
        parameters={
            one["ParameterKey"]: one.get("ParameterValue", "")
            for one in about.get("Parameters", [])
            if "Password" not in one["ParameterKey"]
        },
        capabilities=about.get("Capabilities", []),
        template=client.get_template(StackName=name)["TemplateBody"],
    )


def parameter_names(clients: Clients, name: str) -> list[str]:
    """All parameters of the stack, whose values an update must repeat."""
    (about,) = clients("cloudformation").describe_stacks(StackName=name)["Stacks"]
    return [one["ParameterKey"] for one in about.get("Parameters", [])]
