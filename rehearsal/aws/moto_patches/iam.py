"""IAM."""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import Any

from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.models import AWSManagedPolicy, IAMBackend

from rehearsal.aws.moto_patches.patch import Client, before, moto_patch


def _attaches_a_policy_of_aws(client: Client) -> bool:
    iam, policy = client("iam"), "arn:aws-cn:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup"
    iam.create_role(RoleName="r", AssumeRolePolicyDocument="{}")
    iam.attach_role_policy(RoleName="r", PolicyArn=policy)
    (attached,) = iam.list_attached_role_policies(RoleName="r")["AttachedPolicies"]
    return bool(attached["PolicyArn"] == policy)


@moto_patch(_attaches_a_policy_of_aws)
def policies_of_aws(stack: ExitStack) -> None:
    """moto knows AWS's own policies only if it loads all of them, which takes seconds: one is loaded when attached.

    IAM user guide, "AWS managed policies".
    """

    def load(self: Any, policy_arn: str, role_name: str) -> None:
        name, policies = policy_arn.rpartition("/")[2], {}
        if ":iam::aws:policy/" in policy_arn and policy_arn not in self.managed_policies:
            policies = json.loads(aws_managed_policies_data)
        if name in policies:
            policy = AWSManagedPolicy.from_data(name, self.account_id, self.region_name, policies[name])
            self.managed_policies[policy.arn] = policy

    before(stack, IAMBackend, "attach_role_policy", load)
